"""Show the live status: a table that changes in place on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table

from zr0_bringup.session.moment import Row

REFRESH_S = 0.25
LINE_PERIOD_S = 5.0


class LiveView:
    """Shows the status while it is entered as a context.

    Args:
        console: Where to.
        rows: Returns the table.
        line: Returns the same as one line.
    """

    def __init__(self, console: Console, rows: Callable[[], Sequence[Row]], line: Callable[[], str]) -> None:
        self._console = console
        self._rows = rows
        self._line = line
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._next_s = 0.0

    def __enter__(self) -> "LiveView":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, now_s: float) -> None:
        """Show the present status, if it is time."""
        if now_s < self._next_s:
            return
        self._next_s = now_s + (REFRESH_S if self._live is not None else LINE_PERIOD_S)
        if self._live is None:
            self._console.print(self._line(), highlight=False, soft_wrap=True)
        else:
            self._live.update(_table(self._rows()), refresh=True)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)


def _table(rows: Sequence[Row]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(row.label, row.text, style=None if row.is_good else "yellow")
    return table
