"""The report of queues: rows that add up, at any cut, with each call counted once in all."""

import csv
import gzip
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from ledger import schema
from ledger.rollups import settle
from reports.busy_hour import busy_hour_report
from reports.measures import FORMULAS, Definition
from reports.query import Query, UnknownQueue
from reports.queues import queues_report
from tests.unit.small_ledger import Ledger, talk_row, visit_row

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000
MONTH = Path(__file__).parents[3] / "shared" / "data"
LEFT = ("answered", "abandoned", "overflowed", "called_back", "other", "waiting")


def at(text, zone=UTC):
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1_000)


DAY = at("2026-03-02"), at("2026-03-03")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lasting(request, tmp_path_factory):
    if request.param == "sqlite":
        ledger = Ledger(f"sqlite:///{tmp_path_factory.mktemp('queues')}/ledger.sqlite")
    else:
        ledger = Ledger(request.getfixturevalue("postgres").database())
    yield ledger
    ledger.close()


@pytest.fixture
def ledger(lasting):
    lasting.clear()
    with lasting.engine.begin() as connection:
        for table in (schema.calls, schema.tags):
            connection.execute(table.delete())
    return lasting


def ask(ledger, period=DAY, **asked):
    asked = {"as_of": at("2026-05-01"), "zone": UTC} | asked
    return queues_report(ledger.reader, Query(began=period[0], ended=period[1], **asked))


def rows(report):
    heads = [column.name for column in report.tables[0].columns]
    return [dict(zip(heads, row, strict=True)) for row in report.tables[0].rows]


def total(report):
    heads = [column.name for column in report.tables[0].columns]
    return dict(zip(heads, report.tables[0].total, strict=True))


def two_visits(ledger):
    ledger.put_fast(
        [
            visit_row("a/1", "first", at("2026-03-02T09:59:50"), 20_000, "overflowed"),
            visit_row("a/2", "second", at("2026-03-02T10:00:10"), 5_000),
            visit_row("b/1", "second", at("2026-03-02T10:30"), None, None),
        ]
    )


def test_the_worked_hour_of_icmi_gives_the_fields_own_figures(ledger):
    waits = [
        ("answered", 20_000, 860),
        ("answered", 20_001, 140),
        ("abandoned", 5_000, 10),
        ("abandoned", 20_000, 10),
    ]
    waits.append(("abandoned", 20_001, 40))
    ledger.put_fast(
        visit_row(f"{outcome}{wait}n{n}/1", "q", DAY[0] + n, wait, outcome)
        for outcome, wait, count in waits
        for n in range(count)
    )
    report = ask(ledger, by="day", all_formulas=True, definition=Definition(threshold=20))
    found = [f"{100 * total(report)[f'service_level_{name}']:.1f}" for name in FORMULAS]
    assert found == ["81.1", "82.7", "83.0", "86.0", "81.9"]
    assert total(report)["offered"] == 1_060


def test_a_row_has_the_columns_that_scripts_rely_on(ledger):
    (row, *_) = rows(ask(ledger))
    pinned = [
        "start",
        "offered",
        "answered",
        "abandoned",
        "short_abandoned",
        "overflowed",
        "called_back",
        "other",
    ]
    pinned += ["waiting", "answer_rate", "service_level", "asa_s", "max_wait_s", "aht_s"]
    assert list(row)[: len(pinned)] == pinned


def test_empty_intervals_are_shown(ledger):
    ledger.put_fast([visit_row("a/1", "q", at("2026-03-02T10:10"))])
    found = rows(ask(ledger))
    assert [row["offered"] for row in found] == [int(hour == 10) for hour in range(24)]
    assert found[0]["answer_rate"] is found[0]["asa_s"] is found[0]["max_wait_s"] is None


def test_a_call_in_two_queues_is_two_visits_but_one_call_in_all(ledger):
    two_visits(ledger)
    every = [
        (row["queue"], row["offered"], row["answered"]) for row in rows(ask(ledger, by="day", queue="each"))
    ]
    assert every == [("first", 1, 0), ("second", 2, 1)]
    all_calls = {row["start"].hour: row for row in rows(ask(ledger))}
    assert (all_calls[9]["answered"], all_calls[9]["overflowed"], all_calls[9]["asa_s"]) == (1, 0, 25.0)
    assert total(ask(ledger, queue="each"))["offered"] == total(ask(ledger))["offered"] == 2


def test_what_is_offered_is_the_sum_of_what_became_of_it_in_each_row(ledger):
    two_visits(ledger)
    for queue in ("all", "each", "second"):
        found = rows(ask(ledger, queue=queue))
        assert sum(row["offered"] for row in found) > 0
        assert all(row["offered"] == sum(row[name] for name in LEFT) for row in found)


def test_one_queue_has_its_own_rows_and_total(ledger):
    two_visits(ledger)
    report = ask(ledger, queue="second", by="day")
    assert [row["offered"] for row in rows(report)] == [2]
    assert total(report)["offered"] == 2


def test_both_of_the_repeated_hours_have_their_calls(ledger):
    twice = [at("2026-10-25T02:10", BERLIN), at("2026-10-25T02:10", BERLIN) + HOUR]
    ledger.put_fast([visit_row(f"{n}/1", "q", moment) for n, moment in enumerate(twice)])
    period = at("2026-10-25", BERLIN), at("2026-10-26", BERLIN)
    found = rows(ask(ledger, period, zone=BERLIN, as_of=period[1]))
    assert len(found) == 25
    assert [row["start"].isoformat()[11:] for row in found if row["offered"]] == [
        "02:00:00+02:00",
        "02:00:00+01:00",
    ]


def test_days_of_one_name_are_added_up(ledger):
    ledger.put_fast([visit_row(f"{day}/1", "q", at(f"2026-03-{day}T10:00")) for day in ("02", "03", "09")])
    found = rows(ask(ledger, (DAY[0], at("2026-03-16")), by="weekday"))
    assert [(row["weekday"][:3], row["offered"]) for row in found][:3] == [("Mon", 2), ("Tue", 1), ("Wed", 0)]


def call_row(call, dnis="100", flow_version="v1"):
    return {
        "call": call, "site": "s", "node": "n", "ani": "1", "dnis": dnis, "trunk": "t", "flow": "f",
        "flow_version": flow_version, "language": "zh", "began": DAY[0],
    }  # fmt: skip


def tagged(ledger, call, name, value):
    row = {"call": call, "name": name, "value": value, "site": "s", "node": "n", "tagged": 1}
    with ledger.engine.begin() as connection:
        connection.execute(insert(schema.tags), [row])


@pytest.fixture
def facts(ledger):
    """Three calls that differ in every fact by which they can be asked for."""
    ledger.put_fast(
        [call_row("a"), call_row("b", dnis="200"), call_row("c", flow_version="v2")], schema.calls
    )
    ledger.put_fast(
        [
            visit_row("a/1", "q", DAY[0], seat="s1"),
            visit_row("b/1", "q", DAY[0], seat="s2"),
            visit_row("c/1", "q", DAY[0], seat="s1"),
        ]
    )
    tagged(ledger, "a", "topic", "bill")
    tagged(ledger, "a", "vip", "yes")
    tagged(ledger, "b", "topic", "fault")
    settle(ledger.engine, DAY[1])
    return ledger


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ({"dnis": "200"}, 1),
        ({"dnis": "300"}, 0),
        ({"flow_version": "v1"}, 2),
        ({"seat": "s1"}, 2),
        ({"tags": {"topic": "bill"}}, 1),
        ({"tags": {"topic": "bill", "vip": "no"}}, 0),
        ({"seat": "s1", "flow_version": "v2"}, 1),
    ],
)
def test_only_the_calls_that_were_asked_for_are_counted(facts, asked, offered):
    for queue in ("all", "q"):
        assert total(ask(facts, by="day", queue=queue, queues=("q",), **asked))["offered"] == offered


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("dnis", [("100", 2), ("200", 1)]),
        ("flow-version", [("v1", 2), ("v2", 1)]),
        ("seat", [("s1", 2), ("s2", 1)]),
        ("tag", [("", 1), ("topic=bill", 1), ("topic=fault", 1), ("vip=yes", 1)]),
    ],
)
def test_rows_may_be_by_another_fact_and_the_total_still_counts_each_call_once(facts, by, expected):
    for queue in ("all", "each"):
        report = ask(facts, by=by, queue=queue)
        assert [(row[by.replace("-", "_")], row["offered"]) for row in rows(report)] == expected
        assert total(report)["offered"] == 3


def test_a_handling_time_is_shown_where_the_call_arrived(ledger):
    ledger.put_fast([visit_row("a/1", "q", DAY[0])])
    ledger.put_fast([talk_row("a/1", 90_000, DAY[0] + 2 * HOUR)], schema.conversations)
    first, *others = rows(ask(ledger))
    assert (first["aht_s"], first["handled"]) == (90.0, 1)
    assert not any(row["handled"] for row in others)


def test_the_definition_says_all_that_the_figures_follow(ledger):
    definition = ask(ledger, definition=Definition(threshold=20), zone=BERLIN).definition
    told = {name: definition[name] for name in ("formula", "threshold", "busy_hour", "timezone", "by")}
    assert told == {
        "formula": "offered", "threshold": 20, "busy_hour": "sliding", "timezone": "Europe/Berlin", "by": "hour"
    }  # fmt: skip
    assert definition["from"].isoformat() == "2026-03-02T01:00:00+01:00"


def test_a_preset_shows_whether_its_targets_are_met(ledger):
    ledger.put_fast([visit_row("a/1", "q", DAY[0]), visit_row("b/1", "q", DAY[0], outcome="abandoned")])
    (targets,) = ask(ledger, preset="gb-t-33358").tables[1:]
    assert [row[1:] for row in targets.rows] == [(1.0, 0.5, False), (0.95, 0.5, False)]


def test_a_queue_that_there_is_not_is_told(ledger):
    with pytest.raises(UnknownQueue, match="there is no queue 'x'"):
        ask(ledger, queue="x")


def test_a_queue_of_the_site_that_nobody_came_to_is_empty_and_no_mistake(ledger):
    assert total(ask(ledger, queue="x", queues=("x",)))["offered"] == 0


@pytest.mark.skipif(not MONTH.exists(), reason="the real month is not here")
def test_a_real_month_agrees_with_an_independent_count_in_every_hour(tmp_path):
    began = {}
    visits = []
    with gzip.open(MONTH / "bank_january_1999.queue_log.gz", "rt") as lines:
        for line in lines:
            second, call, queue, _, event, *details = line.rstrip("\n").split("|")
            if event == "ENTERQUEUE":
                began[call] = 1_000 * int(second)
            elif event in ("CONNECT", "ABANDON"):
                wait = 1_000 * int(details[0] if event == "CONNECT" else details[2])
                outcome = "answered" if event == "CONNECT" else "abandoned"
                visits.append(visit_row(f"{call}/1", queue, began[call], wait, outcome))
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.put_fast(visits)
    settle(ledger.engine, at("1999-01-20T13:00"))
    report = ask(ledger, (at("1999-01-01"), at("1999-02-01")), definition=Definition(threshold=20))
    period = at("1999-01-01"), at("1999-02-01")
    peak = Query(began=period[0], ended=period[1], as_of=period[1], zone=UTC, busy_hour="clock")
    hour = busy_hour_report(ledger.reader, peak).data["busy_hour"]
    ledger.close()
    assert (hour["start"].isoformat(), hour["offered"], hour["answered"]) == (
        "1999-01-10T16:00:00+00:00",
        302,
        188,
    )
    found = {row["start"]: row for row in rows(report)}
    assert len(found) == 31 * 24
    expected = defaultdict(lambda: (0, 0, 0, 0))
    with (MONTH / "bank_january_1999_hourly.csv").open() as file:
        for hour in csv.DictReader(file):
            start = datetime.fromisoformat(f"{hour['date']}T{int(hour['hour']):02}:00+00:00")
            names = ("offered", "answered", "abandoned", "answered_le20")
            expected[start] = tuple(int(hour[name]) for name in names)
    for start, row in found.items():
        heard = row["answered"] + row["abandoned"]
        within = round((row["service_level"] or 0) * heard)
        assert (row["offered"], row["answered"], row["abandoned"], within) == expected[start]
    whole = total(report)
    assert (whole["offered"], whole["answered"], whole["abandoned"], whole["asa_s"]) == (
        30_161,
        27_060,
        3_101,
        35.028,
    )
    assert f"{100 * whole['answer_rate']:.3f}" == "89.719"
