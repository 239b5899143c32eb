"""Ways to measure that have a name: a definition, the targets that go with it, and where they are written."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ledger.rollups import Arrivals
from ledger.tally import QUARTER_MS, Tally
from reports.document import Column, Table, Words
from reports.measures import Definition, Rate, count_tally
from reports.query import BadQuery

Measure: TypeAlias = Literal["service_level", "connected_24h"]

_DAY_MS = 96 * QUARTER_MS


class UnknownPreset(BadQuery):
    """A preset's name that there is none of."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no preset {name!r}; the presets are: {', '.join(PRESETS)}")


@dataclass(frozen=True, slots=True)
class Target:
    """The least that a measure may be, from 0 to 1."""

    measure: Measure
    least: float


@dataclass(frozen=True, slots=True)
class Preset:
    """A definition with its targets; without any, it is only a way to count. ``source`` says where it comes from."""

    title: Words
    definition: Definition
    targets: tuple[Target, ...]
    source: Words


PRESETS: Mapping[str, Preset] = {
    "china-telecom": Preset(
        Words("China's telecom operators", "中国电信运营商"),
        Definition(formula="offered", threshold=15),
        (Target("service_level", 0.85),),
        Words(
            "A person answers within 15 s of being asked for: Telecommunications Service Specification, MII Order "
            "36 of 2005, and MIIT's for 3G of 2009. That 85 % shall is what operators customarily ask of themselves.",
            "人工服务应答时限最长为 15 秒：《电信服务规范》（信息产业部令第 36 号，2005 年）"
            "及工信部 2009 年 3G 服务规范；"
            "85% 为运营商通行的考核值。",
        ),
    ),
    "gb-t-33358": Preset(
        Words("GB/T 33358-2016, government hotlines", "GB/T 33358-2016 政府热线服务规范"),
        Definition(formula="offered", threshold=15),
        (Target("service_level", 1.0), Target("connected_24h", 0.95)),
        Words(
            "GB/T 33358-2016: calls are to be answered within 15 s; of those of any 24 hours running at least 95 % are "
            "to be connected.",
            "GB/T 33358-2016：电话应在 15 秒之内接听；连续 24 小时内呼叫接通率应大于等于 95%。",
        ),
    ),
    "80/20": Preset(
        Words("80/20", "80/20"),
        Definition(formula="offered", threshold=20),
        (Target("service_level", 0.80),),
        Words(
            "80 % within 20 s: the trade's custom since the 1980s, no standard; a choice like any other.",
            "20 秒内接听 80%：行业自二十世纪八十年代以来的惯例，并非标准。",
        ),
    ),
    "copc": Preset(
        Words("COPC", "COPC"),
        Definition(formula="offered", threshold=20),
        (),
        Words(
            "COPC CX Standard: answered within the threshold, of all offered; threshold and target are for each centre "
            "to set by what its callers need. 20 s unless another is given.",
            "COPC CX 标准：时限内应答量与全部呼入量之比；时限与目标由各中心按客户需求自定，未指定时取 20 秒。",
        ),
    ),
    "app-queue": Preset(
        Words("app_queue, first", "app_queue 第一种"),
        Definition(formula="answered-only", threshold=60),
        (),
        Words(
            "Asterisk's ServicelevelPerf: answered within `servicelevel` (queues.conf; 60 s) of all answered. Who "
            "gave up does not lower it.",
            "Asterisk 的 ServicelevelPerf：在 servicelevel（queues.conf，默认 60 秒）"
            "内应答量与应答总量之比；放弃者不影响该值。",
        ),
    ),
    "app-queue-2": Preset(
        Words("app_queue, second", "app_queue 第二种"),
        Definition(formula="abandons-count", threshold=60),
        (),
        Words(
            "Asterisk's ServicelevelPerf2: answered or given up within `servicelevel` (60 s), of all.",
            "Asterisk 的 ServicelevelPerf2：在 servicelevel（默认 60 秒）内应答或放弃的量与总量之比。",
        ),
    ),
}

_MEASURES: Mapping[Measure, Words] = {
    "service_level": Words("service level", "服务水平"),
    "connected_24h": Words("connected, worst 24 hours running", "最差连续 24 小时接通率"),
}
_COLUMNS = (
    Column("measure", Words("measure", "指标"), "text"),
    Column("target", Words("at least", "目标"), "rate"),
    Column("reached", Words("reached", "实际"), "rate"),
    Column("met", Words("met", "达标"), "flag"),
)


def preset(name: str) -> Preset:
    """Return a preset by its name. Raises `UnknownPreset`."""
    if name not in PRESETS:
        raise UnknownPreset(name)
    return PRESETS[name]


def verdicts(chosen: Preset, calls: Tally, arrivals: Mapping[int, Arrivals], began: int, ended: int) -> Table:
    """Return whether the calls of a period, UTC ms, meet each target. Where none came it is neither met nor missed."""
    rows = []
    for target in chosen.targets:
        if target.measure == "service_level":
            rate = chosen.definition.service_level(count_tally(calls, chosen.definition))
        else:
            rate = worst_day(arrivals, began, ended)
        met = None if rate.value is None else rate.part >= target.least * rate.whole
        rows.append((_MEASURES[target.measure].en, target.least, rate.value, met))
    return Table("targets", chosen.title, _COLUMNS, rows)


def worst_day(arrivals: Mapping[int, Arrivals], began: int, ended: int) -> Rate:
    """Return the lowest answer rate of any 24 hours of a period, in 15-minute steps; of all, if it has no 24."""
    marks = _running(arrivals)
    last = max(began, ended - _DAY_MS)
    steps = range(began // QUARTER_MS * QUARTER_MS, last + 1, QUARTER_MS)
    rates = (_between(marks, start, start + _DAY_MS) for start in steps)
    return min(
        (rate for rate in rates if rate.whole), key=lambda rate: rate.part / rate.whole, default=Rate(0, 0)
    )


def _running(arrivals: Mapping[int, Arrivals]) -> Sequence[tuple[int, int, int]]:
    """Return moments, and how many were answered, of how many that wait no more, before each of them."""
    answered = asked = 0
    marks = []
    for at in sorted(arrivals):
        marks.append((at, answered, asked))
        counts = arrivals[at]
        answered += counts.answered
        asked += counts.offered - counts.waiting
    return [*marks, (sys.maxsize, answered, asked)]


def _between(marks: Sequence[tuple[int, int, int]], began: int, ended: int) -> Rate:
    first, last = (marks[bisect_left(marks, (at, 0, 0))] for at in (began, ended))
    return Rate(last[1] - first[1], last[2] - first[2])
