"""Public holidays of a country or a part of it, and the weekend days on which people work for them.

The days come from the `holidays` library, with each year's arrangement of China's State Council in it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, NoReturn, TypeAlias

from holidays import HolidayBase, country_holidays
from holidays.registry import COUNTRIES
from pydantic import WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.language.timetable import HOLIDAY, readable
from ivr.reading.problem import did_you_mean

ARRANGED = frozenset({"CN"})  # the government arranges each year's holidays anew, some weeks before it begins
YEARS = range(1950, 2100)  # beyond them the library knows no lunar calendar
DAY = timedelta(days=1)


class Holidays:
    """The holidays of one place: a country as ``CN``, or a subdivision as ``DE-BY``.

    A year's days are found when the first of them is asked for (about 2 ms), and kept.
    Raises `PydanticCustomError` when there is no such place.
    """

    def __init__(self, place: str) -> None:
        self._country, _, self._subdivision = place.partition("-")
        self._arranged = self._days_of_country().country in ARRANGED
        self._years: dict[int, Mapping[date, int]] = {}

    def kind(self, day: date) -> int | None:
        """Return `HOLIDAY`, the weekday whose hours a make-up workday takes, or None for an ordinary day.

        A Saturday on which people make up for a day off counts as a Friday, a Sunday as a Monday.
        """
        year = self._years.get(day.year)
        if year is None:
            year = self._years[day.year] = self._find(day.year)
        return year.get(day)

    def published(self, year: int) -> bool:
        """Tell whether the year's holidays are final. China's are, once its make-up workdays are known."""
        if not self._arranged:
            return True
        return any(day.year == year for day in self._days_of_country(year).weekend_workdays)

    def _find(self, year: int) -> Mapping[date, int]:
        near = self._days_of_country(year, year + 1)  # New Year reaches into the last days of the year before
        kinds = dict.fromkeys(near, HOLIDAY)
        kinds |= {day: 4 if day.weekday() == 5 else 0 for day in near.weekend_workdays}
        if self._arranged:
            for step in (DAY, -DAY):
                _join_weekends(kinds, step)
        return {day: kind for day, kind in kinds.items() if day.year == year}

    def _days_of_country(self, *years: int) -> HolidayBase:
        if self._country not in _codes():
            _no_country(self._country)
        known = [year for year in years if year in YEARS]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library warns of far years, which nobody here can mend
            try:
                return country_holidays(self._country, self._subdivision or None, years=known, expand=False)
            except NotImplementedError:
                _no_subdivision(self._country, self._subdivision)


def _join_weekends(kinds: dict[date, int], step: timedelta) -> None:
    """Make weekend days that follow a holiday without a workday between part of that holiday."""
    for holiday in [day for day, kind in kinds.items() if kind == HOLIDAY]:
        day = holiday + step
        while day.weekday() >= 5 and day not in kinds:
            kinds[day] = HOLIDAY
            day += step


def _codes() -> dict[str, str]:
    return {code: name for name, (_, code, *_) in COUNTRIES.items()}


def _no_country(written: str) -> NoReturn:
    codes = _codes()
    code = {name.replace("_", " "): code for code, name in codes.items()}.get(written.casefold())
    meant = f"; did you mean {code!r}?" if code else did_you_mean(written, codes)
    message = "no country has the code {country}; write its ISO 3166 code as CN, or DE-BY for a part{meant}"
    raise PydanticCustomError("country_unknown", message, {"country": repr(written[:40]), "meant": meant})


def _no_subdivision(country: str, written: str) -> NoReturn:
    parts = country_holidays(country).subdivisions
    end = did_you_mean(written, parts, most=20) if parts else f"; write {country}"
    message = "the holidays of {country} are not known for a part {part}{end}"
    raise PydanticCustomError(
        "subdivision_unknown", message, {"country": country, "part": repr(written[:40]), "end": end}
    )


Place: TypeAlias = Annotated[
    str,
    readable(Holidays),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2,3}(-.+)?$", "examples": ["CN", "DE-BY"]}),
]
