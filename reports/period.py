"""Periods as people write them, and how a report cuts them: into quarter-hours or months, as local clocks show them.

A day on which clocks change has 23 or 25 hours here too, and both of the hours that they show twice.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from ledger.tally import QUARTER_MS
from reports.query import BadQuery, IntervalName, moment

MOST_ROWS = 100_000
_HOUR_MS = 4 * QUARTER_MS
_AGO = re.compile(r"(\d{1,4})([hdw])")
_MINUTES = {"15m": 15, "30m": 30, "hour": 60}


class NoSuchMoment(BadQuery):
    """What was written is no day and no moment, or none that the calendar or the clocks have."""

    def __init__(self, option: str, written: str, reason: str) -> None:
        self.option, self.written, self.reason = option, written, reason
        super().__init__(f"{option} {written!r}: {reason}")


class PeriodBackwards(BadQuery):
    """A period that would end before it begins."""

    def __init__(self, began: str, ended: str) -> None:
        self.began, self.ended = began, ended
        super().__init__(f"--from {began!r} is after --to {ended!r}; exchange them")


class TooManyIntervals(BadQuery):
    """A period of so many intervals that nobody could read them."""

    def __init__(self, by: str) -> None:
        self.by = by
        super().__init__(
            f"--by {by} would make more than {MOST_ROWS:,} rows of this period; "
            "take a shorter one, or longer intervals"
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a period, UTC ms. ``weekday`` (Monday: 0) is set where it stands for all of that name."""

    began: int
    ended: int
    weekday: int | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """A period cut into the rows of a report, empty ones too."""

    rows: Sequence[Interval]
    _starts: Sequence[int]
    _row_of: Sequence[int]

    def row(self, at: int) -> int:
        """Return the number of the row that a quarter-hour belongs to; one that began before the period: the first."""
        return self._row_of[max(0, bisect_right(self._starts, at) - 1)]


def cut(began: int, ended: int, by: IntervalName, zone: ZoneInfo) -> Cut:
    """Cut a period, UTC ms, at the hours or days of a zone. What its ends cut off is left out of the outer rows.

    Raises `TooManyIntervals`.
    """
    if ended <= began:
        return Cut((), (), ())
    starts = []
    for start in chain([began], _bounds(began, ended, by, zone)):
        starts.append(start)
        if len(starts) > MOST_ROWS:
            raise TooManyIntervals(by)
    parts = [Interval(*pair) for pair in zip(starts, [*starts[1:], ended], strict=True)]
    if by != "weekday":
        return Cut(parts, starts, range(len(parts)))
    days = [moment(part.began, zone).weekday() for part in parts]
    first = {day: number for number, day in reversed(list(enumerate(days)))}
    rows = [Interval(parts[first[day]].began, parts[first[day]].ended, day) for day in sorted(first)]
    place = {day: number for number, day in enumerate(sorted(first))}
    return Cut(rows, starts, [place[day] for day in days])


def days(began: int, ended: int, zone: ZoneInfo) -> Iterator[tuple[date, int, int]]:
    """Yield each local day that a period touches, with its own beginning and end, UTC ms."""
    if ended <= began:
        return
    day, last = moment(began, zone).date(), moment(ended - 1, zone).date()
    while day <= last:
        yield day, midnight(day, zone), midnight(day + timedelta(days=1), zone)
        day += timedelta(days=1)


def midnight(day: date, zone: ZoneInfo) -> int:
    """Return when a day begins, UTC ms; where clocks leave midnight out, at the moment they do so."""
    return _ms(datetime.combine(day, time(), zone))


def parse(from_: str | None, to: str | None, zone: ZoneInfo, now: int) -> tuple[int, int]:
    """Return the period that is written, UTC ms; without anything, today.

    Days (``2026-03-01``; ``7d``, ``2w``: so long ago), moments (``2026-03-01 10:00``, with an offset or in the zone;
    ``12h`` ago), and ``today``, ``yesterday``, ``this-month``, ``last-month``. A day or month given for ``to`` belongs
    to the period; a moment does not. Without ``to`` a word means all of itself, and anything else reaches until now.

    Raises `NoSuchMoment` and `PeriodBackwards`.
    """
    first = _span("--from", from_, zone, now) if from_ else None
    last = _span("--to", to, zone, now) if to else None
    if first is None:
        first = (last[0], last[1]) if last and to in _WORDS else _days_span(_today(zone, now), zone)
    if last is None:
        ends = from_ is None or from_ in _WORDS
        last = first if ends else (now, now)
    if last[1] <= first[0] and last[0] < first[0]:
        raise PeriodBackwards(from_ or "today", to or "now")
    return first[0], last[1]


def _bounds(began: int, ended: int, by: IntervalName, zone: ZoneInfo) -> Iterator[int]:
    """Yield where intervals begin after the beginning of a period."""
    if by in _MINUTES:
        every = _MINUTES[by]
        before = moment(began, zone).utcoffset()
        for at in range((began // QUARTER_MS + 1) * QUARTER_MS, ended, QUARTER_MS):
            local = moment(at, zone)
            # Where clocks change by less than an hour, the next full hour begins at the change.
            if (60 * local.hour + local.minute) % every == 0 or local.utcoffset() != before:
                yield at
            before = local.utcoffset()
        return
    begins: Callable[[date], bool] = {
        "week": lambda day: day.weekday() == 0,
        "month": lambda day: day.day == 1,
    }.get(by, lambda _: True)
    for day, start, _ in days(began, ended, zone):
        if start > began and begins(day):
            yield start


def _today(zone: ZoneInfo, now: int) -> date:
    return moment(now, zone).date()


def _month(day: date) -> tuple[date, date]:
    return day.replace(day=1), (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _last_month(today: date) -> tuple[date, date]:
    return _month(today.replace(day=1) - timedelta(days=1))


_WORDS: dict[str, Callable[[date], tuple[date, date]]] = {
    "today": lambda today: (today, today + timedelta(days=1)),
    "yesterday": lambda today: (today - timedelta(days=1), today),
    "this-month": _month,
    "last-month": _last_month,
}
WORDS = tuple(_WORDS)


def _days_span(day: date, zone: ZoneInfo) -> tuple[int, int]:
    return midnight(day, zone), midnight(day + timedelta(days=1), zone)


def _span(option: str, written: str, zone: ZoneInfo, now: int) -> tuple[int, int]:
    """Return the beginning and the end of what is written: the same for a moment."""
    if (ago := _AGO.fullmatch(written)) is not None:
        number, unit = int(ago[1]), ago[2]
        if unit == "h":
            return now - number * _HOUR_MS, now - number * _HOUR_MS
        return _days_span(_today(zone, now) - timedelta(days=number * (7 if unit == "w" else 1)), zone)
    if written in _WORDS:
        first, after = _WORDS[written](_today(zone, now))
        return midnight(first, zone), midnight(after, zone)
    try:
        if len(written) <= len("2026-03-01"):
            return _days_span(date.fromisoformat(written), zone)
        at = datetime.fromisoformat(written)
    except OverflowError:
        raise NoSuchMoment(option, written, "is too long ago or too far away") from None
    except ValueError as error:
        words = ", ".join(WORDS)
        reason = (
            f"the calendar has no such day or the day no such time ({error})"
            if _looks_right(written)
            else f"write 2026-03-01, “2026-03-01 10:00”, 7d (so long ago), or one of {words}"
        )
        raise NoSuchMoment(option, written, reason) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone)
        if moment(_ms(at), zone).replace(tzinfo=None) != at.replace(tzinfo=None):
            raise NoSuchMoment(
                option, written, f"clocks in {zone.key} were put forward, and left that time out"
            )
    return _ms(at), _ms(at)


def _looks_right(written: str) -> bool:
    day = written[:10]
    return len(day) == 10 and day[4] == day[7] == "-" and day.replace("-", "").isdigit()


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1_000)
