"""`hotline callbacks`: who asked to be called, and how such a request is closed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.events import CallbackAsked, CallbackEnded
from tests.unit.engine_of_cards import engine, say, say_alone, store
from tests.unit.house_of_cards import Cards

NOON = round(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000)


def asked(callback: str, at: int, due: int | None = None) -> CallbackAsked:
    return CallbackAsked(
        at=at, call="c", callback=callback, queue="billing", number="13812341234", language="zh",
        skills={}, priority=0, due=due,
    )  # fmt: skip


@pytest.fixture
def cards(tmp_path: Path) -> Iterator[Cards]:
    made = Cards(tmp_path)
    store(
        made,
        asked("c/cb1", NOON),
        asked("c/cb2", NOON + 1, due=NOON + 3_600_000),
        asked("c/cb3", NOON + 2),
        CallbackEnded(at=NOON + 3, callback="c/cb1", outcome="called", by="li"),
    )
    yield made
    made.board.close()


def test_open_requests_are_listed_the_oldest_first_with_masked_numbers(cards: Cards, tmp_path: Path) -> None:
    lines = [line.split() for line in say_alone(tmp_path, "callbacks").stdout.splitlines()]
    assert lines[1:] == [
        ["c/cb2", "2026-11-22", "12:00", "billing", "138****1234", "zh", "2026-11-22", "13:00"],
        ["c/cb3", "2026-11-22", "12:00", "billing", "138****1234", "zh", "in", "turn"],
    ]


def test_a_program_gets_numbers_in_full_only_if_it_asks(cards: Cards, tmp_path: Path) -> None:
    masked = json.loads(say_alone(tmp_path, "callbacks", "--json").stdout)
    whole = json.loads(say_alone(tmp_path, "callbacks", "--json", "--numbers").stdout)
    assert [(row["callback"], row["number"]) for row in masked] == [
        ("c/cb2", "138****1234"),
        ("c/cb3", "138****1234"),
    ]
    assert {row["number"] for row in whole} == {"13812341234"}


async def test_a_request_is_closed_in_the_engines_journal(cards: Cards, tmp_path: Path) -> None:
    cards.memory.apply(asked("c/cb2", NOON))
    async with engine(cards):
        told = await say(tmp_path, "callbacks", "close", "c/cb2", "withdrawn")
    assert told.stdout == "c/cb2: withdrawn\n"
    (event,) = cards.journal.events
    assert isinstance(event, CallbackEnded)
    assert (event.callback, event.outcome) == ("c/cb2", "withdrawn")


async def test_a_request_that_the_engine_has_closed_meanwhile_is_not_closed_again(
    cards: Cards, tmp_path: Path
) -> None:
    async with engine(cards):
        told = await say(tmp_path, "callbacks", "close", "c/cb2")
    assert told.exit_code == 1
    assert "c/cb2 is not open any more" in told.stderr
    assert cards.journal.events == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("c/cb1",), "no request 'c/cb1' is open"),
        (("c/cb2", "lost"), "'lost' is no outcome; write one of: called, withdrawn"),
        (("c/cb2",), "start it: hotline up"),
    ],
)
def test_mistakes_are_told(cards: Cards, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    said = say_alone(tmp_path, "callbacks", "close", *words)
    assert said.exit_code == 1
    assert told in said.stderr


def test_nobody_waiting_is_said(cards: Cards, tmp_path: Path) -> None:
    over = [CallbackEnded(at=NOON, callback=f"c/cb{number}", outcome="called", by="li") for number in (2, 3)]
    store(cards, *over)
    assert say_alone(tmp_path, "callbacks").stdout == "nobody waits to be called\n"
