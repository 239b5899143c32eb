"""Values as they come from callers' keys, JSON and SQL, read into what a language needs to say them."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from types import MappingProxyType

from ivr.language.duration import seconds

# The decimals of each, as in ISO 4217.
CURRENCIES = MappingProxyType({"CNY": 2, "EUR": 2, "GBP": 2, "HKD": 2, "JPY": 0, "USD": 2})
WANTED = MappingProxyType(
    {
        "digits": "up to 64 of the characters 0-9, *, # and +; blanks and hyphens part the groups",
        "number": "a plain decimal number such as 12 or -0.50, nearer to zero than 1,000,000,000,000,000",
        "money": "an amount such as 12.50, a plain decimal number nearer to zero than 1,000,000,000,000,000",
        "date": "a day such as 2027-02-17 or 20270217, in the years 1000 to 9999, with or without a time",
        "time": "a time of day such as 14:30 or 1430, with or without a date before it",
        "duration": "seconds, or a duration such as 90s, 5m or 1h30m, from zero to less than 10000 days",
    }
)

PLACES = 15  # of a whole number; a float is exact to the unit so far
LONGEST = 64
LONGEST_DURATION = 10_000 * 86_400
DECIMALS = 6  # of a number; what a caller may still take in, and no trace of a float's binary fraction
EXACT = Context(prec=40)  # the thread's own context may be any

DIGITS = re.compile(r"[0-9*#+ -]+")
CLOCK = re.compile(r"([0-9]{1,2}):?([0-9]{2})(:[0-5][0-9](\.[0-9]+)?)?")
DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


class Unspeakable(ValueError):
    """Something cannot be said: ``what`` it was to be, and what is ``wanted``. Never tells the value itself."""

    def __init__(self, what: str, wanted: str) -> None:
        self.what = what
        self.wanted = wanted
        super().__init__(f"a value cannot be spoken as {what}; give {wanted}")


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number. ``decimals`` are the digits after the point, zeros included."""

    negative: bool
    whole: int
    decimals: str


def digits(value: object) -> tuple[str, ...]:
    """Read digits in groups, each to be said in one breath.

    Groups are as written; digits that are written without a gap part evenly, by four at most (138 0013 8000).
    Raises `Unspeakable`.
    """
    if isinstance(value, str):
        text = value
    else:
        exact = _decimal(value, LONGEST)
        plain = exact is not None and exact >= 0 and exact == exact.to_integral_value()
        text = f"{exact:.0f}" if plain else ""
    groups = re.split("[ -]+", text.strip(" -")) if DIGITS.fullmatch(text) else []
    length = sum(map(len, groups))
    if not 0 < length <= LONGEST:
        raise unspeakable("digits")
    return tuple(groups) if len(groups) > 1 else _breaths(groups[0])


def number(value: object) -> Number:
    """Read a number, with its trailing zeros if it is a text or `Decimal`. Raises `Unspeakable`.

    Of more than six decimals the rest is rounded, half away from zero, and then trailing zeros are left out.
    """
    exact = _decimal(value)
    if exact is None:
        raise unspeakable("number")
    exponent = exact.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return _rounded(exact, min(places, DECIMALS), "number", stripped=places > DECIMALS)


def money(value: object, currency: str) -> Number:
    """Read an amount, rounded to the currency's decimals, half away from zero. Raises `Unspeakable`."""
    if currency not in CURRENCIES:
        raise Unspeakable("currency", f"one of {', '.join(CURRENCIES)}")
    exact = _decimal(value)
    if exact is None:
        raise unspeakable("money")
    return _rounded(exact, CURRENCIES[currency], "money")


def day(value: object) -> date:
    """Read a date; of a date with a time, its day where it was written. Raises `Unspeakable`."""
    read: date | None = value if isinstance(value, date) else None
    if isinstance(value, str) and len(value) <= LONGEST:
        with suppress(ValueError):
            read = datetime.fromisoformat(value.strip())
    if read is None or read.year < 1000:
        raise unspeakable("date")
    return read


def clock(value: object) -> time:
    """Read a time of day; with a date or time zone, as the clock showed where it was written.

    Raises `Unspeakable`.
    """
    if isinstance(value, datetime):
        return value.time()
    if isinstance(value, time):
        return value
    text = value.strip() if isinstance(value, str) and len(value) <= LONGEST else ""
    with suppress(ValueError):
        if match := CLOCK.fullmatch(text):
            return time(int(match[1]), int(match[2]))
        if len(text) > len("2027-02-17"):  # a date alone would be read as its midnight
            return datetime.fromisoformat(text).time()
    raise unspeakable("time")


def duration(value: object) -> int:
    """Read a duration, in whole seconds, half a second upwards. Raises `Unspeakable`."""
    exact = _decimal(value)
    if isinstance(value, timedelta):
        exact = Decimal(value // timedelta(microseconds=1)).scaleb(-6, EXACT)
    if exact is None and isinstance(value, str) and len(value) <= LONGEST:
        with suppress(ValueError):
            exact = Decimal(repr(seconds(value)))
    whole = _rounded(exact, 0, "duration").whole if exact is not None and exact >= 0 else LONGEST_DURATION
    if whole >= LONGEST_DURATION:
        raise unspeakable("duration")
    return whole


def unspeakable(kind: str) -> Unspeakable:
    """Return the error for a value that is none of its kind."""
    return Unspeakable(kind, WANTED[kind])


def _breaths(text: str) -> tuple[str, ...]:
    if len(text) <= 5:
        return (text,)
    groups = -(-len(text) // 4)
    short, longer = divmod(len(text), groups)
    shorter = (groups - longer) * short
    return (
        *(text[start : start + short] for start in range(0, shorter, short)),
        *(text[start : start + short + 1] for start in range(shorter, len(text), short + 1)),
    )


def _decimal(value: object, places: int = PLACES) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value) if abs(value) < 10**places else None
    if isinstance(value, float):
        if not abs(value) < 10**PLACES:
            return None
        return Decimal(int(value)) if value.is_integer() else Decimal(float.__repr__(value))
    if isinstance(value, str) and len(value) <= LONGEST:
        text = value.strip()
        value = Decimal(text) if DECIMAL.fullmatch(text) else None
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < places:
        return value
    return None


def _rounded(exact: Decimal, places: int, kind: str, *, stripped: bool = False) -> Number:
    rounded = exact.quantize(Decimal((0, (1,), -places)), ROUND_HALF_UP, EXACT)
    if rounded.adjusted() >= PLACES:
        raise unspeakable(kind)
    whole, _, decimals = f"{rounded.copy_abs():f}".partition(".")
    return Number(rounded < 0, int(whole), decimals.rstrip("0") if stripped else decimals)
