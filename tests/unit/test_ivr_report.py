"""The report of the menus: nodes, exits, self-service, ways."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ledger.events import CallbackAsked, NodeEntered, RecordingKept, TransferEnded
from ledger.reader import LedgerReader
from reports.ivr import LONGEST, TOP, ivr_report
from reports.query import UnknownQueue
from tests.unit.told_ledger import DAY, MIN, Called, S, T, asked, ledger, rows, total


def helped(call: str, at: int, secs: int, **more):
    """Press 1, hear the balance, and hear the goodbye: self-service."""
    made = (
        Called(call, at, **more)
        .node(0, "menu", "1", secs * S)
        .node(secs * S, "balance", "next", (secs + 10) * S)
    )
    return made.over((secs + 10) * S, "flow-ended")


def at_menu(call: str, at: int, secs: int):
    """Hang up in the menu."""
    return Called(call, at).node(0, "menu").over(secs * S)


@pytest.fixture
def reader(tmp_path: Path):
    events = [event for n in range(1, 11) for event in helped(f"h{n}", T + n * MIN, n)]
    events += at_menu("m1", T + 20 * MIN, 30) + at_menu("m2", T + 21 * MIN, 40)
    queued = Called("q1", T + 22 * MIN).node(0, "menu", "0", 5 * S).node(5 * S, "queue").wait(5 * S)
    events += queued.talked(20 * S, 80 * S, "ann").over(80 * S)
    gave_up = Called("q2", T + 23 * MIN).node(0, "menu", "0", 5 * S).node(5 * S, "queue").wait(5 * S)
    events += gave_up.left(65 * S, "abandoned").over(65 * S)
    failed = Called("f", T + 24 * MIN, version="v2").node(0, "menu", "failure", 15 * S)
    events += failed.node(15 * S, "sorry", "next", 20 * S).over(20 * S, "flow-ended")
    live = Called("live", T + 25 * MIN).node(0, "menu")
    events += live.events
    message = Called("v", T + 26 * MIN).node(0, "menu", "7", 5 * S).node(5 * S, "box", "next", 25 * S)
    events += message.over(25 * S, "flow-ended")
    events += [
        RecordingKept(
            at=T + 26 * MIN + 20 * S, call="v", recording="v/r1", recording_kind="voicemail", box="b", file="f",
            seconds=9.0,
        )
    ]  # fmt: skip
    events += Called("service", T, kind="service").node(0, "menu").over(S)
    events += Called("callback", T, kind="callback").node(0, "menu").over(S)
    events += Called("imported", T).over(S)
    with closing(LedgerReader(ledger(tmp_path, *events))) as reader:
        yield reader


def test_where_callers_leave_is_told_node_by_node(reader):
    columns = ("node", "entered", "went_on", "hung_up", "ended", "there")
    assert rows(ivr_report(reader, asked()), "nodes", *columns) == [
        ("menu", 17, 14, 2, 0, 1),
        ("balance", 10, 0, 0, 10, 0),
        ("queue", 2, 0, 1, 1, 0),  # one gave up waiting; the other spoke with a person
        ("box", 1, 0, 0, 1, 0),
        ("sorry", 1, 0, 0, 1, 0),
    ]


def test_a_stay_at_a_node_is_counted_as_exactly_one_of_its_ends(reader):
    columns = ("entered", "went_on", "hung_up", "ended", "there")
    for entered, *ends in rows(ivr_report(reader, asked()), "nodes", *columns):
        assert entered == sum(ends)
        assert min(ends) >= 0


def test_exits_are_told_with_their_share(reader):
    found = rows(ivr_report(reader, asked()), "exits", "node", "exit", "calls", "share")
    assert [row[1:] for row in found if row[0] == "menu"] == [
        ("1", 10, 10 / 17),
        ("0", 2, 2 / 17),
        ("hung-up", 2, 2 / 17),
        ("7", 1, 1 / 17),
        ("failure", 1, 1 / 17),
    ]


def test_self_service_is_of_the_calls_that_are_over(reader):
    report = ivr_report(reader, asked())
    columns = ("calls", "self_served", "asked", "hung_up", "other", "live", "self_service_rate")
    assert total(report, "flows", *columns) == (17, 10, 3, 2, 1, 1, 10 / 16)


def test_the_parts_of_a_flow_add_up_to_its_calls(reader):
    columns = ("calls", "self_served", "asked", "hung_up", "other", "live")
    for calls, *parts in rows(ivr_report(reader, asked()), "flows", *columns):
        assert calls == sum(parts)


def test_a_version_of_the_flow_may_be_asked_for(reader):
    report = ivr_report(reader, asked(flow_version="v2"))
    assert rows(report, "flows", "flow", "flow_version", "calls", "self_served") == [("main", "v2", 1, 0)]


@pytest.mark.parametrize(
    "wish",
    [
        TransferEnded(at=T + MIN + S, call="h1", number="110", outcome="answered", talked_ms=1),
        CallbackAsked(
            at=T + MIN + S,
            call="h1",
            callback="h1/cb1",
            queue="q",
            number="1",
            language="zh",
            skills={},
            priority=0,
        ),
    ],
)
def test_who_wanted_a_person_did_not_help_himself(tmp_path, wish):
    with closing(LedgerReader(ledger(tmp_path, *helped("h1", T + MIN, 1), wish))) as reader:
        assert total(ivr_report(reader, asked()), "flows", "self_served", "asked") == (0, 1)


def test_times_at_a_node_are_exact_to_a_tenth_of_a_second(reader):
    columns = ("node", "mean_s", "p50_s", "p90_s")
    menu, balance, *_ = rows(ivr_report(reader, asked()), "nodes", *columns)
    # 1 to 10 s, 30 and 40 s, thrice 5 s, 15 s: 155 s in 16 stays; the live one is not over.
    assert menu == ("menu", 9.688, 5.0, 30.0)
    assert balance == ("balance", 10.0, 10.0, 10.0)


def test_the_commonest_ways_come_first_with_their_outcomes(reader):
    assert rows(ivr_report(reader, asked()), "paths", "path", "calls", "ended", "hung_up", "other")[:3] == [
        ("menu › balance", 10, 10, 0, 0),
        ("menu", 3, 0, 2, 1),
        ("menu › queue", 2, 0, 2, 0),
    ]


def test_many_ways_and_long_ways_are_cut(tmp_path):
    events = []
    for number in range(TOP + 5):
        events += Called(f"c{number}", T).node(0, f"n{number:02}").over(S)
    long = Called("long", T)
    for number in range(LONGEST + 5):
        long.node(number, "loop")
    with closing(LedgerReader(ledger(tmp_path, *events, *long.over(S)))) as reader:
        paths = [path for (path,) in rows(ivr_report(reader, asked()), "paths", "path")]
        whole = [path for (path,) in rows(ivr_report(reader, asked(dnis="10000")), "paths", "path")]
    assert len(paths) == TOP
    assert whole[0].split(" › ")[-1] == "…"
    assert whole[0].count("loop") == LONGEST


def test_a_call_that_went_on_at_its_node_after_a_crash_did_not_leave_there(tmp_path):
    again = NodeEntered(at=T + 5 * S, call="c", flow="main", node="menu", language="zh")
    with closing(LedgerReader(ledger(tmp_path, *at_menu("c", T, 10), again))) as reader:
        report = ivr_report(reader, asked())
    assert rows(report, "nodes", "entered", "went_on", "hung_up") == [(2, 1, 1)]


def test_an_empty_period_is_an_empty_report(reader):
    report = ivr_report(reader, asked(T - 2 * DAY, T - DAY))
    assert total(report, "flows", "calls", "self_service_rate") == (0, None)
    assert all(not table.rows for table in report.tables)


def test_a_queue_that_nobody_knows_is_refused(reader):
    with pytest.raises(UnknownQueue):
        ivr_report(reader, asked(queue="none"))
