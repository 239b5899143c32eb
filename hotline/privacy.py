"""Numbers as they may be shown to whoever looks over a shoulder."""

from __future__ import annotations

TAIL = 4
HIDDEN = 4


def masked(number: str) -> str:
    """Return a number with its middle hidden: ``138****1234``. Of a short one only the end is shown."""
    tail = TAIL if len(number) >= HIDDEN + TAIL else len(number) // 3
    head = max(0, len(number) - HIDDEN - tail) if tail == TAIL else 0
    return number[:head] + "*" * (len(number) - head - tail) + number[len(number) - tail :]
