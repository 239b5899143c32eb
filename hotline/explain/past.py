"""The floor of the past: any moment of a period, made again out of what the ledger holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TypeAlias

from acd.messages import Enter, RestoreSeat
from acd.plan import Plan, group_skill, own_skill
from acd.plan_data import plan_from
from acd.policy import meets
from acd.still import Still
from acd.widening import Stage, stage_at, stages
from hotline.explain.seats import as_it_stood, has_come, interval_at, on_duty
from ledger.floor import Period, number
from ledger.records import EngineRun, Offer, Ring, Visit

MISSED = frozenset({"no-answer", "refused", "busy", "unreachable"})

LastOffers: TypeAlias = Callable[[str, int, int], Mapping[str, tuple[int, str]]]
_Key: TypeAlias = tuple[int, int, tuple[int, ...]]


class Past:
    """One node's floor in a period. ``last_offers`` tells when each seat last rang for a queue in a period.

    The ledger knows milliseconds, and not the order within one. So a moment may be asked for ``late``, when all of its
    millisecond has happened, or before any of it. Offers have an order of their own: each used up a ready seat.
    """

    def __init__(self, period: Period, last_offers: LastOffers) -> None:
        self.period = period
        self._last_offers = last_offers
        self._plan = cache(lambda n: plan_from(period.plans[n].plan))
        self._visits = {visit.visit: visit for visit in period.visits}
        self._keys: dict[str, _Key] = {one.offer: _key(one) for one in period.offers}
        self._offers: dict[str, list[Offer]] = defaultdict(list)
        for offer in sorted(period.offers, key=_key):
            self._offers[offer.visit].append(offer)
        self._missed: dict[str, list[Ring]] = defaultdict(list)
        for ring in period.rings:
            if ring.outcome in MISSED:
                self._missed[ring.visit].append(ring)
        self._tries: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for one in period.tries:
            if one.again is not None:
                self._tries[one.offer.rpartition("/")[0]].append((one.tried, one.again, one.offer))

    def plan_at(self, at: int) -> Plan | None:
        """Return the plan that held; None where the ledger has none from so early."""
        found = [n for n, row in enumerate(self.period.plans) if row.adopted <= at]
        return self._plan(found[-1]) if found else None

    def run_at(self, at: int) -> EngineRun | None:
        """Return the engine's life in which a moment lies; None where no engine ran."""
        lives = [run for run in self.period.runs if run.began <= at]
        if not lives or (lives[-1].ended is not None and lives[-1].ended < at):
            return None
        return lives[-1]

    def offers(self, visit: str) -> list[Offer]:
        """Return the offers of a visit, in order."""
        return self._offers[visit]

    def ladder(self, visit: Visit, at: int) -> tuple[Stage, ...]:
        """Return the stages of a visit by the plan of a moment; none where that has no such queue."""
        plan = self.plan_at(at)
        if plan is None or visit.queue not in plan.queues:
            return ()
        return stages(plan.queues[visit.queue], plan.queues, self._skills(visit))

    def before(self, offer: Offer, *, late: bool) -> Still | None:
        """Return the floor as it stood when an offer was decided on; None where the ledger has no plan from then."""
        return self._still(offer.made, late, offer.visit, offer)

    def at(self, at: int, *, present: str | None = None) -> Still | None:
        """Return the floor as it stood at a moment, UTC ms; None where the ledger has no plan from then.

        The visit that is ``present`` stood there just before that moment, if it is the one in which it came or went.
        """
        return self._still(at, True, present, None)

    def _still(self, at: int, late: bool, present: str | None, before: Offer | None) -> Still | None:
        plan = self.plan_at(at)
        if plan is None:
            return None
        run = self.run_at(at)
        engine_began = run.began if run is not None else 0
        undone = set()
        if before is not None:
            first = self._keys[before.offer]
            undone = {one for one, key in self._keys.items() if key >= first}
        turns = self._turns(before, plan, engine_began) if before is not None else {}
        callers = [
            self._enter(visit, plan, at, late, engine_began)
            for visit in self.period.visits
            if visit.visit == present or self._stands(visit, at, late, before, undone)
        ]
        return Still(plan, at, self._seats(at, late, engine_began, undone, turns), callers)

    def _seats(
        self, at: int, late: bool, engine_began: int, undone: set[str], turns: Mapping[str, Mapping[str, int]]
    ) -> list[RestoreSeat]:
        found = []
        for seat, intervals in self.period.seats.items():
            index = interval_at(intervals, at, late=late, undone=undone)
            if index is not None:
                found.append(as_it_stood(intervals, index, engine_began, turns.get(seat, {})))
        return found

    def _stands(self, visit: Visit, at: int, late: bool, before: Offer | None, undone: set[str]) -> bool:
        """Tell whether a caller stood in line: neither gone, nor being offered, nor put aside."""
        if not has_come(visit.arrived, at, late=late):
            return False
        if visit.left is not None and has_come(visit.left, at, late=late):
            return False
        offers = [
            one
            for one in self._offers[visit.visit]
            if one.offer not in undone and has_come(one.made, at, late=late or before is not None)
        ]
        if any(one.ended is None or not has_come(one.ended, at, late=late) for one in offers):
            return False
        return visit.visit_kind != "callback" or not self._is_aside(visit, offers, at)

    def _is_aside(self, visit: Visit, offers: list[Offer], at: int) -> bool:
        """Tell whether a call-back waits for its next attempt, which nothing tells where it was given back at night."""
        if not offers or offers[-1].outcome != "cancelled":
            return False
        again = [again for _, again, offer in self._tries[visit.visit] if offer == offers[-1].offer]
        return again[0] > at if again else True

    def _enter(self, visit: Visit, plan: Plan, at: int, late: bool, engine_began: int) -> Enter:
        missed = [
            ring
            for ring in self._missed[visit.visit]
            if ring.ended is not None and has_come(ring.ended, at, late=late) and ring.ended >= engine_began
        ]
        entered = Enter(
            visit=visit.visit,
            queue=visit.queue,
            arrived=visit.arrived,
            skills=self._skills(visit),
            priority=visit.priority,
            credit_ms=visit.credit_ms or 0,
            tier=visit.tier or 0,
            owner=visit.owner if visit.owner not in {ring.seat for ring in missed} else None,
            kind="callback" if visit.visit_kind == "callback" else "call",
            avoid={ring.seat: (ring.ended or 0) + plan.refused_pause_ms for ring in missed},
        )
        asked_first = self._owner_is_asked(entered, plan, at, engine_began)
        return entered if asked_first else replace(entered, owner=None)

    def _skills(self, visit: Visit) -> dict[str, int]:
        wanted = self.period.seats_wanted.get(visit.visit)
        return {**visit.skills, **({own_skill(wanted): 1} if wanted is not None else {})}

    def _owner_is_asked(self, entered: Enter, plan: Plan, at: int, engine_began: int) -> bool:
        """Tell whether the owner has been on duty, and able, since the caller came: who once is not never is again."""
        owner, queue = entered.owner, plan.queues.get(entered.queue)
        if owner is None or queue is None or owner not in plan.seats:
            return False
        since = max(entered.arrived, engine_began)
        stage, _ = stage_at(stages(queue, plan.queues, entered.skills), since - entered.arrived)
        able = meets(abilities(plan, owner), stage.ways)
        states = self.period.seats.get(owner, ())
        return able and on_duty(states, since, at, plan.unreachable_off_ms)

    def _turns(self, before: Offer, plan: Plan, engine_began: int) -> dict[str, dict[str, int]]:
        """Return the number of each seat's last offer of the queue, where the queue goes round by it."""
        queue = self._visits[before.visit].queue
        if queue not in plan.queues or plan.queues[queue].seat_order != "round-robin":
            return {}
        last = dict(self._last_offers(queue, engine_began, before.made - 1))
        for ring in sorted(self.period.rings, key=lambda one: number(one.ring)):
            just_before = ring.began == before.made and self._keys[ring.offer] < self._keys[before.offer]
            if just_before and self._visits[ring.visit].queue == queue:
                last[ring.seat] = (ring.began, ring.ring)
        order = sorted(last, key=lambda seat: (last[seat][0], number(last[seat][1])))
        return {seat: {queue: turn} for turn, seat in enumerate(order, 1)}


def abilities(plan: Plan, seat: str) -> Mapping[str, int]:
    """Return all that a seat of a plan can do, and be."""
    groups = {group_skill(group): 1 for group, seats in plan.groups.items() if seat in seats}
    return {**plan.seats[seat], **groups, own_skill(seat): 5}


def _key(offer: Offer) -> _Key:
    """Return where an offer stands among all: of one millisecond's the one that found most seats ready came first."""
    return (offer.made, -int(offer.why.get("seats_ready", 0)), number(offer.offer))
