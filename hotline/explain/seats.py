"""A seat as it stood at a moment, out of its recorded states: all that the distributor then knew of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import cast

from acd.messages import RestoreSeat
from acd.seats import AWAY, BUSY, RINGING, TALKING, SeatState
from ledger.records import SeatInterval

_FREED = frozenset({"sign-in", "ready", "wrap-up-over", "pause-over"})
_NOT_FREED_FROM = frozenset({"ready"}) | RINGING  # a private call then began, or an offer came to nothing


def has_come(moment: int, at: int, *, late: bool) -> bool:
    """Tell whether something has happened by a time: of what did in that millisecond all has (``late``), or none."""
    return moment < at or (late and moment == at)


def interval_at(
    intervals: Sequence[SeatInterval], at: int, *, late: bool, undone: Collection[str] = ()
) -> int | None:
    """Return which interval held at a time (see `has_come`); None where the seat was signed out.

    What came of offers that are ``undone`` has not happened yet.
    """
    index = (bisect_right if late else bisect_left)(intervals, at, key=lambda one: one.began) - 1
    if index >= 0 and intervals[index].offer in undone:
        while index >= 0 and intervals[index].offer in undone:
            index -= 1
        return index if index >= 0 else None
    if index < 0:
        return None
    ended = intervals[index].ended
    return None if ended is not None and has_come(ended, at, late=late) else index


def as_it_stood(
    intervals: Sequence[SeatInterval], index: int, engine_began: int, turns: Mapping[str, int]
) -> RestoreSeat:
    """Return a seat as it stood in one of its intervals, under an engine that ``engine_began``, UTC ms.

    A new engine knows no more than the state in which it finds a seat, and since when. ``turns`` are the numbers of the
    seat's last offers by queue.
    """
    now = intervals[index]
    known = [one for one in intervals[:index] if one.ended is None or one.ended > engine_began]
    known.append(now)
    idle_since = signed_in = known[0].began
    busy_ms = away_ms = 0
    for last, one in pairwise(known):
        if last.ended != one.began or one.event == "sign-in":
            idle_since = signed_in = one.began
            busy_ms = away_ms = 0
            continue
        busy_ms += (one.began - last.began) * (last.state in BUSY)
        away_ms += (one.began - last.began) * (last.state in AWAY)
        if one.event in _FREED or (one.event == "phone-busy" and last.state not in _NOT_FREED_FROM):
            idle_since = one.began
    return RestoreSeat(
        seat=now.seat,
        phone=now.phone,
        state=cast("SeatState", now.state),
        since=now.began,
        reason=now.reason,
        offer=now.offer if now.state in RINGING | TALKING else None,
        idle_since=idle_since,
        signed_in=signed_in,
        busy_ms=busy_ms,
        away_ms=away_ms,
        turns=turns,
    )


def on_duty(intervals: Sequence[SeatInterval], began: int, at: int, off_ms: int) -> bool:
    """Tell whether a seat was on duty all the time; one whose phone is lost for ``off_ms`` no longer is."""
    first = interval_at(intervals, began, late=True)
    if first is None:
        return False
    for one in intervals[first:]:
        if one.began >= at:
            break
        ended = at if one.ended is None else min(one.ended, at)
        if one.state == "unreachable" and ended - one.began >= off_ms:
            return False
    last = interval_at(intervals, at, late=False)
    return last is not None and all(
        before.ended == after.began for before, after in pairwise(intervals[first : last + 1])
    )
