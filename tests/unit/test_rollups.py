"""Roll-ups: kept sums of settled quarter-hours, always equal to the rows."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text, update

from ledger import schema
from ledger.events import VisitBegan, VisitEnded
from ledger.fold import Fold
from ledger.rollup_schema import rollups
from ledger.rollups import Arrivals, arrivals, rebuild, settle, tallies, unsettle
from ledger.snapshot import snapshot
from ledger.tally import QUARTER_MS, Tally
from ledger.tallying import ALL_CALLS, Filter
from reports.measures import Definition, count, count_tally, stays_by_queue, stays_of_calls, within
from tests.unit.small_ledger import END, Ledger, state_row, talk_row, visit_row

OUTCOMES = ("answered", "abandoned", "overflowed", "called-back", "other", None)


visits = st.builds("{}/{}".format, st.sampled_from("ab"), st.sampled_from([1, 2, 10]))
visit_rows = st.builds(
    visit_row,
    visit=visits,
    queue=st.sampled_from(["bills", "faults"]),
    arrived=st.sampled_from([0, QUARTER_MS - 1, QUARTER_MS, END // 2]),
    wait_ms=st.integers(0, 40_000),
    outcome=st.sampled_from(OUTCOMES),
    kind=st.sampled_from([None, None, "call", "callback"]),
)
changes = st.one_of(
    st.tuples(st.just("put"), visit_rows),
    st.tuples(st.just("drop"), visits),
    st.tuples(st.just("talk"), visits),
    st.tuples(st.just("hang up"), visits),
    st.tuples(st.just("state"), st.tuples(visits, st.sampled_from(["hold", "wrap-up"]))),
    st.tuples(st.just("settle"), st.integers(0, END + QUARTER_MS)),
)


@pytest.fixture
def ledger(database_url):
    ledger = Ledger(database_url)
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """A ledger for many examples, each of which begins by clearing it."""
    ledger = Ledger(f"sqlite:///{tmp_path_factory.mktemp('rollups')}/ledger.sqlite")
    yield ledger
    ledger.close()


@settings(max_examples=150)
@given(
    early=st.lists(visit_rows, min_size=3, max_size=6),
    talks=st.sets(visits),
    late=st.lists(changes, min_size=1, max_size=3),
    period=st.just([0, END]) | st.tuples(st.integers(0, END), st.integers(0, END)).map(sorted),
)
def test_whatever_changes_and_whenever_it_is_settled_roll_ups_and_rows_are_equal(
    lasting, early, talks, late, period
):
    lasting.clear()
    lasting.put(*early)
    lasting.put(*(talk_row(visit) for visit in talks), table=schema.conversations)
    settle(lasting.engine, END)
    for change in late:
        lasting.change(*change)
    kept = [lasting.read(*period, as_of=2 * END, each=each) for each in (False, True)]
    unsettle(lasting.engine)
    assert kept == [lasting.read(*period, as_of=2 * END, each=each) for each in (False, True)]


@settings(max_examples=100)
@given(
    rows=st.lists(visit_rows, max_size=6, unique_by=lambda row: row["visit"]),
    period=st.tuples(st.integers(0, END), st.integers(0, END)).map(sorted),
    threshold=st.integers(0, 41),
)
def test_tallies_count_what_the_measures_count_visit_by_visit(lasting, rows, period, threshold):
    ledger = lasting
    ledger.clear()
    ledger.put(*rows)
    settle(ledger.engine, END // 2)
    definition = Definition(threshold=threshold, short=threshold // 2)
    visits = ledger.visits()
    expected = {
        name: count(within(stays, *period), definition) for name, stays in stays_by_queue(visits, END).items()
    }
    expected[ALL_CALLS] = count(within(stays_of_calls(visits, END), *period), definition)
    found = defaultdict(Tally)
    for each in (False, True):
        for (_, queue), tally in ledger.read(*period, each=each).items():
            found[queue].add(tally)
    for queue, counts in expected.items():
        assert replace(count_tally(found[queue], definition), callbacks=0) == counts


def test_a_quarter_hour_in_which_somebody_still_waits_is_settled_later(ledger):
    ledger.put(visit_row("a/1"), visit_row("b/1", arrived=QUARTER_MS, outcome=None))
    assert settle(ledger.engine, END) == 7
    assert 1 not in ledger.settled()
    ledger.put(visit_row("b/1", arrived=QUARTER_MS))
    assert settle(ledger.engine, END) == 1


def test_only_what_is_over_is_settled(ledger):
    ledger.put(visit_row("a/1"))
    settle(ledger.engine, 3 * QUARTER_MS - 1)
    assert ledger.settled() == [0, 1]


def test_a_ledger_without_calls_has_nothing_to_settle(ledger):
    assert settle(ledger.engine, END) == 0


def test_a_later_visit_unsettles_where_its_call_came_first_and_no_other(ledger):
    ledger.put(visit_row("a/1"), visit_row("b/1", arrived=3 * QUARTER_MS))
    settle(ledger.engine, END)
    ledger.put(visit_row("a/2", arrived=5 * QUARTER_MS))
    assert ledger.settled() == [1, 2, 3, 4, 6, 7]


def test_what_is_written_again_without_a_change_unsettles_nothing(ledger):
    ledger.put(visit_row("a/1"), visit_row("b/1", arrived=QUARTER_MS))
    ledger.put(talk_row("a/1"), table=schema.conversations)
    settle(ledger.engine, END)
    ledger.put(visit_row("a/1"), visit_row("b/1", arrived=QUARTER_MS))
    ledger.put(talk_row("a/1"), table=schema.conversations)
    assert ledger.settled() == list(range(8))


@pytest.mark.parametrize("change", ["outcome", "removal", "conversation", "wrap-up"])
def test_a_late_change_is_seen_by_the_next_report(ledger, change):
    ledger.put(visit_row("a/1"))
    ledger.put(talk_row("a/1", talk_ms=1), table=schema.conversations)
    settle(ledger.engine, END)
    match change:
        case "outcome":
            ledger.put(visit_row("a/1", outcome="abandoned"))
            expected = ("abandoned", 1, 1, 0)
        case "removal":
            ledger.drop("a/1")
            expected = None
        case "conversation":
            ledger.put(talk_row("a/1", talk_ms=9), table=schema.conversations)
            expected = ("answered", 1, 9, 0)
        case "wrap-up":
            ledger.put(state_row("a/1", 1), table=schema.seat_states)
            expected = ("answered", 1, 1, 5_000)
    found = [
        (*tally.waits, tally.offered, tally.talk_ms, tally.wrap_up_ms) for tally in ledger.read().values()
    ]
    assert found == ([expected] if expected else [])


def test_the_time_of_a_conversation_goes_to_where_its_call_arrived_with_hold_and_wrap_up_beside_it(ledger):
    ledger.put(visit_row("a/1", outcome="overflowed"), visit_row("a/2", "second", arrived=QUARTER_MS))
    ledger.put(talk_row("a/2", began=QUARTER_MS), table=schema.conversations)
    ledger.put(
        state_row("a/2", 1, "hold", 2_000), state_row("a/2", 2, lasted=3_000), table=schema.seat_states
    )
    ledger.put(state_row("a/2", 3, "talking", 60_000), table=schema.seat_states)
    tally = ledger.read()[0, ALL_CALLS]
    assert (tally.handled, tally.talk_ms, tally.hold_ms, tally.wrap_up_ms) == (1, 60_000, 2_000, 3_000)
    by_queue = ledger.read(each=True)
    assert (by_queue[0, "q"].handled, by_queue[QUARTER_MS, "second"].handled) == (0, 1)


@pytest.mark.parametrize(("first", "last"), [(1, 2), (2, 10), (9, 11)])
def test_of_visits_that_begin_at_one_moment_the_last_in_number_decides(ledger, first, last):
    ledger.put(visit_row(f"a/{last}", outcome="abandoned"), visit_row(f"a/{first}"))
    assert list(ledger.read()[0, ALL_CALLS].waits) == ["abandoned"]


def test_call_backs_are_counted_apart(ledger):
    ledger.put(visit_row("a/1"), visit_row("b/1", kind="callback"))
    for each in (False, True):
        (tally,) = ledger.read(each=each).values()
        assert (tally.offered, tally.callbacks) == (1, 1)


def test_arrivals_by_quarter_hour_are_the_same_of_roll_ups_and_rows(ledger):
    ledger.put(visit_row("a/1"), visit_row("a/2"), visit_row("b/1", arrived=QUARTER_MS, queue="other"))

    def found(which=None):
        with snapshot(ledger.reader) as now:
            return arrivals(now, 0, END, END, which=which)

    rows = [found(), found(Filter(queue="q"))]
    assert rows == [{0: Arrivals(1, 1), QUARTER_MS: Arrivals(1, 1)}, {0: Arrivals(2, 2)}]
    settle(ledger.engine, END)
    assert [found(), found(Filter(queue="q"))] == rows


def test_only_the_site_and_the_queue_asked_for_are_counted(ledger):
    ledger.put(
        visit_row("a/1", queue="x"), visit_row("b/1", queue="x", site="t"), visit_row("c/1", queue="y")
    )
    expected = {(0, "x"): 1}
    for _ in range(2):
        found = ledger.read(each=True, which=Filter(site="s", queue="x"))
        assert {place: tally.offered for place, tally in found.items()} == expected
        settle(ledger.engine, END)


def test_a_rebuild_makes_everything_anew(ledger):
    ledger.put(visit_row("a/1"))
    settle(ledger.engine, END)
    with ledger.engine.begin() as connection:
        connection.execute(update(rollups).values(waits={}))
    assert rebuild(ledger.engine, END) == 8
    assert ledger.read()[0, ALL_CALLS].of("answered").count == 1


def test_a_snapshot_does_not_change_while_others_write(ledger):
    ledger.put(visit_row("a/1"))
    with snapshot(ledger.reader) as now:
        before = list(tallies(now, 0, END, END))
        ledger.put(visit_row("b/1"))
        settle(ledger.engine, END)
        assert list(tallies(now, 0, END, END)) == before


def test_what_is_being_written_while_others_settle_is_waited_for(postgres):
    ledger = Ledger(postgres.database())
    ledger.put(visit_row("a/1"))
    with (
        ThreadPoolExecutor(1) as other,
        ledger.engine.connect() as writer,
        ledger.engine.connect() as watcher,
    ):
        writer.execute(insert(schema.visits), [visit_row("b/1")])
        settling = other.submit(settle, ledger.engine, END)
        waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while not watcher.scalar(waits):
            assert not settling.done()
        writer.commit()
        assert settling.result() == 8
    assert ledger.read()[0, ALL_CALLS].offered == 2
    ledger.close()


def store(ledger, *events):
    fold = Fold(ledger.engine.dialect.name, "s", "n")
    with ledger.engine.begin() as connection:
        for event in events:
            fold.take(connection, event)
        fold.save(connection, "journal", (1, 0))


def test_what_the_writer_stores_late_unsettles_and_what_it_stores_twice_does_not(ledger):
    waits = VisitBegan(at=5, call="a", visit="a/1", queue="q", skills={}, priority=0)
    left = VisitEnded(at=9, call="a", visit="a/1", outcome="overflowed", wait_ms=4)
    store(ledger, waits, left)
    settle(ledger.engine, END)
    store(ledger, waits, left)
    assert ledger.settled() == list(range(8))
    late = VisitBegan(at=9, call="a", visit="a/2", queue="r", skills={}, priority=0)
    store(ledger, late, VisitEnded(at=10, call="a", visit="a/2", outcome="answered", wait_ms=1, seat="x"))
    assert ledger.settled() == list(range(1, 8))
    assert list(ledger.read()[0, ALL_CALLS].waits) == ["answered"]


def test_a_call_that_waits_in_a_later_quarter_hour_is_settled_later_as_a_whole(ledger):
    ledger.put(visit_row("a/1", outcome="overflowed"), visit_row("a/2", arrived=QUARTER_MS, outcome=None))
    assert settle(ledger.engine, END) == END // QUARTER_MS - 2
    ledger.put(visit_row("a/2", arrived=QUARTER_MS))
    assert settle(ledger.engine, END) == 2
