"""Ring groups at the switchboard, told by Asterisk's events: one conversation, and each bears what he did himself."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from acd.messages import NotReady, Tick
from hotline.ear import Ear
from hotline.hands import Hands
from hotline.legs import SeatLegs
from hotline.memory import Memory
from hotline.plan import plan_of
from hotline.reseating import restore_seats
from ivr.call import Rang, Ring
from ledger.events import Healed, OfferEnded, RingEnded, VisitEnded, from_data, to_data
from tests.unit.callback_world import ami_event
from tests.unit.house_of_cards import Cards
from tests.unit.test_switchboard import check_history

OFFER = "a/1/1"
SEATS = {"ann": "61", "bob": "62", "cai": "63"}
LOST = ("26", "")  # another phone answered


class Group:
    """Three seats whose phones ring together for one caller, and the ear that hears of them."""

    def __init__(self, folder: Path, memory: Memory | None = None) -> None:
        self.cards = cards = Cards(folder, memory)
        agent = cards.site.settings.agents["bob"]
        vip = cards.site.settings.queues["vip"].model_copy(update={"ring_all": 3})
        update = {
            "agents": cards.site.settings.agents | {"cai": agent.model_copy(update={"phone": "63"})},
            "phones": cards.site.settings.phones | {"63": cards.site.settings.phones["61"]},
            "queues": cards.site.settings.queues | {"vip": vip},
        }
        cards.site.settings = cards.site.settings.model_copy(update=update)
        cards.distributor.__init__(plan_of(cards.site.settings))  # type: ignore[misc]
        self.calls = SimpleNamespace(
            keys=SimpleNamespace(answered=lambda _: None, caught_up=lambda: None),
            has_session=lambda _: True,
            hung_up=lambda *_: None,
            heard_of=lambda *_: None,
        )
        phones = {f"e{phone}": phone for phone in SEATS.values()}
        legs = SeatLegs()
        hands = Hands(cards.site, legs)
        self.ear = Ear(cards.site, self.calls, cards.board, legs, hands, cards.clock, phones)  # type: ignore[arg-type]

    async def ring(self) -> Any:
        """Let them ring; return the caller's stay."""
        self.cards.sign_in(*SEATS)
        stay = self.cards.enter("a", "vip")
        order = await stay.next()
        assert isinstance(order, Ring)
        assert dict(order.rings) == SEATS
        for name, status in (("DialBegin", ""), ("DialState", "RINGING")):
            for seat in SEATS:
                await self.hear(name, seat, DialStatus=status)
        return stay

    async def hear(self, name: str, seat: str, **headers: str) -> None:
        """Hear of a seat's phone as the one that is dialled."""
        await self.ear.on_event(
            ami_event(
                name, dest=leg(seat), DestUniqueid=f"leg-{seat}", DestChannel=seat, Uniqueid="a", **headers
            )
        )

    async def hangup(self, seat: str, cause: str = "16", tech: str = "") -> None:
        """Hear that a seat's phone is silent."""
        await self.ear.on_event(
            ami_event("Hangup", of=leg(seat), Uniqueid=f"leg-{seat}", Cause=cause, TechCause=tech)
        )

    def states(self) -> dict[str, str]:
        return {name: self.cards.distributor.seats[name].state for name in SEATS}

    def outcomes(self) -> dict[str, str]:
        """How each ring ended, each once."""
        ended = [one for one in self.cards.journal.events if isinstance(one, RingEnded | OfferEnded)]
        assert all(times == 1 for times in Counter(one.seat for one in ended).values())
        return {one.seat: one.outcome for one in ended}


def leg(seat: str) -> dict[str, str]:
    return {"HOTLINE_CALL": "a", "HOTLINE_OFFER": OFFER, "HOTLINE_PHONE": SEATS[seat]}


@pytest.fixture
async def group(tmp_path: Path) -> AsyncIterator[Group]:
    made = Group(tmp_path)
    yield made
    made.cards.board.close()


@pytest.mark.parametrize("order", list(permutations(["answer", "bob", "cai"])))
async def test_the_losers_are_free_at_once_in_whatever_order_it_is_told(
    group: Group, order: tuple[str, ...]
) -> None:
    await group.ring()
    for news in order:
        if news == "answer":
            await group.hear("DialEnd", "ann", DialStatus="ANSWER")
        else:
            await group.hangup(news, *LOST)
    assert group.states() == {"ann": "talking", "bob": "ready", "cai": "ready"}
    assert group.outcomes() == {"ann": "answered", "bob": "cancelled", "cai": "cancelled"}


async def test_the_losers_do_not_wait_for_the_announcement_that_the_winner_hears(group: Group) -> None:
    stay = await group.ring()
    for seat in ("bob", "cai"):
        await group.hangup(seat, *LOST)
    assert group.states() == {"ann": "ringing", "bob": "ready", "cai": "ready"}
    await group.hangup("ann")
    stay.rang(Rang(OFFER, "refused"))
    assert group.states()["ann"] == "not-ready", "he hung up on it"
    assert group.outcomes() == {"ann": "refused", "bob": "cancelled", "cai": "cancelled"}
    assert group.states()["bob"] == "reserved", "the others have done nothing, and ring again"


async def test_one_who_wants_a_break_before_the_phones_ring_is_left_out(group: Group) -> None:
    group.cards.sign_in(*SEATS)
    stay = group.cards.enter("a", "vip")
    group.cards.board.ask(NotReady("ann", "lunch"))
    assert group.states() == {"ann": "not-ready", "bob": "reserved", "cai": "reserved"}
    order = await stay.next()
    assert isinstance(order, Ring)
    assert dict(order.rings) == {"bob": "62", "cai": "63"}
    assert (order.seat, order.phone) == ("bob", "62")


async def test_one_who_alone_would_ring_and_wants_a_break_leaves_nothing_behind(group: Group) -> None:
    group.cards.sign_in("ann")
    stay = group.cards.enter("a", "vip")
    group.cards.board.ask(NotReady("ann", "lunch"))
    assert group.states()["ann"] == "not-ready"
    assert stay.orders.empty()
    assert [one for one in group.cards.journal.events if isinstance(one, Healed)] == []


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_phones_do_each_ring_ends_once_and_no_seat_is_stuck(tmp_path: Path, seed: int) -> None:
    dice, group = random.Random(seed), Group(tmp_path)
    stay = await group.ring()
    ringing = list(SEATS)
    winner = None
    while ringing and winner is None:
        seat = ringing.pop(dice.randrange(len(ringing)))
        match dice.randrange(4):
            case 0:
                winner = seat
                news = [lambda: group.hear("DialEnd", seat, DialStatus="ANSWER")]  # noqa: B023
                news += [lambda one=one: group.hangup(one, *LOST) for one in ringing]
                dice.shuffle(news)
                for tell in news:
                    await tell()
            case 1:
                await group.hangup(seat, "21", "603")
            case 2:
                await group.hangup(seat, "17", "486")
            case _:
                group.cards.board.ask(NotReady(seat, "lunch"))
                await group.hangup(seat)
    group.cards.clock.time += 1_000
    if winner is not None:
        await group.hangup(winner)
        stay.rang(
            Rang(OFFER, "answered", group.cards.clock.time - 1_000, group.cards.clock.time, seat=winner)
        )
        (visit,) = [one for one in group.cards.journal.events if isinstance(one, VisitEnded)]
        assert (visit.outcome, visit.seat) == ("answered", winner)
    else:
        stay.rang(Rang(OFFER, "busy"))
    check_history(group.cards.journal.events)
    assert set(group.outcomes()) >= set(SEATS)
    assert not set(group.states().values()) & {"reserved", "ringing", "talking"}
    group.cards.board.close()


@pytest.mark.parametrize("told", ["nothing", "one loser"])
async def test_an_engine_that_is_killed_in_the_moment_of_the_answer_leaves_no_loser_ringing(
    tmp_path: Path, told: str
) -> None:
    """From the journal, and from a snapshot of any moment, the same."""
    group = Group(tmp_path)
    await group.ring()
    await group.hear("DialEnd", "ann", DialStatus="ANSWER")
    if told == "one loser":
        await group.hangup("bob", *LOST)
    group.cards.board.close()
    events = group.cards.journal.events
    for cut in range(len(events) + 1):
        memory = Memory()
        for event in events[:cut]:
            memory.apply(event)
        memory = Memory.recalled(memory.snapshot())
        for event in events[cut:]:
            memory.apply(from_data(to_data(event)))
        again = Group(tmp_path, memory)
        restore_seats(again.cards.site.settings, again.cards.board)
        assert again.states()["ann"] == "talking"
        assert not {again.states()[seat] for seat in ("bob", "cai")} & {"reserved", "ringing"}
        again.cards.board.close()


async def test_an_engine_that_is_killed_at_any_line_while_a_group_rings_leaves_no_seat_behind(
    tmp_path: Path,
) -> None:
    group = Group(tmp_path)
    await group.ring()
    await group.hangup("bob", "21", "603")
    await group.hear("DialEnd", "ann", DialStatus="ANSWER")
    await group.hangup("cai", *LOST)
    group.cards.board.close()
    for cut in range(len(group.cards.journal.events) + 1):
        memory = Memory()
        for event in group.cards.journal.events[:cut]:
            memory.apply(event)
        again = Group(tmp_path, memory)
        for known in memory.calls.values():
            again.cards.board.offers.finish(known)
        restore_seats(again.cards.site.settings, again.cards.board)
        again.cards.clock.time += 60_000
        again.cards.board.tell(Tick())
        assert not {status.state for status in again.cards.distributor.seats.values()} & {
            "reserved",
            "ringing",
        }
        again.cards.board.close()
