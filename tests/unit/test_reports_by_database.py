"""Every report says the same of the same events, whichever database holds them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest

from ledger.events import CallbackAsked, CallbackEnded, CallbackTried, Event, Rated, Tagged
from ledger.reader import LedgerReader
from ledger.snapshot import snapshot
from ledger.story import calls_named, story
from reports.catalogue import make
from tests.postgres import PostgresServer
from tests.unit.told_ledger import HOUR, MIN, Called, S, T, asked, put, states

REPORTS = ("seats", "ivr", "abandoned", "repeat", "surveys", "callbacks", "calls")
QUESTIONS: dict[str, dict[str, Any]] = {
    "all": {},
    "narrowed": {"dnis": "10000", "flow_version": "v1", "tags": {"topic": "a"}, "site": "site"},
    "queue": {"queue": "bills"},
    "seat": {"seat": "ann"},
    "searched": {"number": "1", "outcome": "answered", "longer_than_ms": 1_000, "limit": 3},
}


def day(seed: int) -> Iterator[Event]:
    """Yield what happens in sixty calls."""
    chance = random.Random(seed)
    free = count(T + HOUR, 10 * MIN)
    for number in range(60):
        begins = next(free)
        call = Called(f"c{number}", begins, chance.choice(["13800000001", "13800000002", "anonymous", "1"]))
        call.node(0, "menu", chance.choice(["1", "0", "failure"]), chance.randrange(9_000))
        if chance.random() < 0.8:
            call.node(9 * S, "queue").wait(9 * S, chance.choice(["bills", "faults"]))
            if chance.random() < 0.3:
                call.rung(10 * S, 15 * S, "bob", chance.choice(["no-answer", "busy", "refused"]), number=2)
            if chance.random() < 0.6:
                seat = chance.choice(["ann", "bob"])
                call.talked(20 * S, 80 * S, seat)
                yield Rated(
                    at=begins + 81 * S,
                    call=call.call,
                    survey="menu",
                    question="q",
                    answer=chance.randint(1, 5),
                )
                offer = f"{call.visit}/1"
                yield from states(
                    seat, (begins, "ready"), (begins + 20 * S, "talking", offer), (begins + 50 * S, "hold", offer),
                    (begins + 80 * S, "wrap-up"), (begins + 90 * S, "not-ready", None, "lunch"),
                    (begins + 95 * S, "signed-out"),
                )  # fmt: skip
            else:
                call.left(60 * S, "abandoned")
        yield Tagged(at=begins, call=call.call, name="topic", value=chance.choice("ab"))
        if chance.random() < 0.2:
            callback = f"{call.call}/cb1"
            yield CallbackAsked(
                at=begins + S, call=call.call, callback=callback, queue="bills", number="1", language="zh",
                skills={}, priority=0,
            )  # fmt: skip
            yield CallbackTried(at=begins + MIN, callback=callback, attempt=1, offer="o", outcome="busy")
            back = Called(f"{call.call}-cb1", begins + 2 * MIN, kind="callback").wait(
                0, visit_kind="callback"
            )
            yield from back.talked(20 * S, 80 * S, "eve").over(80 * S)
            yield CallbackEnded(at=begins + 4 * MIN, callback=callback, outcome="answered", by="")
        yield from call.over(100 * S, chance.choice(["caller-hung-up", "flow-ended"]))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[list[LedgerReader]]:
    folder: Path = tmp_path_factory.mktemp("both")
    events = list(day(seed=5))
    first, second = f"sqlite:///{folder}/ledger.sqlite", postgres.database()
    with (
        closing(LedgerReader(put(first, *events))) as one,
        closing(LedgerReader(put(second, *events))) as other,
    ):
        yield [one, other]


@pytest.mark.parametrize(
    ("name", "question"),
    # A request to be called has no seat.
    [pair for pair in product(REPORTS, QUESTIONS) if pair != ("callbacks", "seat")],
)
def test_a_report_is_the_same_of_either_database(both: list[LedgerReader], name: str, question: str) -> None:
    one, other = (asdict(make(name, reader, asked(**QUESTIONS[question]))) for reader in both)
    assert one == other
    if question == "all":
        assert any(table["rows"] for table in one["tables"])


def test_a_story_is_the_same_of_either_database(both: list[LedgerReader]) -> None:
    stories = []
    for reader in both:
        with snapshot(reader) as now:
            assert calls_named(now, "c7") == ["c7"]
            stories.append(story(now, "c7"))
    assert stories[0] == stories[1]
    assert len(stories[0]) > 3
