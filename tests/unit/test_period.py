"""Periods: written by people, and cut as local clocks show them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.period import (
    MOST_ROWS,
    NoSuchMoment,
    PeriodBackwards,
    TooManyIntervals,
    cut,
    parse,
)
from reports.query import moment

BERLIN = ZoneInfo("Europe/Berlin")  # 2026: forward on 29 March, back on 25 October
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = 3_600_000


def ms(text, zone=BERLIN):
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1_000)


NOW = ms("2026-03-31T12:00", SHANGHAI)


def starts(began, ended, by, zone=BERLIN):
    return [moment(row.began, zone).isoformat() for row in cut(began, ended, by, zone).rows]


def parsed(from_, to=None, zone=SHANGHAI):
    return [moment(at, zone).strftime("%Y-%m-%d %H:%M") for at in parse(from_, to, zone, NOW)]


@pytest.mark.parametrize(("day", "after", "hours"), [("29", "30", 23), ("30", "31", 24)])
def test_a_day_has_as_many_hours_as_its_clocks_give_it(day, after, hours):
    assert len(starts(ms(f"2026-03-{day}"), ms(f"2026-03-{after}"), "hour")) == hours


def test_both_of_the_repeated_hours_are_kept():
    rows = starts(ms("2026-10-25"), ms("2026-10-26"), "hour")
    assert len(rows) == 25
    assert rows[2:4] == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]


def test_a_zone_that_is_no_whole_hour_from_utc_has_hours_of_its_own():
    kathmandu = ZoneInfo("Asia/Kathmandu")
    rows = starts(ms("2026-01-01", kathmandu), ms("2026-01-01T02:00", kathmandu), "hour", kathmandu)
    assert rows == ["2026-01-01T00:00:00+05:45", "2026-01-01T01:00:00+05:45"]


def test_clocks_that_change_by_half_an_hour_begin_a_new_hour():
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    rows = starts(ms("2026-04-05", lord_howe), ms("2026-04-05T03:00", lord_howe), "hour", lord_howe)
    assert [row[11:16] for row in rows] == ["00:00", "01:00", "01:30", "02:00"]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("15m", ["09:10", "09:15", "09:30"]),
        ("30m", ["09:10", "09:30"]),
        ("hour", ["09:10"]),
    ],
)
def test_the_first_interval_begins_where_the_period_does(by, expected):
    rows = starts(ms("2026-01-01T09:10"), ms("2026-01-01T09:40"), by)
    assert [row[11:16] for row in rows] == expected


def test_days_weeks_and_months_begin_at_local_midnight():
    period = ms("2026-01-30"), ms("2026-02-03")
    assert [row[:10] for row in starts(*period, "day")] == [
        "2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02"
    ]  # fmt: skip
    assert [row[:10] for row in starts(*period, "week")] == ["2026-01-30", "2026-02-02"]
    assert [row[:10] for row in starts(*period, "month")] == ["2026-01-30", "2026-02-01"]


def test_days_of_one_name_are_one_row_from_monday_on():
    parts = cut(ms("2026-01-01"), ms("2026-01-15"), "weekday", BERLIN)
    assert [row.weekday for row in parts.rows] == list(range(7))
    assert parts.row(ms("2026-01-02T10:00")) == parts.row(ms("2026-01-09T23:59")) == 4


@given(
    began=st.integers(0, 10**7).map(lambda minutes: minutes * 60_000 + 1_700_000_000_000),
    hours=st.integers(0, 400),
    by=st.sampled_from(["15m", "30m", "hour", "day", "week", "month"]),
    zone=st.sampled_from([BERLIN, SHANGHAI, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/Sao_Paulo")]),
)
def test_intervals_tile_the_period(began, hours, by, zone):
    ended = began + hours * HOUR
    rows = cut(began, ended, by, zone).rows
    assert [row.began for row in rows] == [began, *(row.ended for row in rows[:-1])][: len(rows)]
    assert not rows or rows[-1].ended == ended
    assert all(row.began < row.ended for row in rows)


def test_a_quarter_hour_belongs_to_the_row_that_holds_it():
    parts = cut(ms("2026-01-01T09:10"), ms("2026-01-01T12:00"), "hour", BERLIN)
    assert [parts.row(ms(f"2026-01-01T{clock}")) for clock in ("09:00", "09:45", "10:00", "11:45")] == [
        0,
        0,
        1,
        2,
    ]


def test_more_rows_than_anybody_could_read_are_refused():
    with pytest.raises(TooManyIntervals, match="take a shorter one"):
        cut(0, (MOST_ROWS + 1) * 15 * 60_000, "15m", ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("from_", "to", "expected"),
    [
        (None, None, ["2026-03-31 00:00", "2026-04-01 00:00"]),
        ("today", None, ["2026-03-31 00:00", "2026-04-01 00:00"]),
        ("yesterday", None, ["2026-03-30 00:00", "2026-03-31 00:00"]),
        ("this-month", None, ["2026-03-01 00:00", "2026-04-01 00:00"]),
        ("last-month", None, ["2026-02-01 00:00", "2026-03-01 00:00"]),
        ("yesterday", "today", ["2026-03-30 00:00", "2026-04-01 00:00"]),
        ("2026-03-02", None, ["2026-03-02 00:00", "2026-03-31 12:00"]),
        ("2026-03-02", "2026-03-02", ["2026-03-02 00:00", "2026-03-03 00:00"]),
        ("2026-03-02 10:00", "2026-03-02T11:30", ["2026-03-02 10:00", "2026-03-02 11:30"]),
        ("2026-03-02T02:00+00:00", "2026-03-03", ["2026-03-02 10:00", "2026-03-04 00:00"]),
        (None, "yesterday", ["2026-03-30 00:00", "2026-03-31 00:00"]),
    ],
)
def test_a_period_is_what_is_written(from_, to, expected):
    assert parsed(from_, to) == expected


@pytest.mark.parametrize("written", ["2026-02-30", "2026-13-01", "2026-02-28 25:00", "2025-02-29"])
def test_a_day_that_the_calendar_does_not_have_is_told(written):
    with pytest.raises(
        NoSuchMoment, match=f"--from '{written}': the calendar has no such day or the day no such time"
    ):
        parsed(written)


@pytest.mark.parametrize("written", ["tomorrow", "10:00", "1 March", "2026"])
def test_what_is_no_moment_is_told_what_to_write(written):
    with pytest.raises(NoSuchMoment, match="write 2026-03-01"):
        parsed(written)


def test_a_time_that_clocks_left_out_is_told():
    with pytest.raises(NoSuchMoment, match="clocks in Europe/Berlin were put forward"):
        parse("2026-03-29 02:30", None, BERLIN, NOW)


def test_a_repeated_time_is_the_first_of_the_two_and_its_offset_names_the_second():
    first, _ = parse("2025-10-26 02:30", None, BERLIN, NOW)
    second, _ = parse("2025-10-26 02:30+01:00", None, BERLIN, NOW)
    assert second - first == HOUR


@pytest.mark.parametrize(
    ("from_", "to"), [("2026-03-02", "2026-03-01"), ("today", "yesterday"), ("2027-01-01", None)]
)
def test_a_period_that_runs_backwards_is_told(from_, to):
    with pytest.raises(PeriodBackwards, match="is after --to"):
        parsed(from_, to)


def test_moments_are_utc_milliseconds():
    assert moment(0, ZoneInfo("UTC")) == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "began"),
    [
        ("7d", "2026-03-22T00:00:00+01:00"),
        ("2w", "2026-03-15T00:00:00+01:00"),
        ("3h", "2026-03-29T07:00:00+02:00"),
    ],
)
def test_so_long_ago_is_the_beginning_of_that_day_or_that_moment_until_now(written, began):
    now = round(datetime.fromisoformat("2026-03-29T10:00:00+02:00").timestamp() * 1000)
    expected = round(datetime.fromisoformat(began).timestamp() * 1000)
    assert parse(written, None, ZoneInfo("Europe/Berlin"), now) == (expected, now)
