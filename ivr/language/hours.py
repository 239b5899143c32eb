"""Opening hours: whether a hotline is open at a moment, closed, on holiday, or in its night service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, JsonValue
from pydantic_core import PydanticCustomError

from ivr.language.holiday import Holidays, Place
from ivr.language.part import Part
from ivr.language.timetable import (
    HOLIDAY,
    KINDS,
    MIDNIGHT,
    Dates,
    Hours,
    SpecialTimes,
    Week,
    dates_of,
    days_of,
    each_once,
    hours_of,
    special_of,
)
from ivr.reading.problem import did_you_mean

State: TypeAlias = Literal["open", "closed", "holiday", "night"]

LOOK_AHEAD = 400  # days in which the next opening is looked for
SOON = timedelta(days=92)  # China's holidays of a year are published in the last months before it
NO_OTHER_KEYS: dict[str, JsonValue] = {"additionalProperties": False}


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        meant = did_you_mean(name, available_timezones(), most=0)
        message = "no time zone is named {name}; write an IANA name as Asia/Shanghai{meant}"
        context = {"name": repr(name[:40]), "meant": meant}
        raise PydanticCustomError("timezone_unknown", message, context) from None
    return name


@dataclass(frozen=True, slots=True)
class _Day:
    """One date: when it is open, when its night service is on, and what it is at all other times."""

    hours: Hours
    night: Hours
    otherwise: State


class Schedule(Part):
    """When a hotline is open: by the clock on the wall, in the schedule's time zone."""

    timezone: Annotated[str, AfterValidator(_timezone)] | None = Field(
        None, description="IANA name of the time zone, as Asia/Shanghai; without it the site's."
    )
    week: Week = Field(
        description="The hours of each day or span of days. A day not named is closed. 'daily' is every day, "
        "holidays too; 'holidays' are the hours of public holidays, on which it is closed otherwise. Hours past "
        "midnight, as 22:00-06:00, belong to the day on which they begin.",
        min_length=1,
        examples=[{"mon-fri": "08:30-12:00, 13:30-18:00", "sat": "09:00-12:00"}],
        json_schema_extra=NO_OTHER_KEYS,
    )
    holidays: Place | None = Field(
        None,
        description="The country whose public holidays are kept, by its ISO 3166 code as CN, "
        "or a part of it as DE-BY.",
    )
    makeup_days: bool = Field(
        True,
        description="Whether weekend days on which people make up for a day off (China's 调休) are workdays: "
        "a Saturday has the hours of Friday, a Sunday those of Monday.",
    )
    special: Annotated[Mapping[Dates, SpecialTimes], each_once(dates_of)] = Field(
        {},
        description="Dates, or spans of dates as 2027-02-05..2027-02-08, that go before all else: 'closed', "
        "'holiday', a weekday as 'fri' whose hours they have, or hours of their own.",
        examples=[{"2027-02-05..2027-02-08": "closed", "2027-05-04": "10:00-16:00"}],
        json_schema_extra=NO_OTHER_KEYS,
    )
    night: Week = Field(
        {},
        description="The hours of the night service, written as in 'week'; they count while it is not open.",
        examples=[{"daily": "18:00-22:00"}],
        json_schema_extra=NO_OTHER_KEYS,
    )

    def state(self, at: datetime) -> State:
        """Tell what the schedule says at a moment, in whose own zone it is read when the schedule names none.

        Hours that the clock jumps over when it is set forward do not happen; set back, they happen twice.
        Raises `ValueError` for a moment without a zone.
        """
        local = at.astimezone(self._zone(at))
        minute = local.hour * 60 + local.minute
        today, yesterday = self._day(local.date()), self._day(local.date() - timedelta(days=1))
        if _within(today.hours, minute) or _within(yesterday.hours, minute + MIDNIGHT):
            return "open"
        if _within(today.night, minute) or _within(yesterday.night, minute + MIDNIGHT):
            return "night"
        return today.otherwise

    def next_open(self, at: datetime) -> datetime | None:
        """Return the first moment from ``at`` on when it is open, in the schedule's zone.

        That is ``at`` itself when it is open then, and None when it does not open within 400 days.
        Raises `ValueError` for a moment without a zone.
        """
        zone = self._zone(at)
        if self.state(at) == "open":
            return at.astimezone(zone)
        first = at.astimezone(zone).toordinal()
        for ordinal in range(first, min(first + LOOK_AHEAD, date.max.toordinal() - 1) + 1):
            for moment in sorted(self._beginnings(date.fromordinal(ordinal), zone)):
                local = moment.astimezone(zone)
                if moment > at.astimezone(UTC) and self.state(local) == "open":
                    return local
        return None

    def warnings(self, today: date) -> list[str]:
        """Say which holidays that are needed soon are not published yet.

        A year in which a special day has a weekday's hours is taken to be arranged by hand.
        """
        if self._public is None:
            return []
        by_hand = {
            day.year for day, like in self._special.items() if isinstance(like, int) and like < HOLIDAY
        }
        return [
            f"the holidays of {year} in {self.holidays} are not published yet, or newer than this installation: "
            "the statutory days are taken, without make-up workdays; bring the package 'holidays' up to date, "
            "or write that year's days under 'special'"
            for year in sorted({today.year, (today + SOON).year} - by_hand)
            if not self._public.published(year)
        ]

    def _zone(self, at: datetime) -> tzinfo:
        if at.tzinfo is None:
            raise ValueError("a moment without a time zone is in no schedule; give it one")
        return ZoneInfo(self.timezone) if self.timezone is not None else at.tzinfo

    def _day(self, day: date) -> _Day:
        weekday = day.weekday()
        kind = self._special.get(day)
        if isinstance(kind, tuple):
            return _Day(kind, self._nights[weekday] if kind else (), "closed")
        if kind is None and self._public is not None:
            kind = self._public.kind(day)
            if kind is not None and kind < HOLIDAY and not self.makeup_days:
                kind = None
        if kind is None:
            kind = weekday
        return _Day(self._hours[kind], self._nights[kind], "holiday" if kind == HOLIDAY else "closed")

    def _beginnings(self, day: date, zone: tzinfo) -> Iterator[datetime]:
        """Yield, in UTC, each moment of a day at which it may open: where a span begins or the clock is set."""
        midnight = datetime.combine(day, time(), zone)
        for span in self._day(day).hours:
            begin = midnight + timedelta(minutes=span.start)
            yield from {begin.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
        change = _clock_set(midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC), zone)
        if change is not None:
            yield change

    @cached_property
    def _hours(self) -> tuple[Hours, ...]:
        return _by_kind(self.week)

    @cached_property
    def _nights(self) -> tuple[Hours, ...]:
        return _by_kind(self.night)

    @cached_property
    def _special(self) -> Mapping[date, int | Hours]:
        return {day: special_of(text) for dates, text in self.special.items() for day in dates_of(dates)}

    @cached_property
    def _public(self) -> Holidays | None:
        return Holidays(self.holidays) if self.holidays is not None else None


def _by_kind(week: Mapping[str, str]) -> tuple[Hours, ...]:
    hours = {kind: hours_of(text) for days, text in week.items() for kind in days_of(days)}
    return tuple(hours.get(kind, ()) for kind in range(len(KINDS)))


def _within(hours: Hours, minute: int) -> bool:
    return any(span.start <= minute < span.end for span in hours)


def _clock_set(begin: datetime, end: datetime, zone: tzinfo) -> datetime | None:
    """Return the moment between two at which the zone's clock is set forward or back, or None."""
    offset = begin.astimezone(zone).utcoffset()
    if end.astimezone(zone).utcoffset() == offset:
        return None
    while end - begin > timedelta(seconds=1):
        middle = begin + timedelta(seconds=(end - begin) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            begin = middle
        else:
            end = middle
    return end
