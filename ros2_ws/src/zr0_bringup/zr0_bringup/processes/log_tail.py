"""Follow the files that processes print into."""

from pathlib import Path


class LogTail:
    """Reads the new lines of one growing file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""

    def new_lines(self) -> list[str]:
        """Return the lines that were completed since the last call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = self._rest + file.read()
            self._offset = file.tell()
        *lines, self._rest = data.split(b"\n")
        return [line.decode(errors="replace") for line in lines]


def last_lines(path: Path, count: int) -> list[str]:
    """Return the end of a file; nothing if it is absent."""
    if not path.exists():
        return []
    return path.read_text(errors="replace").splitlines()[-count:]
