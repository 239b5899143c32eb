"""The report of call-backs: what came of each request, and how soon."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ledger.events import CallbackAsked, CallbackEnded, CallbackNoted, CallbackTried, Event, OfferMade
from ledger.reader import LedgerReader
from reports.callbacks import callbacks_report
from reports.query import BadQuery
from tests.unit.told_ledger import DAY, HOUR, MIN, Called, S, T, asked, ledger, rows, total


def wish(callback: str, at: int, queue: str = "bills", due: int | None = None) -> CallbackAsked:
    return CallbackAsked(
        at=at, call="a", callback=f"a/cb{callback}", queue=queue, number="13800000001", language="zh", skills={},
        priority=0, due=due,
    )  # fmt: skip


def tried(callback: str, began: int, outcome: str, attempt: int = 1) -> list[Event]:
    """The customer is rung in vain, for ten seconds."""
    visit = f"a-cb{callback}/1"
    offer = f"{visit}/{attempt}"
    made = OfferMade(
        at=began, call=f"a-cb{callback}", visit=visit, offer=offer, seat="ann", phone="61", why={}
    )
    about = {"callback": f"a/cb{callback}", "attempt": attempt, "offer": offer}
    return [made, CallbackTried(at=began + 10 * S, outcome=outcome, **about)]  # type: ignore[arg-type]


def met(callback: str, rung: int, attempt: int = 1, took: int = 5 * MIN) -> list[Event]:
    """The customer is rung, customer and agent talk after ten seconds, and the request is closed."""
    call = Called(f"a-cb{callback}", rung, kind="callback").wait(0, visit_kind="callback")
    call.talked(10 * S, took, "ann", number=attempt, rings=10 * S)
    return [*call.over(took, "flow-ended"), closed(callback, rung + took, "answered")]


def closed(callback: str, at: int, outcome: str, by: str = "") -> CallbackEnded:
    return CallbackEnded(at=at, callback=f"a/cb{callback}", outcome=outcome, by=by)  # type: ignore[arg-type]


@pytest.fixture
def reader(tmp_path: Path):
    events = [
        *Called("a", T).over(S),
        wish("1", T), *met("1", T + 5 * MIN),
        wish("2", T), *tried("2", T + 10 * MIN, "no-answer"), *met("2", T + 30 * MIN, attempt=2),
        wish("3", T), *tried("3", T + HOUR, "busy"), *tried("3", T + 2 * HOUR, "no-answer", 2),
        closed("3", T + 2 * HOUR, "failed"),
        wish("4", T, "faults"), closed("4", T + HOUR, "called", "li"),
        wish("5", T, "faults"), closed("5", T + HOUR, "withdrawn", "li"),
        wish("6", T, "faults"),
        # Appointments: one kept after 4 minutes, one rung too late, one not due yet, one never rung, one withdrawn.
        wish("7", T, due=T + 6 * HOUR), *met("7", T + 6 * HOUR + 4 * MIN),
        wish("8", T, due=T + 6 * HOUR), *tried("8", T + 6 * HOUR + 16 * MIN, "no-answer"),
        wish("9", T, due=T + 20 * DAY),
        wish("10", T, due=T + HOUR),
        wish("11", T, due=T + 5 * HOUR), closed("11", T + 2 * HOUR, "withdrawn", "li"),
        wish("12", T - HOUR), closed("12", T, "failed"),
        CallbackNoted(at=T + MIN, call="a", note="n", number="13800000001"),
    ]  # fmt: skip
    with closing(LedgerReader(ledger(tmp_path, *events))) as reader:
        yield reader


COUNTS = ("asked", "answered", "called", "failed", "withdrawn", "open")


def test_every_request_is_counted_as_exactly_one_thing(reader):
    report = callbacks_report(reader, asked())
    assert rows(report, "queues", "queue", *COUNTS) == [
        ("bills", 8, 3, 0, 1, 1, 3),
        ("faults", 3, 0, 1, 0, 1, 1),
    ]
    for row in [*rows(report, "queues", *COUNTS), total(report, "queues", *COUNTS)]:
        assert row[0] == sum(row[1:])


def test_the_answer_rate_leaves_out_what_is_open_or_withdrawn(reader):
    assert total(callbacks_report(reader, asked()), "queues", "answer_rate") == (3 / 5,)


def test_the_time_to_answer_is_from_asking_or_from_the_time_named(reader):
    # 5:10 and 30:10 from asking, 4:10 from the time named.
    report = callbacks_report(reader, asked())
    assert total(report, "queues", "mean_s", "max_s") == (790.0, 1_810.0)


def test_an_appointment_is_kept_when_it_is_rung_in_time(reader):
    report = callbacks_report(reader, asked())
    assert total(report, "queues", "appointments", "kept", "kept_rate") == (5, 1, 1 / 3)


@pytest.mark.parametrize(("late", "kept"), [(15 * MIN, 1), (15 * MIN + 1, 0)])
def test_in_time_is_within_a_quarter_of_an_hour(tmp_path, late, kept):
    events = [wish("1", T, due=T + HOUR), *tried("1", T + HOUR + late, "busy")]
    with closing(LedgerReader(ledger(tmp_path, *events))) as reader:
        assert total(callbacks_report(reader, asked()), "queues", "kept", "kept_rate") == (kept, kept)


def test_tries_are_counted_by_outcome(reader):
    report = callbacks_report(reader, asked())
    assert rows(report, "tries", "attempt", "outcome", "tries", "share") == [
        (1, "answered", 2, 2 / 5),
        (1, "busy", 1, 1 / 5),
        (1, "no-answer", 2, 2 / 5),
        (2, "answered", 1, 1 / 2),
        (2, "no-answer", 1, 1 / 2),
    ]
    assert total(report, "queues", "tries", "tries_each") == (7, 7 / 11)


def test_a_queue_may_be_asked_for_and_the_sites_queues_stand_first(reader):
    assert rows(callbacks_report(reader, asked(queue="faults")), "queues", "queue", "asked") == [
        ("faults", 3)
    ]
    queues = rows(callbacks_report(reader, asked(queues=("vip", "faults"))), "queues", "queue", "asked")
    assert queues == [("vip", 0), ("faults", 3), ("bills", 8)]


def test_numbers_left_while_the_engine_was_away_are_counted_apart(reader):
    assert callbacks_report(reader, asked()).data == {"left_while_away": 1}


def test_a_seat_cannot_be_asked_for(reader):
    with pytest.raises(BadQuery, match="leave out --seat"):
        callbacks_report(reader, asked(seat="ann"))


def test_an_empty_period_is_an_empty_report(reader):
    report = callbacks_report(reader, asked(T - 5 * DAY, T - 4 * DAY))
    assert total(report, "queues", "asked", "answer_rate", "mean_s", "kept_rate") == (0, None, None, None)
