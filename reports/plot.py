"""Where everything of a chart stands: bars, lines, ticks and words, on a sheet of given size. Pure geometry."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reports.cell import shown
from reports.document import Chart, Kind, Language, Words
from reports.grid import breadth

Anchor: TypeAlias = Literal["start", "middle", "end"]

FONT = 11.0  # the height of all words; the sheet's unit is meant to be near a pixel
MARKED = Words("busy hour", "忙时")

_LETTER = 0.63 * FONT  # how wide a letter is taken to be, of which a Chinese character is two
_LINE = 1.5 * FONT
_GAP = 6.0
_TICKS = 5
_WIDEST = 4 * FONT  # of a bar
_TIMES = re.compile(r"[≤<≥>\d\s:./+-]+s?")  # names of steps of which some can go, since the others tell them
_STRIDES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600)


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of a series; ``tip`` says in words what it shows."""

    x: float
    y: float
    width: float
    height: float
    series: int
    tip: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line of a series, as far as it goes without a gap."""

    points: tuple[tuple[float, float], ...]
    series: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line at a tick; the lowest is the axis."""

    y: float
    axis: bool


@dataclass(frozen=True, slots=True)
class Caption:
    """Words on the sheet; ``y`` is their base line."""

    x: float
    y: float
    text: str
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Key:
    """A patch of colour beside a name in the legend; ``series`` is None for what is marked."""

    x: float
    y: float
    series: int | None


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart laid out on a sheet from (0, 0) at its upper left. ``left`` and ``right`` bound the field of the curves.

    ``marks`` are the fields behind the marked steps: left edge and width, from ``top`` to ``bottom``.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    marks: tuple[tuple[float, float], ...]
    rules: tuple[Rule, ...]
    bars: tuple[Bar, ...]
    strokes: tuple[Stroke, ...]
    captions: tuple[Caption, ...]
    keys: tuple[Key, ...]


def plot(chart: Chart, language: Language, width: float, height: float) -> Plot:
    """Lay a chart out on a sheet of this size."""
    ticks = ticks_of(_greatest(chart), chart.unit)
    names = [tick_text(tick, chart.unit) for tick in ticks]
    left, right = max(map(_wide, names)) + 2 * _GAP, width - _GAP
    keys, legend, top = _legend(chart, language, left, right)
    bottom = height - _LINE
    frame = _Frame(left, right, top, bottom, ticks[-1], len(chart.labels))
    heights = [frame.y(tick) for tick in ticks]
    scale = [
        Caption(left - _GAP, y + 0.35 * FONT, name, "end") for y, name in zip(heights, names, strict=True)
    ]
    return Plot(
        width=width,
        height=height,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        marks=tuple(_marks(chart, frame)),
        rules=tuple(Rule(y, index == 0) for index, y in enumerate(heights)),
        bars=tuple(_bars(chart, language, frame)),
        strokes=tuple(_strokes(chart, frame)),
        captions=(*legend, *scale, *_steps(chart.labels, frame)),
        keys=tuple(keys),
    )


def ticks_of(greatest: float, unit: Kind) -> list[float]:
    """Return round numbers from 0 to the first that is not below ``greatest``."""
    if unit == "rate" and greatest <= 1:
        return [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    least = greatest / _TICKS
    if unit == "seconds" and least <= _SECONDS[-1]:
        step = float(next(size for size in _SECONDS if size >= least))
    else:
        step = _round_up(max(least, 1.0 if unit == "count" else 0.01))
    return [step * count for count in range(max(1, math.ceil(greatest / step - 1e-9)) + 1)]


def tick_text(tick: float, unit: Kind) -> str:
    """Return what stands at a tick."""
    if unit == "rate":
        return f"{100 * tick:.0f} %"
    if unit == "seconds":
        minutes, seconds = divmod(round(tick), 60)
        hours, minutes = divmod(minutes, 60)
        if hours:
            return f"{hours}:{minutes:02}:{seconds:02}"
        return f"{minutes}:{seconds:02}" if minutes else f"{seconds} s"
    return f"{tick:,.0f}" if tick == round(tick) else f"{tick:,.2f}".rstrip("0")


@dataclass(frozen=True, slots=True)
class _Frame:
    left: float
    right: float
    top: float
    bottom: float
    greatest: float
    count: int

    @property
    def step(self) -> float:
        return (self.right - self.left) / max(1, self.count)

    def x(self, index: float) -> float:
        return self.left + index * self.step

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * value / self.greatest


def _greatest(chart: Chart) -> float:
    values = [[value or 0.0 for value in series.values] for series in chart.series]
    if chart.kind == "stacked":
        return max((sum(step) for step in zip(*values, strict=True)), default=0.0)
    return max((value for series in values for value in series), default=0.0)


def _round_up(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(size * power for size in (1, 2, 5, 10) if size * power >= least * (1 - 1e-9))


def _wide(text: str) -> float:
    return _LETTER * breadth(text)


def _legend(
    chart: Chart, language: Language, left: float, right: float
) -> tuple[list[Key], list[Caption], float]:
    """Return the legend, in as many lines as it needs, and where the field below it begins."""
    entries: list[tuple[int | None, str]] = [
        (index, series.title.text(language)) for index, series in enumerate(chart.series)
    ]
    if chart.marked:
        entries.append((None, MARKED.text(language)))
    keys, captions = list[Key](), list[Caption]()
    x, line = left, FONT
    for series, text in entries:
        text = _cut(text, right - left - 2 * FONT)
        if x > left and x + 1.5 * FONT + _wide(text) > right:
            x, line = left, line + _LINE
        keys.append(Key(x, line - 0.85 * FONT, series))
        captions.append(Caption(x + 1.5 * FONT, line, text, "start"))
        x += 3 * FONT + _wide(text)
    return keys, captions, line + 1.2 * FONT


def _marks(chart: Chart, frame: _Frame) -> Iterator[tuple[float, float]]:
    """Yield the fields of the marked steps, neighbours in one."""
    marked = sorted({index for index in chart.marked if 0 <= index < frame.count})
    for place, index in enumerate(marked):
        if place and marked[place - 1] == index - 1:
            continue
        last = index
        while last + 1 in marked:
            last += 1
        yield frame.x(index), (last - index + 1) * frame.step


def _bars(chart: Chart, language: Language, frame: _Frame) -> Iterator[Bar]:
    if chart.kind == "lines":
        return
    abreast = len(chart.series) if chart.kind == "bars" else 1
    width = min(_WIDEST, 0.8 * frame.step / max(1, abreast))
    piled = [0.0] * frame.count
    for index, series in enumerate(chart.series):
        for step, value in enumerate(series.values):
            if not value:
                continue
            below = piled[step] if chart.kind == "stacked" else 0.0
            piled[step] += value
            x = frame.x(step + 0.5) + width * ((index if chart.kind == "bars" else 0) - abreast / 2)
            upper, lower = frame.y(below + value), frame.y(below)
            tip = f"{chart.labels[step]}: {series.title.text(language)} {shown(value, chart.unit, language)}"
            yield Bar(x, upper, width, lower - upper, index, tip)


def _strokes(chart: Chart, frame: _Frame) -> Iterator[Stroke]:
    if chart.kind != "lines":
        return
    for index, series in enumerate(chart.series):
        points: list[tuple[float, float]] = []
        for step, value in enumerate([*series.values, None]):
            if value is not None:
                points.append((frame.x(step + 0.5), frame.y(value)))
            elif points:
                yield Stroke(tuple(points), index)
                points = []


def _steps(labels: Sequence[str], frame: _Frame) -> Iterator[Caption]:
    """Yield the names of the steps, cut to their room; of times, or where that is small, only so many as have room."""
    if not labels:
        return
    stride, room = 1, frame.step - _GAP
    widest = max(map(_wide, labels))
    if room < widest and (room < 4 * _LETTER or all(map(_TIMES.fullmatch, labels))):
        fitting = (stride for stride in _STRIDES if stride * frame.step - _GAP >= widest)
        stride, room = next(fitting, math.ceil((widest + _GAP) / frame.step)), widest
    ended = 0.0
    for index in range(0, len(labels), stride):
        text = _cut(labels[index], room)
        # The first of many would stand across the scale, the last beyond the sheet: there they are pushed inwards.
        half = _wide(text) / 2
        x = min(max(frame.x(index + 0.5), half), frame.right + _GAP - half)
        if x - half >= ended:
            yield Caption(x, frame.bottom + 1.3 * FONT, text, "middle")
            ended = x + half


def _cut(text: str, room: float) -> str:
    if _wide(text) <= room:
        return text
    while text and _wide(text) + _LETTER > room:
        text = text[:-1]
    return f"{text}…"
