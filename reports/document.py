"""A report as plain facts, before anybody has chosen how it shall look: tables of typed cells, charts, definitions.

What makes a report fills this in; what writes it (a terminal, HTML, XLSX, CSV, JSON, PDF) reads nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal[
    "text",
    "count",  # a whole number
    "rate",  # 0 to 1, shown in percent
    "seconds",  # a duration
    "number",  # Erlangs, scores
    "moment",  # a datetime with its zone
    "flag",  # true or false: a target met, or not
]
Language: TypeAlias = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Words:
    """The same text in both languages of this product. As a cell, programs read it in English."""

    en: str
    zh: str

    def text(self, language: Language) -> str:
        """Return the text in one of them."""
        return self.zh if language == "zh" else self.en


Cell: TypeAlias = str | Words | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``name`` is stable, for JSON and CSV; ``title`` is for people."""

    name: str
    title: Words
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells in the order of their columns. None is what does not exist: a rate of nothing, say.

    ``total`` is a last row that is not the sum of the others where calls are counted once.
    """

    name: str
    title: Words
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or set of bars, of a chart; None where there is no value."""

    title: Words
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over labelled steps. ``marked`` are the steps to stand out: the busy hour."""

    name: str
    title: Words
    kind: Literal["bars", "stacked", "lines"]
    labels: Sequence[str]
    series: Sequence[Series]
    unit: Kind = "count"
    marked: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    ``definition`` is what the figures follow, by stable names (formula, threshold, busy hour, time zone, from,
    to …), ``notes`` the same in sentences, ``data`` what JSON has beside rows and total. ``headline`` are the few
    figures that stand first. The first table is the main one: its rows are JSON's ``rows``, its total ``total``.
    """

    name: str
    title: Words
    definition: Mapping[str, Any]
    tables: Sequence[Table]
    charts: Sequence[Chart] = ()
    headline: Sequence[tuple[Words, Cell, Kind]] = ()
    notes: Sequence[Words] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
