"""The reports that there are, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import cast

from ledger.reader import LedgerReader
from reports.cell import EMPTY
from reports.document import Report
from reports.query import Query

DEFAULT = "busy-hour"
NAMES = (
    DEFAULT,
    "queues",
    "seats",
    "ivr",
    "abandoned",
    "repeat",
    "surveys",
    "callbacks",
    "calls",
)


def make(name: str, ledger: LedgerReader, query: Query) -> Report:
    """Return the report of this name: what ``NAME_report`` in ``reports/NAME.py`` makes.

    Raises `BadQuery` for what that report cannot be asked.
    """
    module = name.replace("-", "_")
    maker = getattr(import_module(f"reports.{module}"), f"{module}_report")
    made = cast("Callable[[LedgerReader, Query], Report]", maker)(ledger, query)
    return replace(made, notes=(EMPTY, *made.notes)) if is_empty(made) else made


def is_empty(report: Report) -> bool:
    """Tell whether nothing was found: every count and duration of the main table is none."""
    main = report.tables[0]
    counts = [index for index, column in enumerate(main.columns) if column.kind in ("count", "seconds")]
    rows = [*main.rows, *([main.total] if main.total is not None else [])]
    return not any(row[index] for row in rows for index in counts) if counts else not main.rows
