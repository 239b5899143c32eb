"""Which hour is the busy hour, by each definition that the field has. Pure; moments are UTC milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from fractions import Fraction
from zoneinfo import ZoneInfo

from ledger.tally import QUARTER_MS
from reports.document import Words
from reports.period import days
from reports.query import BusyHourName, moment

HOUR_MS = 4 * QUARTER_MS


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour, UTC ms. ``recorded_ms`` is how much of it lies in the period, which may be short or cut it."""

    began: int
    ended: int
    recorded_ms: int


@dataclass(frozen=True, slots=True)
class Choice:
    """How a busy hour is chosen; ``daily``: one hour of each day, rather than one of the whole period.

    ``may_begin`` says at which quarter-hours it may; None: at each.
    """

    text: Words
    daily: bool = False
    may_begin: Callable[[datetime], bool] | None = None


CHOICES: Mapping[BusyHourName, Choice] = {
    "sliding": Choice(
        Words(
            "the 60 minutes with most calls offered, in 15-minute steps",
            "呼入量最大的连续 60 分钟，以 15 分钟为步长",
        )
    ),
    "clock": Choice(
        Words("the whole clock hour with most calls offered", "呼入量最大的整点小时"),
        may_begin=lambda at: at.minute == 0,
    ),
    "half-hours": Choice(
        Words(
            "the 60 minutes with most calls offered, in 30-minute steps",
            "呼入量最大的连续 60 分钟，以 30 分钟为步长",
        ),
        may_begin=lambda at: at.minute % 30 == 0,
    ),
    "tcbh": Choice(
        Words(
            "time-consistent: the one hour of day with the greatest mean over the days (ITU-T E.600)",
            "定时忙时：各日平均呼入量最大的同一小时（ITU-T E.600）",
        ),
        daily=True,
    ),
    "adph": Choice(
        Words(
            "average daily peak hour: each day's own busiest hour, taken together (ITU-T E.600)",
            "日高峰小时平均：每日各自的高峰小时合并计算（ITU-T E.600）",
        ),
        daily=True,
    ),
    "fixed": Choice(Words("the hour of day that was given", "指定的小时"), daily=True),
}


def busiest(
    offered: Mapping[int, int],
    began: int,
    ended: int,
    zone: ZoneInfo,
    name: BusyHourName,
    fixed: time | None = None,
) -> list[Hour]:
    """Return the busy hour of a period, or those of its days, by what was offered in each quarter-hour.

    A period that holds no hour is taken whole; but ``fixed`` has none then. Of equally busy hours the one recorded
    longest is taken, then the earliest. An hour of a day lies whole in that day, and in the period.
    """
    if name == "fixed" and fixed is not None:
        return _at(fixed, began, ended, zone)
    if ended - began < HOUR_MS:
        return [Hour(began, ended, ended - began)]
    if not CHOICES[name].daily:
        return [_single(offered, began, ended, zone, CHOICES[name].may_begin)]
    hours = _same(offered, began, ended, zone) if name == "tcbh" else _peaks(offered, began, ended, zone)
    return hours or [Hour(began, ended, ended - began)]


def _single(
    offered: Mapping[int, int],
    began: int,
    ended: int,
    zone: ZoneInfo,
    may_begin: Callable[[datetime], bool] | None,
) -> Hour:
    first = ((began - HOUR_MS) // QUARTER_MS + 1) * QUARTER_MS
    # Where nobody came, the first hour is as good as any.
    sums: dict[int, int] = dict.fromkeys(range(first, min(began + 2 * HOUR_MS, ended), QUARTER_MS), 0)
    for at, count in offered.items():
        for start in range(at - HOUR_MS + QUARTER_MS, at + QUARTER_MS, QUARTER_MS):
            if start >= first:
                sums[start] = sums.get(start, 0) + count

    def recorded(start: int) -> int:
        return min(start + HOUR_MS, ended) - max(start, began)

    # All zones of today are whole quarter-hours from UTC, so UTC's quarters are everyone's.
    allowed = {
        start: count for start, count in sums.items() if may_begin is None or may_begin(moment(start, zone))
    }
    most = max(allowed.values())
    busy = (start for start, count in allowed.items() if count == most)
    start = max(busy, key=lambda start: (recorded(start), -start))
    return Hour(start, start + HOUR_MS, recorded(start))


def _same(offered: Mapping[int, int], began: int, ended: int, zone: ZoneInfo) -> list[Hour]:
    hours: dict[time, list[int]] = {}
    for starts in _starts(began, ended, zone):
        for start in starts:
            local = moment(start, zone)
            if not local.fold:  # of an hour that clocks show twice, the first
                hours.setdefault(local.time(), []).append(start)

    def merit(clock: time) -> tuple[Fraction, int, int]:
        starts = hours[clock]
        mean = Fraction(sum(_sum(offered, start) for start in starts), len(starts))
        return mean, len(starts), -(60 * clock.hour + clock.minute)

    return [_whole(start) for start in hours[max(hours, key=merit)]] if hours else []


def _peaks(offered: Mapping[int, int], began: int, ended: int, zone: ZoneInfo) -> list[Hour]:
    days_ = (list(starts) for starts in _starts(began, ended, zone))
    return [
        _whole(max(starts, key=lambda start: (_sum(offered, start), -start))) for starts in days_ if starts
    ]


def _at(clock: time, began: int, ended: int, zone: ZoneInfo) -> list[Hour]:
    starts = []
    for day, _, _ in days(began, ended, zone):
        at = datetime.combine(day, clock, zone)
        start = round(at.timestamp() * 1_000)
        if moment(start, zone).time() == clock:  # clocks may leave it out
            starts.append(start)
    return [_whole(start) for start in starts if began <= start and start + HOUR_MS <= ended]


def _starts(began: int, ended: int, zone: ZoneInfo) -> Iterator[Iterator[int]]:
    """Yield for each day the quarter-hours at which an hour may begin that lies in that day and in the period."""
    for _, midnight, after in days(began, ended, zone):
        first = max(midnight, -(-began // QUARTER_MS) * QUARTER_MS)
        yield iter(range(first, min(after, ended) - HOUR_MS + 1, QUARTER_MS))


def _sum(offered: Mapping[int, int], start: int) -> int:
    return sum(offered.get(at, 0) for at in range(start, start + HOUR_MS, QUARTER_MS))


def _whole(start: int) -> Hour:
    return Hour(start, start + HOUR_MS, HOUR_MS)
