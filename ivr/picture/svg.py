"""Flows as one SVG picture that stands alone: no scripts, no fonts of its own, all text escaped."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

from ivr.picture.graph import Box, Chart, Kind, Row
from ivr.picture.layout import Line, Placed, Size, place

PAGE = 1240.0  # the width that ends are laid out for: a page of 1280 with its margins
MARGIN = 20.0
HEAD = 36.0  # of a box: its name, and its verb
ROW = 17.0
NARROWEST, WIDEST = 96.0, 240.0
TITLE = 44.0
STACK_GAP = 14.0
HIGHEST_STACK = 6  # boxes
COLOURS: Mapping[Kind, tuple[str, str]] = {  # edge and fill
    "say": ("#64748b", "#f8fafc"),
    "ask": ("#2563eb", "#eff6ff"),
    "decide": ("#d97706", "#fffbeb"),
    "person": ("#15803d", "#f0fdf4"),
    "record": ("#0f766e", "#f0fdfa"),
    "flow": ("#7c3aed", "#f5f3ff"),
    "end": ("#b91c1c", "#fef2f2"),
}
STYLE = """\
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC","Microsoft YaHei",sans-serif;\
font-size:12px;fill:#0f172a}
.title{font-size:17px;font-weight:600}
.name{font-weight:600;font-size:13px}
.verb{fill:#475569;font-size:11.5px}
.chip{fill:#475569}
.line{fill:none;stroke:#64748b;stroke-width:1.4}
.dim{opacity:.5}
.line.dim{stroke-dasharray:4 3}
a:hover text{text-decoration:underline}"""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A box as it is drawn: its rows are lines, or chips that name where they lead."""

    box: Box
    verb: str
    size: Size
    rows: tuple[Row, ...]
    chips: Mapping[str, str]  # by target: what the row says


def svg(charts: Sequence[Chart]) -> str:
    """Return the picture of flows, one below the other."""
    parts: list[str] = []
    top, width = MARGIN, 0.0
    for chart in charts:
        drawn, wide, high = _drawn(chart)
        parts.append(f'<g id={quoteattr(_id(chart.flow))} transform="translate({MARGIN:g} {top:g})">')
        parts += [*drawn, "</g>"]
        top += high + MARGIN * 2
        width = max(width, wide)
    height = top - MARGIN
    width += 2 * MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}">',
            f"<style>{escape(STYLE)}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0 0.5L7.5 4L0 7.5z" fill="#64748b"/></marker></defs>',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _drawn(chart: Chart) -> tuple[list[str], float, float]:
    """Return the drawing of one flow, its width and its height."""
    back = _back(chart)
    shared = _shared_ends(chart)
    shown = {box.name: _shown(box, back, shared, box.name == chart.error) for box in chart.boxes}
    flowing = {name: one for name, one in shown.items() if name not in shared}
    stacks = _stacks(chart, flowing)
    stacked = {one.box.name for stack in stacks.values() for one in stack[1:]}
    lines, rows = [], []
    for name, stack in stacks.items():
        last = stack[-1]
        above = sum(one.size.height + STACK_GAP for one in stack[:-1])
        for index, row in enumerate(last.box.rows):
            if row.target in last.chips or row.target in stacked:
                continue
            port = HEAD / 2 if not last.rows else HEAD + ROW * (index + 0.5)
            lines.append(Line(name, above + port, row.target))
            rows.append(row)
    placed = place({name: _size(stack) for name, stack in stacks.items()}, lines)
    parts = [f'<text class="title" x="0" y="18">{escape(chart.flow)}</text>']
    parts.append(f'<g transform="translate({MARGIN:g} {TITLE:g})">')
    for row, points in zip(rows, placed.lines, strict=True):
        parts.append(
            f'<path class="{"line dim" if row.dimmed else "line"}" d="{_path(points)}" marker-end="url(#arrow)"/>'
        )
    parts += _entries(chart, placed)
    for name, stack in stacks.items():
        parts += _stack(chart.flow, stack, *placed.boxes[name])
    ends, bottom, right = _ends(chart.flow, [shown[name] for name in shared], placed.height)
    parts += [*ends, "</g>"]
    return parts, max(placed.width, right) + 2 * MARGIN, TITLE + bottom


def _back(chart: Chart) -> set[tuple[str, str]]:
    """Return the ways back to where a call has been, so that the rest has no circle."""
    after = {box.name: [row.target for row in box.rows] for box in chart.boxes}
    found: set[tuple[str, str]] = set()
    seen: set[str] = set()
    on_path: set[str] = set()
    for root in (chart.start, *([chart.error] if chart.error else []), *after):
        if root in seen:
            continue
        seen.add(root)
        on_path.add(root)
        work = [(root, iter(after[root]))]
        while work:
            name, following = work[-1]
            for target in following:
                if target in on_path:
                    found.add((name, target))
                elif target not in seen:
                    seen.add(target)
                    on_path.add(target)
                    work.append((target, iter(after[target])))
                    break
            else:
                work.pop()
                on_path.discard(name)
    return found


def _shared_ends(chart: Chart) -> list[str]:
    """Return the closing nodes that more than two others lead to: they stand apart, so that no lines hide the rest.

    A node is closing when it ends the call, or leads on to such nodes alone.
    """
    into: dict[str, set[str]] = {}
    for box in chart.boxes:
        for row in box.rows:
            into.setdefault(row.target, set()).add(box.name)
    first = {chart.start, chart.error}
    found: dict[str, None] = {}
    ahead = [box for box in chart.boxes if len(into.get(box.name, ())) > 2 and box.name not in first]
    while closing := [box.name for box in ahead if all(row.target in found for row in box.rows)]:
        found.update(dict.fromkeys(closing))
        ahead = [box for box in ahead if box.name not in found]
    return list(found)


def _shown(box: Box, back: set[tuple[str, str]], shared: Sequence[str], after_error: bool) -> _Shown:
    chips: dict[str, str] = {}
    for row in box.rows:
        if row.target == box.name:
            chips[row.target] = "↻ again"
        elif (box.name, row.target) in back:
            chips[row.target] = f"↰ {row.target}"
        elif row.target in shared:
            chips[row.target] = f"■ {row.target}"
    plain = len(box.rows) == 1 and box.rows[0].label == "next" and not chips
    rows = () if plain else box.rows
    verb = _verb(box, after_error)
    texts = [_width(box.name, 13, bold=True), _width(verb, 11.5)]
    texts += [
        _width(row.label, 12) + (_width(chips[row.target], 12) + 16 if row.target in chips else 0)
        for row in rows
    ]
    width = min(WIDEST, max(NARROWEST, max(texts) + 22))
    height = HEAD + ROW * len(rows) + (5 if rows else 0)
    return _Shown(box, verb, Size(width, height, HEAD / 2), rows, chips)


def _stacks(chart: Chart, shown: Mapping[str, _Shown]) -> dict[str, list[_Shown]]:
    """Return the boxes by the first of those that stand one upon the other: of a row without forks."""
    into: dict[str, int] = {}
    for one in shown.values():
        for row in one.box.rows:
            if row.target not in one.chips:
                into[row.target] = into.get(row.target, 0) + 1
    first = {chart.start, chart.error}
    after = {
        name: one.box.rows[0].target
        for name, one in shown.items()
        if one.box.rows and not one.rows and into[one.box.rows[0].target] == 1
        if one.box.rows[0].target not in first
    }
    inner = set(after.values())
    stacks: dict[str, list[_Shown]] = {}
    for name in shown:
        if name in inner:
            continue
        stack = stacks[name] = [shown[name]]
        while name in after:
            name = after[name]
            if len(stack) == HIGHEST_STACK:
                stack = stacks[name] = []
            stack.append(shown[name])
    return stacks


def _size(stack: Sequence[_Shown]) -> Size:
    height = sum(one.size.height for one in stack) + STACK_GAP * (len(stack) - 1)
    return Size(max(one.size.width for one in stack), height, HEAD / 2)


def _stack(flow: str, stack: Sequence[_Shown], x: float, y: float, width: float) -> Iterator[str]:
    for index, one in enumerate(stack):
        if index:
            yield (
                f'<path class="line" d="M{x + 24:.1f} {y - STACK_GAP:.1f}V{y:.1f}" marker-end="url(#arrow)"/>'
            )
        yield from _box(flow, replace(one, size=replace(one.size, width=width)), x, y)
        y += one.size.height + STACK_GAP


def _verb(box: Box, after_error: bool) -> str:
    if after_error:
        return f"{box.verb} · after an error"
    return f"{box.verb} {box.about}" if box.about and box.about != box.name else box.verb


def _box(flow: str, one: _Shown, x: float, y: float) -> Iterator[str]:
    box, size = one.box, one.size
    edge, fill = COLOURS[box.kind]
    yield f'<g id={quoteattr(_id(flow, box.name))} transform="translate({x:.1f} {y:.1f})">'
    yield f"<title>{escape(box.says or box.name)}</title>"
    yield f'<rect width="{size.width:.1f}" height="{size.height:.1f}" rx="6" fill="{fill}" stroke="{edge}"/>'
    yield f'<rect width="5" height="{size.height:.1f}" rx="2.5" fill="{edge}"/>'
    room = size.width - 20
    head = _text(12, 15, box.name, room, "name", 13) + _text(12, 30, one.verb, room, "verb", 11.5)
    yield f"<a href={quoteattr('#' + _id(box.calls))}>{head}</a>" if box.calls is not None else head
    for index, row in enumerate(one.rows):
        base = HEAD + ROW * index + 12.5
        dim = " dim" if row.dimmed else ""
        chip = one.chips.get(row.target)
        if chip is None:
            yield _text(size.width - 8, base, row.label, room, f"row{dim}", 12, end=True)
            continue
        wide = min(_width(chip, 12), room * 0.7)
        yield _text(12, base, row.label, room - wide - 8, f"row{dim}", 12)
        link = _text(size.width - 8, base, chip, wide, f"chip{dim}", 12, end=True)
        yield f"<a href={quoteattr('#' + _id(flow, row.target))}>{link}</a>"
    yield "</g>"


def _entries(chart: Chart, placed: Placed) -> Iterator[str]:
    for name, style in ((chart.start, "line"), (chart.error, "line dim")):
        x, y, _ = placed.boxes.get(name or "", (1.0, 0.0, 0.0))
        if x == 0:
            yield f'<path class="{style}" d="M-18 {y + HEAD / 2:.1f}H0" marker-end="url(#arrow)"/>'


def _ends(flow: str, ends: Sequence[_Shown], top: float) -> tuple[list[str], float, float]:
    """Return the ends that stand apart, in rows below all else, with the bottom and the right of them."""
    parts: list[str] = []
    x, y, right = 0.0, top + 28, 0.0
    for one in ends:
        if x and x + one.size.width > PAGE - 2 * MARGIN:
            x, y = 0.0, y + one.size.height + 12
        parts += _box(flow, one, x, y)
        x += one.size.width + 16
        right = max(right, x)
    return parts, (y + ends[-1].size.height if ends else top), right


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Return a line that leaves and arrives level, and is straight where it passes a column."""
    (x, y), *rest = points
    path = [f"M{x:.1f} {y:.1f}"]
    for index, (to_x, to_y) in enumerate(rest):
        if index % 2:
            path.append(f"H{to_x:.1f}")
        else:
            middle = (x + to_x) / 2
            path.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(path)


def _text(x: float, y: float, text: str, room: float, style: str, size: float, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return (
        f'<text class="{style}" x="{x:.1f}" y="{y:.1f}"{anchor}>{escape(_fitting(text, room, size))}</text>'
    )


def _fitting(text: str, room: float, size: float) -> str:
    if _width(text, size) <= room:
        return text
    while text and _width(text + "…", size) > room:
        text = text[:-1]
    return text + "…"


def _width(text: str, size: float, bold: bool = False) -> float:
    """Return about how wide a text is drawn."""
    each = 0.67 if bold else 0.6
    wide = sum(1.0 if unicodedata.east_asian_width(character) in "WF" else each for character in text)
    return wide * size


def _id(flow: str, node: str = "") -> str:
    return f"{flow}.{node}" if node else flow
