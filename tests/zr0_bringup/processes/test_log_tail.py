"""Tests of zr0_bringup.processes.log_tail."""

from pathlib import Path

from zr0_bringup.processes.log_tail import LogTail, last_lines


def test_only_whole_new_lines_come(tmp_path: Path) -> None:
    path = tmp_path / "log"
    tail = LogTail(path)
    assert tail.new_lines() == []
    path.write_bytes(b"one\ntw")
    assert tail.new_lines() == ["one"]
    assert tail.new_lines() == []
    with path.open("ab") as file:
        file.write(b"o\n\xff\n")
    assert tail.new_lines() == ["two", "\ufffd"]


def test_the_end_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("1\n2\n3\n")
    assert last_lines(tmp_path / "log", 2) == ["2", "3"]
    assert last_lines(tmp_path / "absent", 2) == []
