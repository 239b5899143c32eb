"""A report's main table as CSV, for programs and spreadsheets: UTF-8, columns by their stable names."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime

from reports.cell import plain
from reports.document import Cell, Report, Words

# A spreadsheet takes such text for a formula, and runs it. A number as +8613812345678 does no harm and stays as it is.
_FORMULA = re.compile(r"[=@＝＠]|[+\-＋－](?!\d+$)")


def render(report: Report) -> str:
    """Return the rows of a report's first table; its total is left out, since it would be added up with the rows.

    Moments are ISO 8601 with their offset, rates fractions, what does not exist empty. An apostrophe stands before
    text that a spreadsheet would run as a formula.
    """
    table = report.tables[0]
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow([column.name for column in table.columns])
    lines.writerows([_plain(cell) for cell in row] for row in table.rows)
    return written.getvalue()


def _plain(cell: Cell) -> str | int | float | None:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="milliseconds" if cell.microsecond else "seconds")
    if isinstance(cell, str | Words):
        text = plain(cell if isinstance(cell, str) else cell.en)
        return f"'{text}" if _FORMULA.match(text) else text
    return cell
