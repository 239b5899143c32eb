"""A report as an Excel workbook: a sheet for each table and chart, and one that says how it was counted."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]  # it ships no types

from reports.cell import Precision, offset, plain, precision_of, repeated, shown
from reports.chart import COLOURS
from reports.definition import HEADING, defined, period
from reports.document import Cell, Chart, Column, Kind, Language, Report, Table, Words
from reports.formats.errors import TooManyRows
from reports.grid import breadth, key_columns, labelled

ROWS = 1_048_575  # of a sheet, below its head
_NARROWEST, _WIDEST = 8, 40  # of a column, in characters
_NAME = 31  # so long may a sheet's name be
_FORMS: dict[Kind, str] = {
    "text": "@",
    "count": "#,##0",
    "rate": "0.0%",
    "seconds": "#,##0.0",
    "number": "#,##0.00",
    "moment": "yyyy-mm-dd hh:mm",
    "flag": "General",
}
_MOMENTS: dict[Precision, str] = {
    "day": "yyyy-mm-dd",
    "minute": "yyyy-mm-dd hh:mm",
    "second": "yyyy-mm-dd hh:mm:ss",
}
_KINDS: dict[str, dict[str, str]] = {
    "bars": {"type": "column"},
    "stacked": {"type": "column", "subtype": "stacked"},
    "lines": {"type": "line"},
}
_MARKED = "#e0a100"
_SECONDS = Words("{} (s)", "{}（秒）")
_STEP = Words("step", "时段")
_ZONE = Words(
    "Excel knows no time zones: all moments are local times of the time zone named above. "
    "Durations are in seconds; rates are fractions, shown in percent.",
    "Excel 没有时区：所有时刻均为上述时区的当地时间。时长单位为秒；比率为小数，以百分比显示。",
)


def render(report: Report, language: Language) -> bytes:
    """Return a report as a workbook. Raises `TooManyRows`."""
    for table in report.tables:
        if len(table.rows) >= ROWS:
            raise TooManyRows(table.name, len(table.rows), ROWS)
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as workbook:
        workbook.set_properties({"title": report.title.text(language)})
        book = _Book(workbook, language)
        for table in report.tables:
            book.add_table(table)
        for chart in report.charts:
            if chart.series and chart.labels:  # Excel opens no workbook with a chart of nothing
                book.add_chart(chart)
        book.add_definition(report)
    return content.getvalue()


class _Book:
    def __init__(self, workbook: xlsxwriter.Workbook, language: Language) -> None:
        self._workbook = workbook
        self._language: Language = language
        self._head = workbook.add_format(
            {"bold": True, "text_wrap": True, "valign": "bottom", "bottom": 2, "bg_color": "#eef2f6"}
        )
        self._bold = workbook.add_format({"bold": True})
        self._wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        self._formats: dict[tuple[str, bool], xlsxwriter.format.Format] = {}
        self._names: set[str] = set()

    def add_table(self, table: Table) -> None:
        rows = list(table.rows)
        sheet = self._sheet(table.title)
        sheet.freeze_panes(1, key_columns(table))
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        for index, column in enumerate(table.columns):
            cells = [row[index] for row in rows]
            self._column(sheet, index, column, cells)
        if rows:
            sheet.autofilter(0, 0, len(rows), len(table.columns) - 1)
        if table.total is not None:
            for index, (column, cell) in enumerate(
                zip(table.columns, labelled(table, self._language), strict=True)
            ):
                self._write(sheet, len(rows) + 1, index, cell, column.kind, "minute", total=True)

    def add_chart(self, chart: Chart) -> None:
        """Write a chart, and its figures beside it: a chart of Excel's draws what stands in cells."""
        sheet = self._sheet(chart.title)
        sheet.freeze_panes(1, 1)
        self._column(sheet, 0, Column("step", _STEP, "text"), list(chart.labels))
        for index, series in enumerate(chart.series, start=1):
            self._column(sheet, index, Column("", series.title, chart.unit), list(series.values))
        drawn = self._workbook.add_chart(_KINDS[chart.kind])
        name, last = sheet.get_name(), len(chart.labels)
        for index in range(len(chart.series)):
            colour = COLOURS[index % len(COLOURS)]
            look: dict[str, Any] = {"fill": {"color": colour}, "gap": 25}
            if chart.kind == "lines":
                look = {"line": {"color": colour, "width": 2}}
            elif index == 0 and chart.marked:
                marked = {"fill": {"color": _MARKED}}
                look["points"] = [marked if step in chart.marked else None for step in range(last)]
            drawn.add_series(
                {
                    "name": [name, 0, index + 1],
                    "categories": [name, 1, 0, last, 0],
                    "values": [name, 1, index + 1, last, index + 1],
                    **look,
                }
            )
        drawn.set_title({"name": chart.title.text(self._language), "overlay": False})
        drawn.set_legend({"position": "top"})
        axis: dict[str, Any] = {"num_format": "0%" if chart.unit == "rate" else "#,##0", "min": 0}
        drawn.set_y_axis(axis | ({"max": 1} if chart.unit == "rate" and _at_most_one(chart) else {}))
        drawn.set_size({"width": 960, "height": 380})
        sheet.insert_chart(0, len(chart.series) + 2, drawn)

    def add_definition(self, report: Report) -> None:
        sheet = self._sheet(HEADING)
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 1, 90)
        lines: list[tuple[str, str]] = [
            ("", report.title.text(self._language)),
            ("", period(report.definition, self._language)),
        ]
        lines += [
            (words.text(self._language), shown(cell, kind, self._language))
            for words, cell, kind in report.headline
        ]
        lines += defined(report.definition, self._language)
        lines += [("", note.text(self._language)) for note in (*report.notes, _ZONE)]
        for row, (name, value) in enumerate(lines):
            sheet.write_string(row, 0, plain(name), self._bold)
            sheet.write_string(row, 1, plain(value), self._wrapped)

    def _sheet(self, title: Words) -> xlsxwriter.worksheet.Worksheet:
        """Return a new sheet with a name that Excel allows and no other sheet has."""
        wanted = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title.text(self._language)).strip("' ") or "-"
        name, count = wanted[:_NAME], 1
        while name.casefold() in self._names:
            count += 1
            end = f" {count}"
            name = wanted[: _NAME - len(end)] + end
        self._names.add(name.casefold())
        return self._workbook.add_worksheet(name)

    def _column(
        self, sheet: xlsxwriter.worksheet.Worksheet, index: int, column: Column, cells: Sequence[Cell]
    ) -> None:
        title = column.title.text(self._language)
        if column.kind == "seconds":
            title = _SECONDS.text(self._language).format(title)
        sheet.write_string(0, index, plain(title), self._head)
        precision = precision_of(cells)
        for row, cell in enumerate(cells, start=1):
            self._write(sheet, row, index, cell, column.kind, precision)
        texts = (shown(cell, column.kind, self._language, precision) for cell in cells)
        words = (breadth(word) for word in title.split())
        wide = max((*map(breadth, texts), *words), default=0)
        sheet.set_column(index, index, min(max(wide + 2, _NARROWEST), _WIDEST))

    def _write(
        self,
        sheet: xlsxwriter.worksheet.Worksheet,
        row: int,
        index: int,
        cell: Cell,
        kind: Kind,
        precision: Precision,
        *,
        total: bool = False,
    ) -> None:
        if cell is None:
            sheet.write_blank(row, index, None, self._format(_FORMS[kind], total))
        elif isinstance(cell, datetime):
            form = _MOMENTS[precision] + (f'"{offset(cell)}"' if repeated(cell) else "")
            sheet.write_datetime(row, index, cell.replace(tzinfo=None), self._format(form, total))
        elif kind == "flag" or isinstance(cell, str | Words | bool):
            sheet.write_string(row, index, shown(cell, kind, self._language), self._format("@", total))
        else:
            sheet.write_number(row, index, cell, self._format(_FORMS[kind], total))

    def _format(self, form: str, total: bool) -> xlsxwriter.format.Format:
        key = (form, total)
        if key not in self._formats:
            look = {"bold": True, "top": 1} if total else {}
            self._formats[key] = self._workbook.add_format({"num_format": form, **look})
        return self._formats[key]


def _at_most_one(chart: Chart) -> bool:
    return all(value is None or value <= 1 for series in chart.series for value in series.values)
