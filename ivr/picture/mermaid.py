"""Flows as Mermaid text, which many wikis and code hosts show as a picture. Syntax: https://mermaid.js.org."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ivr.picture.graph import Box, Chart

SHAPES = {
    "say": ("[", "]"),
    "ask": ("{{", "}}"),
    "decide": ("{", "}"),
    "person": ("([", "])"),
    "record": ("[/", "/]"),
    "flow": ("[[", "]]"),
    "end": ("((", "))"),
}


def mermaid(charts: Sequence[Chart]) -> str:
    """Return the text of a flowchart, each flow a part of its own."""
    numbers = {
        (chart.flow, box.name): f"n{number}"
        for number, (chart, box) in enumerate((chart, box) for chart in charts for box in chart.boxes)
    }
    starts = {chart.flow: numbers[chart.flow, chart.start] for chart in charts}
    lines = ["flowchart LR"]
    for index, chart in enumerate(charts):
        lines.append(f'  subgraph f{index}["{_escaped(chart.flow)}"]')
        lines.extend(f"    {line}" for line in _boxes(chart, numbers))
        lines.append("  end")
    for chart in charts:
        for box in chart.boxes:
            begins = numbers[chart.flow, box.name]
            for row in box.rows:
                arrow = "-.->" if row.dimmed else "-->"
                lines.append(f'  {begins} {arrow}|"{_escaped(row.label)}"| {numbers[chart.flow, row.target]}')
            if box.calls is not None:
                lines.append(f'  {begins} ==>|"runs"| {starts[box.calls]}')
    return "\n".join(lines) + "\n"


def _boxes(chart: Chart, numbers: dict[tuple[str, str], str]) -> Iterator[str]:
    for box in chart.boxes:
        begin, end = SHAPES[box.kind]
        yield f'{numbers[chart.flow, box.name]}{begin}"{_label(box)}"{end}'


def _label(box: Box) -> str:
    about = f" {box.about}" if box.about and box.about != box.name else ""
    return f"{_escaped(box.name)}<br/>{_escaped(box.verb + about)}"


def _escaped(text: str) -> str:
    """Escape what means something to Mermaid, in its own way: #38; for &."""
    return "".join(
        character if character.isalnum() or character in " .,_-" else f"#{ord(character)};"
        for character in text
    )
