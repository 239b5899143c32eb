"""The report of the busy hour: chosen by each definition, and measured with all that belongs to it."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from ledger import schema
from ledger.rollups import settle
from reports.busiest import busiest
from reports.busy_hour import busy_hour_report
from reports.measures import Definition
from reports.query import BadQuery, Query, UnknownQueue, moment
from tests.unit.small_ledger import Ledger, state_row, talk_row, visit_row

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = 60_000
HOUR = 60 * MINUTE


def at(text, zone=SHANGHAI):
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1_000)


def crowd(text, number, queue="bills", zone=SHANGHAI, **facts):
    start = at(text, zone)
    return [visit_row(f"{start + n}{queue}/1", queue, start + n, **facts) for n in range(number)]


DAY = at("2026-03-02"), at("2026-03-03")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lasting(request, tmp_path_factory):
    if request.param == "sqlite":
        ledger = Ledger(f"sqlite:///{tmp_path_factory.mktemp('busy')}/ledger.sqlite")
    else:
        ledger = Ledger(request.getfixturevalue("postgres").database())
    yield ledger
    ledger.close()


@pytest.fixture
def ledger(lasting):
    lasting.clear()
    return lasting


def ask(ledger, period=DAY, **asked):
    asked = {"as_of": at("2026-05-01"), "zone": SHANGHAI} | asked
    return busy_hour_report(ledger.reader, Query(began=period[0], ended=period[1], **asked))


def table(report, name):
    (found,) = [each for each in report.tables if each.name == name]
    heads = [column.name for column in found.columns]
    return [dict(zip(heads, row, strict=True)) for row in found.rows]


def chosen(offered, period, name, zone=SHANGHAI, fixed=None):
    hours = busiest(offered, *period, zone, name, fixed)
    return [moment(hour.began, zone).isoformat()[:16] for hour in hours]


SPREAD = {
    at(f"2026-03-02T{clock}"): n for clock, n in (("09:30", 5), ("09:45", 5), ("10:15", 5), ("10:30", 4))
}


@pytest.mark.parametrize(
    ("name", "start"),
    [("sliding", "09:30"), ("half-hours", "09:30"), ("clock", "09:00")],
)
def test_each_definition_of_one_hour_chooses_among_its_own_beginnings(name, start):
    assert chosen(SPREAD, DAY, name) == [f"2026-03-02T{start}"]


def test_an_hour_on_quarters_may_gather_more_than_one_on_half_hours():
    offered = {at("2026-03-02T09:45"): 3, at("2026-03-02T10:30"): 3}
    assert chosen(offered, DAY, "sliding") == ["2026-03-02T09:45"]
    assert chosen(offered, DAY, "half-hours") == ["2026-03-02T09:00"]


THREE_DAYS = at("2026-03-02"), at("2026-03-05")
UNEVEN = {
    at("2026-03-02T09:00"): 10, at("2026-03-02T15:00"): 8,
    at("2026-03-03T11:00"): 10, at("2026-03-03T15:00"): 8,
    at("2026-03-04T15:15"): 7,
}  # fmt: skip


def test_the_time_consistent_hour_is_the_same_on_each_day_and_no_days_peak_need_be_in_it():
    assert chosen(UNEVEN, THREE_DAYS, "tcbh") == [f"2026-03-0{day}T14:30" for day in (2, 3, 4)]


def test_each_day_has_a_peak_of_its_own():
    peaks = chosen(UNEVEN, THREE_DAYS, "adph")
    assert peaks == ["2026-03-02T08:15", "2026-03-03T10:15", "2026-03-04T14:30"]


def test_a_fixed_hour_is_taken_on_each_day_that_the_period_holds_it_on():
    period = at("2026-03-02T10:30"), at("2026-03-04T10:30")
    assert chosen({}, period, "fixed", fixed=time(10)) == ["2026-03-03T10:00"]


def test_a_fixed_hour_that_clocks_leave_out_is_left_out():
    period = at("2026-03-28", BERLIN), at("2026-03-31", BERLIN)
    assert [start[8:10] for start in chosen({}, period, "fixed", BERLIN, time(2, 30))] == ["28", "30"]


def test_a_period_without_an_hour_is_taken_whole_by_every_other_definition():
    period = at("2026-03-02T10:05"), at("2026-03-02T10:35")
    for name in ("sliding", "clock", "half-hours", "tcbh", "adph"):
        assert [(hour.began, hour.ended) for hour in busiest({}, *period, SHANGHAI, name)] == [period]


def test_a_day_of_25_hours_has_one_time_consistent_hour_of_each_name():
    period = at("2026-10-25", BERLIN), at("2026-10-26", BERLIN)
    second = at("2026-10-25T02:00", BERLIN) + HOUR
    assert len(busiest({second: 9}, *period, BERLIN, "tcbh")) == 1


def test_the_hour_is_measured_with_each_outcome_and_every_queue(ledger):
    ledger.put_fast(
        crowd("2026-03-02T10:00", 6, wait_ms=10_000)
        + crowd("2026-03-02T10:20", 2, outcome="abandoned", wait_ms=4_000)
        + crowd("2026-03-02T10:30", 1, "faults", outcome="overflowed")
        + crowd("2026-03-02T14:00", 5)
    )
    report = ask(ledger, queues=("faults", "idle"))
    (hour,) = table(report, "hours")
    assert hour["start"] == datetime(2026, 3, 2, 9, 45, tzinfo=SHANGHAI)
    told = {
        name: hour[name] for name in ("offered", "answered", "abandoned", "short_abandoned", "overflowed")
    }
    assert told == {"offered": 9, "answered": 6, "abandoned": 2, "short_abandoned": 2, "overflowed": 1}
    assert (hour["answer_rate"], hour["service_level"], hour["asa_s"]) == (6 / 9, 6 / 8, 10.0)
    assert [(row["queue"], row["offered"]) for row in table(report, "queues")] == [
        ("faults", 1), ("idle", 0), ("bills", 8)
    ]  # fmt: skip


def test_json_has_the_hour_under_a_name_that_scripts_rely_on(ledger):
    ledger.put_fast(crowd("2026-03-02T10:00", 2))
    told = ask(ledger, busy_hour="clock").data["busy_hour"]
    assert told["start"].isoformat() == "2026-03-02T10:00:00+08:00"
    pinned = {
        "offered",
        "answered",
        "abandoned",
        "short_abandoned",
        "overflowed",
        "called_back",
        "other",
        "waiting",
    }
    assert pinned | {"answer_rate", "service_level", "asa_s", "max_wait_s", "aht_s"} <= told.keys()


@pytest.mark.parametrize(("name", "fixed"), [("tcbh", None), ("fixed", time(10))])
def test_hours_of_several_days_are_told_by_their_hour_of_day_with_rows_and_rates_from_sums(
    ledger, name, fixed
):
    ledger.put_fast(
        crowd("2026-03-02T10:00", 3)
        + crowd("2026-03-03T10:00", 1)
        + crowd("2026-03-03T10:10", 4, outcome="abandoned")
    )
    told = ask(ledger, (DAY[0], at("2026-03-04")), busy_hour=name, fixed=fixed).data["busy_hour"]
    start = "10:00" if fixed else "09:15"
    assert (told["start"], told["days"], told["mean_offered"]) == (start, ["2026-03-02", "2026-03-03"], 4)
    assert (told["offered"], told["answer_rate"]) == (8, 0.5)
    assert [row["offered"] for row in told["rows"]] == [3, 5]


def test_all_five_formulas_are_told_on_request(ledger):
    ledger.put_fast(
        crowd("2026-03-02T10:00", 1) + crowd("2026-03-02T10:05", 1, outcome="abandoned", wait_ms=0)
    )
    (hour,) = table(ask(ledger, all_formulas=True), "hours")
    assert hour["service_level_answered-only"] == 1
    assert hour["service_level_offered"] == 0.5
    assert sum(name.startswith("service_level_") for name in hour) == 5


def test_the_same_hour_of_the_weeks_before_stands_beside_it_at_the_same_local_time(ledger):
    # Clocks were put forward on 29 March.
    ledger.put_fast(
        crowd("2026-03-30T10:00", 5, zone=BERLIN)
        + crowd("2026-03-23T10:30", 3, zone=BERLIN)
        + crowd("2026-03-16T10:30", 2, zone=BERLIN)
    )
    period = at("2026-03-30", BERLIN), at("2026-03-31", BERLIN)
    before = table(ask(ledger, period, zone=BERLIN, busy_hour="clock"), "weeks_before")
    assert [(row["start"].isoformat(), row["offered"]) for row in before] == [
        ("2026-03-23T10:00:00+01:00", 3), ("2026-03-16T10:00:00+01:00", 2)
    ]  # fmt: skip


def test_the_distribution_of_waits_adds_up_to_the_calls(ledger):
    ledger.put_fast(
        crowd("2026-03-02T10:00", 2, wait_ms=5_000)
        + crowd("2026-03-02T10:01", 1, wait_ms=5_001)
        + crowd("2026-03-02T10:02", 1, wait_ms=700_000)
        + crowd("2026-03-02T10:03", 1, outcome="abandoned", wait_ms=700_000)
    )
    rows = table(ask(ledger, definition=Definition(threshold=8)), "waits")
    assert [(row["waited"], row["answered"]) for row in rows if row["answered"]] == [
        ("≤ 5 s", 2), ("≤ 8 s", 1), ("> 600 s", 1)
    ]  # fmt: skip
    assert (rows[-1]["abandoned"], rows[-1]["answered_by_then"]) == (1, 1.0)


def test_erlangs_seats_and_occupancy_are_of_the_hour_whenever_it_all_began(ledger):
    began = at("2026-03-02T10:00")
    ledger.put_fast(crowd("2026-03-02T10:00", 1))
    (visit,) = [row["visit"] for row in crowd("2026-03-02T10:00", 1)]
    ledger.put_fast([visit_row("early/1", "bills", began - 10 * HOUR)])
    ledger.put_fast(
        [
            talk_row(visit, talk_ms=2 * HOUR, began=began + HOUR // 2),
            talk_row("early/1", talk_ms=9.5 * HOUR, began=began - 9 * HOUR),
        ],
        schema.conversations,
    )
    state = {"offer": None}
    ledger.put_fast(
        [
            state_row("x/1", 1, "ready", seat="a", began=began - 9 * HOUR, ended=began + HOUR // 2, **state),
            state_row("x/1", 2, "talking", seat="a", began=began + HOUR // 2, ended=None, **state),
            state_row("x/1", 1, "not-ready", seat="b", began=began - 20 * HOUR, ended=None, **state),
            state_row("x/1", 1, "ready", seat="c", began=began + 2 * HOUR, ended=None, **state),
        ],
        schema.seat_states,
    )
    (hour,) = table(ask(ledger, busy_hour="fixed", fixed=time(10)), "hours")
    assert (hour["erlangs"], hour["seats_present"], hour["occupancy"]) == (1.0, 2.0, 0.5)


def test_the_curve_marks_the_busy_hour_on_its_day(ledger):
    ledger.put_fast(crowd("2026-03-02T10:00", 2))
    curve = ask(ledger, busy_hour="clock").charts[0]
    assert (len(curve.labels), curve.marked) == (96, (40, 41, 42, 43))
    assert curve.series[0].values[40] == 2


def test_the_curve_of_many_days_is_their_mean(ledger):
    ledger.put_fast(crowd("2026-03-02T10:00", 3) + crowd("2026-03-03T10:00", 1))
    curve = ask(ledger, (DAY[0], at("2026-03-04")), busy_hour="fixed", fixed=time(10)).charts[0]
    assert (curve.series[0].values[40], curve.marked[0]) == (2, 40)


def test_one_queues_busy_hour_is_chosen_by_its_own_visits(ledger):
    ledger.put_fast(crowd("2026-03-02T10:00", 9) + crowd("2026-03-02T15:00", 2, "faults"))
    report = ask(ledger, queue="faults", busy_hour="clock")
    assert report.data["busy_hour"]["start"].hour == 15
    assert report.data["busy_hour"]["offered"] == 2


def test_what_is_yet_to_come_is_no_part_of_the_period(ledger):
    ledger.put_fast(crowd("2026-03-02T10:00", 1))
    report = ask(ledger, as_of=at("2026-03-02T10:20"), busy_hour="clock")
    assert report.data["busy_hour"]["recorded_s"] == 20 * 60


def test_a_period_without_calls_has_an_hour_of_nothing(ledger):
    report = ask(ledger)
    assert report.data["busy_hour"]["offered"] == 0
    assert report.data["busy_hour"]["answer_rate"] is None


def test_a_queue_that_there_is_not_is_told_with_those_that_there_are(ledger):
    ledger.put_fast(crowd("2026-03-02T10:00", 1))
    with pytest.raises(UnknownQueue, match="there is no queue 'bils'; the queues are: bills"):
        ask(ledger, queue="bils")


def test_a_fixed_hour_needs_its_hour_of_day(ledger):
    with pytest.raises(BadQuery, match="write fixed=10:00"):
        ask(ledger, busy_hour="fixed")


@pytest.mark.parametrize("name", ["sliding", "tcbh", "adph"])
def test_the_report_is_the_same_of_roll_ups_and_of_rows(ledger, name):
    for day in (2, 3):
        ledger.put_fast(crowd(f"2026-03-0{day}T10:07", 4) + crowd(f"2026-03-0{day}T11:00", 2, "faults"))
    rows = ask(ledger, THREE_DAYS, busy_hour=name)
    settle(ledger.engine, THREE_DAYS[1])
    assert ask(ledger, THREE_DAYS, busy_hour=name) == rows


@pytest.mark.parametrize("name", ["sliding", "clock", "tcbh", "adph"])
def test_a_period_that_is_yet_to_come_has_nothing(ledger, name):
    ledger.put_fast(crowd("2026-03-02T10:00", 1))
    told = ask(ledger, as_of=at("2026-03-01"), busy_hour=name).data["busy_hour"]
    assert (told["offered"], told["erlangs"]) == (0, 0)


def test_a_fixed_hour_that_the_period_does_not_hold_has_no_days(ledger):
    period = at("2026-03-02T10:30"), at("2026-03-02T11:00")
    told = ask(ledger, period, busy_hour="fixed", fixed=time(10)).data["busy_hour"]
    assert (told["start"], told["days"], told["offered"]) == ("10:00", [], 0)
