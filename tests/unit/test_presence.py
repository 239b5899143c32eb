"""What went on at each time: found by indexes, however much is on record."""

import pytest
from sqlalchemy import event

from ledger import schema
from ledger.presence import presence, talking
from ledger.reader import LedgerReader
from ledger.snapshot import snapshot
from ledger.tallying import Filter
from tests.unit.small_ledger import Ledger, state_row, talk_row, visit_row

HOUR = 3_600_000
NOON = 12 * HOUR


@pytest.fixture
def ledger(database_url):
    ledger = Ledger(database_url)
    yield ledger
    ledger.close()


def state(seat, interval, began, ended, now="ready", **others):
    return state_row("x/1", interval, now, seat=seat, began=began, ended=ended, offer=None, **others)


def test_each_state_counts_for_what_of_it_lies_in_the_period(ledger):
    ledger.put_fast(
        [
            state("a", 1, 0, NOON + HOUR // 4),
            state("a", 2, NOON + HOUR // 4, NOON + HOUR // 2, "talking"),
            state("a", 3, NOON + HOUR // 2, None),
            state("b", 1, NOON - HOUR // 2, NOON),
            state("d", 1, NOON - 2 * HOUR, NOON + 1, "not-ready"),
            state("e", 1, NOON - 50 * HOUR, NOON + 2, "hold"),
            state("c", 1, NOON + HOUR, NOON + 2 * HOUR),
        ],
        schema.seat_states,
    )
    with snapshot(ledger.reader) as now:
        found = presence(now, NOON, NOON + HOUR, NOON + 3 * HOUR // 4)
    assert found.states == {"ready": HOUR // 2, "talking": HOUR // 4, "not-ready": 1, "hold": 2}
    assert (found.seats, found.signed_in_ms) == (3, 3 * HOUR // 4 + 3)


def test_only_the_seats_of_the_site_are_counted(ledger):
    ledger.put_fast([state("a", 1, NOON, None), state("a", 1, NOON, None, site="t")], schema.seat_states)
    reader = LedgerReader(ledger.url, site="t")
    with snapshot(reader) as now:
        assert presence(now, NOON, NOON + HOUR, NOON + HOUR).signed_in_ms == HOUR
    reader.close()


def test_conversations_are_told_by_the_queue_of_their_visit(ledger):
    ledger.put_fast([visit_row("a/1", "x", NOON), visit_row("b/1", "y", NOON), visit_row("c/1", "x", NOON)])
    ledger.put_fast(
        [
            talk_row("a/1", 60_000, NOON - 30_000),
            talk_row("b/1", 60_000, NOON),
            talk_row("c/1", began=NOON + HOUR - 1_000, ended=None, talk_ms=0),
        ],
        schema.conversations,
    )
    with snapshot(ledger.reader) as now:
        assert talking(now, NOON, NOON + HOUR, NOON + 2 * HOUR, Filter()) == {"x": 31_000, "y": 60_000}
        assert talking(now, NOON, NOON + HOUR, NOON + 2 * HOUR, Filter(queue="y")) == {"y": 60_000}


@pytest.mark.parametrize("site", [None, "s"])
def test_no_question_looks_at_all_that_began_before(tmp_path, site):
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    reader = LedgerReader(ledger.url, site=site)
    asked = []
    event.listen(reader._engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    with snapshot(reader) as now:
        presence(now, NOON, NOON + HOUR, NOON + HOUR)
        talking(now, NOON, NOON + HOUR, NOON + HOUR, Filter(site=site))
        ways = []
        for statement, values in asked:
            if statement.startswith("SELECT"):
                plan = now.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                steps = (step.detail.partition(" USING INDEX ")[2] for step in plan)
                ways.append(next(step for step in steps if step))
    reader.close()
    ledger.close()
    indexes = ("began (began>? AND began<?)", "long (began>? AND began<?)", "days (began<?)", "open")
    assert ways == [f"{table}_{index}" for table in ("seat_states", "conversations") for index in indexes]
