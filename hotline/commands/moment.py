"""Moments as people write them: a day, a day and a time, or so long from now."""

from __future__ import annotations

from datetime import datetime, timedelta

from hotline.errors import HotlineError
from ivr.language.duration import milliseconds


class MomentUnclear(HotlineError):
    """What was written is no moment."""

    def __init__(self, option: str, written: str) -> None:
        super().__init__(
            f'{option} {written!r} is no moment; write "2026-11-22 20:00", 2026-11-22, or a length of time as 2h or 3d'
        )


def later(option: str, written: str, now: datetime) -> int:
    """Return the moment written for an option, UTC ms; a length of time counts from ``now``. Raises `MomentUnclear`."""
    return _moment(option, written, now, 1)


def earlier(option: str, written: str, now: datetime) -> int:
    """Return the moment written for an option, UTC ms; a length of time goes back. Raises `MomentUnclear`."""
    return _moment(option, written, now, -1)


def local(ms: int, now: datetime) -> str:
    """Return a moment, UTC ms, as people at the place of ``now`` read it."""
    return f"{datetime.fromtimestamp(ms / 1000, now.tzinfo):%Y-%m-%d %H:%M}"


def _moment(option: str, written: str, now: datetime, direction: int) -> int:
    try:
        if written[-1:].isalpha():
            at = now + direction * timedelta(milliseconds=milliseconds(written))
        else:
            at = datetime.fromisoformat(written).replace(tzinfo=now.tzinfo)
        return round(at.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise MomentUnclear(option, written) from None
