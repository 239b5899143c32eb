"""A report as one HTML file, without scripts or anything from elsewhere, for screens wide and narrow and for paper."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.cell import EMPTY, plain, shown
from reports.chart import COLOURS, MARK, svg
from reports.definition import HEADING, defined, period
from reports.document import Chart, Language, Report, Table, Words
from reports.grid import Grid, folded, grid

_WIDE, _NARROW = (880.0, 260.0), (360.0, 240.0)
_COLUMNS = 10  # so many stand beside each other on a screen; of few rows with more, the rows do
_WORDS = {
    "definitions": HEADING,
    "figures": Words("The figures of this chart", "图表数据"),
    "step": Words("step", "时段"),
    "nothing": EMPTY,
}


def render(report: Report, language: Language) -> str:
    """Return a report as an HTML document. All text in it is escaped."""
    environment = Environment(
        loader=PackageLoader("reports", "formats"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2")
    return page.render(
        language="zh-Hans" if language == "zh" else "en",
        title=report.title.text(language),
        period=period(report.definition, language),
        headline=[
            (words.text(language), shown(cell, kind, language)) for words, cell, kind in report.headline
        ],
        charts=[_chart(chart, language) for chart in report.charts],
        tables=[(table.title.text(language), _grid(table, language)) for table in report.tables],
        definition=defined(report.definition, language),
        notes=[note.text(language) for note in report.notes],
        colours=COLOURS,
        mark=MARK,
        words={name: words.text(language) for name, words in _WORDS.items()},
    )


def _grid(table: Table, language: Language) -> Grid:
    """Return a table as text, its rows side by side where that fits better; what is still too wide is scrolled."""
    whole = grid(table, language)
    parts = folded(whole, lambda part: len(part.heads) <= _COLUMNS)
    return parts[0] if len(parts) == 1 else whole


def _chart(chart: Chart, language: Language) -> dict[str, object]:
    rows = [
        (plain(label), *(shown(series.values[step], chart.unit, language) for series in chart.series))
        for step, label in enumerate(chart.labels)
    ]
    return {
        "title": chart.title.text(language),
        # Both are escaped where they are made.
        "wide": Markup(svg(chart, language, *_WIDE)),  # noqa: S704
        "narrow": Markup(svg(chart, language, *_NARROW)),  # noqa: S704
        "heads": [series.title.text(language) for series in chart.series],
        "rows": rows,
    }
