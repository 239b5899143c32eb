"""The writer and its fold: every event of the journal in SQL, exactly once."""

import sqlite3
import stat
import subprocess
import sys
from collections import defaultdict
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select
from structlog.testing import capture_logs

from ledger import database, schema
from ledger.errors import BadLedgerUrl, LedgerUnreachable, NewerLedger
from ledger.events import (
    CallbackAsked,
    CallbackEnded,
    CallbackNoted,
    CallBegan,
    CallEnded,
    ConversationEnded,
    EngineStarted,
    EngineStopped,
    NodeEntered,
    NodeLeft,
    OfferEnded,
    OfferMade,
    Rated,
    RecordingKept,
    RecordingMarked,
    SeatChanged,
    Tagged,
    VisitBegan,
    VisitEnded,
)
from ledger.fold import Fold
from ledger.journal import Journal
from ledger.writer import LedgerWriter

SECOND = 1_000


def call_began(at, call):
    return CallBegan(
        at=at, call=call, ani="1", dnis="2", trunk="t", flow="f", flow_version="h", language="zh"
    )


class History:
    """Random but possible histories: each step does what it names, where that can be done."""

    def __init__(self, steps, prefix="c"):
        self.prefix = prefix
        self.events = []
        self.at = 1_700_000_000_000
        self.calls, self.visits, self.offers, self.talks = {}, {}, {}, {}
        self.seats = defaultdict(lambda: "signed-out")
        self.recordings, self.callbacks = [], []
        self.count = 0
        for action, who, pause in steps:
            self.at += pause
            getattr(self, action)(who)

    ACTIONS = (
        *("arrive", "move", "wait", "offer", "miss", "answer", "hang_up", "abandon", "end"),
        *("seat", "start", "stop", "note"),
        *("tag", "rate", "record", "mark", "ask_back", "call_back"),
    )

    def tell(self, kind, **facts):
        self.events.append(kind(at=self.at, **facts))

    def arrive(self, _):
        self.count += 1
        call = f"{self.prefix}-{self.count}"
        self.calls[call] = 0
        self.events.append(call_began(self.at, call))
        self.tell(NodeEntered, call=call, flow="f", node="menu", language="zh")

    def pick(self, among, who):
        return sorted(among)[who % len(among)] if among else None

    def move(self, who):
        if call := self.pick(self.calls, who):
            if who % 2:  # a crash leaves it out
                self.tell(NodeLeft, call=call, exit="1")
            self.tell(NodeEntered, call=call, flow="f", node=f"n{who}", language="en")

    def wait(self, who):
        call = self.pick(self.calls.keys() - self.visits.keys() - self.talks.keys(), who)
        if call:
            self.calls[call] += 1
            visit = f"{call}/{self.calls[call]}"
            self.visits[call] = [visit, self.at, 0]
            self.tell(VisitBegan, call=call, visit=visit, queue=f"q{who % 2}", skills={"s": 1}, priority=0)

    def offer(self, who):
        if call := self.pick(self.visits.keys() - self.offers.keys(), who):
            visit = self.visits[call]
            visit[2] += 1
            self.offers[call] = f"{visit[0]}/{visit[2]}"
            names = {"call": call, "visit": visit[0], "offer": self.offers[call], "seat": "s1"}
            self.tell(OfferMade, phone="p", why={"longest-idle": 7}, **names)

    def close_offer(self, call, outcome):
        names = {"call": call, "visit": self.visits[call][0], "offer": self.offers.pop(call), "seat": "s1"}
        self.tell(OfferEnded, outcome=outcome, cause=19, tech_cause="480", **names)
        return names

    def close_visit(self, call, outcome, seat=None):
        visit, began, _ = self.visits.pop(call)
        self.tell(VisitEnded, call=call, visit=visit, outcome=outcome, wait_ms=self.at - began, seat=seat)

    def miss(self, who):
        if call := self.pick(self.offers, who):
            self.close_offer(call, "no-answer")

    def answer(self, who):
        if call := self.pick(self.offers, who):
            names = self.close_offer(call, "answered")
            self.close_visit(call, "answered", "s1")
            self.talks[call] = (names, self.at)

    def hang_up(self, who):
        if call := self.pick(self.talks, who):
            names, began = self.talks.pop(call)
            self.tell(ConversationEnded, talk_ms=self.at - began, ended_by="seat", **names)

    def abandon(self, who):
        if call := self.pick(self.visits, who):
            if call in self.offers:
                self.close_offer(call, "cancelled")
            self.close_visit(call, "abandoned")

    def end(self, who):
        if call := self.pick(self.calls.keys() - self.visits.keys() - self.talks.keys(), who):
            del self.calls[call]
            self.tell(CallEnded, call=call, outcome="caller-hung-up")

    def seat(self, who):
        seat, now = f"s{who % 2}", ("signed-out", "ready", "not-ready", "talking")[who % 4]
        was, self.seats[seat] = self.seats[seat], now
        self.tell(SeatChanged, seat=seat, phone="p", was=was, event="e", now=now)

    def start(self, _):
        self.at += 1
        self.tell(EngineStarted, version="1")

    def stop(self, _):
        self.tell(EngineStopped)

    def note(self, who):
        if call := self.pick(self.calls, who):
            self.tell(CallbackNoted, call=call, note=f"{call}-{len(self.events)}", number="3")

    def tag(self, who):
        if call := self.pick(self.calls, who):
            self.tell(Tagged, call=call, name=f"n{who % 2}", value=str(len(self.events)))

    def rate(self, who):
        if call := self.pick(self.calls, who):
            self.tell(Rated, call=call, survey="s", question=f"q{who % 2}", answer=1 + who % 5)

    def record(self, who):
        if call := self.pick(self.calls, who):
            recording = f"{call}/r{len(self.events)}"
            self.recordings.append(recording)
            kept = {"box": "b", "file": "f", "seconds": 1.5, "recording_kind": "voicemail"}
            self.tell(RecordingKept, call=call, recording=recording, **kept)

    def mark(self, who):
        if recording := self.pick(self.recordings, who):
            mark = ("heard", "done", "deleted")[who % 3]
            self.tell(RecordingMarked, recording=recording, mark=mark, by="me")

    def ask_back(self, who):
        if call := self.pick(self.calls, who):
            callback = f"{call}/cb{len(self.events)}"
            self.callbacks.append(callback)
            wish = {"queue": "q0", "number": "3", "language": "zh", "skills": {}, "priority": 0}
            self.tell(CallbackAsked, call=call, callback=callback, **wish)

    def call_back(self, who):
        if callback := self.pick(self.callbacks, who):
            self.tell(CallbackEnded, callback=callback, outcome="called", by="me")


histories = st.lists(
    st.tuples(st.sampled_from(History.ACTIONS), st.integers(0, 7), st.integers(0, 30 * SECOND)), max_size=60
).map(lambda steps: History(steps).events)


def tables(engine):
    """All rows but the position, which tells of the journal."""
    with engine.connect() as connection:
        return {
            table.name: [
                row._asdict() for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in schema.metadata.sorted_tables
            if table is not schema.journal_position
        }


def stored(url):
    engine = create_engine(url)
    try:
        return tables(engine)
    finally:
        engine.dispose()


def fold(events, batches, url="sqlite://"):
    """Fold events in batches that end at the given places, each by a new Fold, as after a crash."""
    engine = create_engine(url)
    schema.metadata.create_all(engine)
    ends = [*sorted({end for end in batches if end < len(events)}), len(events)]
    for begin, end in zip([0, *ends], ends, strict=False):
        fold = Fold(engine.dialect.name, "site", "node")
        with engine.begin() as connection:
            for event in events[begin:end]:
                fold.take(connection, event)
            fold.save(connection, "journal", (1, end))
    try:
        return tables(engine)
    finally:
        engine.dispose()


@pytest.fixture
def journal(tmp_path):
    with closing(Journal(tmp_path / "journal")) as journal:
        yield journal


@pytest.fixture
def url(database_url):
    return database_url


@pytest.fixture
def file_url(tmp_path):
    return f"sqlite:///{tmp_path}/ledger.sqlite"


def open_writer(url, journal, **options):
    writer = LedgerWriter(url, journal, site="site", node="node", **options)
    writer.start()
    return writer


def told(writer, journal, events):
    for event in events:
        writer.write(journal.append(event), event)


@given(histories, st.lists(st.integers(0, 60), max_size=6))
def test_however_events_fall_into_batches_and_crashes_the_tables_are_the_same(events, batches):
    assert fold(events, batches) == fold(events, [])


@given(histories)
def test_what_has_begun_is_there_once_and_has_ended_exactly_when_it_has(events):
    rows = fold(events, [])
    for table, key, end, began, ended in (
        ("calls", "call", "ended", CallBegan, CallEnded),
        ("visits", "visit", "left", VisitBegan, VisitEnded),
        ("offers", "offer", "ended", OfferMade, OfferEnded),
    ):
        begun = sorted(getattr(event, key) for event in events if isinstance(event, began))
        ends = {getattr(event, key): event.at for event in events if isinstance(event, ended)}
        assert [(row[key], row[end]) for row in rows[table]] == [(each, ends.get(each)) for each in begun]
    assert [row["ring"] for row in rows["rings"]] == [f"{row['offer']}/1" for row in rows["offers"]]
    answered = {event.visit: event.at for event in events if isinstance(event, VisitEnded) and event.seat}
    assert {row["visit"]: row["began"] for row in rows["conversations"]} == answered
    over = {event.visit for event in events if isinstance(event, ConversationEnded)}
    assert {row["visit"] for row in rows["conversations"] if row["ended"]} == over


@given(histories)
def test_a_seats_states_tile_its_signed_in_time(events):
    changes = defaultdict(list)
    for event in events:
        if isinstance(event, SeatChanged):
            changes[event.seat].append(event)
    expected = {
        (seat, each.now, each.at, later.at if later else None)
        for seat, all_of_it in changes.items()
        for each, later in zip(all_of_it, [*all_of_it[1:], None], strict=True)
        if each.now != "signed-out"
    }
    rows = fold(events, range(0, 60, 7))["seat_states"]
    assert {(row["seat"], row["state"], row["began"], row["ended"]) for row in rows} == expected


@given(histories)
def test_a_path_has_every_node_in_order_and_one_open_step_at_most(events):
    rows = fold(events, range(0, 60, 5))["path"]
    over = {event.call for event in events if isinstance(event, CallEnded)}
    for call in {row["call"] for row in rows}:
        steps = [row for row in rows if row["call"] == call]
        entered = [event.node for event in events if isinstance(event, NodeEntered) and event.call == call]
        assert [row["flow_node"] for row in steps] == entered
        assert [row["step"] for row in steps] == list(range(1, len(steps) + 1))
        still_open = [row["step"] for row in steps if row["left"] is None]
        assert still_open in ([], [] if call in over else [len(steps)])


def test_a_clock_set_back_leaves_no_seat_state_of_negative_length():
    changes = [
        ("signed-out", "ready", 5_000),
        ("ready", "not-ready", 3_000),
        ("not-ready", "signed-out", 4_000),
    ]
    events = [
        SeatChanged(at=at, seat="s", phone="p", was=was, event="e", now=now) for was, now, at in changes
    ]
    rows = fold([*events, events[0]], [2])["seat_states"]
    assert [(row["began"], row["ended"]) for row in rows] == [(5_000, 5_000), (5_000, 5_000), (5_000, None)]


def test_an_engine_that_never_said_goodbye_was_killed():
    events = [EngineStarted(at=1, version="1"), EngineStarted(at=2, version="1"), EngineStopped(at=3)]
    for batches in ([], [1], [2], [1, 2]):
        runs = fold(events, batches)["engine_runs"]
        assert [(run["began"], run["ended"], run["how"]) for run in runs] == [
            (1, None, "killed"),
            (2, 3, "stopped"),
        ]


def test_facts_once_known_are_never_overwritten():
    names = {"call": "c", "visit": "c/1"}
    events = [
        VisitBegan(at=1, queue="first", skills={}, priority=0, **names),
        VisitEnded(at=2, outcome="abandoned", wait_ms=1, **names),
        VisitBegan(at=3, queue="second", skills={}, priority=0, **names),
    ]
    for batches in ([], [1], [2], [1, 2]):
        (row,) = fold(events, batches)["visits"]
        assert (row["arrived"], row["queue"], row["outcome"]) == (1, "first", "abandoned")


@settings(max_examples=10)
@given(histories, st.lists(st.integers(0, 60), max_size=3))
def test_postgresql_holds_the_same_rows_as_sqlite(postgres, events, batches):
    assert fold(events, batches, postgres.database()) == fold(events, batches)


@settings(max_examples=10)
@given(events=histories, cut=st.integers(0, 60))
def test_two_lives_of_a_writer_and_events_told_twice_store_what_one_does(tmp_path_factory, events, cut):
    folder = tmp_path_factory.mktemp("ledger")
    url = f"sqlite:///{folder}/ledger.sqlite"
    for part in (events[:cut], events[cut:]):
        with closing(Journal(folder / "journal")) as journal:
            writer = open_writer(url, journal, queue_size=10)
            for event in part:
                event_id = journal.append(event)
                writer.write(event_id, event)
                writer.write(event_id, event)
            assert writer.close()
    expected = fold(events, [])
    assert {k: v for k, v in stored(url).items() if k != "ledger_version"} | {
        "ledger_version": []
    } == expected


def test_what_the_journal_has_is_taken_in_at_the_start(journal, url):
    for number in range(1_000):
        journal.append(call_began(number, f"c-{number:04}"))
    with closing(open_writer(url, journal)) as writer:
        assert writer.flush(10)
        assert writer.statistics().stored == 1_000
        assert not writer.statistics().catching_up
    assert [row["began"] for row in stored(url)["calls"]] == list(range(1_000))


def test_a_queue_that_overflows_while_the_database_is_locked_loses_nothing(
    journal, file_url, tmp_path, monkeypatch
):
    monkeypatch.setattr(database, "_BUSY_MS", 1)
    with closing(open_writer(file_url, journal, queue_size=3)) as writer:
        assert writer.flush(10)
        with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as lock:
            lock.execute("BEGIN IMMEDIATE")
            told(writer, journal, [call_began(number, f"c-{number:04}") for number in range(500)])
            assert writer.statistics().catching_up
        told(writer, journal, [call_began(number, f"c-{number:04}") for number in range(500, 600)])
        assert writer.flush(10)
        assert not writer.statistics().catching_up
    assert [row["began"] for row in stored(file_url)["calls"]] == list(range(600))


def test_events_told_after_catching_up_come_through_the_queue(journal, url, monkeypatch):
    with closing(open_writer(url, journal)) as writer:
        assert writer.flush(10)
        monkeypatch.setattr(journal, "read_from", None)
        told(writer, journal, [call_began(1, "c")])
        assert writer.flush(10)
    assert len(stored(url)["calls"]) == 1


def test_an_event_told_only_after_it_was_caught_up_with_changes_nothing(journal, url):
    event = NodeEntered(at=1, call="c", flow="f", node="n", language="zh")
    event_id = journal.append(event)
    with closing(open_writer(url, journal)) as writer:
        assert writer.flush(10)
        writer.write(event_id, event)
        assert writer.flush(10)
        assert writer.statistics().behind_events == 0
    assert len(stored(url)["path"]) == 1


def test_while_the_database_is_locked_telling_never_waits_and_afterwards_nothing_is_missing(
    journal, file_url, tmp_path, monkeypatch
):
    monkeypatch.setattr(database, "_BUSY_MS", 1)
    events = [call_began(1, "c"), NodeEntered(at=61 * SECOND, call="c", flow="f", node="n", language="zh")]
    with capture_logs() as logs, closing(open_writer(file_url, journal)) as writer:
        assert writer.flush(10)
        with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as lock:
            lock.execute("BEGIN IMMEDIATE")
            told(writer, journal, events)
            while (statistics := writer.statistics()).error is None:
                assert not writer.flush(0.01)
            assert statistics.error == "database is locked"
            assert statistics.behind_events == 2
        assert writer.flush(10)
        assert (writer.statistics().error, writer.statistics().behind_events) == (None, 0)
    assert len(stored(file_url)["calls"]) == len(stored(file_url)["path"]) == 1
    assert [log["log_level"] for log in logs] == ["error", "info"]


def test_closing_gives_up_at_its_deadline_and_the_next_life_stores_the_rest(
    journal, file_url, tmp_path, monkeypatch
):
    monkeypatch.setattr(database, "_BUSY_MS", 1)
    writer = open_writer(file_url, journal)
    assert writer.flush(10)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as lock:
        lock.execute("BEGIN IMMEDIATE")
        told(writer, journal, [call_began(1, "c")])
        assert not writer.close(timeout=0.1)
    assert stored(file_url)["calls"] == []
    assert open_writer(file_url, journal).close()
    assert len(stored(file_url)["calls"]) == 1


def test_an_event_that_the_database_would_never_take_holds_up_no_other(journal, url):
    events = [call_began(1, "c-1"), call_began(2**70, "c-2"), call_began(3, "c-3")]
    with capture_logs() as logs, closing(open_writer(url, journal)) as writer:
        assert writer.flush(10)
        told(writer, journal, events)
        assert writer.flush(10)
        assert writer.statistics().refused == 1
        assert writer.statistics().behind_events == 0
    assert [row["call"] for row in stored(url)["calls"]] == ["c-1", "c-3"]
    assert [(log["kind"], log["log_level"]) for log in logs] == [("CallBegan", "error")]


def test_a_new_journal_beside_an_old_ledger_is_taken_from_its_beginning(tmp_path, url):
    for name in ("old", "new"):
        with closing(Journal(tmp_path / name)) as journal:
            writer = open_writer(url, journal)
            told(writer, journal, [call_began(1, f"{name}-{number}") for number in range(3)])
            assert writer.close()
    assert len(stored(url)["calls"]) == 6


def test_the_ledgers_position_lets_old_segments_go(tmp_path, url):
    with closing(Journal(tmp_path / "journal", segment_bytes=1_000)) as journal:
        with closing(open_writer(url, journal)) as writer:
            told(writer, journal, [call_began(1, f"c-{number}") for number in range(50)])
            assert writer.flush(10)
            assert journal.prune(writer.position)
        with closing(open_writer(url, journal)) as writer:
            assert writer.flush(10)
            assert writer.statistics().stored == 0
    assert len(stored(url)["calls"]) == 50


def test_a_sqlite_ledger_is_in_wal_mode_and_its_users_alone(journal, file_url, tmp_path):
    open_writer(file_url, journal).close()
    path = tmp_path / "ledger.sqlite"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_ledger_of_a_newer_version_is_refused_and_left_alone(journal, url):
    open_writer(url, journal).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(schema.ledger_version.update().values(version=schema.VERSION + 1))
    engine.dispose()
    with pytest.raises(NewerLedger, match=f"schema {schema.VERSION + 1}") as refusal:
        open_writer(url, journal)
    assert (refusal.value.found, refusal.value.known) == (schema.VERSION + 1, schema.VERSION)


@pytest.mark.parametrize("url", ["ledger.sqlite", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_names_no_usable_database_is_refused_with_examples(journal, url):
    with pytest.raises(BadLedgerUrl, match="Write sqlite:////"):
        open_writer(url, journal)


def test_a_password_never_appears_in_an_error(journal):
    with pytest.raises(BadLedgerUrl) as refusal:
        open_writer("postgresql://me:secret@host", journal)
    assert "secret" not in str(refusal.value)


def test_a_folder_that_is_not_there_and_a_file_that_is_no_database_are_named(journal, tmp_path):
    with pytest.raises(LedgerUnreachable, match="nowhere"):
        open_writer(f"sqlite:///{tmp_path}/nowhere/ledger.sqlite", journal)
    (tmp_path / "letter.txt").write_text("Dear Sir, this is no database at all.\n" * 99)
    with pytest.raises(LedgerUnreachable, match="not a database"):
        open_writer(f"sqlite:///{tmp_path}/letter.txt", journal)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_writer import History, open_writer
from ledger.journal import Journal

folder = Path(sys.argv[1])
journal = Journal(folder / "journal", segment_bytes=20_000)
writer = open_writer(sys.argv[4], journal, queue_size=100)
steps = [(action, number, 10) for number in range(300) for action in History.ACTIONS if action != "start"]
for event in History(steps, prefix=sys.argv[3]).events:
    writer.write(journal.append(event), event)
    print(writer.position, flush=True)
writer.flush(60)
print("end", flush=True)
"""


def test_after_a_kill_the_rows_are_exactly_the_journals(tmp_path, url):
    for life in ("a", "b"):
        arguments = [sys.executable, "-c", KILLED, tmp_path, __file__.rpartition("/")[0], life, url]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
            for number, line in enumerate(child.stdout):
                if number > 60 and line.strip() not in ("None", "end"):
                    break  # it stores; it goes on storing until we are heard
            child.kill()
    with closing(Journal(tmp_path / "journal")) as journal:
        assert open_writer(url, journal).close(30)
        events = [event for _, event in journal.read_from(None)]
        rebuilt = f"sqlite:///{tmp_path}/rebuilt.sqlite"
        assert open_writer(rebuilt, journal).close(30)
    assert len(events) > 100
    assert stored(url) == stored(rebuilt)
