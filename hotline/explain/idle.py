"""A seat at a moment: its state, what brought it there, and what keeps each waiting caller from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from acd.explain import Idle
from hotline.explain.past import Past
from hotline.explain.seats import interval_at
from ledger.floor import FloorReader, Intervention
from ledger.records import SeatInterval, Visit

_ASKED_MS = 2_000  # a state that began so soon after a person's act came of it


@dataclass(frozen=True, slots=True)
class SeatStory:
    """Why a seat was idle at a moment, UTC ms, or was not.

    ``interval`` is the state it was in (None: signed out; ``gone`` is since when, where it was there lately), ``asked``
    what a person had done to bring that about. ``idle`` is None where the ledger has no plan from then, or one without
    this seat. ``visits`` are the callers who stood in line; ``rung`` those with whom other seats were ringing.
    """

    seat: str
    at: int
    engine: bool
    interval: SeatInterval | None
    gone: int | None
    asked: Intervention | None
    idle: Idle | None
    visits: tuple[Visit, ...]
    rung: tuple[str, ...]


def seat_story(reader: FloorReader, site: str, node: str, seat: str, at: int) -> SeatStory:
    """Tell of a seat at a moment, UTC ms."""
    period = reader.period(site, node, at, at)
    past = Past(period, partial(reader.last_offers, site, node))
    states = period.seats.get(seat, ())
    index = interval_at(states, at, late=True)
    interval = states[index] if index is not None else None
    since = interval.began if interval is not None else max((one.ended or 0 for one in states), default=None)
    still = past.at(at)
    waiting = [visit for visit in period.visits if still is not None and still.stands(visit.visit)]
    ringing = [
        offer.visit
        for offer in period.offers
        if offer.made <= at and (offer.ended is None or offer.ended > at) and offer.seat != seat
    ]
    return SeatStory(
        seat=seat,
        at=at,
        engine=past.run_at(at) is not None,
        interval=interval,
        gone=since if interval is None else None,
        asked=_asked(period.interventions, seat, since),
        idle=still.idle(seat) if still is not None and seat in still.plan.seats else None,
        visits=tuple(waiting),
        rung=tuple(visit for visit in ringing if visit not in {one.visit for one in waiting}),
    )


def _asked(acts: Sequence[Intervention], seat: str, since: int | None) -> Intervention | None:
    """Return what a person did to a seat just before its state began."""
    if since is None:
        return None
    near = [act for act in acts if act.subject == seat and abs(since - act.intervened) <= _ASKED_MS]
    return near[-1] if near else None
