"""What a benchmark has found, and whether that is what it aimed at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


class NotMeasured(Exception):
    """A benchmark came to no figure; the text says what was in its way."""


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure and the limit that it shall not cross: the least it may be, or with ``most`` the most."""

    what: str
    figure: float
    limit: float
    unit: str = ""
    most: bool = False

    @property
    def met(self) -> bool:
        """Tell whether the figure is within the limit."""
        return self.figure <= self.limit if self.most else self.figure >= self.limit

    def line(self) -> str:
        """Return it for a person to read."""
        bound = "at most" if self.most else "at least"
        verdict = "[green]met[/]" if self.met else "[red]missed[/]"
        return f"{verdict}: {self.what} {self.figure:.3g}{self.unit} (aim: {bound} {self.limit:g}{self.unit})"


@dataclass(frozen=True, slots=True)
class Report:
    """One benchmark's findings: a table for people, ``figures`` for programs."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: Mapping[str, float]
    aims: Sequence[Aim]

    def show(self, console: Console) -> None:
        """Print the table, and each aim with its verdict."""
        table = Table(title=self.title, title_justify="left", box=None, pad_edge=False)
        for n, column in enumerate(self.columns):
            table.add_column(column, justify="right" if n else "left")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        for aim in self.aims:
            console.print(f"  {aim.line()}", highlight=False, soft_wrap=True)
