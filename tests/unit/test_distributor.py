"""The distributor: single rules by example, and its promises by a million random events."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.distributor import Distributor
from acd.messages import (
    Answered,
    Cancel,
    Close,
    Decision,
    Ended,
    Enter,
    Event,
    Hold,
    Leave,
    Missed,
    MissedOutcome,
    NotReady,
    Offer,
    PhoneSeen,
    Ready,
    Refused,
    Release,
    RestoreSeat,
    Ringing,
    SeatChange,
    SignIn,
    SignOut,
    Tick,
)
from acd.plan import Plan, QueuePlan
from acd.policy import can_serve, needs

PLAN = Plan(
    queues={
        "billing": QueuePlan("billing", {"billing": 2}),
        "faults": QueuePlan("faults", {"faults": 1}, wrap_up_ms=0, capacity=3),
        "vip": QueuePlan("vip", {"billing": 2}, priority=5, longest_wait_ms=120_000),
    },
    seats={
        "ann": {"billing": 3, "english": 2},
        "bob": {"billing": 2, "faults": 4},
        "cai": {"faults": 2, "english": 5},
        "dou": {"billing": 1},
    },
)


def house(*seats: str) -> Distributor:
    """A distributor with these seats ready since 0, 1, 2 … ms, each at a phone of its own name."""
    distributor = Distributor(PLAN)
    for i, seat in enumerate(seats):
        distributor.handle(i, PhoneSeen(f"p-{seat}", reachable=True))
        distributor.handle(i, SignIn(seat, f"p-{seat}"))
    return distributor


def offers(decisions: list[Decision]) -> list[tuple[str, str]]:
    return [(d.visit, d.seat) for d in decisions if isinstance(d, Offer)]


def test_a_call_rings_the_seat_that_has_been_idle_longest() -> None:
    assert offers(house("bob", "ann").handle(10, Enter("c/1", "billing", 10))) == [("c/1", "bob")]


def test_a_seat_whose_level_is_too_low_is_never_rung() -> None:
    assert offers(house("dou").handle(10, Enter("c/1", "billing", 10))) == []


def test_a_skill_that_the_call_adds_is_needed_too() -> None:
    distributor = house("bob", "ann")
    assert offers(distributor.handle(10, Enter("c/1", "billing", 10, {"english": 1}))) == [("c/1", "ann")]


def test_a_missing_skill_is_not_level_zero() -> None:
    assert not can_serve({"billing": 5}, needs({"english": 0}))


def test_a_freed_seat_takes_the_higher_priority_then_the_older_call() -> None:
    distributor = house("ann")
    distributor.handle(10, NotReady("ann", "lunch"))
    for visit, queue, arrived in [("b/1", "billing", 12), ("a/1", "billing", 11), ("v/1", "vip", 13)]:
        distributor.handle(20, Enter(visit, queue, arrived))
    order = []
    now = 100
    decisions = distributor.handle(now, Ready("ann"))
    while found := [d for d in decisions if isinstance(d, Offer)]:
        order.append(found[0].visit)
        distributor.handle(now, Answered(found[0].offer))
        distributor.handle(now, Ended(found[0].offer))
        decisions = distributor.handle(now, Ready("ann"))
    assert order == ["v/1", "a/1", "b/1"]


def test_ring_out_makes_the_seat_not_ready_and_the_caller_goes_to_the_next_in_his_place() -> None:
    distributor = house("bob", "ann")
    distributor.handle(10, Enter("c/1", "billing", 10))
    decisions = distributor.handle(20_010, Missed("c/1/1", "no-answer"))
    assert offers(decisions) == [("c/1", "ann")]
    assert (distributor.seats["bob"].state, distributor.seats["bob"].reason) == ("not-ready", "missed")


def test_a_seat_that_missed_comes_back_by_itself_after_the_pause() -> None:
    distributor = house("bob")
    distributor.handle(10, Enter("c/1", "billing", 10))
    distributor.handle(20_010, Missed("c/1/1", "no-answer"))
    assert distributor.due() is not None
    assert offers(distributor.handle(20_010 + PLAN.missed_pause_ms, Tick())) == [("c/1", "bob")]


def test_a_caller_who_leaves_while_it_rings_frees_the_seat_when_the_phone_has_stopped() -> None:
    distributor = house("bob")
    distributor.handle(10, Enter("c/1", "billing", 10))
    assert [d for d in distributor.handle(50, Leave("c/1")) if isinstance(d, Cancel)]
    assert distributor.seats["bob"].state == "reserved"
    distributor.handle(60, Missed("c/1/1", "cancelled"))
    assert distributor.seats["bob"].state == "ready"
    assert distributor.seats["bob"].idle_since == 0, "it keeps its place among the idle"


def test_an_offer_of_which_nothing_is_heard_is_given_up_in_time() -> None:
    distributor = house("bob", "ann")
    distributor.handle(10, Enter("c/1", "billing", 10))
    decisions = distributor.handle(10 + 20_000 + PLAN.grace_ms, Tick())
    assert Cancel("c/1/1", "no-answer") in decisions
    assert offers(decisions) == [("c/1", "ann")]


def test_busy_and_unreachable_phones_have_their_own_consequences() -> None:
    distributor = house("bob", "ann")
    distributor.handle(10, Enter("c/1", "billing", 10))
    distributor.handle(20, Missed("c/1/1", "busy"))
    distributor.handle(30, Missed("c/1/2", "unreachable"))
    assert (distributor.seats["bob"].state, distributor.seats["bob"].reason) == ("not-ready", "phone-busy")
    assert distributor.seats["ann"].state == "unreachable"
    assert offers(distributor.handle(40, PhoneSeen("p-ann", reachable=True))) == [], (
        "ann just missed this call"
    )
    assert offers(distributor.handle(30_030, Tick())) == [("c/1", "bob")], "bob came back first"


def test_a_queue_refuses_the_caller_above_its_capacity_but_never_one_who_comes_back() -> None:
    distributor = house("cai")
    distributor.handle(5, NotReady("cai", "lunch"))
    for i in range(3):
        assert distributor.handle(10, Enter(f"{i}/1", "faults", 10)) == []
    assert distributor.handle(10, Enter("3/1", "faults", 10)) == [Close("3/1", "full")]
    assert distributor.handle(10, Enter("4/1", "faults", 10, returning=True)) == []


def test_the_longest_wait_sends_a_caller_on_even_when_nothing_else_happens() -> None:
    distributor = house("dou", "ann")
    distributor.handle(5, NotReady("ann", "lunch"))
    distributor.handle(10, Enter("v/1", "vip", 10))
    assert distributor.handle(120_010, Tick()) == [Close("v/1", "timeout")]


def test_a_caller_whom_nobody_on_duty_could_serve_is_told_so_at_once_and_while_waiting() -> None:
    distributor = house("dou", "ann")
    distributor.handle(5, NotReady("ann", "lunch"))
    assert distributor.handle(6, Enter("f/1", "faults", 6)) == [Close("f/1", "no_agents")]
    distributor.handle(7, Enter("b/1", "billing", 7))
    assert Close("b/1", "no_agents") in distributor.handle(8, SignOut("ann"))


def test_wrap_up_ends_by_itself_or_when_the_agent_says_so() -> None:
    distributor = house("ann")
    distributor.handle(10, Enter("a/1", "billing", 10))
    distributor.handle(20, Answered("a/1/1"))
    distributor.handle(30, Ended("a/1/1"))
    distributor.handle(40, Enter("b/1", "billing", 40))
    assert distributor.seats["ann"].state == "wrap-up"
    assert offers(distributor.handle(10_030, Tick())) == [("b/1", "ann")]


def test_not_ready_asked_for_while_talking_comes_after_the_call() -> None:
    distributor = house("ann")
    distributor.handle(10, Enter("a/1", "billing", 10))
    distributor.handle(20, Answered("a/1/1"))
    distributor.handle(25, NotReady("ann", "lunch"))
    assert distributor.seats["ann"].state == "talking"
    distributor.handle(30, Ended("a/1/1"))
    assert (distributor.seats["ann"].state, distributor.seats["ann"].reason) == ("not-ready", "lunch")


def test_two_people_cannot_sit_at_one_phone() -> None:
    distributor = house("ann")
    with pytest.raises(Refused, match="ann is signed in at phone p-ann"):
        distributor.handle(9, SignIn("bob", "p-ann"))


def test_after_a_restart_nothing_is_offered_until_all_are_back_and_then_in_the_old_order() -> None:
    distributor = Distributor(PLAN)
    distributor.handle(1000, Hold(4000))
    distributor.handle(1000, PhoneSeen("p-ann", reachable=True))
    distributor.handle(1000, RestoreSeat("ann", "p-ann", "ready", since=500))
    assert offers(distributor.handle(1100, Enter("b/1", "billing", 700, offers=2, returning=True))) == []
    assert offers(distributor.handle(1200, Enter("a/1", "billing", 600, returning=True))) == []
    assert offers(distributor.handle(1300, Release())) == [("a/1", "ann")]


def test_a_hold_that_nobody_releases_ends_in_its_time() -> None:
    distributor = Distributor(PLAN)
    distributor.handle(1000, Hold(4000))
    distributor.handle(1000, PhoneSeen("p-ann", reachable=True))
    distributor.handle(1000, RestoreSeat("ann", "p-ann", "ready", since=500))
    distributor.handle(1100, Enter("b/1", "billing", 700, offers=2, returning=True))
    assert distributor.due() == 4000
    (offer,) = [d for d in distributor.handle(4000, Tick()) if isinstance(d, Offer)]
    assert offer.offer == "b/1/3", "ids go on where they were"


def test_a_conversation_that_outlived_the_engine_still_occupies_its_seat_and_ends_in_wrap_up() -> None:
    distributor = Distributor(PLAN)
    distributor.handle(1000, PhoneSeen("p-ann", reachable=True))
    distributor.handle(
        1000, RestoreSeat("ann", "p-ann", "talking", since=500, offer="a/1/1", queue="billing")
    )
    assert offers(distributor.handle(1100, Enter("b/1", "billing", 1100))) == []
    distributor.handle(2000, Ended("a/1/1"))
    assert offers(distributor.handle(12_000, Tick())) == [("b/1", "ann")]


def test_an_offer_explains_itself() -> None:
    (offer,) = [d for d in house("ann").handle(10, Enter("c/1", "billing", 4)) if isinstance(d, Offer)]
    assert offer.why["needs"] == {"billing": 2}
    assert offer.why["seat_skills"] == {"billing": 3}
    assert offer.why["waited_ms"] == 6


class Witness:
    """Watches events and decisions from outside and knows nothing of the distributor's inside."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.state = dict.fromkeys(plan.seats, "signed-out")
        self.live: dict[str, tuple[str, str]] = {}  # offer -> (visit, seat)
        self.talking: dict[str, str] = {}  # offer -> seat
        self.waiting: dict[str, Enter] = {}
        self.outcomes: Counter[str] = Counter()
        self.missed_at: dict[tuple[str, str], int] = {}

    def before(self, now: int, event: Event) -> None:
        match event:
            case Enter(visit):
                assert visit not in self.waiting
                self.waiting[visit] = event
            case Leave(visit):
                self.waiting.pop(visit, None)
                self.outcomes["left"] += 1
            case Answered(offer) if offer in self.live:
                visit, seat = self.live.pop(offer)
                self.waiting.pop(visit, None)
                self.talking[offer] = seat
                self.outcomes["answered"] += 1
            case Missed(offer, outcome) if offer in self.live:
                visit, seat = self.live.pop(offer)
                if outcome != "cancelled":
                    self.missed_at[visit, seat] = now
            case Ended(offer):
                self.talking.pop(offer, None)
            case _:
                pass

    def after(self, now: int, decisions: list[Decision]) -> None:
        for decision in decisions:
            match decision:
                case Offer(offer, visit, seat):
                    assert visit not in [v for v, _ in self.live.values()], "two offers for one caller"
                    assert seat not in [s for _, s in self.live.values()], "two offers for one seat"
                    assert seat not in self.talking.values(), "an offer to a seat that talks"
                    self.live[offer] = (visit, seat)
                    self.check_turn(now, visit, seat)
                case Close(visit):
                    del self.waiting[visit]
                    self.outcomes["closed"] += 1
                case Cancel(offer, "no-answer"):
                    visit, seat = self.live.pop(offer)
                    self.missed_at[visit, seat] = now
                case Cancel(offer):
                    pass
                case SeatChange(seat, _, was, _, state):
                    assert was == self.state[seat], "a gap between two states"
                    self.state[seat] = state
                    if state not in ("reserved", "ringing", "talking"):  # a cancelled ring is over
                        gone = [o for o, (v, s) in self.live.items() if s == seat and v not in self.waiting]
                        for offer in gone:
                            del self.live[offer]

    def check_turn(self, now: int, visit: str, seat: str) -> None:
        """Equal in needs and priority, the older goes first (but for one whom this seat just missed)."""
        chosen = self.waiting[visit]
        offered = {v for v, _ in self.live.values()}
        for other in self.waiting.values():
            if (
                other.visit not in offered
                and other.queue == chosen.queue
                and other.skills == chosen.skills
                and other.priority == chosen.priority
                and now - self.missed_at.get((other.visit, seat), -(10**9)) >= self.plan.refused_pause_ms
            ):
                assert other.arrived >= chosen.arrived, "the younger overtook the older"

    def check_rest(self, distributor: Distributor, now: int) -> None:
        """No seat is ready while a caller waits whom it could serve; nobody is lost; nobody is invented."""
        assert set(distributor.visits) == set(self.waiting)
        ready = [n for n, state in self.state.items() if state == "ready"]
        offered = {v for v, _ in self.live.values()}
        for visit, enter in self.waiting.items():
            if visit in offered:
                continue
            required = needs(self.plan.queues[enter.queue].skills, enter.skills)
            for seat in ready:
                just_missed = now - self.missed_at.get((visit, seat), -(10**9)) < self.plan.refused_pause_ms
                assert just_missed or not can_serve(self.plan.seats[seat], required), "both sit idle"


class World:
    """Random but possible events: what callers, phones and people might do next."""

    outcomes: tuple[MissedOutcome, ...] = ("no-answer", "refused", "busy", "unreachable", "cancelled")

    def __init__(self, distributor: Distributor, witness: Witness, dice: random.Random) -> None:
        self.distributor, self.witness, self.dice = distributor, witness, dice
        self.calls = 0

    def next(self, now: int) -> Event:
        dice, w = self.dice, self.witness
        kind = dice.random()
        if kind < 0.22 and len(w.waiting) < 40:
            self.calls += 1
            return Enter(
                f"{self.calls}/1",
                dice.choice(["billing", "faults", "vip"]),
                arrived=now - dice.choice([0, 0, 0, 50, 5000]),
                skills=dice.choice([{}, {}, {"english": 2}]),
                priority=dice.choice([0, 0, 0, 1]),
            )
        if kind < 0.28 and w.waiting:
            return Leave(dice.choice(list(w.waiting)))
        if kind < 0.60 and w.live:
            offer = dice.choice(list(w.live))
            roll = dice.random()
            if roll < 0.2:
                return Ringing(offer)
            return Answered(offer) if roll < 0.75 else Missed(offer, dice.choice(self.outcomes))
        if kind < 0.80 and w.talking:
            return Ended(dice.choice(list(w.talking)))
        seat = dice.choice(list(w.plan.seats))
        return dice.choice(
            [
                SignIn(seat, f"p-{seat}"),
                Ready(seat),
                Ready(seat),
                NotReady(seat, "lunch"),
                PhoneSeen(f"p-{seat}", reachable=True),
                PhoneSeen(f"p-{seat}", reachable=True),
                PhoneSeen(f"p-{seat}", reachable=dice.random() < 0.7),
                SignOut(seat) if dice.random() < 0.2 else Tick(),
                Tick(),
                Answered("0/1/1"),  # news of things long over
                Missed("0/1/1", "busy"),
                Ended("0/1/1"),
                Leave("0/1"),
            ]
        )


def live_through(events: int, seed: int) -> Counter[str]:
    distributor = Distributor(PLAN)
    witness = Witness(PLAN)
    dice = random.Random(seed)
    world = World(distributor, witness, dice)
    now = 0
    for n in range(events):
        now += dice.choice([0, 1, 20, 300, 300, 2000, 30_000]) if dice.random() < 0.5 else 0
        while (due := distributor.due()) is not None and due <= now:
            witness.after(due, distributor.handle(due, Tick()))
        event = world.next(now)
        witness.before(now, event)
        try:
            decisions = distributor.handle(now, event)
        except Refused:
            continue
        witness.after(now, decisions)
        if n % 7 == 0:
            witness.check_rest(distributor, now)
    return witness.outcomes


@pytest.mark.timeout(300)
def test_a_million_random_events_break_no_promise() -> None:
    """Never two offers for one seat or one caller, nobody lost, first come first served among equals."""
    outcomes = live_through(1_000_000, seed=20261122)
    assert min(outcomes["answered"], outcomes["closed"], outcomes["left"]) > 1000, outcomes


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), events=st.integers(1, 400))
def test_short_random_histories_break_no_promise(seed: int, events: int) -> None:
    """The same promises, where a failing history can be shrunk to a short one."""
    live_through(events, seed)
