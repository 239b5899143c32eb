"""A chart as SVG without scripts. The page that it stands on gives the colours, by class, for light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from reports.cell import plain
from reports.document import Chart, Language
from reports.plot import FONT, Plot, plot

# Told apart by those who do not see red and green alike; further series begin again. These are for white paper.
COLOURS = ("#1f6fb2", "#c8511b", "#3a8f5c", "#8a5bb0", "#9a7500", "#6d7785")
MARK = "#ffe9b8"


def svg(chart: Chart, language: Language, width: float, height: float) -> str:
    """Return a chart as an SVG element that fills its container; ``width`` is at which its words are 11 px high.

    Classes: ``mark``, ``grid``, ``axis``, bars ``s0`` to ``s5``, lines ``l0`` to ``l5``.
    """
    sheet = plot(chart, language, width, height)
    title = _escaped(chart.title.text(language))
    head = (
        f'<svg viewBox="0 0 {_n(width)} {_n(height)}" role="img" aria-label="{title}" font-size="{_n(FONT)}">'
    )
    return "".join((head, *_elements(sheet), "</svg>"))


def _elements(sheet: Plot) -> Iterator[str]:
    for x, width in sheet.marks:
        yield _rect("mark", x, sheet.top, width, sheet.bottom - sheet.top)
    for rule in sheet.rules:
        y, kind = _n(rule.y), "axis" if rule.axis else "grid"
        yield f'<line class="{kind}" x1="{_n(sheet.left)}" x2="{_n(sheet.right)}" y1="{y}" y2="{y}"/>'
    for bar in sheet.bars:
        tip = f"<title>{_escaped(bar.tip)}</title>"
        yield _rect(f"s{bar.series % len(COLOURS)}", bar.x, bar.y, bar.width, bar.height, tip)
    for stroke in sheet.strokes:
        # A point alone becomes a line of no length, which round ends show as a dot.
        points = stroke.points if len(stroke.points) > 1 else stroke.points * 2
        path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        yield f'<polyline class="l{stroke.series % len(COLOURS)}" points="{path}"/>'
    for key in sheet.keys:
        kind = "mark" if key.series is None else f"s{key.series % len(COLOURS)}"
        yield _rect(kind, key.x, key.y, FONT, FONT)
    for caption in sheet.captions:
        place = f'x="{_n(caption.x)}" y="{_n(caption.y)}" text-anchor="{caption.anchor}"'
        yield f"<text {place}>{_escaped(caption.text)}</text>"


def _rect(kind: str, x: float, y: float, width: float, height: float, inside: str = "") -> str:
    size = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
    return f'<rect class="{kind}" {size}>{inside}</rect>' if inside else f'<rect class="{kind}" {size}/>'


def _escaped(text: str) -> str:
    return escape(plain(text))


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
