"""All words that a kind of value may ever need: those of sample values, in which every word occurs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time, timedelta
from functools import cache

from ivr.saying.speech import words

UNDER_10000 = (*range(200), *range(200, 1000, 100), *range(1000, 10_000, 1000))
LARGE = (20_000, 10**6, 10**9, 10**12)
# Every last two digits, in a common century and in one that opens a millennium, then every first two.
YEARS = (*range(1900, 2100), *range(1000, 10_000, 100))
DAY = 86_400
ONE_OF_EACH = DAY + 3600 + 60 + 1


@cache
def vocabulary(kind: str, language: str, *, currency: str = "CNY") -> frozenset[str]:
    """Return every word that `words` may return for this kind, language and currency. Raises `Unspeakable`."""
    return frozenset(
        word for value in _values(kind) for word in words(kind, value, language, currency=currency)
    )


def _values(kind: str) -> Iterable[object]:
    match kind:
        case "digits":
            return [group + pause for group in "0123456789*#+" for pause in ("", " 0")]
        case "number":
            return [-1, "0.0123456789", *UNDER_10000, *LARGE]
        case "money":
            hundredths = [f"{whole}.{small:02}" for whole in (0, 3) for small in range(100)]
            return [-1, *hundredths, *UNDER_10000, *LARGE]
        case "date":
            leap_year = [date(2028, 1, 1) + timedelta(days) for days in range(366)]
            return [*leap_year, *(date(year, 1, 1) for year in YEARS)]
        case "time":
            return [time(hour, minute) for hour in range(24) for minute in range(60)]
        case _:
            units = [*range(120), *range(120, 3600, 60), *range(3600, DAY, 3600)]
            together = [ONE_OF_EACH, 2 * ONE_OF_EACH, DAY + 1]
            return [*units, *together, *(days * DAY for days in UNDER_10000)]
