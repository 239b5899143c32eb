"""Days, hours and dates as people write them: ``mon-fri``, ``08:30-12:00, 13:30-18:00``, ``2027-05-04``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.reading.problem import did_you_mean, nearest

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY = 7  # a kind of day of its own, after the seven
KINDS = (*WEEKDAYS, "holidays")
DAILY = "daily"
CLOSED = "closed"
ON_HOLIDAY = "holiday"
MIDNIGHT = 24 * 60
LONGEST = 366  # days between two dates

TIME = r"\d{1,2}[:：]\d{2}"
SPAN = rf"{TIME}\s*[-–—～]\s*{TIME}"
HOURS_PATTERN = rf"^\s*({CLOSED}|{SPAN}(\s*[,，、]\s*{SPAN})*)\s*$"
DAY = rf"({'|'.join(WEEKDAYS)})"
DAYS_PATTERN = rf"^({DAY}(-{DAY})?|{DAILY}|holidays)(, ?({DAY}(-{DAY})?|holidays))*$"
SPECIAL_PATTERN = rf"^{ON_HOLIDAY}$|^{DAY}$|{HOURS_PATTERN}"
DATES_PATTERN = r"^\d{4}-\d{2}-\d{2}(\.\.\d{4}-\d{2}-\d{2})?$"

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
CLOCK_SPAN = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", re.ASCII)
CHINESE_SIGNS = str.maketrans("：，、–—～", ":,,---")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A part of a day, in minutes after its midnight. An ``end`` past 24:00 lies on the next day."""

    start: int
    end: int

    def __str__(self) -> str:
        end = self.end if self.end <= MIDNIGHT else self.end - MIDNIGHT
        return f"{self.start // 60:02}:{self.start % 60:02}-{end // 60:02}:{end % 60:02}"


Hours: TypeAlias = tuple[Span, ...]


def hours_of(written: str) -> Hours:
    """Return the spans of a day, in order; none for ``closed``. Raises `PydanticCustomError`."""
    if written.strip().lower() == CLOSED:
        return ()
    spans = sorted(_span(part.strip()) for part in written.translate(CHINESE_SIGNS).split(","))
    for first, second in pairwise(spans):
        if second.start < first.end:
            message = "{first} and {second} overlap; let one end before the other begins, or write one span"
            raise PydanticCustomError("hours_overlap", message, {"first": str(first), "second": str(second)})
    return tuple(spans)


def days_of(written: str) -> tuple[int, ...]:
    """Return the kinds of day, 0 for Monday to 6 for Sunday and `HOLIDAY`. Raises `PydanticCustomError`."""
    return tuple(kind for part in written.split(",") for kind in _days(part.strip().lower(), written))


def special_of(written: str) -> int | Hours:
    """Return the kind of day that a special day is like, or hours of its own. Raises `PydanticCustomError`."""
    word = written.strip().lower()
    if word == ON_HOLIDAY:
        return HOLIDAY
    if word in WEEKDAYS:
        return WEEKDAYS.index(word)
    if word == CLOSED or any(sign.isdigit() for sign in word):
        return hours_of(written)
    message = "{written} is nothing that a day can be; write closed, holiday, a weekday as fri, or HH:MM-HH:MM{meant}"
    meant = did_you_mean(word, (CLOSED, ON_HOLIDAY, *WEEKDAYS), most=0)
    raise PydanticCustomError("special_form", message, {"written": _quoted(written), "meant": meant})


def dates_of(written: str) -> tuple[date, ...]:
    """Return each date of ``2027-05-04`` or ``2027-02-05..2027-02-08``. Raises `PydanticCustomError`."""
    first, dots, last = (part.strip() for part in written.partition(".."))
    begin = _date(first, written)
    end = _date(last, written) if dots else begin
    days = end.toordinal() - begin.toordinal()
    if days < 0:
        message = "{written} ends before it begins; write the earlier date first"
        raise PydanticCustomError("dates_backward", message, {"written": _quoted(written)})
    if days > LONGEST:
        message = "{written} is longer than {longest} days; for so long change the week's hours"
        raise PydanticCustomError("dates_long", message, {"written": _quoted(written), "longest": LONGEST})
    return tuple(date.fromordinal(begin.toordinal() + day) for day in range(days + 1))


def _span(written: str) -> Span:
    match = CLOCK_SPAN.fullmatch("".join(written.split()))
    if match is None:
        message = "{written} is no span of time; write HH:MM-HH:MM, as 08:30-18:00, or closed"
        raise PydanticCustomError("hours_form", message, {"written": _quoted(written)})
    hour, minute, last_hour, last_minute = map(int, match.groups())
    start, end = hour * 60 + minute, last_hour * 60 + last_minute
    if minute > 59 or last_minute > 59 or start >= MIDNIGHT or end > MIDNIGHT:
        message = (
            "{written} is no span of time; the clock goes from 00:00 to 23:59, and a span may end at 24:00"
        )
        raise PydanticCustomError("hours_clock", message, {"written": _quoted(written)})
    if start == end:
        message = "{written} begins and ends at the same time; for the whole day write 00:00-24:00"
        raise PydanticCustomError("hours_empty", message, {"written": _quoted(written)})
    return Span(start, end if end > start else end + MIDNIGHT)


def _days(part: str, written: str) -> Iterator[int]:
    if part == DAILY:
        yield from range(len(KINDS))
    elif part in KINDS:
        yield KINDS.index(part)
    else:
        first, dash, last = (end.strip() for end in part.partition("-"))
        for end in (first, last) if dash else (part,):
            if end not in WEEKDAYS:
                raise _no_day(end, written)
        begin = WEEKDAYS.index(first)
        length = (WEEKDAYS.index(last) - begin) % 7 + 1
        yield from ((begin + step) % 7 for step in range(length))


def _no_day(part: str, written: str) -> PydanticCustomError:
    near = nearest(part, (*KINDS, DAILY))
    alike = near is not None and (
        part.startswith(near) or abs(len(part) - len(near)) <= 1
    )  # no wed for weekend
    meant = f" (did you mean {near!r}?)" if alike else ""
    message = "{part} is no day{meant}; write {days}, a span as mon-fri, daily or holidays"
    where = _quoted(part) if part == written else f"{_quoted(part)} in {_quoted(written)}"
    context = {"part": where, "meant": meant, "days": ", ".join(WEEKDAYS)}
    return PydanticCustomError("day_unknown", message, context)


def _date(part: str, written: str) -> date:
    with suppress(ValueError):
        if DATE.fullmatch(part):  # fromisoformat alone takes 2027-W05-1 too
            return date.fromisoformat(part)
    message = "{written} is no date; write YYYY-MM-DD, as 2027-05-04, or a span as 2027-02-05..2027-02-08"
    raise PydanticCustomError("date_form", message, {"written": _quoted(written)})


def _quoted(written: str) -> str:
    return repr(written if len(written) <= 40 else written[:39] + "…")


def readable(read: Callable[[str], object]) -> AfterValidator:
    """Refuse what ``read`` refuses, and keep the text as it is written."""

    def check(written: str) -> str:
        read(written)
        return written

    return AfterValidator(check)


def each_once(read: Callable[[str], Iterable[object]]) -> AfterValidator:
    """Refuse keys of which two name the same day."""

    def check(written: Mapping[str, str]) -> Mapping[str, str]:
        named: dict[object, str] = {}
        for key in written:
            for day in read(key):
                first = named.setdefault(day, key)
                if first != key:
                    message = "{day} is in both {first} and {second}; write its hours once"
                    context = {"day": str(day), "first": repr(first[:40]), "second": repr(key[:40])}
                    raise PydanticCustomError("day_twice", message, context)
        return written

    return AfterValidator(check)


Days: TypeAlias = Annotated[
    str,
    readable(days_of),
    WithJsonSchema({"type": "string", "pattern": DAYS_PATTERN}),
]
Times: TypeAlias = Annotated[
    str,
    readable(hours_of),
    WithJsonSchema(
        {"type": "string", "pattern": HOURS_PATTERN, "examples": ["08:30-12:00, 13:30-18:00", "closed"]}
    ),
]
Dates: TypeAlias = Annotated[
    str,
    readable(dates_of),
    WithJsonSchema({"type": "string", "pattern": DATES_PATTERN}),
]
SpecialTimes: TypeAlias = Annotated[
    str,
    readable(special_of),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": SPECIAL_PATTERN,
            "examples": ["closed", "holiday", "fri", "10:00-16:00"],
        }
    ),
]
Week: TypeAlias = Annotated[
    Mapping[Days, Times], each_once(lambda written: [KINDS[kind] for kind in days_of(written)])
]
