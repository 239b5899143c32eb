"""What the engine makes of Asterisk's events: keys to their call, and a line outside told from a seat's phone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from acd.ami_message import ChannelSnapshot, Event, Headers
from acd.messages import PhoneBusy, PutOnHold, TakenOffHold
from hotline.ear import Ear
from hotline.hands import Hands
from hotline.keys import Keys
from hotline.legs import SeatLegs
from hotline.memory import Memory
from ivr.agi.legs import LegEnd
from ledger.events import CallBegan

CALL = "s-1.1"
LINE = f"{CALL}/line/1000000"
OFFER = f"{CALL}/1/1"


class Clock:
    """A clock that stands."""

    def now(self) -> int:
        return 1_000_000

    def of_wall(self, ms: int) -> int:
        return ms


class Board:
    """A switchboard that keeps what it is told."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.heard: list[str] = []
        self.told: list[object] = []
        self.distributor = SimpleNamespace(seats={})
        self.offers = Offers(self.heard)

    def tell(self, event: object) -> None:
        self.told.append(event)


class Offers:
    """Offers that keep the names of what they are told."""

    def __init__(self, heard: list[str]) -> None:
        self._heard = heard

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self._heard.append(name)


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def ear(board: Board) -> Ear:
    calls = SimpleNamespace(
        keys=Keys(),
        on_return=None,
        hung_up=lambda _call: None,
        has_session=lambda _call: True,
        heard_of=lambda *_: None,
    )
    legs = SeatLegs()
    return Ear(None, calls, board, legs, Hands(None, legs), Clock(), {})  # type: ignore[arg-type]


def event(
    name: str, *, dest: dict[str, str] | None = None, of: dict[str, str] | None = None, **headers: str
) -> Event:
    variables = {"ChanVariable": of or {}, "DestChanVariable": dest or {}}
    written: list[tuple[str, str | list[str]]] = [("Event", name), *headers.items()]
    written += [(key, [f"{n}={v}" for n, v in values.items()]) for key, values in variables.items()]
    return Event(name, Headers(written))


def leg(offer: str = "", line: str = "") -> dict[str, str]:
    return {"HOTLINE_CALL": CALL, "HOTLINE_OFFER": offer, "HOTLINE_LINE": line}


async def test_keys_that_the_caller_presses_reach_his_call_and_those_we_send_do_not(ear: Ear) -> None:
    keypad = ear._calls.keys.of(CALL)
    mark = str(keypad.listen())
    await ear.on_event(event("UserEvent", UserEvent="hotline-keys", Uniqueid=CALL, Mark=mark))
    await ear.on_event(event("DTMFEnd", Uniqueid=CALL, Digit="1", Direction="Sent"))
    await ear.on_event(event("DTMFEnd", Uniqueid="s-1.2", Digit="2", Direction="Received"))
    await ear.on_event(event("DTMFEnd", Uniqueid=CALL, Digit="3", Direction="Received"))
    assert keypad.take("123") == "3"
    assert keypad.take("123") is None


async def test_anothers_user_event_is_no_mark(ear: Ear) -> None:
    keypad = ear._calls.keys.of(CALL)
    mark = str(keypad.listen())
    await ear.on_event(event("UserEvent", UserEvent="other", Uniqueid=CALL, Mark=mark))
    await ear.on_event(event("DTMFEnd", Uniqueid=CALL, Digit="3", Direction="Received"))
    assert keypad.take("3") is None


async def test_from_the_answer_on_the_callers_keys_are_not_heard(ear: Ear) -> None:
    keypad = ear._calls.keys.of(CALL)
    mark = str(keypad.listen())
    await ear.on_event(event("UserEvent", UserEvent="hotline-keys", Uniqueid=CALL, Mark=mark))
    await ear.on_event(event("DialEnd", DialStatus="ANSWER", Uniqueid=CALL, dest=leg(OFFER)))
    await ear.on_event(event("DTMFEnd", Uniqueid=CALL, Digit="3", Direction="Received"))
    assert keypad.take("3") is None


async def test_the_end_of_a_line_outside_is_known_and_no_seat_hears_of_it(ear: Ear, board: Board) -> None:
    dest = leg(line=LINE)
    await ear.on_event(
        event("DialBegin", Uniqueid=CALL, DestUniqueid="s-1.2", DestChannel="PJSIP/t", dest=dest)
    )
    await ear.on_event(event("DialState", DialStatus="RINGING", DestUniqueid="s-1.2", dest=dest))
    await ear.on_event(event("DialEnd", DialStatus="ANSWER", Uniqueid=CALL, dest=dest))
    await ear.on_event(event("Hangup", Uniqueid="s-1.2", Cause="17", TechCause="486", of=dest))
    assert await ear._legs.end(LINE) == LegEnd(17, "486")
    assert board.heard == []


async def test_a_phone_that_rings_after_a_line_outside_is_the_seats(ear: Ear, board: Board) -> None:
    """The name of the line is still on the caller's channel, and every channel that he has dialled inherits it."""
    dest = leg(OFFER, LINE)
    await ear.on_event(
        event("DialBegin", Uniqueid=CALL, DestUniqueid="s-1.3", DestChannel="PJSIP/p", dest=dest)
    )
    assert (ear._legs.channels(OFFER), ear._legs.channels(LINE)) == (["PJSIP/p"], [])
    await ear.on_event(event("DialEnd", DialStatus="ANSWER", Uniqueid=CALL, dest=dest))
    assert board.heard == ["answered"]


async def test_an_agent_who_holds_his_call_and_takes_it_back_is_told_apart_from_a_caller_who_does(
    ear: Ear, board: Board
) -> None:
    of_phone = leg(OFFER) | {"HOTLINE_PHONE": "61"}
    await ear.on_event(event("Hold", Uniqueid="s-1.3", of=of_phone))
    await ear.on_event(event("Unhold", Uniqueid="s-1.3", of=of_phone))
    await ear.on_event(event("Hold", Uniqueid=CALL, of=leg(OFFER)))
    await ear.on_event(event("Hold", Uniqueid=CALL, of=of_phone))  # a caller at one of the site's own phones
    assert board.told == [PutOnHold(OFFER), TakenOffHold(OFFER)]


async def test_a_phone_is_in_use_until_the_last_of_its_private_calls_is_over(ear: Ear, board: Board) -> None:
    phone = {"HOTLINE_PHONE": "61"}
    for uniqueid in ("s-1.5", "s-1.6"):
        await ear.on_event(event("UserEvent", UserEvent="hotline-in-use", Uniqueid=uniqueid, of=phone))
    for uniqueid in ("s-1.5", "s-1.6"):
        await ear.on_event(event("Hangup", Uniqueid=uniqueid, of=phone))
    assert board.told == [PhoneBusy("61", busy=True), PhoneBusy("61", busy=True), PhoneBusy("61", busy=False)]


def snapshot(uniqueid: str, **variables: str) -> ChannelSnapshot:
    return ChannelSnapshot(uniqueid, CALL, f"PJSIP/{uniqueid}", "Up", "", "", "", "", 1, variables)


@pytest.mark.parametrize(
    ("others", "awaited"),
    [
        ([], {CALL}),
        ([snapshot("s-1.2", **leg(line=LINE))], set()),
        ([snapshot("s-1.2", **leg(OFFER, LINE))], {CALL}),
    ],
)
def test_after_a_restart_nobody_waits_for_a_caller_who_talks_with_a_number_outside(
    ear: Ear, board: Board, others: list[ChannelSnapshot], awaited: set[str]
) -> None:
    board.memory.apply(
        CallBegan(
            at=1, call=CALL, ani="", dnis="10000", trunk="", flow="f", flow_version="1", language="en"
        )
    )  # fmt: skip
    channels = [snapshot(CALL, HOTLINE_CALL=CALL), *others]
    assert ear._compare(channels, first=True) == awaited
