"""The decisions of a call, in order: what it needed when, who was considered, what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

from acd.explain import Waits
from acd.policy import Alternatives, meets
from hotline.explain.decision import AT_ONCE_MS, decision
from hotline.explain.facts import (
    Announced,
    BackInLine,
    CallStory,
    EngineStarted,
    Entered,
    Fact,
    Intervened,
    Left,
    Offered,
    OwnerOver,
    PlanChanged,
    RingOver,
    StillWaits,
    Tried,
    VisitStory,
    Widened,
)
from hotline.explain.past import MISSED, Past, abilities
from hotline.explain.seats import interval_at
from ledger.floor import FloorReader, Told
from ledger.records import Call, Ring, Visit

_OF_RULES = frozenset({"skills", "reload"})  # interventions that change the plan
_ORDER = (Entered, Intervened, EngineStarted, PlanChanged, Announced, RingOver, Tried, BackInLine)


def story(reader: FloorReader, call: Call, now: int) -> CallStory:
    """Tell a call that is over, or as far as it has come by ``now``, UTC ms."""
    visits = reader.visits(call.call)
    if not visits:
        return CallStory(call, ())
    ended = max(now if visit.left is None else visit.left for visit in visits)
    period = reader.period(call.site, call.node, visits[0].arrived, ended)
    past = Past(period, partial(reader.last_offers, call.site, call.node))
    told = reader.told(call.call)
    return CallStory(call, tuple(_visit(past, visit, told, now) for visit in visits))


def _visit(past: Past, visit: Visit, told: Sequence[Told], now: int) -> VisitStory:
    plan = past.plan_at(visit.arrived)
    until = now if visit.left is None else visit.left
    facts: list[Fact] = [
        *_entered(past, visit),
        *_widened(past, visit, until),
        *_offered(past, visit),
        *_owner_over(past, visit, until),
        *(
            Announced(one.told, one.position, one.low_ms, one.high_ms)
            for one in told
            if one.visit == visit.visit
        ),
        *_outside(past, visit, until),
    ]
    # In one millisecond what happened stands before what was decided then, and the end last.
    facts.sort(key=lambda fact: (fact.at, _ORDER.index(type(fact)) if type(fact) in _ORDER else len(_ORDER)))
    queue = plan.queues.get(visit.queue) if plan is not None else None
    end = _left(past, visit) if visit.left is not None else _still_waits(past, visit, now)
    return VisitStory(visit, queue, (*facts, *end))


def _entered(past: Past, visit: Visit) -> Iterator[Fact]:
    needs = past.ladder(visit, visit.arrived)
    if not needs:
        return
    still = past.at(visit.arrived)
    in_queue = still.in_queue(visit.queue) - still.stands(visit.visit) if still is not None else 0
    yield Entered(visit.arrived, needs[0].ways, in_queue, _why_not(past, visit, visit.arrived))


def _widened(past: Past, visit: Visit, until: int) -> Iterator[Fact]:
    ladder = past.ladder(visit, visit.arrived)
    for before, stage in pairwise(ladder):
        at = visit.arrived + stage.after_ms
        plan = past.plan_at(at)
        if plan is None or at >= until:
            return
        brings = tuple(
            seat
            for seat in plan.seats
            if meets(abilities(plan, seat), stage.ways) and not meets(abilities(plan, seat), before.ways)
        )
        yield Widened(at, stage.after_ms, stage.ways, brings, _why_not(past, visit, at))


def _owner_over(past: Past, visit: Visit, until: int) -> Iterator[Fact]:
    """Tell when an owner who was waited for no longer was."""
    plan = past.plan_at(visit.arrived)
    if plan is None or visit.owner is None or visit.queue not in plan.queues:
        return
    waits = _waits(past, visit, visit.arrived)
    over = visit.arrived + plan.queues[visit.queue].owner_ms
    if waits is not None and waits.waits_for == visit.owner and over < until:
        yield OwnerOver(over, visit.owner)


def _offered(past: Past, visit: Visit) -> Iterator[Fact]:
    offers = past.offers(visit.visit)
    rings = [ring for ring in past.period.rings if ring.visit == visit.visit]
    for n, offer in enumerate(offers):
        seats = tuple(ring.seat for ring in rings if ring.offer == offer.offer) or (offer.seat,)
        yield Offered(offer.made, offer.offer, seats, offer.why, decision(past, offer))
        for ring in rings:
            if ring.offer == offer.offer and ring.ended is not None and ring.outcome is not None:
                yield _ring_over(past, ring, ring.ended, ring.outcome)
        if offer.ended is None or offer.outcome == "answered" or visit.left == offer.ended:
            continue
        following = offers[n + 1].made if n + 1 < len(offers) else None
        if following is None or following - offer.ended > AT_ONCE_MS:
            # What became of the seat is recorded a little later.
            yield BackInLine(offer.ended, _why_not(past, visit, offer.ended + AT_ONCE_MS))


def _ring_over(past: Past, ring: Ring, ended: int, outcome: str) -> RingOver:
    states = past.period.seats.get(ring.seat, ())
    index = interval_at(states, ended + AT_ONCE_MS, late=True)
    gone = (
        states[index] if index is not None and states[index].state in ("not-ready", "unreachable") else None
    )
    plan = past.plan_at(ended)
    return RingOver(
        at=ended,
        offer=ring.offer,
        seat=ring.seat,
        outcome=outcome,
        rang_ms=ended - ring.began,
        cause=ring.cause,
        tech_cause=ring.tech_cause,
        state=gone.state if gone is not None else None,
        reason=gone.reason if gone is not None else None,
        spared_until=ended + plan.refused_pause_ms if plan is not None and outcome in MISSED else None,
    )


def _outside(past: Past, visit: Visit, until: int) -> Iterator[Fact]:
    """Tell what came from outside: engines, rules, persons, and customers who were rung."""
    for run in past.period.runs:
        if visit.arrived < run.began < until:
            yield EngineStarted(run.began)
    last = _needs_at(past, visit, visit.arrived)
    for row in past.period.plans:
        if visit.arrived < row.adopted < until:
            before, last = _needs_at(past, visit, row.adopted - 1), _needs_at(past, visit, row.adopted)
            if before != last:
                yield PlanChanged(row.adopted, last)
    for one in past.period.tries:
        if one.offer.rpartition("/")[0] == visit.visit:
            yield Tried(one.tried, one.attempt, one.outcome, one.again)
    for act in past.period.interventions:
        during = visit.arrived <= act.intervened <= until
        moved = act.action == "move-call" and act.subject == visit.call and visit.reason == "moved"
        shut = act.action == "close-queue" and visit.reason == "closed" and act.intervened <= until
        of_queue = act.subject == visit.queue and (
            shut or (during and act.action in ("close-queue", "open-queue"))
        )
        if (
            of_queue
            or (during and act.action in _OF_RULES)
            or (moved and abs(act.intervened - until) <= AT_ONCE_MS)
        ):
            yield Intervened(
                min(act.intervened, until), act.intervened_by, act.action, act.subject, act.detail
            )


def _left(past: Past, visit: Visit) -> Iterator[Fact]:
    if visit.left is None or visit.outcome is None:
        return
    told_already = visit.outcome == "answered" or visit.left - visit.arrived <= AT_ONCE_MS
    still = past.at(visit.left, present=visit.visit) if not told_already else None
    yield Left(
        at=visit.left,
        outcome=visit.outcome,
        reason=visit.reason,
        seat=visit.seat,
        waits=still.waits(visit.visit) if still is not None and still.stands(visit.visit) else None,
    )


def _still_waits(past: Past, visit: Visit, now: int) -> Iterator[Fact]:
    waits = _waits(past, visit, now)
    if waits is not None:
        yield StillWaits(now, waits)


def _why_not(past: Past, visit: Visit, at: int) -> Waits | None:
    """Return why a caller was not offered at a moment; None where he was."""
    at_once = any(at <= offer.made <= at + AT_ONCE_MS for offer in past.offers(visit.visit))
    return None if at_once else _waits(past, visit, at)


def _waits(past: Past, visit: Visit, at: int) -> Waits | None:
    present = visit.visit if at == visit.arrived else None
    still = past.at(at, present=present)
    return still.waits(visit.visit) if still is not None and still.stands(visit.visit) else None


def _needs_at(past: Past, visit: Visit, at: int) -> Alternatives | None:
    found = [stage.ways for stage in past.ladder(visit, at) if stage.after_ms <= at - visit.arrived]
    return found[-1] if found else None
