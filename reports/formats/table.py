"""A report in a terminal: its figures and tables, folded to the width; colours only where there is a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.cell import EMPTY, plain, shown
from reports.definition import defined, period
from reports.document import Language, Report
from reports.grid import Grid, folded, grid, lines

_NAME = 24  # so wide a name may be before it is folded
_LEAST = 6  # so narrow a head may get


def render(report: Report, language: Language, console: Console) -> None:
    """Print a report."""
    console.print(Text(report.title.text(language), style="bold"))
    console.print(Text(plain(period(report.definition, language)), style="dim"))
    headline = Table.grid(padding=(0, 2))
    for words, cell, kind in report.headline:
        headline.add_row(Text(words.text(language)), Text(shown(cell, kind, language), style="bold"))
    console.print(headline)
    for table in report.tables:
        console.print()
        console.print(Text(table.title.text(language), style="bold"))
        whole = grid(table, language)
        if not whole.rows:
            console.print(Text(EMPTY.text(language), style="yellow"))
            continue
        for index, part in enumerate(folded(whole, lambda part: _fits(part, console.width))):
            if index:
                console.print()
            _print(part, console)
    console.print()
    definition = "; ".join(f"{name}: {value}" for name, value in defined(report.definition, language))
    for line in (definition, *(note.text(language) for note in report.notes)):
        console.print(Text(line, style="dim"))


def _print(part: Grid, console: Console) -> None:
    sizes = _sizes(part, console.width)
    hyphen = "" if part.lying else "-"  # the heads of a lying grid are names
    heads = [lines(head, size, cell_len, hyphen) for head, size in zip(part.heads, sizes, strict=True)]
    deep = max(map(len, heads))
    _lines([[""] * (deep - len(head)) + head for head in heads], part, sizes, console)
    rule = "─" * (sum(sizes) + len(sizes) - 1)
    console.out(rule, highlight=False)
    for place, row in enumerate(part.rows):
        last = part.total and not part.lying and place == len(part.rows) - 1
        if last:
            console.out(rule, highlight=False)
        cells = [lines(cell, size, cell_len) for cell, size in zip(row, sizes, strict=True)]
        _lines(cells, part, sizes, console, "bold" if last else None)


def _lines(
    cells: Sequence[Sequence[str]],
    part: Grid,
    sizes: Sequence[int],
    console: Console,
    style: str | None = None,
) -> None:
    """Print a row, of which each cell may have several lines."""
    for line in zip_longest(*cells, fillvalue=""):
        padded = (
            " " * (size - cell_len(text)) + text if right else text + " " * (size - cell_len(text))
            for text, size, right in zip(line, sizes, part.right, strict=True)
        )
        console.out(" ".join(padded).rstrip(), style=style, highlight=False)


def _fits(part: Grid, width: int) -> bool:
    return sum(least for least, _ in _widths(part)) + len(part.heads) - 1 <= width


def _sizes(part: Grid, width: int) -> list[int]:
    """Return how wide each column gets: as narrow as it may be, then more where a little saves folding."""
    wanted = _widths(part)
    sizes = [least for least, _ in wanted]
    room = width - sum(sizes) - len(sizes) + 1
    for index in sorted(range(len(sizes)), key=lambda index: wanted[index][1] - sizes[index]):
        more = max(0, min(room, wanted[index][1] - sizes[index]))
        sizes[index] += more
        room -= more
    return sizes


def _widths(part: Grid) -> list[tuple[int, int]]:
    """Return how narrow each column may be, and how wide it would like to be. Figures are never folded."""
    found = []
    for index, head in enumerate(part.heads):
        cells = max(cell_len(row[index]) for row in part.rows)
        word = max((cell_len(word) for word in head.split()), default=0)
        least = cells if part.right[index] else min(cells, _NAME)
        found.append((max(least, min(word, _LEAST)), max(cells, word)))
    return found
