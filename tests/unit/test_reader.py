"""The reader: what the ledger holds, never changed by asking."""

from contextlib import closing

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from ledger import schema
from ledger.errors import BadLedgerUrl, LedgerMissing, LedgerUnreachable, NewerLedger
from ledger.events import (
    CallbackNoted,
    CallBegan,
    CallEnded,
    ConversationEnded,
    EngineStarted,
    NodeEntered,
    OfferEnded,
    OfferMade,
    SeatChanged,
    VisitBegan,
    VisitEnded,
)
from ledger.journal import Journal
from ledger.reader import LedgerReader
from ledger.writer import LedgerWriter


def began(call, at):
    return CallBegan(
        at=at, call=call, ani="王", dnis="2", trunk="t", flow="f", flow_version="h", language="zh"
    )


def waits(call, at, queue, visit=1):
    return VisitBegan(at=at, call=call, visit=f"{call}/{visit}", queue=queue, skills={"费": 2}, priority=3)


def left(call, at, outcome, wait_ms, visit=1, seat=None):
    return VisitEnded(at=at, call=call, visit=f"{call}/{visit}", outcome=outcome, wait_ms=wait_ms, seat=seat)


OFFER = {"call": "a", "visit": "a/1", "offer": "a/1/1", "seat": "s1"}

EVENTS = [
    EngineStarted(at=1, version="1"),
    SeatChanged(at=5, seat="s1", phone="p1", was="signed-out", event="sign-in", now="ready"),
    began("a", 10),
    NodeEntered(at=10, call="a", flow="f", node="menu", language="zh"),
    waits("a", 20, "bills"),
    began("b", 30),
    waits("b", 40, "faults"),
    OfferMade(at=50, phone="p1", why={"闲": 45}, **OFFER),
    SeatChanged(at=50, seat="s1", phone="p1", was="ready", event="offer", now="ringing", offer="a/1/1"),
    OfferEnded(at=70, outcome="answered", cause=16, tech_cause="200 OK", **OFFER),
    left("a", 70, "answered", 50, seat="s1"),
    left("b", 80, "overflowed", 40),
    waits("b", 80, "bills", visit=2),
    CallbackNoted(at=90, call="b", note="n1", number="+861"),
]

ENDINGS = [
    ConversationEnded(at=100, talk_ms=30, ended_by="caller", **OFFER),
    CallEnded(at=100, call="a", outcome="caller-hung-up"),
]


def store(folder, events, url):
    with closing(Journal(folder / "journal")) as journal:
        writer = LedgerWriter(url, journal, site="site", node="node")
        writer.start()
        for event in events:
            writer.write(journal.append(event), event)
        assert writer.close()
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ledger")
    if request.param == "sqlite":
        return store(folder, EVENTS, f"sqlite:///{folder}/ledger.sqlite")
    return store(folder, EVENTS, request.getfixturevalue("postgres").database())


@pytest.fixture
def reader(url):
    with closing(LedgerReader(url)) as reader:
        yield reader


def test_visits_are_found_by_arrival_with_the_end_of_the_period_out(reader):
    assert [visit.visit for visit in reader.visits(20, 80)] == ["a/1", "b/1"]
    assert [visit.visit for visit in reader.visits(21, 81)] == ["b/1", "b/2"]


def test_visits_are_found_by_queue(reader):
    assert [visit.visit for visit in reader.visits(0, 100, queue="bills")] == ["a/1", "b/2"]


def test_a_visit_comes_back_with_all_its_facts(reader):
    visit = reader.visits(0, 21)[0]
    assert (visit.site, visit.node, visit.call, visit.skills, visit.priority) == (
        "site",
        "node",
        "a",
        {"费": 2},
        3,
    )
    assert (visit.arrived, visit.left, visit.outcome, visit.wait_ms, visit.seat) == (
        20,
        70,
        "answered",
        50,
        "s1",
    )


def test_visits_of_calls_bring_those_outside_the_period_too(reader):
    assert [visit.visit for visit in reader.visits_of_calls(80, 81)] == ["b/1", "b/2"]


def test_who_waits_now_is_told_without_an_outcome(reader):
    assert [(visit.visit, visit.outcome, visit.wait_ms) for visit in reader.waiting()] == [
        ("b/2", None, None)
    ]


def test_a_conversation_is_live_until_it_ends(reader, tmp_path, database_url):
    assert [(talk.call, talk.began, talk.ended) for talk in reader.live_conversations()] == [("a", 70, None)]
    with closing(LedgerReader(store(tmp_path, EVENTS + ENDINGS, database_url))) as later:
        assert later.live_conversations() == []
        (talk,) = later.conversations(70, 71)
        assert (talk.offer, talk.ended, talk.talk_ms, talk.ended_by) == ("a/1/1", 100, 30, "caller")


def test_a_call_is_live_until_it_ends(reader, tmp_path, database_url):
    assert [call.call for call in reader.live_calls()] == ["a", "b"]
    with closing(LedgerReader(store(tmp_path, EVENTS + ENDINGS, database_url))) as later:
        assert [call.call for call in later.live_calls()] == ["b"]
        assert [(call.call, call.ani, call.outcome) for call in later.calls(10, 30)] == [
            ("a", "王", "caller-hung-up")
        ]


def test_an_offer_is_told_with_its_reasons_and_its_ring_with_its_causes(reader):
    assert [(offer.offer, offer.why, offer.outcome) for offer in reader.offers("a")] == [
        ("a/1/1", {"闲": 45}, "answered")
    ]
    assert [(ring.ring, ring.cause, ring.tech_cause) for ring in reader.rings("a")] == [
        ("a/1/1/1", 16, "200 OK")
    ]


def test_a_path_is_told_step_by_step(reader):
    assert [(step.step, step.flow_node, step.left) for step in reader.path("a")] == [(1, "menu", None)]


def test_seats_are_told_as_they_are_now_and_as_they_were(reader):
    assert [(seat.seat, seat.state, seat.began) for seat in reader.seats()] == [("s1", "ringing", 50)]
    assert [interval.state for interval in reader.seat_intervals(5, 50)] == ["ready"]
    assert [interval.state for interval in reader.seat_intervals(49, 51)] == ["ready", "ringing"]


def test_noted_numbers_and_engine_runs_are_told(reader):
    assert [(note.call, note.number) for note in reader.callbacks_noted(90, 91)] == [("b", "+861")]
    assert [(run.began, run.how) for run in reader.engine_runs()] == [(1, None)]


def test_a_reader_of_another_site_sees_nothing(url):
    with closing(LedgerReader(url, site="elsewhere")) as reader:
        assert reader.visits(0, 100) == []


def test_a_reader_reads_while_a_writer_is_at_work(tmp_path, database_url):
    url = store(tmp_path, EVENTS, database_url)
    with closing(Journal(tmp_path / "journal")) as journal:
        writer = LedgerWriter(url, journal, site="site", node="node")
        writer.start()
        with closing(writer), closing(LedgerReader(url)) as reader:
            for event in ENDINGS:
                writer.write(journal.append(event), event)
            assert writer.flush(10)
            assert reader.live_conversations() == []


def test_a_reader_cannot_change_the_ledger(reader):
    with pytest.raises(SQLAlchemyError, match=r"read-?only"), reader._engine.begin() as connection:
        connection.execute(schema.visits.delete())


def test_a_missing_ledger_is_refused_and_not_made(tmp_path):
    with pytest.raises(LedgerMissing, match="An engine makes it"):
        LedgerReader(f"sqlite:///{tmp_path}/ledger.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_a_ledger_is_refused(tmp_path):
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(LedgerMissing):
        LedgerReader(f"sqlite:///{tmp_path}/empty.sqlite")


def test_a_newer_ledger_a_wrong_file_and_a_wrong_url_are_refused(tmp_path):
    url = store(tmp_path, [], f"sqlite:///{tmp_path}/ledger.sqlite")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(schema.ledger_version.update().values(version=schema.VERSION + 1))
    engine.dispose()
    with pytest.raises(NewerLedger):
        LedgerReader(url)
    (tmp_path / "letter").write_text("no database\n" * 100)
    with pytest.raises(LedgerUnreachable):
        LedgerReader(f"sqlite:///{tmp_path}/letter")
    with pytest.raises(BadLedgerUrl):
        LedgerReader("ledger")
