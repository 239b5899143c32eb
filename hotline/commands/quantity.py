"""Quantities as people write them for an option: a number, a share of all, a length of time, a day."""

from __future__ import annotations

import math
import re
from datetime import date
from fractions import Fraction

from hotline.errors import HotlineError
from ivr.language.duration import milliseconds


class QuantityUnclear(HotlineError):
    """What was written for an option is no such quantity."""

    def __init__(self, option: str, written: str, remedy: str) -> None:
        self.option, self.written = option, written
        super().__init__(f"{option}: {written!r} is {remedy}")


def number(option: str, written: str) -> float:
    """Return a number above 0. Raises `QuantityUnclear`."""
    found = float(written) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,12})?", written) else 0.0
    if found <= 0:
        raise QuantityUnclear(option, written, "no number above 0; write it as 100 or 3.5")
    return found


def whole(option: str, written: str, most: int) -> int:
    """Return a whole number from 1 to ``most``. Raises `QuantityUnclear`."""
    found = int(written) if re.fullmatch(r"[0-9]{1,12}", written) else 0
    if not 1 <= found <= most:
        raise QuantityUnclear(option, written, f"no whole number from 1 to {most:,}")
    return found


def share(option: str, written: str, *, zero: bool = False) -> Fraction:
    """Return a share between none and all, exactly; ``zero``: none is one, too. Raises `QuantityUnclear`."""
    form = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)(\s*%)?", written.strip())
    found = Fraction(form[1]) / (100 if form[2] else 1) if form else Fraction(-1)
    if not (0 < found < 1 or (zero and found == 0)):
        range_ = "from 0 % to below 100 %" if zero else "between 0 % and 100 %"
        raise QuantityUnclear(option, written, f"no share {range_}; write it as 80% or 0.8")
    return found


def seconds(option: str, written: str, *, least: float, most: float) -> float:
    """Return a length of time in seconds, within limits. Raises `QuantityUnclear`."""
    try:
        found = milliseconds(written) / 1_000
    except ValueError:
        found = math.nan
    if math.isnan(found):
        raise QuantityUnclear(
            option, written, "no length of time; write it with its unit, as 180s, 3m or 1m30s"
        )
    if not least <= found <= most:
        raise QuantityUnclear(option, written, f"not from {least:,.6g} s to {most:,.6g} s")
    return found


def whole_seconds(option: str, written: str, *, most: int) -> int:
    """Return a length of time in whole seconds, up to ``most``; of a bare number too. Raises `QuantityUnclear`."""
    found = seconds(
        option, f"{written}s" if re.fullmatch(r"[0-9]{1,4}", written) else written, least=0, most=most
    )
    if not found.is_integer():
        raise QuantityUnclear(option, written, "no whole number of seconds")
    return int(found)


def day(option: str, written: str) -> date:
    """Return a day. Raises `QuantityUnclear`."""
    try:
        found = date.fromisoformat(written) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", written) else None
    except ValueError:
        found = None
    if found is None or not 1970 <= found.year < 9999:
        raise QuantityUnclear(option, written, "no day of the calendar; write it as 2026-11-22")
    return found
