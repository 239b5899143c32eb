"""Charts: round ticks, no words over each other, and SVG that holds nothing but a picture."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.chart import svg
from reports.document import Chart, Kind, Series, Words
from reports.grid import breadth
from reports.plot import FONT, Caption, Plot, plot, tick_text, ticks_of

QUARTERS = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)]
SIZES = [(880.0, 260.0), (360.0, 240.0)]


def words(text: str) -> Words:
    return Words(text, text)


def chart(
    kind: str, *values: list[float | None], labels: list[str] | None = None, unit: Kind = "count"
) -> Chart:
    series = [Series(words(f"series {index}"), each) for index, each in enumerate(values)]
    steps = labels or [f"step {index}" for index in range(len(values[0]))]
    return Chart("made", words("Made"), kind, steps, series, unit)  # type: ignore[arg-type]


def extent(caption: Caption) -> tuple[float, float]:
    """Return where words begin and end, for letters as wide as those of a wide typeface."""
    wide = 0.6 * FONT * breadth(caption.text)
    begin = caption.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[caption.anchor] * wide
    return begin, begin + wide


def steps_of(sheet: Plot) -> list[Caption]:
    return [caption for caption in sheet.captions if caption.y > sheet.bottom + FONT / 2]


@given(st.floats(0, 1e7), st.sampled_from(["count", "rate", "seconds", "number"]))
def test_ticks_are_few_even_and_reach_above_all(greatest: float, unit: Kind) -> None:
    ticks = ticks_of(greatest, unit)
    assert ticks[0] == 0
    assert ticks[-1] >= greatest * (1 - 1e-9)
    assert 2 <= len(ticks) <= 7
    steps = [later - earlier for earlier, later in pairwise(ticks)]
    assert max(steps) == pytest.approx(min(steps))


@given(st.integers(0, 10**6))
def test_ticks_of_counts_are_whole(greatest: int) -> None:
    assert all(tick == int(tick) for tick in ticks_of(greatest, "count"))


@pytest.mark.parametrize(
    ("greatest", "unit", "shown"),
    [
        (47, "count", ["0", "10", "20", "30", "40", "50"]),
        (0, "count", ["0", "1"]),
        (0.4, "rate", ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]),
        (250, "seconds", ["0 s", "1:00", "2:00", "3:00", "4:00", "5:00"]),
        (8_000, "seconds", ["0 s", "30:00", "1:00:00", "1:30:00", "2:00:00", "2:30:00"]),
        (0.7, "number", ["0", "0.2", "0.4", "0.6", "0.8"]),
    ],
)
def test_ticks_are_round_in_their_unit(greatest: float, unit: Kind, shown: list[str]) -> None:
    assert [tick_text(tick, unit) for tick in ticks_of(greatest, unit)] == shown


@pytest.mark.parametrize("size", SIZES)
@given(
    labels=st.one_of(
        st.sampled_from([QUARTERS, QUARTERS[:48], QUARTERS[::4], QUARTERS[:100] * 8]),
        st.lists(st.text("故障abcXYZ ", max_size=20), min_size=1, max_size=40),
        st.integers(1, 31).map(lambda days: [f"2026-10-{day:02}" for day in range(1, days + 1)]),
    )
)
def test_the_names_of_steps_never_overlap_nor_leave_the_sheet(
    size: tuple[float, float], labels: list[str]
) -> None:
    sheet = plot(chart("bars", [1.0] * len(labels), labels=labels), "en", *size)
    extents = [extent(caption) for caption in steps_of(sheet)]
    assert extents[0][0] >= 0
    assert extents[-1][1] <= size[0]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(extents))


@pytest.mark.parametrize("size", SIZES)
def test_a_day_of_quarter_hours_is_named_at_even_times(size: tuple[float, float]) -> None:
    names = [
        caption.text for caption in steps_of(plot(chart("bars", [1.0] * 96, labels=QUARTERS), "en", *size))
    ]
    assert len(names) >= 6
    assert names == QUARTERS[:: 96 // len(names)]


def test_names_that_have_no_room_are_cut_and_dates_left_out() -> None:
    names = ["complaints and suggestions of important customers"] * 5
    cut = steps_of(plot(chart("bars", [1.0] * 5, labels=names), "en", 360.0, 240.0))
    assert len(cut) == 5
    assert all(caption.text.endswith("…") for caption in cut)
    dates = [f"2026-11-0{day}" for day in range(1, 6)]
    kept = steps_of(plot(chart("bars", [1.0] * 5, labels=dates), "en", 360.0, 240.0))
    assert {caption.text for caption in kept} < set(dates)


@given(st.integers(1, 8), st.text("故障abc ", min_size=1, max_size=30))
def test_a_long_legend_takes_more_lines_and_stays_above_the_curves(count: int, name: str) -> None:
    made = chart("lines", *[[1.0, 2.0]] * count)
    made = replace(made, series=[Series(words(name), series.values) for series in made.series], marked=(0,))
    sheet = plot(made, "en", 360.0, 240.0)
    assert len(sheet.keys) == count + 1
    assert all(key.y + FONT <= sheet.top and key.x + FONT <= 360 for key in sheet.keys)
    legend = [caption for caption in sheet.captions if caption.anchor == "start"]
    assert all(extent(caption)[1] <= 360 for caption in legend)


@given(st.lists(st.lists(st.floats(0, 1e6), min_size=2, max_size=2), min_size=1, max_size=5))
def test_stacked_bars_stand_on_each_other_and_within_the_field(steps: list[list[float]]) -> None:
    lower, upper = [list(series) for series in zip(*steps, strict=True)]
    sheet = plot(chart("stacked", lower, upper), "en", 880.0, 260.0)
    assert all(bar.y >= sheet.top - 1e-6 and bar.y + bar.height <= sheet.bottom + 1e-6 for bar in sheet.bars)
    for first in (bar for bar in sheet.bars if bar.series == 0):
        above = [bar for bar in sheet.bars if bar.series == 1 and bar.x == first.x]
        assert all(bar.y + bar.height == pytest.approx(first.y) for bar in above)


def test_bars_of_several_series_stand_beside_each_other() -> None:
    sheet = plot(chart("bars", [1.0, 2.0], [3.0, 4.0]), "en", 880.0, 260.0)
    across = sorted(sheet.bars, key=lambda bar: bar.x)
    assert [bar.series for bar in across] == [0, 1, 0, 1]
    assert all(left.x + left.width <= right.x + 1e-6 for left, right in pairwise(across))


def test_a_line_is_broken_where_there_is_no_value_and_a_value_alone_is_a_point() -> None:
    sheet = plot(chart("lines", [1.0, 2.0, None, 3.0]), "en", 880.0, 260.0)
    assert [len(stroke.points) for stroke in sheet.strokes] == [2, 1]


def test_marked_neighbours_are_one_field() -> None:
    sheet = plot(
        replace(chart("bars", [1.0] * 96, labels=QUARTERS), marked=(40, 41, 42, 43, 60)), "en", 880.0, 260.0
    )
    step = (sheet.right - sheet.left) / 96
    assert [width for _, width in sheet.marks] == pytest.approx([4 * step, step])


@pytest.mark.parametrize("kind", ["bars", "stacked", "lines"])
def test_the_svg_is_well_formed_whatever_names_it_is_given_and_holds_no_script(kind: str) -> None:
    name = "</text><script>alert(1)</script>\"'&\x1b"
    made = chart(kind, [1.0, None, 3.0], labels=[name, "b", "c"])
    made = replace(made, title=words(name), series=[Series(words(name), made.series[0].values)], marked=(0,))
    root = ElementTree.fromstring(svg(made, "en", 880.0, 260.0))
    assert root.get("role") == "img"
    name = name.replace("\x1b", "\N{REPLACEMENT CHARACTER}")
    assert root.get("aria-label") == name
    assert {element.tag for element in root.iter()} <= {"svg", "rect", "line", "polyline", "text", "title"}
    assert name in [element.text for element in root.iter("text")]


def test_a_bar_tells_its_step_series_and_value() -> None:
    root = ElementTree.fromstring(
        svg(chart("bars", [0.123], labels=["10:00"], unit="rate"), "en", 880.0, 260.0)
    )
    assert [element.text for element in root.iter("title")] == ["10:00: series 0 12.3 %"]


def test_a_chart_of_nothing_has_its_axis_and_no_bars() -> None:
    sheet = plot(Chart("made", words("Made"), "bars", [], []), "en", 360.0, 240.0)
    assert sheet.bars == ()
    assert [rule.axis for rule in sheet.rules] == [True, False]


def test_the_busy_hour_is_named_in_the_readers_language() -> None:
    marked = replace(chart("bars", [1.0]), marked=(0,))
    assert "忙时" in svg(marked, "zh", 360.0, 240.0)
    assert "busy hour" in svg(marked, "en", 360.0, 240.0)
