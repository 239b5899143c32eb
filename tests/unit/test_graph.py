"""Flows as pictures: which boxes and lines there are, that no box covers another, that all text is escaped."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.picture.graph import Chart, charts_of
from ivr.picture.layout import ROW_GAP, Line, Size, place
from ivr.picture.mermaid import mermaid
from ivr.picture.svg import svg
from ivr.reading.loader import load_flows
from ivr.reading.names import SiteNames
from tests.unit.small_flows import flow, live_of

SAMPLE = Path(__file__).parents[2] / "flows"
SVG = "{http://www.w3.org/2000/svg}"
NODES = """\
main: {menu: choose, keys: {1: faults, 2: sub, 0: faults, "*": main}, failure: bye}
faults: {queue: faults, answered: bye, otherwise: what, error: sorry}
what: {switch: [{if: 'caller.number < "1" && true', then: main}], otherwise: bye}
sub: {flow: identify, next: bye}
sorry: {play: wrong, next: bye}
bye: {hangup: bye}
"""
INNER = "hello: {play: hello, next: done}\ndone: {return: null}\n"


@pytest.fixture
def charts(tmp_path: Path) -> list[Chart]:
    return charts_of(live_of(tmp_path, flow(NODES), flow(INNER, "identify")), "demo")


def texts(picture: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def test_a_flow_is_followed_by_those_that_it_calls(charts: list[Chart]) -> None:
    assert [chart.flow for chart in charts] == ["demo", "identify"]


def test_exits_to_the_same_node_are_one_row_and_what_should_not_happen_is_dimmed(charts: list[Chart]) -> None:
    rows = {box.name: [(row.label, row.target, row.dimmed) for row in box.rows] for box in charts[0].boxes}
    assert rows["main"] == [
        ("1, 0", "faults", False),
        ("2", "sub", False),
        ("*", "main", False),
        ("failure", "bye", True),
    ]
    assert rows["faults"][0] == ("error", "sorry", True)


def test_a_picture_names_each_node_with_its_verb_and_what_it_is_about(charts: list[Chart]) -> None:
    shown = texts(svg(charts))
    assert {"demo", "identify", "main", "menu choose", "queue", "flow identify"} <= set(shown)
    assert 'caller.number < "1" && true'[:12] in "".join(shown)


def test_a_way_back_is_named_in_its_row_and_has_no_line(charts: list[Chart]) -> None:
    shown = texts(svg(charts))
    assert {"↻ again", "↰ main"} <= set(shown)


def test_each_node_is_drawn_once_however_many_rows_of_nodes_lead_to_it(tmp_path: Path) -> None:
    nodes = """
        main: {menu: choose, keys: {1: one, 2: two}, failure: three}
        one: {play: hello, next: three}
        two: {play: hello, next: three}
        three: {play: wrong, next: four}
        four: {hangup: bye}
    """
    tree = ElementTree.fromstring(svg(charts_of(live_of(tmp_path, flow(nodes)), "demo")))
    ids = [found for element in tree.iter() if (found := element.get("id", "")).startswith("demo.")]
    assert sorted(ids) == sorted(f"demo.{node}" for node in ("main", "one", "two", "three", "four"))


def test_a_picture_stands_alone_without_scripts(charts: list[Chart]) -> None:
    picture = svg(charts)
    tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(picture).iter()}
    assert not tags & {"script", "image", "use", "foreignObject", "iframe"}
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")


def test_a_link_to_a_node_or_a_flow_leads_to_what_is_in_the_picture(charts: list[Chart]) -> None:
    tree = ElementTree.fromstring(svg(charts))
    ids = {element.get("id") for element in tree.iter()}
    links = {element.get("href", "").removeprefix("#") for element in tree.iter(f"{SVG}a")}
    assert {"identify", "demo.main"} <= links <= ids


def test_text_that_means_something_to_svg_or_to_mermaid_is_escaped(tmp_path: Path) -> None:
    nodes = """
        what: {switch: [{if: 'caller.number == "</text><script>"', then: bye}], otherwise: bye}
        bye: {hangup: bye}
    """
    charts = charts_of(live_of(tmp_path, flow(nodes)), "demo")
    assert "<script" not in svg(charts)
    assert not re.search(
        r'[<>"]', mermaid(charts).partition("what<br/>")[2].partition('|"')[2].partition('"|')[0]
    )


def test_mermaid_has_every_box_and_every_row(charts: list[Chart]) -> None:
    lines = [line.strip() for line in mermaid(charts).splitlines()]
    assert 'n0{{"main<br/>menu choose"}}' in lines
    assert 'n0 -->|"1, 0"| n1' in lines
    assert 'n1 -.->|"error"| n4' in lines
    assert 'n3 ==>|"runs"| n6' in lines
    assert sum("-->" in line or "-.->" in line for line in lines) == sum(
        len(box.rows) for chart in charts for box in chart.boxes
    )


def test_the_sample_hotline_fits_a_page_of_1280_pixels() -> None:
    queues = ("billing", "faults", "sales", "complaints", "operator")
    picture = svg(charts_of(load_flows(SAMPLE, SiteNames(queues=queues)), "customer-hotline"))
    assert float(ElementTree.fromstring(picture).get("width", "")) <= 1280


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, Size], list[Line]]:
    number = draw(st.integers(1, 14))
    sides = st.floats(10, 300)
    boxes = {str(i): Size(draw(sides), draw(sides), 5.0) for i in range(number)}
    pairs = st.tuples(st.integers(0, number - 1), st.integers(0, number - 1)).filter(
        lambda pair: pair[0] < pair[1]
    )
    chosen = draw(st.lists(pairs, max_size=25, unique=True)) if number > 1 else []
    return boxes, [Line(str(begin), 5.0, str(end)) for begin, end in chosen]


@given(graphs())
def test_no_box_covers_another_and_lines_lead_to_the_right(graph: tuple[dict[str, Size], list[Line]]) -> None:
    boxes, lines = graph
    placed = place(boxes, lines)
    for first, second in combinations(boxes, 2):
        (x, y, wide), (other_x, other_y, other_wide) = placed.boxes[first], placed.boxes[second]
        apart = (
            x + wide <= other_x
            or other_x + other_wide <= x
            or y + boxes[first].height + ROW_GAP <= other_y + 1e-6
            or other_y + boxes[second].height + ROW_GAP <= y + 1e-6
        )
        assert apart
    for line, points in zip(lines, placed.lines, strict=True):
        assert [x for x, _ in points] == sorted(x for x, _ in points)
        assert points[-1] == (placed.boxes[line.end][0], pytest.approx(placed.boxes[line.end][1] + 5.0))


@given(graphs())
def test_no_line_runs_behind_a_box_of_a_column_that_it_passes(
    graph: tuple[dict[str, Size], list[Line]],
) -> None:
    boxes, lines = graph
    placed = place(boxes, lines)
    lefts = sorted({left for left, _, _ in placed.boxes.values()})
    for line, points in zip(lines, placed.lines, strict=True):
        passed = lefts.index(placed.boxes[line.end][0]) - lefts.index(placed.boxes[line.begin][0])
        assert len(points) == 2 * passed
        for (x, y), (to_x, to_y) in list(pairwise(points))[1::2]:
            assert y == pytest.approx(to_y)
            for name, size in boxes.items():
                left, top, wide = placed.boxes[name]
                covers = top < y < top + size.height and left < to_x and x < left + wide
                assert not covers or name in (line.begin, line.end)
