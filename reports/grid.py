"""A table as text in rows and columns, and how it is folded where it is too wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from reports.cell import TOTAL, column_shown
from reports.document import Cell, Language, Table

KEYS = ("text", "moment")  # what a row is about, before its figures
FEW = 6  # so many rows may stand side by side


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a table as text. The first ``keys`` columns say what a row is about; the others are figures.

    ``total`` tells whether the last row is one; in a ``lying`` grid, whose rows stand side by side, the last column.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...]
    keys: int
    total: bool = False
    lying: bool = False


def grid(table: Table, language: Language) -> Grid:
    """Return a table as text in one of the languages."""
    rows = list(table.rows) + ([labelled(table, language)] if table.total is not None else [])
    columns = [
        column_shown(column, [row[index] for row in rows], language)
        for index, column in enumerate(table.columns)
    ]
    return Grid(
        heads=tuple(column.title.text(language) for column in table.columns),
        rows=tuple(zip(*columns, strict=True)),
        right=tuple(column.kind not in KEYS for column in table.columns),
        keys=key_columns(table),
        total=table.total is not None,
    )


def key_columns(table: Table) -> int:
    """Return how many columns of a table, from the first, say what a row is about."""
    figures = (index for index, column in enumerate(table.columns) if column.kind not in KEYS)
    return next(figures, 1) or 1


def labelled(table: Table, language: Language) -> list[Cell]:
    """Return a table's total, named as such where it has no name of its own."""
    total = list(table.total or ())
    if total and total[0] is None:
        total[0] = TOTAL.text(language)
    return total


def laid(whole: Grid) -> Grid:
    """Return a grid with its rows side by side: a column for each row, a row for each figure."""
    names = [" ".join(row[: whole.keys]) for row in whole.rows]
    figures = range(whole.keys, len(whole.heads))
    return Grid(
        heads=(" ".join(whole.heads[: whole.keys]), *names),
        rows=tuple((whole.heads[i], *(row[i] for row in whole.rows)) for i in figures),
        right=(False, *(True for _ in names)),
        keys=1,
        total=whole.total,
        lying=True,
    )


def folded(whole: Grid, fits: Callable[[Grid], bool]) -> list[Grid]:
    """Return a grid in as many parts as it takes for each to fit.

    Few rows are laid side by side; else the figures are dealt out, and each part begins with what its rows are about.
    A part with a single figure is as narrow as it gets, and may still not fit.
    """
    if fits(whole):
        return [whole]
    if len(whole.rows) <= FEW and fits(lying := laid(whole)):
        return [lying]
    parts: list[Grid] = []
    figures = list(range(whole.keys, len(whole.heads)))
    while figures:
        taken = 1
        while taken < len(figures) and fits(_part(whole, figures[: taken + 1])):
            taken += 1
        parts.append(_part(whole, figures[:taken]))
        figures = figures[taken:]
    return parts or [whole]


def lines(text: str, width: float, measure: Callable[[str], float], hyphen: str = "") -> list[str]:
    """Return a text folded between words, and within those that are wider than a line."""
    if measure(text) <= width:
        return [text]
    found = [""]
    for word in text.split():
        for piece in _pieces(word, width, measure, hyphen if word.isascii() else ""):
            joined = f"{found[-1]} {piece}".strip()
            if measure(joined) <= width:
                found[-1] = joined
            else:
                found.append(piece)
    return found


def breadth(text: str) -> int:
    """Return how many columns a text takes where a Chinese character takes two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _part(whole: Grid, figures: Sequence[int]) -> Grid:
    kept = [*range(whole.keys), *figures]
    return replace(
        whole,
        heads=tuple(whole.heads[i] for i in kept),
        rows=tuple(tuple(row[i] for i in kept) for row in whole.rows),
        right=tuple(whole.right[i] for i in kept),
    )


def _pieces(word: str, width: float, measure: Callable[[str], float], hyphen: str) -> Iterator[str]:
    while len(word) > 1 and measure(word) > width:
        size = len(word) - 1
        while size > 1 and measure(word[:size] + hyphen) > width:
            size -= 1
        yield word[:size] + hyphen
        word = word[size:]
    yield word
