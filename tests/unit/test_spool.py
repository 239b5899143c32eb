"""The spool: what happened while the engine was away is taken in, once, and nothing whole is thrown away."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hotline.calls import Calls
from hotline.legs import SeatLegs
from hotline.spool import Spool
from ledger.events import CallbackNoted, CallBegan, CallEnded, VisitEnded
from tests.unit.house_of_cards import Cards

ENDED = "call=a|ended={ended}|arrived=1000000|dnis=10000|trunk=line|ani=13900000001|until={until}|answered={answered}\n"


class Away:
    """A house of cards with a spool."""

    def __init__(self, folder: Path) -> None:
        self.cards = Cards(folder)
        self.folder = folder / "spool"
        self.folder.mkdir()
        cards = self.cards
        calls = Calls(cards.site, None, None, cards.board, cards.chronicle, SeatLegs(), cards.clock, str)  # type: ignore[arg-type]
        self.spool = Spool(self.folder, cards.site, calls, cards.chronicle, cards.clock)


@pytest.fixture
async def away(tmp_path: Path) -> AsyncIterator[Away]:
    made = Away(tmp_path)
    yield made
    made.cards.board.close()


async def test_the_end_of_a_waiting_call_is_taken_in_with_its_own_time(away: Away) -> None:
    away.cards.sign_in("ann")
    away.cards.enter("a").left()
    away.cards.board.offers.missed("a", "a/1/1", "no-answer")
    (away.folder / "ended-a.txt").write_text(ENDED.format(ended=1_002_500, until="", answered=""))
    assert away.spool.take_in() == 1
    visit = next(e for e in away.cards.journal.events if isinstance(e, VisitEnded))
    call = next(e for e in away.cards.journal.events if isinstance(e, CallEnded))
    assert (visit.outcome, visit.wait_ms) == ("abandoned", 2500)
    assert (call.outcome, call.at) == ("engine-away", 1_002_500)
    assert list(away.folder.iterdir()) == []


async def test_a_conversation_that_nobody_saw_is_in_the_end_of_its_call(away: Away) -> None:
    away.cards.sign_in("ann")
    away.cards.enter("a")
    text = ENDED.format(ended=1_009_000, until="1008000", answered="a/1/1 1002000")
    (away.folder / "ended-a.txt").write_text(text)
    away.spool.take_in()
    kinds = away.cards.kinds()
    assert kinds[-4:] == ["OfferEnded", "VisitEnded", "ConversationEnded", "CallEnded"]


async def test_a_call_that_never_met_the_engine_is_in_the_ledger_too(away: Away) -> None:
    (away.folder / "ended-a.txt").write_text(ENDED.format(ended=1_002_500, until="", answered=""))
    away.spool.take_in()
    began = next(e for e in away.cards.journal.events if isinstance(e, CallBegan))
    assert (began.ani, began.dnis, began.at) == ("13900000001", "10000", 1_000_000)


async def test_a_number_left_for_a_call_back_is_noted(away: Away) -> None:
    said = {"call": "a", "arrived": 1_000_000, "dnis": "10000", "trunk": "line", "ani": "139", "at": 1_003_000,
            "number": "13912345678", "language": "zh"}  # fmt: skip
    (away.folder / "away-a.json").write_text(json.dumps(said))
    (away.folder / "ended-a.txt").write_text(ENDED.format(ended=1_004_000, until="", answered=""))
    assert away.spool.take_in() == 2
    (note,) = [e for e in away.cards.journal.events if isinstance(e, CallbackNoted)]
    assert (note.call, note.number) == ("a", "13912345678")
    assert away.cards.kinds() == ["CallBegan", "CallbackNoted", "CallEnded"]


@pytest.mark.parametrize("text", ["[]", "null", "7", '"x"', "{}", ""])
async def test_a_file_of_any_other_shape_is_set_aside_and_harms_nothing(away: Away, text: str) -> None:
    away.cards.clock.time = 10_000_000
    file = away.folder / "away-a.json"
    file.write_text(text)
    os.utime(file, (9_000, 9_000))
    assert away.spool.take_in() == 0
    assert [f.name for f in away.folder.iterdir()] == ["away-a.bad"]


async def test_a_caller_who_left_his_number_while_he_waited_was_called_back_and_did_not_abandon(
    away: Away,
) -> None:
    away.cards.sign_in("ann")
    away.cards.enter("a").left()
    away.cards.board.offers.missed("a", "a/1/1", "no-answer")
    said = {"call": "a", "arrived": 1_000_000, "dnis": "10000", "trunk": "line", "ani": "139", "at": 1_003_000,
            "number": "13912345678", "language": "zh"}  # fmt: skip
    (away.folder / "away-a.json").write_text(json.dumps(said))
    (away.folder / "ended-a.txt").write_text(ENDED.format(ended=1_004_000, until="", answered=""))
    away.spool.take_in()
    (visit,) = [e for e in away.cards.journal.events if isinstance(e, VisitEnded)]
    assert (visit.outcome, visit.wait_ms) == ("called-back", 3_000)


async def test_a_file_that_is_still_being_written_waits_and_a_broken_one_is_set_aside(away: Away) -> None:
    away.cards.clock.time = 10_000_000
    file = away.folder / "ended-a.txt"
    file.write_text("call=a|ende")
    os.utime(file, (9_999, 9_999))
    assert away.spool.take_in() == 0
    assert file.exists()
    os.utime(file, (9_000, 9_000))
    away.spool.take_in()
    assert [f.name for f in away.folder.iterdir()] == ["ended-a.bad"]
