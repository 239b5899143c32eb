"""`hotline explain`: a call or a seat, out of the ledger, with no engine running."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acd.messages import Answered, Enter, NotReady, PhoneSeen, SignIn
from tests.unit.engine_of_cards import say_alone, store
from tests.unit.house_of_cards import Cards
from tests.unit.recorded_world import BEGAN, Recorder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cards = Cards(tmp_path)
    record = Recorder(cards.distributor.plan)
    record.happen(BEGAN, PhoneSeen("61", reachable=True))
    record.happen(BEGAN, SignIn("ann", "61"))
    record.happen(BEGAN + 1_000, Enter("h-1.10/1", "billing", BEGAN + 1_000))
    record.happen(BEGAN + 3_000, Answered("h-1.10/1/1"))
    record.happen(BEGAN + 4_000, Enter("h-1.11/1", "billing", BEGAN + 4_000))
    record.happen(BEGAN + 5_000, NotReady("ann", "lunch"))
    store(cards, *record.events)
    cards.board.close()
    return tmp_path


@pytest.mark.parametrize("subject", ["h-1.10", "h-1.10/1"])
def test_a_call_is_explained_with_its_number_masked(folder: Path, subject: str) -> None:
    told = say_alone(folder, "explain", subject)
    assert told.exit_code == 0, told.stderr
    assert "from 138****1234 to 1" in told.stdout
    assert "answered by ann after 0:02" in told.stdout
    assert "13812341234" in say_alone(folder, "explain", subject, "--numbers").stdout


def test_a_program_gets_plain_data_with_the_number_masked_too(folder: Path) -> None:
    told = json.loads(say_alone(folder, "explain", "h-1.10", "--json").stdout)
    assert told["call"]["ani"] == "138****1234"
    assert [visit["visit"]["visit"] for visit in told["visits"]] == ["h-1.10/1"]
    seat = json.loads(say_alone(folder, "explain", "ann", "--at", "2027-01-15 08:00:04", "--json").stdout)
    assert seat["interval"]["state"] == "talking"


def test_a_seat_is_explained_at_a_time_of_the_site(folder: Path) -> None:
    told = say_alone(folder, "explain", "ann", "--at", "2027-01-15 08:00:04")
    assert told.stdout.splitlines()[1].startswith("talking, for 0:01")
    assert told.stdout.splitlines()[3].split() == ["h-1.11/1", "billing", "0:00", "talking"]


def test_a_seat_where_nobody_has_sat_yet_is_signed_out(folder: Path) -> None:
    assert "signed out" in say_alone(folder, "explain", "bob").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nobody",), "'nobody' is neither a seat nor how a call begins that the ledger knows"),
        (("h-1.1",), "several calls begin with 'h-1.1'; write more of one of these:\n  h-1.11\n  h-1.10"),
        (("h-1.10", "--at", "10m"), "--at is for a seat"),
        (("ann", "--at", "soon"), "--at 'soon' is no moment"),
    ],
)
def test_mistakes_are_told(folder: Path, words: tuple[str, ...], told: str) -> None:
    said = say_alone(folder, "explain", *words)
    assert said.exit_code == 1
    assert told in said.stderr
