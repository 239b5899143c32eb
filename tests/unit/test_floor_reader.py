"""What was on the floor in a period is read whole, and of one node alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.events import (
    CallBegan,
    EngineStarted,
    Intervened,
    OfferEnded,
    OfferMade,
    PlanAdopted,
    SeatChanged,
    VisitBegan,
    VisitEnded,
    WaitTold,
)
from ledger.floor import FloorReader, number
from ledger.journal import Journal
from ledger.writer import LedgerWriter

HOUR = 3_600_000
NOW = 100 * HOUR


def seat(at: int, name: str, was: str, event: str, now: str) -> SeatChanged:
    return SeatChanged(at=at, seat=name, phone="p", was=was, event=event, now=now)  # type: ignore[arg-type]


def visit(at: int, call: str, seat: str | None = None) -> VisitBegan:
    return VisitBegan(at=at, call=call, visit=f"{call}/1", queue="q", skills={"b": 1}, priority=0, seat=seat)


def offer(at: int, call: str, nth: int, seat: str) -> OfferMade:
    return OfferMade(
        at=at,
        call=call,
        visit=f"{call}/1",
        offer=f"{call}/1/{nth}",
        seat=seat,
        phone="p",
        why={"seats_ready": 1},
    )


def left(at: int, call: str) -> VisitEnded:
    return VisitEnded(at=at, call=call, visit=f"{call}/1", outcome="abandoned", wait_ms=1)


EVENTS = [
    EngineStarted(at=HOUR, version="1"),
    PlanAdopted(at=HOUR, plan={"n": 1}),
    seat(HOUR, "old", "signed-out", "sign-in", "ready"),
    seat(2 * HOUR, "gone", "signed-out", "sign-in", "ready"),
    seat(3 * HOUR, "gone", "ready", "sign-out", "signed-out"),
    PlanAdopted(at=NOW - HOUR, plan={"n": 2}),
    seat(NOW - 50 * HOUR, "long", "signed-out", "sign-in", "ready"),
    seat(NOW - HOUR, "long", "ready", "not-ready", "not-ready"),
    CallBegan(
        at=NOW - 9, call="x.9", ani="1", dnis="2", trunk="t", flow="f", flow_version="1", language="en"
    ),
    CallBegan(
        at=NOW - 8, call="x.10", ani="1", dnis="2", trunk="t", flow="f", flow_version="1", language="en"
    ),
    visit(NOW - 9, "x.9"),
    visit(NOW - 9, "x.10", seat="long"),
    visit(NOW - 9, "x.8"),
    left(NOW - 1, "x.8"),
    offer(NOW - 7, "x.9", 1, "old"),
    OfferEnded(at=NOW - 5, call="x.9", visit="x.9/1", offer="x.9/1/1", seat="old", outcome="refused"),
    offer(NOW - 4, "x.9", 2, "long"),
    offer(NOW - 3, "x.10", 1, "old"),
    WaitTold(at=NOW - 6, call="x.9", visit="x.9/1", position=2),
    Intervened(at=NOW - 6, by="li", action="close-queue", subject="q"),
    PlanAdopted(at=NOW + HOUR, plan={"n": 3}),
]


@pytest.fixture
def reader(database_url: str, tmp_path: Path) -> Iterator[FloorReader]:
    with closing(Journal(tmp_path / "journal")) as journal:
        writer = LedgerWriter(database_url, journal, site="s", node="n")
        writer.start()
        for event in EVENTS:
            writer.write(journal.append(event), event)
        assert writer.close()
    with closing(FloorReader(database_url, site="s")) as reader:
        yield reader


def test_a_period_holds_all_that_went_on_in_it_and_nothing_else(reader: FloorReader) -> None:
    period = reader.period("s", "n", NOW, NOW)
    assert [row.plan for row in period.plans] == [{"n": 2}]
    assert {name: [one.state for one in states] for name, states in period.seats.items()} == {
        "long": ["ready", "not-ready"],
        "old": ["ready"],
    }
    assert [one.visit for one in period.visits] == ["x.9/1", "x.10/1"]
    assert period.seats_wanted == {"x.10/1": "long"}
    assert sorted(one.offer for one in period.offers) == ["x.10/1/1", "x.9/1/1", "x.9/1/2"]
    assert [(one.seat, one.outcome) for one in period.rings if one.ended is not None] == [("old", "refused")]
    assert [one.subject for one in period.interventions] == ["q"]


def test_a_period_holds_every_plan_of_its_time(reader: FloorReader) -> None:
    period = reader.period("s", "n", 2 * HOUR, NOW + HOUR)
    assert [row.plan["n"] for row in period.plans] == [1, 2, 3]


def test_another_node_has_a_floor_of_its_own(reader: FloorReader) -> None:
    period = reader.period("s", "m", NOW, NOW)
    assert [*period.runs, *period.plans, *period.seats, *period.visits, *period.offers] == []


def test_a_call_is_found_by_its_id_or_how_it_begins(reader: FloorReader) -> None:
    assert [call.call for call in reader.calls("x.9")] == ["x.9"]
    assert [call.call for call in reader.calls("x.")] == ["x.10", "x.9"]
    assert reader.calls("_.9") == []


def test_a_seat_is_known_where_somebody_has_sat(reader: FloorReader) -> None:
    assert reader.nodes_of_seat("gone") == [("s", "n")]
    assert reader.nodes_of_seat("never") == []


def test_the_last_ring_of_each_seat_for_a_queue_is_told(reader: FloorReader) -> None:
    assert reader.last_offers("s", "n", "q", 0, NOW) == {
        "old": (NOW - 3, "x.10/1/1/1"),
        "long": (NOW - 4, "x.9/1/2/1"),
    }
    assert reader.last_offers("s", "n", "q", 0, NOW - 4)["old"] == (NOW - 7, "x.9/1/1/1")


def test_what_a_call_was_told_is_found(reader: FloorReader) -> None:
    assert [(one.told, one.position) for one in reader.told("x.9")] == [(NOW - 6, 2)]


def test_ids_stand_in_the_order_of_their_numbers() -> None:
    assert sorted(["n-1.10/1", "n-1.9/10", "n-1.9/9"], key=number) == ["n-1.9/9", "n-1.9/10", "n-1.10/1"]
