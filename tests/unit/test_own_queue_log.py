"""Our own calls in the words of ``queue_log``."""

from __future__ import annotations

from typing import Any

from hotline.live.queue_log import QueueLog
from hotline.memory import OpenCall
from ledger.events import (
    CallBegan,
    CallEnded,
    ConversationEnded,
    Event,
    OfferEnded,
    OfferMade,
    SeatChanged,
    VisitBegan,
    VisitEnded,
    VisitOutcome,
)
from ledger.history.tally import Tally
from ledger.history.telling import stories
from tests.unit.test_queue_log import START, parsed


def began(call: str = "pbx-1.1", at: int = 0, ani: str = "13812341234") -> CallBegan:
    return CallBegan(
        at=at, call=call, ani=ani, dnis="10000", trunk="t", flow="f", flow_version="v", language="zh"
    )


def enters(call: str = "pbx-1.1", at: int = 1_000, queue: str = "sales", **more: Any) -> VisitBegan:
    return VisitBegan(at=at, call=call, visit=f"{call}/1", queue=queue, skills={}, priority=0, **more)


def leaves(outcome: VisitOutcome, at: int, call: str = "pbx-1.1", reason: str | None = None) -> VisitEnded:
    seat = "li" if outcome == "answered" else None
    return VisitEnded(
        at=at, call=call, visit=f"{call}/1", outcome=outcome, wait_ms=at - 1_000, reason=reason, seat=seat
    )


def offered(at: int, number: int = 1, seat: str = "li") -> OfferMade:
    return OfferMade(
        at=at, call="pbx-1.1", visit="pbx-1.1/1", offer=f"pbx-1.1/1/{number}", seat=seat, phone="1", why={}
    )


def rang(at: int, outcome: Any, number: int = 1, seat: str = "li") -> OfferEnded:
    return OfferEnded(
        at=at, call="pbx-1.1", visit="pbx-1.1/1", offer=f"pbx-1.1/1/{number}", seat=seat, outcome=outcome
    )


def parts(at: int, ended_by: Any = "seat") -> ConversationEnded:
    return ConversationEnded(
        at=at,
        call="pbx-1.1",
        visit="pbx-1.1/1",
        offer="pbx-1.1/1/2",
        seat="li",
        talk_ms=60_400,
        ended_by=ended_by,
    )


def seat(was: Any, now: Any, reason: str | None = None) -> SeatChanged:
    return SeatChanged(at=0, seat="li", phone="1", was=was, event="e", now=now, reason=reason)


def told(*events: Event, log: QueueLog | None = None) -> list[str]:
    """Return the lines, each without its time."""
    log = log or QueueLog(lambda _: ["sales", "faults"])
    order = ("UniqueId", "Queue", "Interface", "Event", "Message")
    found = (entry.headers() for event in events for entry in log.entries(event))
    return ["|".join(headers[name] for name in order) for headers in found]


def test_an_answered_call_is_told_as_app_queue_would() -> None:
    assert told(
        began(),
        enters(),
        offered(3_000, seat="wang"),
        rang(8_000, "no-answer", seat="wang"),
        offered(9_000, 2),
        rang(14_500, "answered", 2),
        leaves("answered", 14_500),
        parts(75_000),
        CallEnded(at=75_000, call="pbx-1.1", outcome="seat-hung-up"),
    ) == [
        "pbx-1.1|sales|NONE|ENTERQUEUE||13812341234|1",
        "pbx-1.1|sales|NONE|DID|10000",
        "pbx-1.1|sales|Agent/wang|RINGNOANSWER|5000",
        "pbx-1.1|sales|Agent/li|CONNECT|13|pbx-1.1|5",
        "pbx-1.1|sales|Agent/li|COMPLETEAGENT|13|60|1",
    ]


def test_what_is_written_reads_back_as_what_happened() -> None:
    lines = told(began(), enters(), offered(9_000, 2), leaves("answered", 14_000), parts(74_000, "caller"))
    tally = Tally()
    (story,) = stories(parsed([f"{START}|{line}" for line in lines], tally), tally).values()
    (stay,) = story.stays
    assert (story.ani, story.dnis) == ("13812341234", "10000")
    assert (stay.outcome, stay.wait_ms, stay.talk_ms, stay.ended_by) == ("answered", 13_000, 60_000, "caller")
    assert tally.skipped == tally.assumed == []


def test_a_caller_who_gives_up_while_a_phone_rings_cancels_the_ring_first() -> None:
    assert told(began(), enters(), offered(3_000), rang(5_000, "cancelled"), leaves("abandoned", 5_000))[
        2:
    ] == [
        "pbx-1.1|sales|Agent/li|RINGCANCELED|2000",
        "pbx-1.1|sales|NONE|ABANDON|1|1|4",
    ]


def test_each_way_on_has_its_word() -> None:
    ways = [
        ("overflowed", "timeout"),
        ("overflowed", "no_agents"),
        ("overflowed", "moved"),
        ("called-back", "asked"),
    ]
    assert [
        told(began(), enters(), leaves(outcome, 9_000, reason=reason))[-1] for outcome, reason in ways
    ] == [  # type: ignore[arg-type]
        "pbx-1.1|sales|NONE|EXITWITHTIMEOUT|1|1|8",
        "pbx-1.1|sales|NONE|EXITEMPTY|1|1|8",
        "pbx-1.1|sales|NONE|EXITWITHKEY||1|1|8",
        "pbx-1.1|sales|NONE|EXITWITHKEY||1|1|8",
    ]


def test_positions_count_those_who_wait_in_the_same_queue() -> None:
    lines = told(
        began("a"), enters("a"), began("b"), enters("b"), began("c"), enters("c", queue="faults"),
        leaves("abandoned", 3_000, "a"), leaves("abandoned", 4_000, "b"),
    )  # fmt: skip
    assert [line.split("|")[4:] for line in lines if "DID" not in line] == [
        ["", "13812341234", "1"],
        ["", "13812341234", "2"],
        ["", "13812341234", "1"],
        ["1", "1", "2"],
        ["1", "2", "3"],
    ]


def test_a_seat_is_a_member_of_each_of_its_queues() -> None:
    assert told(seat("signed-out", "ready"), seat("ready", "signed-out")) == [
        "NONE|sales|Agent/li|ADDMEMBER|",
        "NONE|faults|Agent/li|ADDMEMBER|",
        "NONE|sales|Agent/li|REMOVEMEMBER|",
        "NONE|faults|Agent/li|REMOVEMEMBER|",
    ]


def test_a_seat_that_is_not_ready_is_paused_everywhere() -> None:
    assert told(seat("ready", "not-ready", "lunch"), seat("not-ready", "ready")) == [
        "NONE|sales|Agent/li|PAUSE|lunch",
        "NONE|faults|Agent/li|PAUSE|lunch",
        "NONE|NONE|Agent/li|PAUSEALL|lunch",
        "NONE|sales|Agent/li|UNPAUSE|",
        "NONE|faults|Agent/li|UNPAUSE|",
        "NONE|NONE|Agent/li|UNPAUSEALL|",
    ]


def test_talking_and_wrap_up_are_no_pause() -> None:
    assert told(seat("ready", "talking"), seat("talking", "wrap-up"), seat("wrap-up", "ready")) == []


def test_a_callers_number_cannot_forge_a_field_or_a_line() -> None:
    assert told(began(ani="1|2\r\nAction: Logoff\x00"), enters())[0].split("|")[4:] == [
        "",
        "12Action: Logoff",
        "1",
    ]


def test_a_call_back_that_waits_is_no_caller() -> None:
    assert told(began(), enters(visit_kind="callback"), leaves("answered", 9_000)) == []


def test_a_restarted_engine_goes_on_where_it_was() -> None:
    waiting = OpenCall(began(), visit=enters(), visits=1, queue="sales")
    talking = OpenCall(began("b"), visits=1, queue="sales", answered=leaves("answered", 9_000, "b"))
    log = QueueLog(lambda _: [], [talking, waiting])
    over = ConversationEnded(
        at=80_000, call="b", visit="b/1", offer="b/1/1", seat="li", talk_ms=71_000, ended_by="caller"
    )
    assert told(leaves("abandoned", 5_000), over, log=log) == [
        "pbx-1.1|sales|NONE|ABANDON|1|1|4",
        "b|sales|Agent/li|COMPLETECALLER|8|71|1",
    ]
