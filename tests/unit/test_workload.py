"""What calls took of the seats' time, out of the ledger: talk and hold, then wrap-up, by visit."""

from contextlib import closing

import pytest

from ledger.events import (
    ConversationEnded,
    OfferEnded,
    OfferMade,
    SeatChanged,
    VisitBegan,
    VisitEnded,
)
from ledger.journal import Journal
from ledger.workload import Handling, WorkloadReader
from ledger.writer import LedgerWriter

SEAT = {"seat": "li", "phone": "p"}


def begins(call, at, queue="bills"):
    """A caller comes and talks to li at once."""
    offer = {"call": call, "visit": f"{call}/1", "offer": f"{call}/1/1", "seat": "li"}
    return [
        VisitBegan(at=at, call=call, visit=f"{call}/1", queue=queue, skills={}, priority=0),
        OfferMade(at=at, phone="p", why={}, **offer),
        SeatChanged(at=at, was="ready", event="reserve", now="reserved", offer=f"{call}/1/1", **SEAT),
        OfferEnded(at=at, outcome="answered", **offer),
        SeatChanged(at=at, was="reserved", event="answer", now="talking", offer=f"{call}/1/1", **SEAT),
        VisitEnded(at=at, call=call, visit=f"{call}/1", outcome="answered", wait_ms=0, seat="li"),
    ]


def ends(call, at, talk_ms):
    talk = {"call": call, "visit": f"{call}/1", "offer": f"{call}/1/1", "seat": "li"}
    return [
        ConversationEnded(at=at, talk_ms=talk_ms, ended_by="caller", **talk),
        SeatChanged(at=at, was="talking", event="end", now="wrap-up", **SEAT),
    ]


EVENTS = [
    SeatChanged(at=0, was="signed-out", event="sign-in", now="ready", **SEAT),
    *begins("a", 100),
    *ends("a", 1_100, talk_ms=1_000),
    SeatChanged(at=1_400, was="wrap-up", event="extend", now="wrap-up", **SEAT),
    SeatChanged(at=1_900, was="wrap-up", event="wrap-up-over", now="ready", **SEAT),
    *begins("b", 2_000, queue="faults"),
    *ends("b", 2_500, talk_ms=500),
    SeatChanged(at=2_500, was="wrap-up", event="wrap-up-over", now="ready", **SEAT),
    *begins("c", 3_000),
]


@pytest.fixture
def url(database_url, tmp_path):
    with closing(Journal(tmp_path / "journal")) as journal:
        writer = LedgerWriter(database_url, journal, site="site", node="node")
        writer.start()
        for event in EVENTS:
            writer.write(journal.append(event), event)
        assert writer.close()
    return database_url


def test_a_conversation_takes_its_talk_and_all_of_its_wrap_up_and_a_live_one_nothing_yet(url):
    with closing(WorkloadReader(url)) as reader:
        assert reader.handling(0, 10_000) == {"a/1": Handling(1_000, 800), "b/1": Handling(500, 0)}
        assert list(reader.handling(101, 10_000)) == ["b/1"]
        assert list(reader.handling(0, 2_000)) == ["a/1"]
        assert reader.queues() == ["bills", "faults"]


def test_of_another_site_there_is_nothing(url):
    with closing(WorkloadReader(url, site="other")) as reader:
        assert reader.handling(0, 10_000) == {}
        assert reader.queues() == []
