"""How a long piece of work shows itself: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress


class Progress(Protocol):
    """What the work tells while it goes on."""

    def begin(self, step: str, total: float) -> None:
        """Begin the next step; it is done at ``total``, in units of its own."""

    def reached(self, done: float) -> None:
        """Tell how far the step has come."""

    def say(self, line: str) -> None:
        """Tell something else."""


@contextmanager
def shown() -> Iterator[Progress]:
    """Show progress on stderr: bars when it is a terminal, plain lines otherwise."""
    console = Console(stderr=True, highlight=False, markup=False)
    if not console.is_terminal:
        yield Lines(console)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with RichProgress(*columns, console=console) as bars:
        yield Bars(bars)


class Bars:
    """A bar for each step."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._total = 0.0

    def begin(self, step: str, total: float) -> None:
        """Fill the last bar and draw the next."""
        if self._task is not None:
            self._bars.update(self._task, completed=self._total)
            self._bars.stop_task(self._task)
        self._task, self._total = self._bars.add_task(step, total=total), total

    def reached(self, done: float) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bars.update(self._task, completed=done)

    def say(self, line: str) -> None:
        """Print above the bars."""
        self._bars.console.print(line, soft_wrap=True)


class Lines:
    """A line for each step, and one more at each quarter of it, for a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = 1.0
        self._quarter = 0

    def begin(self, step: str, total: float) -> None:
        """Print the step."""
        self._total, self._quarter = total, 0
        self._console.print(step, soft_wrap=True)

    def reached(self, done: float) -> None:
        """Print a line when a quarter is full."""
        quarter = int(4 * done / self._total) if self._total else 4
        if quarter > self._quarter:
            self._quarter = quarter
            self._console.print(f"  {25 * min(quarter, 4)} %", soft_wrap=True)

    def say(self, line: str) -> None:
        """Print it."""
        self._console.print(line, soft_wrap=True)
