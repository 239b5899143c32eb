"""A report as JSON, for programs: rates as fractions, durations in seconds, moments with their offset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from reports.document import Cell, Report, Table, Words


def render(report: Report) -> str:
    """Return a report as one JSON object: ``report``, ``definition``, ``rows``, ``total``, and what it has beside.

    The rows of further tables are under ``tables``, by their names. ``total`` is null where there is none.
    """
    main, *others = report.tables
    whole: dict[str, Any] = {"report": report.name, "definition": report.definition, **_rows(main)}
    if others:
        whole["tables"] = {table.name: _rows(table) for table in others}
    if taken := whole.keys() & report.data.keys():
        raise ValueError(
            f"data of the report {report.name} takes names of its own: {', '.join(sorted(taken))}"
        )
    return json.dumps(
        whole | dict(report.data), ensure_ascii=False, indent=2, allow_nan=False, default=_plain
    )


def _rows(table: Table) -> dict[str, Any]:
    names = [column.name for column in table.columns]

    def named(row: Sequence[Cell]) -> dict[str, Cell]:
        return dict(zip(names, row, strict=True))

    total = named(table.total) if table.total is not None else None
    return {"rows": [named(row) for row in table.rows], "total": total}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, Words):
        return value.en
    raise TypeError(f"{type(value).__name__} has no form in JSON")
