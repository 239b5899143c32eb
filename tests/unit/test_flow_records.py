"""What flows leave behind in the ledger: tags, ratings, recordings, call-backs, notices, versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select

from ledger import schema
from ledger.events import (
    KINDS,
    CallbackAsked,
    CallbackEnded,
    CallBegan,
    CallEnded,
    Event,
    FlowLive,
    NoticeChanged,
    NoticeHeard,
    Rated,
    RecordingKept,
    RecordingMarked,
    Tagged,
    TransferEnded,
    VisitBegan,
    VisitEnded,
    from_data,
    to_data,
)
from ledger.fold import Fold
from ledger.journal import Journal
from ledger.reader import LedgerReader
from ledger.writer import LedgerWriter


def began(call: str, at: int = 1, ani: str = "13812341234") -> CallBegan:
    return CallBegan(
        at=at, call=call, ani=ani, dnis="2", trunk="t", flow="f", flow_version="h", language="zh"
    )


def waits(call: str, number: int, queue: str, at: int, **more: Any) -> VisitBegan:
    return VisitBegan(at=at, call=call, visit=f"{call}/{number}", queue=queue, skills={}, priority=0, **more)


def answered(call: str, number: int, seat: str, at: int) -> VisitEnded:
    return VisitEnded(at=at, call=call, visit=f"{call}/{number}", outcome="answered", wait_ms=1, seat=seat)


def rated(call: str, answer: int, at: int, question: str = "solved") -> Rated:
    return Rated(at=at, call=call, survey="after", question=question, answer=answer)


def kept(recording: str, at: int, box: str = "sales", call: str = "c") -> RecordingKept:
    return RecordingKept(
        at=at, call=call, recording=recording, recording_kind="voicemail", box=box, file="f", seconds=2.5
    )


def marked(recording: str, mark: Any, at: int) -> RecordingMarked:
    return RecordingMarked(at=at, recording=recording, mark=mark, by="li")


def rows(events: Sequence[Event], table: str, cuts: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Fold events, by a new fold from each cut on as after a crash, and return what a table then holds."""
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine)
    for begin, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        fold = Fold("sqlite", "site", "node")
        with engine.begin() as connection:
            for event in events[begin:end]:
                fold.take(connection, event)
            fold.save(connection, "journal", (1, end))
    of = schema.metadata.tables[table]
    with engine.connect() as connection:
        found = [row._asdict() for row in connection.execute(select(of).order_by(*of.primary_key))]
    engine.dispose()
    return found


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerReader]:
    """A ledger that a writer made of a few calls."""
    events: list[Event] = [
        began("c"),
        began("d", ani=""),
        Tagged(at=2, call="c", name="business", value="billing"),
        Tagged(at=3, call="c", name="business", value="faults"),
        Tagged(at=3, call="c", name="area", value="0755"),
        waits("c", 1, "bills", 4),
        answered("c", 1, "ann", 5),
        rated("c", 4, 6),
        kept("c/r1", 10),
        kept("c/r2", 20),
        kept("d/r3", 30, "night", "d"),
        kept("e/r4", 40, "night", "e"),
        marked("c/r1", "done", 50),
        marked("c/r2", "heard", 50),
        asked("c/cb1", 60),
        asked("c/cb2", 70, due=999, visit="c/1"),
        CallbackEnded(at=80, callback="c/cb1", outcome="called", by="li"),
    ]
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    with closing(Journal(tmp_path / "journal")) as journal:
        writer = LedgerWriter(url, journal, site="site", node="node")
        writer.start()
        for event in events:
            writer.write(journal.append(event), event)
        assert writer.close()
    with closing(LedgerReader(url)) as reader:
        yield reader


def asked(callback: str, at: int, due: int | None = None, visit: str | None = None) -> CallbackAsked:
    return CallbackAsked(
        at=at, call="c", callback=callback, queue="bills", number="13812341234", language="zh",
        skills={"billing": 2}, priority=1, due=due, visit=visit,
    )  # fmt: skip


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (1, 2)])
def test_the_last_value_of_a_tag_counts_however_often_it_is_told(cuts: Sequence[int]) -> None:
    events = [
        Tagged(at=at, call="c", name="kind", value=value) for at, value in ((1, "a"), (2, "b"), (3, "c"))
    ]
    (row,) = rows(events, "tags", cuts)
    assert (row["value"], row["tagged"]) == ("c", 3)
    assert rows([*events, events[0]], "tags", cuts) == [row], "an old one told again changes nothing"


@pytest.mark.parametrize("cuts", [(), (2,), (3,), (4,), (1, 3)])
def test_a_rating_is_kept_with_queue_and_seat_of_the_conversation_before_it(cuts: Sequence[int]) -> None:
    events = [
        waits("c", 1, "bills", 1),
        answered("c", 1, "ann", 2),
        rated("c", 5, 3),
        rated("c", 1, 4, "kind"),
    ]
    found = rows(events, "survey_answers", cuts)
    assert [(row["question"], row["answer"], row["visit"], row["queue"], row["seat"]) for row in found] == [
        ("kind", 1, "c/1", "bills", "ann"),
        ("solved", 5, "c/1", "bills", "ann"),
    ]


@pytest.mark.parametrize("cuts", [(), (3,), (5,), (7,)])
def test_each_conversation_of_a_call_has_its_own_rating(cuts: Sequence[int]) -> None:
    events = [
        *(waits("c", 9, "bills", 1), answered("c", 9, "ann", 2), rated("c", 5, 3)),
        *(waits("c", 10, "faults", 4), answered("c", 10, "bob", 5), rated("c", 1, 6)),
        VisitEnded(at=7, call="c", visit="c/11", outcome="abandoned", wait_ms=1),
        rated("c", 2, 8),
    ]
    found = rows(events, "survey_answers", cuts)
    assert sorted((row["seat"], row["queue"], row["answer"]) for row in found) == [
        ("ann", "bills", 5),
        ("bob", "faults", 2),
    ]


def test_a_rating_of_one_who_talked_to_nobody_names_no_seat() -> None:
    (row,) = rows([waits("c", 1, "bills", 1), rated("c", 3, 2)], "survey_answers")
    assert (row["visit"], row["queue"], row["seat"]) == ("", None, None)


def test_the_seat_that_a_visit_wishes_for_is_not_the_seat_that_answered() -> None:
    events = [waits("c", 1, "bills", 1, seat="ann", attributes={"vip": "yes"}), answered("c", 1, "bob", 2)]
    for cuts in ((), (1,)):
        assert [row["seat"] for row in rows(events, "visits", cuts)] == ["bob"]
    (wish,) = rows(events, "visit_wishes")
    assert (wish["visit"], wish["seat"], wish["attributes"]) == ("c/1", "ann", {"vip": "yes"})


def test_a_visit_without_wishes_leaves_no_row_of_them() -> None:
    assert rows([waits("c", 1, "bills", 1)], "visit_wishes") == []


@pytest.mark.parametrize("cuts", [(), (1,), (2,)])
def test_the_last_mark_of_a_recording_counts(cuts: Sequence[int]) -> None:
    events = [kept("c/r1", 1), marked("c/r1", "heard", 2), marked("c/r1", "deleted", 3)]
    (row,) = rows(events, "recordings", cuts)
    assert (row["mark"], row["marked"], row["marked_by"], row["seconds"]) == ("deleted", 3, "li", 2.5)


def test_a_notice_counts_once_for_a_call_that_heard_it_again() -> None:
    events = [NoticeHeard(at=at, call="c", notice="outage") for at in (5, 6)]
    (row,) = rows(events, "notices_heard")
    assert row["heard"] == 5


def test_every_change_of_a_notice_is_told_with_who_made_it() -> None:
    on = NoticeChanged(at=1, notice="n", on=True, by="li", texts={"zh": "断网"}, areas=("0755",), until=9)
    found = rows([on, NoticeChanged(at=2, notice="n", on=False, by="wang"), on], "notices")
    assert [(row["changed"], row["is_on"], row["changed_by"]) for row in found] == [
        (1, True, "li"),
        (2, False, "wang"),
    ]
    assert (found[0]["texts"], found[0]["areas"], found[0]["until"]) == ({"zh": "断网"}, ["0755"], 9)


def test_it_is_told_which_version_of_a_flow_was_live_when() -> None:
    events = [
        FlowLive(at=1, flow="main", version="aa", how="started"),
        FlowLive(at=2, flow="main", version="bb", how="canary", share=10.0),
        FlowLive(at=3, flow="main", version="aa", how="rolled-back", by="li"),
    ]
    found = rows(events, "flow_versions")
    assert [(row["version"], row["how"], row["share"], row["began_by"]) for row in found] == [
        ("aa", "started", 100.0, None),
        ("bb", "canary", 10.0, None),
        ("aa", "rolled-back", 100.0, "li"),
    ]


def test_a_transfer_is_told_with_its_outcome() -> None:
    (row,) = rows([TransferEnded(at=9, call="c", number="1", outcome="busy", talked_ms=0)], "transfers")
    assert (row["ended"], row["outcome"], row["talked_ms"]) == (9, "busy", 0)


def test_a_call_that_is_over_is_not_remembered_for_ratings() -> None:
    fold = Fold("sqlite", "site", "node")
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.begin() as connection:
        events = [began("c"), waits("c", 1, "q", 2), answered("c", 1, "a", 3)]
        for event in [*events, CallEnded(at=4, call="c", outcome="flow-ended")]:
            fold.take(connection, event)
        fold.save(connection, "journal", (1, 1))
    engine.dispose()
    assert fold._answered == {}


@pytest.mark.parametrize("kind", [NoticeChanged, VisitBegan, FlowLive])
def test_an_event_of_an_older_engine_is_read_without_what_it_did_not_know(kind: type[Event]) -> None:
    event = {
        NoticeChanged: NoticeChanged(at=1, notice="n", on=False, by="li"),
        VisitBegan: waits("c", 1, "q", 1),
        FlowLive: FlowLive(at=1, flow="f", version="v", how="saved"),
    }[kind]
    data = to_data(event)
    for new in ("attributes", "seat", "areas", "services", "until", "by", "share"):
        if kind is not NoticeChanged or new != "by":
            data.pop(new, None)
    assert from_data(data) == event


def test_lists_of_a_notice_come_back_out_of_the_journal_as_they_went_in(tmp_path: Path) -> None:
    event = NoticeChanged(at=1, notice="n", on=True, by="li", areas=("0755", "020"), services=("iptv",))
    with closing(Journal(tmp_path / "journal")) as journal:
        journal.append(event)
        assert [read for _, read in journal.read_from(None)] == [event]


def test_no_event_has_a_field_that_hides_its_kind() -> None:
    assert [kind for kind, of in KINDS.items() if "kind" in of.__dataclass_fields__] == []


def test_recordings_come_newest_first_with_their_callers_and_without_those_that_are_done(
    ledger: LedgerReader,
) -> None:
    assert [(one.recording, one.ani, one.mark) for one in ledger.recordings()] == [
        ("e/r4", None, None),
        ("d/r3", "", None),
        ("c/r2", "13812341234", "heard"),
    ]


def test_recordings_are_found_by_box_by_time_and_by_id(ledger: LedgerReader) -> None:
    assert [one.recording for one in ledger.recordings(box="sales", done_too=True)] == ["c/r2", "c/r1"]
    assert [one.recording for one in ledger.recordings(since=30)] == ["e/r4", "d/r3"]
    known = ledger.recording("c/r1")
    assert known is not None
    assert (known.mark, known.marked_by, known.box, known.kept) == ("done", "li", "sales", 10)
    assert ledger.recording("c/r9") is None


def test_requests_to_be_called_are_open_until_somebody_closes_them(ledger: LedgerReader) -> None:
    assert [(one.callback, one.due, one.visit, one.skills) for one in ledger.open_callbacks()] == [
        ("c/cb2", 999, "c/1", {"billing": 2})
    ]


def test_tags_and_answers_are_read_back(ledger: LedgerReader) -> None:
    assert ledger.tags("c") == {"area": "0755", "business": "faults"}
    assert ledger.tags("d") == {}
    (answer,) = ledger.survey_answers(6, 7)
    assert (answer.call, answer.seat, answer.queue, answer.answer) == ("c", "ann", "bills", 4)
    assert ledger.survey_answers(7, 99) == []
