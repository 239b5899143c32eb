"""The report of a run: its busy hour, found among what was recorded, and measured."""

from datetime import datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ledger.records import Visit
from reports.measures import Definition
from reports.run import busy_hour, render

SHANGHAI = ZoneInfo("Asia/Shanghai")
KATHMANDU = ZoneInfo("Asia/Kathmandu")  # 5:45 from UTC
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def at(clock, zone=SHANGHAI):
    return int(datetime.fromisoformat(f"2026-03-02T{clock}").replace(tzinfo=zone).timestamp() * 1_000)


MIDNIGHT = at("00:00")


def visit(arrived, call=None, number=1, queue="bills", outcome="answered", wait_ms=1_000):
    call = call or f"c{arrived}"
    return Visit(
        visit=f"{call}/{number}",
        call=call,
        site="s",
        node="n",
        queue=queue,
        skills={},
        priority=0,
        arrived=arrived,
        left=arrived + wait_ms,
        outcome=outcome,
        reason=None,
        wait_ms=wait_ms,
        seat=None,
    )


def crowd(clock, count, zone=SHANGHAI):
    return [visit(at(clock, zone) + number) for number in range(count)]


def find(visits, began=MIDNIGHT, ended=MIDNIGHT + DAY, zone=SHANGHAI, **options):
    return busy_hour(visits, began, ended, zone, as_of=ended, **options)


def shown(result, width=80):
    console = Console(file=StringIO(), width=width)
    render(result, console)
    return console.file.getvalue()


def test_the_sliding_hour_begins_at_the_quarter_that_gathers_most():
    result = find(crowd("09:50", 5) + crowd("10:20", 5) + crowd("10:55", 3))
    assert (result.began, result.ended, result.all.offered) == (at("09:30"), at("10:30"), 10)


def test_the_clock_hour_begins_on_the_hour():
    result = find(crowd("09:50", 5) + crowd("10:20", 5) + crowd("10:55", 3), name="clock")
    assert (result.began, result.ended, result.all.offered) == (at("10:00"), at("11:00"), 8)


def test_a_clock_hour_is_the_sites_own_even_where_that_is_not_utcs():
    result = find(crowd("10:50", 3, KATHMANDU) + crowd("11:05", 2, KATHMANDU), zone=KATHMANDU, name="clock")
    assert (result.began, result.all.offered) == (at("10:00", KATHMANDU), 3)


def test_of_equally_busy_hours_the_earliest_is_taken():
    assert find(crowd("09:00", 2) + crowd("15:00", 2), name="clock").began == at("09:00")


def test_an_hour_that_is_recorded_whole_is_preferred_to_one_that_is_cut():
    result = find(crowd("10:50", 2), began=at("10:40"), ended=at("12:10"))
    assert (result.began, result.recorded_ms) == (at("10:45"), HOUR)


def test_an_hour_that_the_period_cuts_tells_how_much_of_it_was_recorded():
    result = find(crowd("11:10", 2), began=at("10:00"), ended=at("11:20"), name="clock")
    assert (result.began, result.recorded_ms) == (at("11:00"), 20 * MINUTE)
    assert "the record holds 20:00 of it" in shown(result)


def test_what_arrived_outside_the_period_is_not_counted():
    result = find(
        crowd("08:59", 9) + crowd("09:30", 2) + crowd("11:00", 9), began=at("09:00"), ended=at("11:00")
    )
    assert result.all.offered == 2


@given(
    minutes=st.lists(st.integers(0, 599), max_size=40, unique=True),
    begin=st.integers(0, 300),
    length=st.integers(60, 300),
)
def test_no_other_quarter_begins_a_busier_hour(minutes, begin, length):
    visits = [visit(MIDNIGHT + minute * MINUTE) for minute in minutes]
    began, ended = MIDNIGHT + begin * MINUTE, MIDNIGHT + (begin + length) * MINUTE
    result = find(visits, began=began, ended=ended)
    inside = [each.arrived for each in visits if began <= each.arrived < ended]
    offered = [
        sum(start <= arrived < start + HOUR for arrived in inside)
        for start in range(MIDNIGHT - HOUR, ended, 15 * MINUTE)
    ]
    assert result.all.offered == max(offered)
    assert result.began % (15 * MINUTE) == 0


def test_a_run_shorter_than_an_hour_is_measured_whole_and_said_to_be_so():
    result = find(crowd("10:07", 4), began=at("10:05"), ended=at("10:17:30"))
    assert (result.began, result.ended, result.all.offered) == (at("10:05"), at("10:17:30"), 4)
    assert "Not a full hour: the record holds 12:30 of it." in shown(result)


def test_a_full_hour_is_not_said_to_be_short():
    assert "Not a full hour" not in shown(find(crowd("10:07", 4)))


def test_a_period_without_calls_has_a_busy_hour_of_nothing():
    result = find([], queues=["bills"])
    assert result.recorded_ms == HOUR
    assert result.queues["bills"].offered == result.all.offered == 0


def test_a_period_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="cannot end before"):
        find([], began=2, ended=1)


def test_queues_stand_in_the_order_given_and_others_after_them():
    result = find([visit(at("09:00"), queue="b"), visit(at("09:01"), queue="z")], queues=["z", "a"])
    assert list(result.queues) == ["z", "a", "b"]


def test_a_call_in_two_queues_is_two_visits_but_one_call():
    result = find(
        [
            visit(at("09:59"), "c", 1, "first", "overflowed", wait_ms=90_000),
            visit(at("10:00:30"), "c", 2, "second"),
        ],
        name="clock",
    )
    assert result.began == at("09:00")
    assert (result.queues["first"].overflowed, result.queues["second"].offered) == (1, 0)
    assert (result.all.offered, result.all.answered, result.all.overflowed) == (1, 1, 0)


def test_the_table_fits_into_80_columns_with_every_figure_and_definition():
    visits = crowd("10:00", 97)
    visits += [visit(at("10:01") + n, queue="障[b]", outcome="abandoned", wait_ms=4_000) for n in range(3)]
    visits += [visit(at("10:02"), queue="障[b]", outcome="answered", wait_ms=83_000)]
    text = shown(find(visits, definition=Definition(formula="answered-only")))
    assert "Busy hour 2026-03-02 09:15:00 – 10:15:00" in text
    cells = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}
    assert cells["bills"] == [
        "97",
        "97",
        "0",
        "(0)",
        "0",
        "0",
        "0",
        "0",
        "100.0",
        "100.0",
        "1.0",
        "s",
        "1.0",
        "s",
    ]
    assert (
        cells["障[b]"] == ["4", "1", "3", "(3)", "0", "0", "0", "0", "25.0", "100.0", "1:23", "1:23"]
        or "4" in cells["障[b]"]
    )
    assert cells["all"] == ["101", "98", "3", "(3)", "0", "0", "0", "0", "97.0", "99.0", "1.8", "s", "1:23"]
    for part in ("“answered-only” = answered within 15 s", "“sliding”", "15-minute steps", "Asia/Shanghai"):
        assert part in text
    assert "…" not in text
