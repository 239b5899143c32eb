"""A report as PDF: figures, charts and tables on A4, with its own font where it holds more than Latin letters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from reports.cell import EMPTY, plain, shown
from reports.chart import COLOURS, MARK
from reports.definition import HEADING, defined, period
from reports.document import Chart, Language, Report
from reports.formats.paper import INK, MARGIN, POINT, QUIET, RULE, SMALL, Colour, Paper, quiet
from reports.grid import Grid, folded, grid, lines
from reports.plot import FONT, plot

_TITLE, _FIGURE, _TEXT = 16.0, 13.0, 9.0  # points
_FIELD = "#f5f7f9"
_BESIDE = 4.0  # mm between columns
_GAP = 5.0  # mm between parts
_BLOCK = 8 * _TEXT * POINT + _GAP  # a heading is not left alone at the foot of a page
_CHART = (133.0, 54.0)
_NAME = 60.0  # so wide a name may be


def render(report: Report, language: Language) -> bytes:
    """Return a report as a PDF. One in Latin letters needs no font of its own; for others raises `NoFont`."""
    with quiet():
        return _Printer(report, language).printed()


class _Printer:
    def __init__(self, report: Report, language: Language) -> None:
        self._report = report
        self._language: Language = language
        self._grids = [grid(table, language) for table in report.tables]
        lang = "zh-Hans" if language == "zh" else "en"
        self._paper = Paper(report.title.text(language), lang, self._texts())

    def printed(self) -> bytes:
        paper = self._paper
        paper.add_page()
        paper.line_of(self._report.title.text(self._language), _TITLE, bold=True)
        paper.line_of(period(self._report.definition, self._language), _TEXT, QUIET)
        self._headline()
        self._charts()
        for table, whole in zip(self._report.tables, self._grids, strict=True):
            self._table(table.title.text(self._language), whole)
        self._definition()
        return bytes(paper.output())

    def _headline(self) -> None:
        figures = self._report.headline
        if not figures:
            return
        paper, width, height = self._paper, self._paper.epw / max(6, len(figures)), 14.0
        paper.ln(2)
        top = paper.get_y()
        for index, (words, cell, kind) in enumerate(figures):
            x = MARGIN + index * width
            paper.set_fill_color(_FIELD)
            paper.rect(x, top, width - 2, height, style="F")
            paper.ink(SMALL, QUIET)
            paper.at(x + 2, top + 5, paper.cut(words.text(self._language), width - 5))
            value = shown(cell, kind, self._language)
            paper.ink(_FIGURE, INK, bold=True)
            smaller = min(1.0, (width - 5) / max(0.1, paper.measure(paper.fit(value))))
            paper.ink(_FIGURE * smaller, INK, bold=True)
            paper.at(x + 2, top + 11, value)
        paper.set_y(top + height + _GAP)

    def _charts(self) -> None:
        """Draw the charts, two abreast."""
        paper, (width, height) = self._paper, _CHART
        row = height + 4 * _TEXT * POINT
        charts = self._report.charts
        for index, chart in enumerate(charts):
            left = index % 2 == 0
            if left:
                paper.room(row)
            top = paper.get_y()
            x = MARGIN if left else MARGIN + paper.epw - width
            paper.ink(_TEXT, INK, bold=True)
            paper.at(x, top + _TEXT * POINT, paper.cut(chart.title.text(self._language), width))
            self._chart(chart, x, top + 2 * _TEXT * POINT)
            if not left or index == len(charts) - 1:
                paper.set_y(top + row)

    def _chart(self, chart: Chart, x: float, y: float) -> None:
        paper, unit = self._paper, SMALL * POINT / FONT
        sheet = plot(chart, self._language, _CHART[0] / unit, _CHART[1] / unit)

        def box(left: float, top: float, wide: float, high: float, colour: Colour) -> None:
            paper.set_fill_color(colour)
            paper.rect(x + left * unit, y + top * unit, wide * unit, high * unit, style="F")

        for left, wide in sheet.marks:
            box(left, sheet.top, wide, sheet.bottom - sheet.top, MARK)
        paper.set_line_width(0.15)
        for rule in sheet.rules:
            paper.set_draw_color(QUIET if rule.axis else RULE)
            paper.line(x + sheet.left * unit, y + rule.y * unit, x + sheet.right * unit, y + rule.y * unit)
        for bar in sheet.bars:
            box(bar.x, bar.y, bar.width, bar.height, COLOURS[bar.series % len(COLOURS)])
        paper.set_line_width(0.5)
        for stroke in sheet.strokes:
            colour = COLOURS[stroke.series % len(COLOURS)]
            points = [(x + left * unit, y + top * unit) for left, top in stroke.points]
            paper.set_draw_color(colour)
            paper.set_fill_color(colour)
            if len(points) > 1:
                paper.polyline(points)
            else:
                paper.circle(*points[0], 0.4, style="F")
        for key in sheet.keys:
            box(key.x, key.y, FONT, FONT, MARK if key.series is None else COLOURS[key.series % len(COLOURS)])
        paper.ink(SMALL, QUIET)
        for caption in sheet.captions:
            paper.at(x + caption.x * unit, y + caption.y * unit, caption.text, caption.anchor)

    def _table(self, title: str, whole: Grid) -> None:
        paper = self._paper
        paper.room(_BLOCK)
        paper.ln(_GAP)
        paper.line_of(title, _TEXT, bold=True)
        if not whole.rows:
            paper.line_of(EMPTY.text(self._language), _TEXT, QUIET)
            return
        for part in folded(whole, self._fits):
            self._rows(part)
            paper.ln(2)

    def _rows(self, part: Grid) -> None:
        paper, height = self._paper, 1.7 * SMALL * POINT
        widths = self._widths(part)
        across = self._across(widths)
        self._heads(part, widths)
        for place, row in enumerate(part.rows):
            if paper.will_page_break(height):
                paper.add_page()
                self._heads(part, widths)
            last = part.total and not part.lying and place == len(part.rows) - 1
            paper.ink(SMALL, INK, bold=last)
            paper.set_draw_color(INK if last else RULE)
            paper.set_line_width(0.15)
            paper.line(MARGIN, paper.get_y(), MARGIN + across, paper.get_y())
            self._row(row, widths, part.right, paper.get_y() + 0.7 * height)
            paper.ln(height)

    def _heads(self, part: Grid, widths: Sequence[float]) -> None:
        paper, height = self._paper, 1.3 * SMALL * POINT
        paper.ink(SMALL, QUIET, bold=True)
        heads = [
            lines(paper.fit(head), width, paper.measure)
            for head, width in zip(part.heads, widths, strict=True)
        ]
        deep = max(map(len, heads))
        paper.room((deep + 2) * height)
        paper.ink(SMALL, QUIET, bold=True)
        for line in range(deep):
            words = [head[line - deep] if line - deep >= -len(head) else "" for head in heads]
            self._row(words, widths, part.right, paper.get_y() + 0.8 * height)
            paper.ln(height)
        paper.ln(0.5)

    def _row(self, cells: Sequence[str], widths: Sequence[float], right: Sequence[bool], y: float) -> None:
        paper, x = self._paper, MARGIN
        for cell, width, to_right in zip(cells, widths, right, strict=True):
            if text := paper.cut(cell, width):
                paper.at(x + (width if to_right else 0.0), y, text, "end" if to_right else "start")
            x += width + _BESIDE

    def _fits(self, part: Grid) -> bool:
        return self._across(self._widths(part)) <= self._paper.epw

    def _across(self, widths: Sequence[float]) -> float:
        return sum(widths) + _BESIDE * (len(widths) - 1)

    def _widths(self, part: Grid) -> list[float]:
        """Return how wide each column is: its figures stand whole, its head is folded between words."""
        paper, found = self._paper, []
        paper.ink(SMALL, INK, bold=True)
        for index, head in enumerate(part.heads):
            cells = max(paper.measure(paper.fit(row[index])) for row in part.rows)
            word = max((paper.measure(paper.fit(word)) for word in head.split()), default=0.0)
            wide = max(cells, word) + 0.1
            found.append(wide if part.right[index] else min(wide, _NAME))
        return found

    def _definition(self) -> None:
        paper, height = self._paper, 1.5 * SMALL * POINT
        paper.room(_BLOCK)
        paper.ln(_GAP)
        paper.line_of(HEADING.text(self._language), _TEXT, bold=True)
        for name, value in defined(self._report.definition, self._language):
            paper.ink(SMALL, QUIET)
            paper.cell(45, height, paper.fit(name))
            paper.set_text_color(INK)
            paper.multi_cell(0, height, paper.fit(value), new_x="LMARGIN", new_y="NEXT", align="L")
        paper.ln(1)
        for note in self._report.notes:
            paper.line_of(note.text(self._language), SMALL, QUIET)

    def _texts(self) -> Iterator[str]:
        report, language = self._report, self._language
        yield from (report.title.text(language), period(report.definition, language))
        for words, cell, kind in report.headline:
            yield from (words.text(language), shown(cell, kind, language))
        for table, whole in zip(report.tables, self._grids, strict=True):
            yield from (table.title.text(language), *whole.heads, *chain.from_iterable(whole.rows))
        for chart in report.charts:
            yield from (chart.title.text(language), *map(plain, chart.labels))
            yield from (series.title.text(language) for series in chart.series)
        yield from chain.from_iterable(defined(report.definition, language))
        yield from (note.text(language) for note in report.notes)
