"""Callers' numbers as a report shows them: with the middle hidden, unless they were asked for."""

from __future__ import annotations

_TAIL = 4
_HIDDEN = 4


def masked(number: str) -> str:
    """Return a number with its middle hidden: ``138****1234``. Of a short one only the end is shown."""
    tail = _TAIL if len(number) >= _HIDDEN + _TAIL else len(number) // 3
    head = max(0, len(number) - _HIDDEN - tail) if tail == _TAIL else 0
    return number[:head] + "*" * (len(number) - head - tail) + number[len(number) - tail :]


def number_shown(number: str, whole: bool) -> str:
    """Return a number as it is shown: whole, if that was asked for."""
    return number if whole else masked(number)


def names_a_caller(ani: str) -> bool:
    """Tell whether who calls again can be known by his number: not by ``anonymous``, or by none."""
    return any(character.isdigit() for character in ani)
