"""The switchboard: decisions carried out, each recorded once and before its effect."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.messages import NotReady, PhoneSeen, Ready, SignOut, Tick
from hotline.memory import Memory
from ivr.call import Rang, Ring
from ivr.door import Leave
from ledger.events import (
    CallEnded,
    ConversationEnded,
    Event,
    OfferEnded,
    OfferMade,
    SeatChanged,
    VisitBegan,
    VisitEnded,
    from_data,
    to_data,
)
from tests.unit.house_of_cards import Cards


@pytest.fixture
async def cards(tmp_path: Path) -> AsyncIterator[Cards]:
    made = Cards(tmp_path)
    yield made
    made.board.close()


def order(cards: Cards, stay: object) -> Ring | Leave:
    return stay.orders.get_nowait()  # type: ignore[attr-defined,no-any-return]


async def test_a_ready_seat_is_offered_at_once_and_the_offer_is_recorded_before_it_rings(
    cards: Cards,
) -> None:
    cards.sign_in("ann")
    stay = cards.enter("a")
    assert order(cards, stay) == Ring("a/1/1", "ann", "61", 15.0, shows="billing en 0:00")
    assert cards.kinds() == ["CallBegan", "VisitBegan", "OfferMade"]


async def test_the_callers_language_asks_for_its_skill(cards: Cards) -> None:
    stay = cards.enter("a")
    (visit,) = [e for e in cards.journal.events if isinstance(e, VisitBegan)]
    assert visit.skills == {"english": 1}
    assert isinstance(order(cards, stay), Leave), "nobody is on duty"


async def test_an_answer_ends_the_visit_with_its_wait_however_often_it_is_told(cards: Cards) -> None:
    cards.sign_in("ann")
    stay = cards.enter("a")
    cards.clock.time += 700
    cards.board.offers.answered("a", "a/1/1", cards.clock.time)
    cards.board.offers.answered("a", "a/1/1", cards.clock.time + 5)
    cards.clock.time += 2000
    stay.rang(Rang("a/1/1", "answered", answered_at=cards.clock.time - 2000, ended_at=cards.clock.time))
    (ended,) = [e for e in cards.journal.events if isinstance(e, VisitEnded)]
    (talk,) = [e for e in cards.journal.events if isinstance(e, ConversationEnded)]
    assert (ended.outcome, ended.wait_ms, ended.seat) == ("answered", 700, "ann")
    assert (talk.talk_ms, talk.ended_by) == (2000, "seat")
    assert cards.distributor.seats["ann"].state == "wrap-up"


async def test_a_caller_who_is_gone_while_it_rings_abandons_and_the_phone_falls_silent(cards: Cards) -> None:
    cards.sign_in("ann")
    stay = cards.enter("a")
    assert isinstance(await stay.next(), Ring)
    stay.left()
    cards.clock.time += 300
    cards.board.call_over("a", cards.clock.time)
    assert cards.silenced == ["a/1/1"]
    (ended,) = [e for e in cards.journal.events if isinstance(e, VisitEnded)]
    (offer,) = [e for e in cards.journal.events if isinstance(e, OfferEnded)]
    assert (ended.outcome, ended.wait_ms, offer.outcome) == ("abandoned", 300, "cancelled")
    assert cards.distributor.seats["ann"].state == "ready"


async def test_a_session_that_is_lost_keeps_the_place_for_the_call_that_comes_back(cards: Cards) -> None:
    cards.sign_in("ann")
    cards.board.tell(NotReady("ann", "lunch"))
    first = cards.enter("a")
    cards.clock.time += 1000
    cards.enter("b")
    first.left()
    cards.clock.time += 1000
    again = cards.enter("a")
    assert cards.kinds().count("VisitBegan") == 2, "it is the same visit"
    cards.board.tell(Ready("ann"))
    assert isinstance(order(cards, again), Ring), "the older call is served first"


async def test_a_queue_that_is_full_sends_the_caller_on_and_says_why(cards: Cards) -> None:
    cards.sign_in("ann")
    cards.board.tell(NotReady("ann", "lunch"))
    stays = [cards.enter(str(n)) for n in range(5)]
    assert order(cards, stays[4]) == Leave("full")
    (ended,) = [e for e in cards.journal.events if isinstance(e, VisitEnded)]
    assert (ended.outcome, ended.reason) == ("overflowed", "full")


async def test_a_call_that_ends_by_an_error_in_its_flow_has_not_abandoned(cards: Cards) -> None:
    cards.sign_in("ann")
    cards.board.tell(NotReady("ann", "lunch"))
    cards.enter("a")
    cards.board.call_over("a", cards.clock.time, "error")
    (ended,) = [e for e in cards.journal.events if isinstance(e, VisitEnded)]
    assert (ended.outcome, ended.reason) == ("other", "error")


async def test_an_offer_of_which_nothing_is_heard_is_recorded_as_given_up(cards: Cards) -> None:
    cards.sign_in("ann")
    cards.enter("a")
    cards.clock.time += 15_000 + 5_000
    cards.board.tell(Tick())
    (offer,) = [e for e in cards.journal.events if isinstance(e, OfferEnded)]
    assert (offer.outcome, cards.silenced) == ("no-answer", ["a/1/1"])


async def test_an_offer_that_its_callers_session_rings_is_not_given_up_because_other_news_is_late(
    cards: Cards,
) -> None:
    cards.sign_in("ann")
    stay = cards.enter("a")
    assert isinstance(await stay.next(), Ring)
    cards.clock.time += 40_000
    cards.board.tell(Tick())
    assert cards.silenced == []
    stay.rang(Rang("a/1/1", "answered", cards.clock.time - 25_000, cards.clock.time))
    (ended,) = [e for e in cards.journal.events if isinstance(e, VisitEnded)]
    (talk,) = [e for e in cards.journal.events if isinstance(e, ConversationEnded)]
    assert (ended.outcome, ended.wait_ms, talk.talk_ms) == ("answered", 15_000, 25_000)


async def test_an_offer_that_was_given_up_and_answered_after_all_is_the_visits_answer(cards: Cards) -> None:
    cards.sign_in("ann")
    stay = cards.enter("a")
    cards.clock.time += 20_000
    cards.board.tell(Tick())
    stay.rang(Rang("a/1/1", "answered", cards.clock.time - 1_000, cards.clock.time + 2_000))
    (ended,) = [e for e in cards.journal.events if isinstance(e, VisitEnded)]
    (talk,) = [e for e in cards.journal.events if isinstance(e, ConversationEnded)]
    assert (ended.outcome, ended.seat, talk.talk_ms) == ("answered", "ann", 3_000)
    assert "a/1" not in cards.distributor.visits


async def test_a_ring_that_we_stopped_is_no_miss_of_the_seats(cards: Cards) -> None:
    cards.sign_in("ann")
    stay = cards.enter("a")
    cards.board.ask(NotReady("ann", "lunch"))
    stay.rang(Rang("a/1/1", "no-answer"))
    (offer,) = [e for e in cards.journal.events if isinstance(e, OfferEnded)]
    assert offer.outcome == "cancelled"


async def test_a_wish_for_after_the_call_is_remembered_until_it_is_met(cards: Cards) -> None:
    cards.sign_in("ann")
    stay = cards.enter("a")
    cards.board.offers.answered("a", "a/1/1", cards.clock.time)
    cards.board.ask(SignOut("ann"))
    recalled = Memory.recalled(cards.memory.snapshot())
    assert recalled.wishes["ann"].wish == "sign-out"
    stay.rang(Rang("a/1/1", "answered", cards.clock.time, cards.clock.time))
    assert cards.distributor.seats["ann"].state == "signed-out"
    assert cards.memory.wishes == {}


async def test_on_a_full_disk_callers_are_served_and_nothing_is_lost(cards: Cards) -> None:
    cards.sign_in("ann")
    cards.journal.full = True
    stay = cards.enter("a")
    assert isinstance(order(cards, stay), Ring)
    assert cards.kinds() == []
    assert cards.chronicle.trouble is not None
    cards.journal.full = False
    cards.chronicle.catch_up()
    assert cards.kinds() == ["CallBegan", "VisitBegan", "OfferMade"]
    assert cards.chronicle.trouble is None


async def live(cards: Cards, dice: random.Random, steps: int) -> None:
    """Let random but possible things happen."""
    stays = {}
    for n in range(steps):
        cards.clock.time += dice.choice([0, 1, 50, 1200, 20_000])
        rings = [o for o in cards.memory.calls.values() if o.offer is not None and o.answered is None]
        talks = [o for o in cards.memory.calls.values() if o.answered is not None]
        match dice.randrange(9):
            case 0 | 1:
                call = f"c{n}"
                stays[call] = cards.enter(call, dice.choice(["billing", "billing", "vip"]))
            case 2 if cards.memory.calls:
                call = dice.choice(list(cards.memory.calls))
                if call in stays and dice.random() < 0.5:
                    stays[call].left()
                cards.board.call_over(call, cards.clock.time)
                cards.chronicle.record(CallEnded(at=cards.clock.time, call=call, outcome="caller-hung-up"))
            case 3 | 4 if rings:
                one = dice.choice(rings)
                assert one.offer is not None
                cards.board.offers.answered(one.began.call, one.offer.offer, cards.clock.time)
            case 5 if rings:
                one = dice.choice(rings)
                assert one.offer is not None
                outcome = dice.choice(["no-answer", "refused", "busy", "unreachable", "cancelled"])
                cards.board.offers.missed(one.began.call, one.offer.offer, outcome, 16, "486")
            case 6 if talks:
                one = dice.choice(talks)
                assert one.offer is not None
                cards.board.offers.talk_over(one.began.call, one.offer.offer, cards.clock.time, "seat")
            case 7:
                phone = dice.choice(["61", "62"])
                cards.board.tell(PhoneSeen(phone, reachable=dice.random() < 0.8))
            case _:
                cards.board.tell(Tick())
                seat = dice.choice(["ann", "bob"])
                if cards.distributor.seats[seat].state in ("not-ready", "wrap-up"):
                    cards.board.tell(Ready(seat))


def check_history(events: list[Event]) -> Counter[str]:
    """Each thing begins once and ends at most once, in order, and a seat's states follow one another."""
    began: dict[str, int] = {}
    ended: Counter[str] = Counter()
    talking: dict[str, int] = {}
    states: dict[str, str] = {}
    live: dict[str, str] = {}
    outcomes: Counter[str] = Counter()
    for event in events:
        match event:
            case VisitBegan():
                assert event.visit not in began
                began[event.visit] = event.at
            case VisitEnded():
                ended[event.visit] += 1
                assert ended[event.visit] == 1
                assert event.wait_ms == event.at - began[event.visit]
                outcomes[event.outcome] += 1
                if event.outcome == "answered":
                    talking[event.visit] = event.at
            case OfferMade():
                assert event.offer not in began
                began[event.offer] = event.at
                assert event.visit not in live.values(), "a caller has two offers"
                live[event.offer] = event.visit
            case OfferEnded():
                ended[event.offer] += 1
                assert ended[event.offer] == 1
                del live[event.offer]
            case ConversationEnded():
                assert event.talk_ms == event.at - talking.pop(event.visit)
            case SeatChanged():
                assert states.get(event.seat, "signed-out") == event.was
                states[event.seat] = event.now
            case _:
                pass
    return outcomes


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_happens_the_record_is_exact(tmp_path: Path, seed: int) -> None:
    cards = Cards(tmp_path)
    cards.sign_in("ann", "bob")
    await live(cards, random.Random(seed), 600)
    outcomes = check_history(cards.journal.events)
    assert outcomes["answered"], outcomes
    assert outcomes["abandoned"], outcomes
    assert cards.told == cards.journal.events
    cards.board.close()


@pytest.mark.parametrize("seed", range(10))
async def test_a_memory_recalled_from_any_moments_snapshot_is_the_same(tmp_path: Path, seed: int) -> None:
    """So a restart knows what a kill -9 at any moment left."""
    cards = Cards(tmp_path)
    cards.sign_in("ann", "bob")
    await live(cards, random.Random(100 + seed), 150)
    cards.board.close()
    events = cards.journal.events
    for cut in range(0, len(events), 7):
        memory = Memory()
        for event in events[:cut]:
            memory.apply(event)
        recalled = Memory.recalled(memory.snapshot())
        for event in events[cut:]:
            recalled.apply(from_data(to_data(event)))
        assert recalled.calls == cards.memory.calls
        assert recalled.seats == cards.memory.seats
        assert recalled.lately_over == cards.memory.lately_over
