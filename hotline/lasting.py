"""Lengths of time as people read them."""

from __future__ import annotations


def clock(ms: int) -> str:
    """Return a length of time as people read it: 0:07, 12:30, 1:02:03."""
    minutes, seconds = divmod(max(0, ms) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
