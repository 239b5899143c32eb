"""Which numbers may be called from here: by the site's patterns, and so often a day."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo

from hotline.clock import Clock
from hotline.settings import Outbound
from ivr.house import Refusal

NUMBER = re.compile(r"\+?[0-9]{1,20}")
ELEMENT = re.compile(r"\[([^\]]+)\]|(.)")
DIGITS = frozenset("0123456789")
WILD = {"X": DIGITS, "Z": DIGITS - {"0"}, "N": DIGITS - {"0", "1"}}
OPEN = 8  # an element that stands for so many digits leaves the caller the choice
EMERGENCY = frozenset({"000", "110", "111", "112", "118", "119", "120", "122", "911", "999"})


def matches(pattern: str, number: str) -> bool:
    """Tell whether a number fits an Asterisk pattern, written without its ``_``.

    ``X`` is 0-9, ``Z`` 1-9, ``N`` 2-9, ``[13-5]`` one of these; at the end ``.`` is one or more digits, ``!`` none or
    more.
    """
    elements, tail = _elements(pattern)
    rest = number[len(elements) :]
    return (
        len(number) >= len(elements)
        and all(character in of for character, of in zip(number, elements, strict=False))
        and (tail == "!" or bool(rest) == (tail == "."))
        and DIGITS.issuperset(rest)
    )


def dials_anywhere(pattern: str) -> bool:
    """Tell whether a pattern leaves it to the dialler where a call goes: in the country, or abroad.

    So do ``X.`` and ``NXX!``, and those that reach every country: ``00.``, ``+X.`` and ``0.``; not ``0755.`` and not
    ``+86X.``.
    """
    if is_open(pattern) or is_open(pattern, "+") or is_open(pattern, "00"):
        return True
    return pattern.startswith("011") and is_open(pattern, "011")  # North America's prefix for abroad


def is_open(pattern: str, prefix: str = "") -> bool:
    """Tell whether behind a prefix, such as that for abroad, a pattern fixes neither a digit nor a length."""
    elements, tail = _elements(pattern)
    fits = all(digit in of for digit, of in zip(prefix, elements, strict=False))
    return bool(tail) and fits and all(len(of) >= OPEN for of in elements[len(prefix) :])


def _elements(pattern: str) -> tuple[Sequence[frozenset[str]], str]:
    """Return what may stand at each place of a number, and how the pattern ends: ``.``, ``!`` or nothing."""
    tail = pattern[-1:] if pattern.endswith((".", "!")) else ""
    found = ELEMENT.findall(pattern.removesuffix(tail) if tail else pattern)
    return [_of_class(chosen) if chosen else WILD.get(one, frozenset(one)) for chosen, one in found], tail


def _of_class(chosen: str) -> frozenset[str]:
    ranges = re.findall(r"(.)-(.)|(.)", chosen)
    return frozenset(
        chr(code) for first, last, one in ranges for code in range(ord(first or one), ord(last or one) + 1)
    )


def may_be_called(outbound: Outbound, number: str) -> bool:
    """Tell whether the site's patterns let a number through."""
    if not NUMBER.fullmatch(number):
        return False
    if number in EMERGENCY:
        return number in outbound.allow
    return any(matches(pattern, number) for pattern in outbound.allow)


class AllowedNumbers:
    """The numbers that the site allows: `ivr.house.Numbers`. Counts are dropped when the site's day ends.

    Emergency numbers are allowed only where the site lists them literally: no wildcard lets a flow call for help.
    """

    def __init__(
        self, outbound: Outbound, clock: Clock, zone: tzinfo, counted: Mapping[str, int] | None = None
    ) -> None:
        """``counted`` are the calls of this day that were counted before a restart, by number."""
        self._outbound = outbound
        self._clock = clock
        self._zone = zone
        self._day = self._today()
        self._counted = Counter(counted or {})

    def refuses(self, number: str) -> Refusal | None:
        """Tell why a number may not be called now; None when it may. Counts nothing."""
        if not may_be_called(self._outbound, number):
            return "not-allowed"
        self._begin_day()
        out = self._outbound
        if self._counted[number] >= out.per_number_daily or self._counted.total() >= out.daily:
            return "limit"
        return None

    def called(self, number: str) -> None:
        """Count one call to a number against its limits."""
        self._begin_day()
        self._counted[number] += 1

    def _begin_day(self) -> None:
        today = self._today()
        if today != self._day:
            self._day = today
            self._counted.clear()

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock.now() / 1_000, UTC).astimezone(self._zone).date()
