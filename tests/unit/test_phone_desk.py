"""What agents ask of their seats from their phones, and what nobody else can."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.messages import PhoneBusy
from hotline.desk import Desk
from hotline.phone_desk import PhoneDesk
from hotline.pins import TRIES, Pins
from ivr.house import SeatAnswer, SeatAsks, SeatWish
from ledger.events import Intervened
from tests.unit.house_of_cards import Cards

PINS = {"ann": "123456", "bob": "654321", "gone": "111111"}


class Phones:
    """The desk as phones reach it; Ann, whose number is 7, sits at 61."""

    def __init__(self, cards: Cards) -> None:
        self.cards = cards
        agents = cards.site.settings.agents
        numbered = {**agents, "ann": agents["ann"].model_copy(update={"number": "7"})}
        numbered["bob"] = agents["bob"].model_copy(update={"number": "8", "phone": None})
        cards.site.settings = cards.site.settings.model_copy(update={"agents": numbered})
        desk = Desk(cards.site, cards.board, cards.chronicle, cards.clock)
        self.desk = PhoneDesk(cards.site, cards.board, desk, Pins(PINS, cards.clock), cards.clock)
        cards.sign_in("ann")

    def __call__(self, phone: str, asks: SeatAsks, **more: str) -> SeatAnswer:
        return self.desk.do(SeatWish(phone, asks, **more))  # type: ignore[arg-type]

    def state(self, seat: str) -> tuple[str, str | None]:
        status = self.cards.distributor.seats[seat]
        return status.state, status.reason


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Phones]:
    cards = Cards(tmp_path)
    yield Phones(cards)
    cards.board.close()


async def test_an_agent_signs_in_by_number_and_pin_and_it_is_kept_who_did_it(phones: Phones) -> None:
    assert phones("62", "look") == "signed_out"
    assert phones("62", "sign-in", agent="8", pin="654321") == "next"
    assert phones("62", "look") == "next"
    (kept,) = [one for one in phones.cards.journal.events if isinstance(one, Intervened)]
    assert (kept.action, kept.subject, kept.by, kept.detail) == (
        "sign-in",
        "bob",
        "phone of bob",
        {"phone": "62"},
    )


@pytest.mark.parametrize(
    ("agent", "pin"), [("8", "123456"), ("9", "654321"), ("gone", "111111"), ("None", "")]
)
async def test_who_is_nobody_here_is_told_no_more_than_who_mistypes(
    phones: Phones, agent: str, pin: str
) -> None:
    assert phones("62", "sign-in", agent=agent, pin=pin) == "wrong_pin"
    assert phones.state("bob") == ("signed-out", None)


async def test_a_phone_with_too_many_wrong_pins_is_refused(phones: Phones) -> None:
    for _ in range(TRIES):
        phones("62", "sign-in", agent="8", pin="000000")
    assert phones("62", "sign-in", agent="8", pin="654321") == "refused"


async def test_where_another_sits_nobody_signs_in(phones: Phones) -> None:
    assert phones("61", "sign-in", agent="8", pin="654321") == "refused"
    assert phones("61", "look") == "next"


@pytest.mark.parametrize("asks", ["look", "sign-in", "ready", "sign-out"])
@pytest.mark.parametrize("phone", ["", "13900000001", "99"])
async def test_a_phone_that_is_none_of_the_sites_is_refused_everything(
    phones: Phones, phone: str, asks: SeatAsks
) -> None:
    assert phones(phone, asks, agent="7", pin="123456") == "refused"
    assert phones.state("ann") == ("ready", None)


async def test_a_break_begins_and_ends_by_phone(phones: Phones) -> None:
    assert phones("61", "not-ready", reason="meal") == "next"
    assert phones.state("ann") == ("not-ready", "meal")
    assert phones("61", "ready") == "next"
    assert phones.state("ann") == ("ready", None)


async def test_one_who_is_ready_already_may_say_so_though_his_own_call_keeps_him(phones: Phones) -> None:
    """His phone is in use, since it is by it that he says so."""
    phones.cards.board.tell(PhoneBusy("61", busy=True))
    assert phones("61", "ready") == "next"
    phones.cards.board.tell(PhoneBusy("61", busy=False))
    assert phones.state("ann") == ("ready", None)


async def test_one_who_comes_back_from_a_break_by_phone_is_ready_when_he_hangs_up(phones: Phones) -> None:
    phones("61", "not-ready", reason="meal")
    phones.cards.board.tell(PhoneBusy("61", busy=True))
    assert phones("61", "ready") == "next"
    assert phones.state("ann") == ("not-ready", "phone-busy")
    phones.cards.board.tell(PhoneBusy("61", busy=False))
    assert phones.state("ann") == ("ready", None)


async def test_more_time_is_for_wrap_up_alone(phones: Phones) -> None:
    assert phones("61", "more-time") == "refused"


async def test_one_who_signs_out_leaves_his_phone_to_others(phones: Phones) -> None:
    assert phones("61", "sign-out") == "next"
    assert phones("61", "ready") == "signed_out"
    assert phones("61", "sign-in", agent="8", pin="654321") == "next"
