"""A world of random but possible events, and a witness who checks the distributor by scanning all pairs."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

from acd.distributor import Distributor
from acd.messages import (
    Answered,
    CallbackFailed,
    Cancel,
    Close,
    Decision,
    Ended,
    Enter,
    Event,
    ExtendWrapUp,
    Hold,
    Leave,
    Missed,
    MissedOutcome,
    NotReady,
    Offer,
    PhoneBusy,
    PhoneSeen,
    PutOnHold,
    Ready,
    Reconfigure,
    Refused,
    Release,
    Ringing,
    SeatChange,
    SignIn,
    SignOut,
    TakenOffHold,
    Tick,
)
from acd.plan import Plan, QueuePlan, Reserve, Step

PLAN = Plan(
    queues={
        "billing": QueuePlan(
            "billing", {"billing": 2}, seat_order="best-skilled", longest_wait_ms=600_000, target_ms=60_000
        ),
        "faults": QueuePlan("faults", {"faults": 1}, wrap_up_ms=0, capacity=5, ring_all=3),
        "vip": QueuePlan("vip", {"billing": 2}, priority=5, longest_wait_ms=120_000, prefer=("english",)),
        "sales": QueuePlan(
            "sales",
            {"sales": 5},
            steps=(
                Step(10_000, {"sales": 3}),
                Step(20_000, {"sales": 1}, drop=("english",)),
                Step(30_000, partner="faults"),
            ),
            seat_order="round-robin",
            longest_estimate_ms=3_600_000,
        ),
        "night": QueuePlan(
            "night", {"billing": 1}, steps=(Step(12_000, {"english": 5}, drop=("billing",)),), owner_ms=8_000
        ),
        "east": QueuePlan(
            "east", {}, groups=("e",), steps=(Step(15_000, groups=("w",)),), seat_order="least-busy"
        ),
    },
    seats={
        "ann": {"billing": 3, "english": 2},
        "bob": {"billing": 2, "faults": 4},
        "cai": {"faults": 2, "english": 5, "sales": 5},
        "dou": {"billing": 1, "sales": 3},
        "eve": {"sales": 1, "faults": 1},
        "fay": {"billing": 5, "sales": 4, "english": 3},
    },
    groups={"e": ("ann", "dou"), "w": ("eve",)},
    ranks={"ann": {"billing": 1, "vip": 2}, "dou": {"east": 3}},
    wrap_ups={"bob": 3_000},
    reserves=(Reserve("sales", 3, 1, tier=2),),
    ageing_ms=20_000,
    priority_bound=6,
    misses_allowed=2,
)
PLANS = (
    PLAN,
    replace(
        PLAN,
        queues={name: queue for name, queue in PLAN.queues.items() if name != "east"},
        seats={name: skills for name, skills in PLAN.seats.items() if name != "bob"},
        order="target",
        reserves=(),
    ),
    replace(PLAN, seats={**PLAN.seats, "ann": {"faults": 1}, "gus": {"billing": 4}}, ranks={}),
)
RINGING = ("reserved", "ringing")
IN_A_CALL = (*RINGING, "talking", "hold")
FREED_BY = (Missed, SignIn, Ready, PhoneSeen, PhoneBusy, Ended)


def acceptable(plan: Plan, visit: Enter, waited_ms: int, seat: str) -> bool:
    """Whether a seat could serve a call by now: every step so far carried out on paper."""
    queue = plan.queues[visit.queue]
    own = dict(queue.skills)
    for skill, level in visit.skills.items():
        own[skill] = max(level, own.get(skill, 0))
    groups, partners = list(queue.groups), []
    for step in queue.steps:
        if step.after_ms <= waited_ms:
            own.update(step.skills)
            own = {skill: level for skill, level in own.items() if skill not in step.drop}
            groups += step.groups if groups else ()
            partners += [step.partner] if step.partner else []
    skills = plan.seats.get(seat, {})

    def has(required: dict[str, int]) -> bool:
        return all(skill in skills and skills[skill] >= level for skill, level in required.items())

    if has(own) and (not groups or any(seat in plan.groups[group] for group in groups)):
        return True
    of_call = {skill: own[skill] for skill in visit.skills if skill in own}
    return any(has({**plan.queues[partner].skills, **of_call}) for partner in partners)


class Witness:
    """Watches events and decisions from outside and knows nothing of the distributor's inside."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.state = dict.fromkeys((seat for one in PLANS for seat in one.seats), "signed-out")
        self.since = dict.fromkeys(self.state, 0)
        self.live: dict[str, tuple[str, set[str]]] = {}  # offer -> (visit, seats that ring)
        self.lost: dict[str, set[str]] = {}  # answered offer -> seats that still ring
        self.talking: dict[str, str] = {}
        self.waiting: dict[str, Enter] = {}
        self.order: dict[str, int] = {}
        self.aside: dict[str, int] = {}
        self.in_use: set[str] = set()  # phones in private calls
        self.held_until = 0
        self.outcomes: Counter[str] = Counter()
        self.missed_at: dict[tuple[str, str], int] = {}

    def before(self, now: int, event: Event) -> None:
        self.event = event
        match event:
            case Enter(visit):
                self.waiting[visit] = event
                self.order[visit] = len(self.order)
            case Leave(visit):
                self.waiting.pop(visit, None)
                self.outcomes["left"] += 1
            case CallbackFailed(visit, retry_at) if visit in self.waiting:
                self.aside[visit] = retry_at
                self.outcomes["no customer"] += 1
            case Answered(offer, seat) if offer in self.live:
                visit, seats = self.live.pop(offer)
                self.waiting.pop(visit, None)
                winner = seat or next(iter(seats))
                self.talking[offer] = winner
                self.lost[offer] = seats - {winner}
                self.outcomes["answered"] += 1
                self.outcomes["group answered"] += len(seats) > 1
            case Missed(offer, outcome, seat) if offer in self.live:
                visit, seats = self.live[offer]
                if outcome != "cancelled":
                    self.missed_at.update({(visit, s): now for s in ({seat} if seat else seats)})
            case Ended(offer):
                self.talking.pop(offer, None)
            case PhoneBusy(phone, busy):
                (self.in_use.add if busy else self.in_use.discard)(phone)
            case Hold(until):
                self.held_until = until
            case Release():
                self.held_until = 0
            case Reconfigure(plan):
                self.plan = plan
            case _:
                pass

    def after(self, now: int, decisions: list[Decision]) -> None:
        for decision in decisions:
            match decision:
                case Offer(offer, visit, seat):
                    seats = {name for name, _ in decision.rings}
                    assert visit not in [v for v, _ in self.live.values()], "two offers for one caller"
                    taken = {s for _, rings in self.live.values() for s in rings} | set(self.talking.values())
                    assert not seats & taken, "a seat in two offers"
                    assert decision.callback == (self.waiting[visit].kind == "callback")
                    assert now >= self.held_until, "offered while held"
                    self.live[offer] = (visit, seats)
                    self.outcomes["offers of several rings"] += len(seats) > 1
                    assert not self.in_use & {phone for _, phone in decision.rings}, "a phone in use"
                    assert not any(self.just_missed(now, visit, one) for one in seats), "missed it just now"
                    self.check_offer(now, visit, seat, seats)
                case Close(visit, reason):
                    assert self.waiting.pop(visit).kind == "call" or reason == "queue-removed"
                    self.outcomes[reason] += 1
                case Cancel(offer, "no-answer"):
                    visit, seats = self.live[offer]
                    self.missed_at.update({(visit, seat): now for seat in seats})
                case Cancel():
                    pass
                case SeatChange(seat, _, was, _, state):
                    assert was == self.state[seat], "a gap between two states"
                    self.state[seat], self.since[seat] = state, now
                    if state not in IN_A_CALL:
                        self.no_longer_rings(seat)

    def no_longer_rings(self, seat: str) -> None:
        for offer, (_, seats) in list(self.live.items()):
            seats.discard(seat)
            if not seats:
                del self.live[offer]
        for seats in self.lost.values():
            seats.discard(seat)

    def just_missed(self, now: int, visit: str, seat: str) -> bool:
        return now - self.missed_at.get((visit, seat), -(10**9)) < self.plan.refused_pause_ms

    def may_wait_for_owner(self, now: int, visit: Enter) -> bool:
        """Whether this caller may be waiting for his owner alone."""
        if visit.owner is None or self.state[visit.owner] == "signed-out":
            return False
        return now < visit.arrived + self.plan.queues[visit.queue].owner_ms

    def in_line(self, now: int) -> list[Enter]:
        offered = {visit for visit, _ in self.live.values()}
        return [
            one
            for one in self.waiting.values()
            if one.visit not in offered
            and self.aside.get(one.visit, 0) <= now
            and one.queue in self.plan.queues
        ]

    def turn(self, now: int, visit: Enter, seat: str) -> tuple[int, ...]:
        queue, plan = self.plan.queues[visit.queue], self.plan
        rank = plan.ranks.get(seat, {}).get(visit.queue, 1)
        since = visit.arrived - visit.credit_ms
        if plan.order == "target":
            return (rank, since + queue.target_ms, self.order[visit.visit])
        priority = queue.priority + visit.priority
        steps = max(0, now - since) // plan.ageing_ms if plan.ageing_ms else 0
        aged = priority if priority >= plan.priority_bound else min(plan.priority_bound, priority + steps)
        return (rank, -aged, since, self.order[visit.visit])

    def check_offer(self, now: int, visit: str, seat: str, seats: set[str]) -> None:
        """A seat is able and free for this caller; one that fell free takes the caller whose turn it is there."""
        chosen = self.waiting[visit]
        ready = [name for name, state in self.state.items() if state == "ready"]
        assert not self.kept_for_others([*ready, *seats], chosen.tier, seat), "a seat kept for others"
        if not isinstance(self.event, Reconfigure):
            assert acceptable(self.plan, chosen, now - chosen.arrived, seat), "a seat that lacks something"
        if not isinstance(self.event, FREED_BY):
            return
        for other in self.in_line(now):
            if (
                other.tier >= chosen.tier
                and acceptable(self.plan, other, now - other.arrived, seat)
                and not self.just_missed(now, other.visit, seat)
                and not self.may_wait_for_owner(now, other)
            ):
                assert self.turn(now, chosen, seat) < self.turn(now, other, seat), "out of turn"

    def check_rest(self, distributor: Distributor, now: int) -> None:
        """No seat is ready while a caller waits whom it could serve; nobody is lost; nobody is invented."""
        assert set(distributor.visits) == set(self.waiting)
        assert {name: seat.state for name, seat in distributor.seats.items()} == {
            name: state for name, state in self.state.items() if name in distributor.seats
        }
        if now < self.held_until:
            return
        ready = [name for name, state in self.state.items() if state == "ready"]
        for visit in self.in_line(now):
            assert visit.kind == "callback" or self.somebody_on_duty(now, visit), "nobody will ever come"
            for seat in ready:
                assert (
                    self.just_missed(now, visit.visit, seat)
                    or not acceptable(self.plan, visit, now - visit.arrived, seat)
                    or (self.may_wait_for_owner(now, visit) and seat != visit.owner)
                    or self.kept_for_others(ready, visit.tier, seat)
                ), "both sit idle"

    def kept_for_others(self, ready: list[str], tier: int, seat: str) -> bool:
        for reserve in self.plan.reserves:
            kept = [s for s in ready if self.plan.seats[s].get(reserve.skill, 0) >= reserve.level]
            if tier < reserve.tier and seat in kept and len(kept) <= reserve.keep:
                return True
        return False

    def somebody_on_duty(self, now: int, visit: Enter) -> bool:
        steps = [step.after_ms for step in self.plan.queues[visit.queue].steps]
        waits = [now - visit.arrived, *(ms for ms in steps if ms > now - visit.arrived)]
        return any(
            acceptable(self.plan, visit, waited, seat)
            for seat, state in self.state.items()
            if state != "signed-out"
            and not (state == "unreachable" and now - self.since[seat] >= self.plan.unreachable_off_ms)
            for waited in waits
        )


class World:
    """Random but possible events: what callers, phones and people might do next."""

    outcomes: tuple[MissedOutcome, ...] = ("no-answer", "refused", "busy", "unreachable", "cancelled")

    def __init__(self, distributor: Distributor, witness: Witness, dice: random.Random) -> None:
        self.distributor, self.witness, self.dice = distributor, witness, dice
        self.calls = 0

    def next(self, now: int) -> Event:
        dice, w = self.dice, self.witness
        kind = dice.random()
        crowd = 30 if self.calls // 100 % 2 else 3  # busy hours and quiet ones
        if kind < 0.22 and len(w.waiting) < crowd:
            return self.enter(now)
        if kind < 0.26 and w.waiting:
            return Leave(dice.choice(list(w.waiting)))
        if kind < 0.58 and w.live:
            return self.of_offer(now, dice.choice(list(w.live)))
        if kind < 0.78 and w.talking:
            offer = dice.choice(list(w.talking))
            if w.lost[offer] and dice.random() < 0.5:
                return Missed(offer, "cancelled", dice.choice(sorted(w.lost[offer])))
            return dice.choice([Ended(offer), Ended(offer), PutOnHold(offer), TakenOffHold(offer)])
        if kind > 0.998:
            return Reconfigure(dice.choice(PLANS))
        if kind > 0.997:
            return dice.choice([Hold(now + 3000), Release()])
        return self.of_seat(now, dice.choice(list(w.state)))

    def enter(self, now: int) -> Enter:
        dice = self.dice
        self.calls += 1
        return Enter(
            f"{self.calls}/1",
            dice.choice(list(self.witness.plan.queues)),
            arrived=now - dice.choice([0, 0, 0, 50, 5000, 40_000]),
            skills=dice.choice([{}, {}, {"english": 2}]),
            priority=dice.choice([0, 0, 0, 1]),
            credit_ms=dice.choice([0, 0, 90_000]),
            tier=dice.choice([0, 0, 1, 2]),
            owner=dice.choice([None, None, "ann", "cai"]),
            kind=dice.choice(["call", "call", "call", "callback"]),
        )

    def of_offer(self, now: int, offer: str) -> Event:
        dice = self.dice
        visit, seats = self.witness.live[offer]
        seat = dice.choice(sorted(seats))
        roll = dice.random()
        if roll < 0.2:
            return Ringing(offer, dice.choice([None, seat]))
        if roll < 0.7:
            return Answered(offer, seat)
        if visit in self.witness.waiting and self.witness.waiting[visit].kind == "callback":
            return CallbackFailed(visit, now + dice.choice([1000, 60_000]))
        return Missed(offer, dice.choice(self.outcomes), dice.choice([None, seat]))

    def of_seat(self, now: int, seat: str) -> Event:
        dice = self.dice
        return dice.choice(
            [
                SignIn(seat, f"p-{seat}"),
                Ready(seat),
                Ready(seat),
                NotReady(seat, "lunch"),
                PhoneSeen(f"p-{seat}", reachable=True),
                PhoneSeen(f"p-{seat}", reachable=True),
                PhoneSeen(f"p-{seat}", reachable=dice.random() < 0.7),
                PhoneBusy(f"p-{seat}", busy=dice.random() < 0.3),
                ExtendWrapUp(seat, now + 5000),
                SignOut(seat) if dice.random() < 0.2 else Tick(),
                Tick(),
                Answered("0/1/1"),  # news of things long over
                Missed("0/1/1", "busy"),
                Ended("0/1/1"),
                Leave("0/1"),
            ]
        )


def live_through(events: int, seed: int) -> Counter[str]:
    """Let so many events happen; return what came of them. Raises `AssertionError` where a promise is broken."""
    distributor = Distributor(PLAN)
    witness = Witness(PLAN)
    dice = random.Random(seed)
    world = World(distributor, witness, dice)
    now = 0
    for n in range(events):
        now += dice.choice([0, 1, 20, 300, 300, 2000, 30_000]) if dice.random() < 0.5 else 0
        while (due := distributor.due()) is not None and due <= now:
            witness.before(due, Tick())
            witness.after(due, distributor.handle(due, Tick()))
        event = world.next(now)
        witness.before(now, event)
        try:
            decisions = distributor.handle(now, event)
        except Refused:
            witness.outcomes["refused wishes"] += 1
            continue
        witness.after(now, decisions)
        if n % 7 == 0:
            witness.check_rest(distributor, now)
    return witness.outcomes
