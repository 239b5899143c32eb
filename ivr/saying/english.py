"""English: what each kind of value is said as.

A word holds the small words beside it ("and five", "thirty p.m."), which sound wrong when they stand alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import MappingProxyType

from ivr.saying.values import Number

UNDER_20 = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
UNDER_100 = (*UNDER_20, *(ten + (f"-{UNDER_20[one]}" if one else "") for ten in TENS for one in range(10)))
SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
COMMA = ","
DIGITS: Mapping[str, str] = MappingProxyType(
    {**dict(zip("0123456789", UNDER_20, strict=False)), "*": "star", "#": "pound", "+": "plus"}
)
# One and many of the unit, then of its hundredth.
CURRENCIES: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "CNY": ("yuan", "yuan", "fen", "fen"),
        "EUR": ("euro", "euros", "cent", "cents"),
        "GBP": ("pound", "pounds", "penny", "pence"),
        "HKD": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
        "JPY": ("yen", "yen", "", ""),
        "USD": ("dollar", "dollars", "cent", "cents"),
    }
)
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
IRREGULAR = MappingProxyType(
    {
        "one": "first",
        "two": "second",
        "three": "third",
        "five": "fifth",
        "eight": "eighth",
        "nine": "ninth",
        "twelve": "twelfth",
    }
)


def number(number: Number) -> list[str]:
    """Say a number: one hundred and five; one million five thousand; two point five zero."""
    said = ["minus"] if number.negative else []
    said += _integer(number.whole)
    if number.decimals:
        said += ["point", *(UNDER_20[int(digit)] for digit in number.decimals)]
    return said


def money(amount: Number, currency: str) -> list[str]:
    """Say an amount: one hundred and five yuan; one dollar and one cent; fifty pence."""
    one, many, one_hundredth, many_hundredths = CURRENCIES[currency]
    hundredths = int(amount.decimals or 0)
    said = ["minus"] if amount.negative else []
    if amount.whole or not hundredths:
        said += [*_integer(amount.whole), one if amount.whole == 1 else many]
    if hundredths:
        said.append(("and " if amount.whole else "") + UNDER_100[hundredths])
        said.append(one_hundredth if hundredths == 1 else many_hundredths)
    return said


def date(day: datetime.date) -> list[str]:
    """Say a day with its year: the seventeenth of February, twenty twenty-seven."""
    return [f"the {_ordinal(day.day)} of", f"{MONTHS[day.month - 1]}{COMMA}", *_year(day.year)]


def time(clock: datetime.time) -> list[str]:
    """Say a time of day to the minute: two thirty p.m.; eight oh five a.m.; twelve noon."""
    half = "a.m." if clock.hour < 12 else "p.m."
    hour = UNDER_100[clock.hour % 12 or 12]
    if not clock.minute:
        return [{0: "twelve midnight", 12: "twelve noon"}.get(clock.hour, f"{hour} {half}")]
    return [hour, f"{'oh ' if clock.minute < 10 else ''}{UNDER_100[clock.minute]} {half}"]


def duration(seconds: int) -> list[str]:
    """Say a duration: one day, two hours and five minutes."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    units = [(days, "day"), (hour, "hour"), (minute, "minute"), (second, "second")]
    parts = [part for part in units if part[0]] or [(0, "second")]
    said: list[str] = []
    for place, (amount, unit) in enumerate(parts, start=1):
        name = unit if amount == 1 else f"{unit}s"
        if place < len(parts) - 1:
            name += COMMA
        figure = [f"and {UNDER_100[amount]}"] if 1 < place == len(parts) else _integer(amount)
        said += [*figure, name]
    return said


def _integer(whole: int) -> list[str]:
    said: list[str] = []
    rest = whole
    for scale, name in SCALES:
        high, rest = divmod(rest, scale)
        if high:
            said += [*_under_1000(high), name]
    if rest or not said:
        said += _under_1000(rest, joined=bool(said))
    return said


def _under_1000(whole: int, *, joined: bool = False) -> list[str]:
    hundreds, rest = divmod(whole, 100)
    said = [f"{UNDER_20[hundreds]} hundred"] if hundreds else []
    if rest or not hundreds:
        said.append(("and " if hundreds or joined else "") + UNDER_100[rest])
    return said


def _year(year: int) -> list[str]:
    century, rest = divmod(year, 100)
    if century % 10 == 0 and rest < 10:
        return _integer(year)
    if rest == 0:
        return [UNDER_100[century], "hundred"]
    return [UNDER_100[century], ("oh " if rest < 10 else "") + UNDER_100[rest]]


def _ordinal(amount: int) -> str:
    cardinal = UNDER_100[amount]
    start, hyphen, last = cardinal.rpartition("-")
    if last.endswith("y"):
        return f"{start}{hyphen}{last[:-1]}ieth"
    return start + hyphen + IRREGULAR.get(last, f"{last}th")
