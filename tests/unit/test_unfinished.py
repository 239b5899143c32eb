"""Messages that were being left when the engine was killed: kept once nobody writes them any more."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from hotline.mailbox import SiteMailbox
from hotline.memory import OpenCall
from hotline.unfinished import Unfinished
from ivr.house import Room
from ivr.verbs.hangup import Hangup
from ivr.verbs.verb import Verb
from ivr.verbs.voicemail import Record, Voicemail
from ledger.events import CallBegan, NodeEntered, RecordingKept
from tests.unit.house_of_cards import Cards

CALL = "cards-1763776800.1"
VOICEMAIL = Voicemail.model_validate({"voicemail": "ask", "box": "sales", "next": "bye"})


class Noon:
    """A clock that stands still."""

    def local(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)


class House:
    """A mailbox, and what of its calls no engine has heard."""

    def __init__(self, folder: Path) -> None:
        self.cards = Cards(folder)
        self.mailbox = SiteMailbox(folder / "voicemail", Noon())
        self.unfinished = Unfinished(self.mailbox, self.cards.chronicle, self.cards.clock)

    async def recorded(self, box: str, seconds: float, at_s: int = 1_000) -> Room:
        """Let a call have recorded something into a box, the last of it at a time."""
        room = await self.mailbox.room(CALL, "voicemail", box)
        room.file.write_bytes(bytes(44 + int(16_000 * seconds)))
        os.utime(room.file, (at_s, at_s))
        return room

    async def kept(self, verb: Verb) -> list[RecordingKept]:
        """Return what is kept when the call, which came to a node of this verb at 1,000 s, comes back."""
        began = CallBegan(
            at=1, call=CALL, ani="1", dnis="2", trunk="t", flow="main", flow_version="v", language="en"
        )
        node = NodeEntered(
            at=1_000_000, call=CALL, flow="main", node="here", language="en", stack=(), variables={}
        )
        served = SimpleNamespace(set=SimpleNamespace(flows={"main": SimpleNamespace(nodes={"here": verb})}))
        versions = SimpleNamespace(kept=lambda _flow, _version: served)
        await self.unfinished.find([OpenCall(began, node)], versions)
        self.unfinished.keep(CALL)
        self.unfinished.keep(CALL)
        return [event for event in self.cards.journal.events if isinstance(event, RecordingKept)]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_a_message_that_was_being_left_is_kept_once_in_its_box(house: House) -> None:
    room = await house.recorded("sales", 4.0)
    (kept,) = await house.kept(VOICEMAIL)
    assert (kept.call, kept.recording, kept.file) == (CALL, room.recording, room.name)
    assert (kept.recording_kind, kept.box, kept.seconds) == ("voicemail", "sales", 4.0)


async def test_what_is_recorded_as_part_of_the_business_lies_by_its_node(house: House) -> None:
    await house.recorded("here", 4.0)
    (kept,) = await house.kept(Record.model_validate({"record": "ask", "next": "bye"}))
    assert (kept.recording_kind, kept.box) == ("record", "here")


async def test_what_is_too_short_to_be_a_message_is_removed(house: House) -> None:
    room = await house.recorded("sales", 1.0)
    assert await house.kept(VOICEMAIL) == []
    assert not room.file.exists()


async def test_what_was_kept_when_the_call_was_there_before_is_left_alone(house: House) -> None:
    room = await house.recorded("sales", 4.0, at_s=999)
    assert await house.kept(VOICEMAIL) == []
    assert room.file.exists()


async def test_a_call_at_another_node_has_recorded_nothing(house: House) -> None:
    await house.recorded("sales", 4.0)
    assert await house.kept(Hangup.model_validate({"hangup": None})) == []
