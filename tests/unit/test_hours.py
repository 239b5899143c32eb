"""Opening hours: what a schedule says at a moment, when it opens next, and which mistakes it refuses."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ivr.language.hours import Schedule, State
from ivr.language.timetable import WEEKDAYS
from ivr.reading.document import parse
from ivr.reading.source import read, validated

DOC = Path(__file__).parents[2] / "docs" / "hours.md"
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
OFFICE = {"mon-fri": "08:30-12:00, 13:30-18:00", "sat": "09:00-12:00"}
ALL_DAY = "00:00-24:00"


def schedule(week: dict[str, str] | None = None, **keys: Any) -> Schedule:
    return Schedule.model_validate({"timezone": "Asia/Shanghai", "week": week or OFFICE} | keys)


def state(of: Schedule, when: str, zone: ZoneInfo = SHANGHAI) -> State:
    return of.state(datetime.fromisoformat(when).replace(tzinfo=zone))


def next_open(of: Schedule, when: str, zone: ZoneInfo = SHANGHAI) -> str | None:
    found = of.next_open(datetime.fromisoformat(when).replace(tzinfo=zone))
    return None if found is None else found.isoformat(" ", "minutes")


def next_open_utc(of: Schedule, at: datetime) -> datetime | None:
    """Python finds times in a repeated hour unlike those of another zone, so they are compared in UTC."""
    found = of.next_open(at)
    return None if found is None else found.astimezone(UTC)


def messages(written: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Schedule.model_validate(written)
    return [error["msg"] for error in caught.value.errors()]


# The week. 2026-03-02 is a Monday.


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("2026-03-02 08:29:59", "closed"),
        ("2026-03-02 08:30", "open"),
        ("2026-03-02 12:00", "closed"),
        ("2026-03-02 13:30", "open"),
        ("2026-03-02 17:59:59", "open"),
        ("2026-03-02 18:00", "closed"),
        ("2026-03-07 11:00", "open"),
        ("2026-03-07 14:00", "closed"),
        ("2026-03-08 11:00", "closed"),
    ],
)
def test_a_span_of_hours_begins_with_its_first_minute_and_ends_before_its_last(when: str, said: str) -> None:
    assert state(schedule(), when) == said


def test_a_span_of_days_goes_over_the_end_of_the_week() -> None:
    weekend = schedule({"fri-mon": ALL_DAY})
    opened = [day for day in range(2, 9) if state(weekend, f"2026-03-{day:02} 12:00") == "open"]
    assert opened == [2, 6, 7, 8]


def test_several_days_share_hours_with_commas() -> None:
    some = schedule({"tue, thu-fri": ALL_DAY})
    opened = [day for day in range(2, 9) if state(some, f"2026-03-{day:02} 12:00") == "open"]
    assert opened == [3, 5, 6]


def test_the_whole_day_is_open_from_midnight_to_midnight() -> None:
    whole = schedule({"mon": ALL_DAY})
    moments = ("2026-03-01 23:59", "2026-03-02 00:00", "2026-03-02 23:59", "2026-03-03 00:00")
    assert [state(whole, moment) for moment in moments] == ["closed", "open", "open", "closed"]


def test_hours_past_midnight_belong_to_the_day_on_which_they_begin() -> None:
    late = schedule({"mon": "22:00-06:00"})
    moments = (
        "2026-03-02 05:00",
        "2026-03-02 22:00",
        "2026-03-03 05:59",
        "2026-03-03 06:00",
        "2026-03-03 22:00",
    )
    assert [state(late, moment) for moment in moments] == ["closed", "open", "open", "closed", "closed"]


def test_a_night_that_begins_before_a_holiday_is_worked_to_its_end() -> None:
    late = schedule({"mon-sun": "22:00-06:00"}, holidays="CN")
    moments = ("2026-10-01 05:00", "2026-10-01 06:00", "2026-10-01 23:00", "2026-10-02 05:00")
    assert [state(late, moment) for moment in moments] == ["open", "holiday", "holiday", "holiday"]


def test_a_span_may_begin_when_another_ends() -> None:
    said = schedule({"mon": "12:00-13:00, 09:00-12:00"})
    moments = ("2026-03-02 11:59", "2026-03-02 12:00", "2026-03-02 13:00")
    assert [state(said, moment) for moment in moments] == ["open", "open", "closed"]


def test_hours_are_read_with_chinese_signs() -> None:
    chinese = schedule({"mon": "08：30—12：00，13：30～18：00"})
    moments = ("2026-03-02 09:00", "2026-03-02 12:30", "2026-03-02 17:00")
    assert [state(chinese, moment) for moment in moments] == ["open", "closed", "open"]


def test_a_day_is_closed_in_words() -> None:
    assert state(schedule({"mon": "closed", "tue": ALL_DAY}), "2026-03-02 12:00") == "closed"


# Holidays.


def dates(*spans: str) -> set[date]:
    found = set()
    for span in spans:
        first, _, last = span.partition("..")
        day, end = date.fromisoformat(f"2026-{first}"), date.fromisoformat(f"2026-{last or first}")
        while day <= end:
            found.add(day)
            day += timedelta(days=1)
    return found


def test_every_day_of_2026_is_as_chinas_state_council_announced_it() -> None:
    off = dates(
        "01-01..01-03",
        "02-15..02-23",
        "04-04..04-06",
        "05-01..05-05",
        "06-19..06-21",
        "09-25..09-27",
        "10-01..10-07",
    )
    makeup = dates("01-04", "02-14", "02-28", "05-09", "09-20", "10-10")
    said = schedule({"mon-fri": ALL_DAY}, holidays="CN")
    for day in dates("01-01..12-31"):
        weekend = day.weekday() >= 5 and day not in makeup
        expected = "holiday" if day in off else "closed" if weekend else "open"
        assert state(said, f"{day} 12:00") == expected, day


def test_a_makeup_saturday_has_the_hours_of_friday_and_a_sunday_those_of_monday() -> None:
    week = {"mon": "07:00-08:00", "tue-thu": "12:00-13:00", "fri": "15:00-16:00", "sat-sun": "20:00-21:00"}
    said = schedule(week, holidays="CN")
    opened = {
        day: [hour for hour in range(24) if state(said, f"{day} {hour:02}:30") == "open"]
        for day in ("2026-02-28", "2026-09-20", "2026-09-19")
    }
    assert opened == {"2026-02-28": [15], "2026-09-20": [7], "2026-09-19": [20]}


def test_makeup_days_can_stay_weekend_days() -> None:
    said = schedule({"mon-fri": ALL_DAY}, holidays="CN", makeup_days=False)
    assert state(said, "2026-02-28 12:00") == "closed"
    assert state(said, "2026-02-23 12:00") == "holiday"


def test_a_years_arrangement_reaches_into_the_year_before() -> None:
    """People worked on 30 December 2006 for a day off on 2 January 2007, by the notice for 2007."""
    assert state(schedule({"mon-fri": ALL_DAY}, holidays="CN"), "2006-12-30 12:00") == "open"


def test_new_year_is_joined_to_the_weekend_before() -> None:
    """1 January 2024 was a Monday, and the weekend before it part of the holiday (与周末连休)."""
    said = schedule({"daily": "00:00-01:00"}, holidays="CN")
    days = [state(said, f"2023-12-{day} 12:00") for day in (29, 30, 31)]
    assert days == ["closed", "holiday", "holiday"]


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    said = [
        state(schedule(holidays=place), "2026-06-04 10:00") for place in ("DE-BY", "DE-Bayern", "DE-BE", "DE")
    ]
    assert said == ["holiday", "holiday", "open", "open"]


def test_a_weekend_between_holidays_is_joined_to_them_in_china_only() -> None:
    """Easter Saturday is a working day in Germany, though Good Friday and Easter Monday are off."""
    assert state(schedule(holidays="DE"), "2026-04-04 10:00") == "open"
    assert state(schedule(holidays="CN"), "2026-04-04 10:00") == "holiday"


def test_holidays_have_hours_when_the_week_gives_them() -> None:
    said = schedule(OFFICE | {"holidays": "10:00-16:00"}, holidays="CN")
    moments = ("2026-10-01 09:00", "2026-10-01 12:30", "2026-10-01 16:00")
    assert [state(said, moment) for moment in moments] == ["holiday", "open", "holiday"]


def test_daily_hours_count_on_holidays_and_those_from_monday_to_sunday_do_not() -> None:
    said = [
        state(schedule({days: ALL_DAY}, holidays="CN"), "2026-10-01 12:00") for days in ("daily", "mon-sun")
    ]
    assert said == ["open", "holiday"]


def test_without_a_country_there_are_no_holidays() -> None:
    assert state(schedule(), "2026-10-01 10:00") == "open"


# Special days.

SPECIAL = {
    "2026-03-02": "closed",
    "2026-03-03": "holiday",
    "2026-03-08": "fri",
    "2026-10-01": "10:00-16:00",
    "2026-12-24..2026-12-28": "closed",
}


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("2026-03-02 10:00", "closed"),
        ("2026-03-03 10:00", "holiday"),
        ("2026-03-08 10:00", "open"),
        ("2026-03-08 12:30", "closed"),
        ("2026-10-01 12:30", "open"),
        ("2026-10-01 16:00", "closed"),
        ("2026-10-02 12:30", "holiday"),
        ("2026-12-23 10:00", "open"),
        ("2026-12-24 10:00", "closed"),
        ("2026-12-28 10:00", "closed"),
        ("2026-12-29 10:00", "open"),
    ],
)
def test_a_special_day_goes_before_weekdays_and_holidays(when: str, said: str) -> None:
    assert state(schedule(holidays="CN", special=SPECIAL), when) == said


# The night service.


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("2026-03-02 17:30", "open"),  # within the night's hours too
        ("2026-03-02 18:00", "night"),
        ("2026-03-02 21:59", "night"),
        ("2026-03-02 22:00", "closed"),
        ("2026-10-01 18:00", "holiday"),
        ("2026-03-09 18:00", "closed"),  # special: closed
        ("2026-03-10 18:00", "night"),  # special: hours of its own
    ],
)
def test_the_night_service_counts_while_it_is_not_open(when: str, said: str) -> None:
    special = {"2026-03-09": "closed", "2026-03-10": "10:00-12:00"}
    assert state(schedule(holidays="CN", night={"mon-sun": "17:00-22:00"}, special=special), when) == said


def test_a_daily_night_service_works_on_holidays_and_past_midnight() -> None:
    said = schedule(holidays="CN", night={"daily": "18:00-08:00"})
    moments = ("2026-10-01 18:00", "2026-10-02 07:59", "2026-10-02 08:00")
    assert [state(said, moment) for moment in moments] == ["night", "night", "holiday"]


# Time zones, and the clock that is set forward and back.


def test_a_moment_is_taken_in_the_schedules_zone() -> None:
    said = [
        schedule().state(datetime(2026, 3, 2, hour, 29 + minute, tzinfo=UTC))
        for hour, minute in ((0, 0), (0, 1))
    ]
    assert said == ["closed", "open"]


def test_without_a_zone_of_its_own_a_schedule_takes_the_moments() -> None:
    said = schedule({"mon": "09:00-17:00"}, timezone=None)
    assert state(said, "2026-03-02 09:00", BERLIN) == state(said, "2026-03-02 09:00", SHANGHAI) == "open"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        schedule().state(datetime(2026, 3, 2, 9))  # noqa: DTZ001


def test_hours_that_the_clock_jumps_over_do_not_happen() -> None:
    """In Berlin 02:00 is followed by 03:00 on 29 March 2026."""
    said = schedule({"daily": "02:15-04:00"}, timezone="Europe/Berlin")
    begin = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
    opened = [m for m in range(0, 240, 15) if said.state(begin + timedelta(minutes=m)) == "open"]
    assert opened == [60, 75, 90, 105]  # from 03:00, which is 01:00 UTC
    assert said.next_open(begin) == begin + timedelta(minutes=60)


def test_hours_that_lie_in_the_hour_jumped_over_wait_for_the_next_day() -> None:
    said = schedule({"daily": "02:15-02:45"}, timezone="Europe/Berlin")
    assert next_open(said, "2026-03-28 12:00", BERLIN) == "2026-03-30 02:15+02:00"


def test_hours_in_a_repeated_hour_happen_twice() -> None:
    """In Berlin the hour from 02:00 comes twice on 25 October 2026."""
    said = schedule({"daily": "02:15-02:45"}, timezone="Europe/Berlin")
    begin = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 02:00, the first time
    opened = [m for m in range(0, 180, 15) if said.state(begin + timedelta(minutes=m)) == "open"]
    assert opened == [15, 30, 75, 90]
    assert next_open_utc(said, begin + timedelta(minutes=50)) == begin + timedelta(minutes=75)


def test_hours_open_again_when_the_clock_is_set_back_into_them() -> None:
    said = schedule({"daily": "01:30-02:45"}, timezone="Europe/Berlin")
    begin = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    assert next_open_utc(said, begin + timedelta(minutes=50)) == begin + timedelta(minutes=60)


# The next opening.


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-03-02 10:10", "2026-03-02 10:10+08:00"),
        ("2026-03-02 12:00", "2026-03-02 13:30+08:00"),
        ("2026-03-06 18:00", "2026-03-07 09:00+08:00"),
        ("2026-03-07 12:00", "2026-03-09 08:30+08:00"),
        ("2026-09-30 20:00", "2026-10-08 08:30+08:00"),
    ],
)
def test_it_opens_next_at_the_first_moment_of_the_next_hours(at: str, opens: str) -> None:
    assert next_open(schedule(holidays="CN"), at) == opens


def test_the_next_opening_is_told_in_the_schedules_zone() -> None:
    opens = schedule().next_open(datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert opens is not None
    assert opens.isoformat() == "2026-03-02T08:30:00+08:00"


def test_there_is_no_next_opening_when_it_never_opens() -> None:
    assert next_open(schedule({"mon": "closed"}), "2026-03-02 10:00") is None


def test_the_next_opening_is_not_looked_for_beyond_400_days() -> None:
    once = schedule({"mon": "closed"}, special={"2027-04-06": ALL_DAY})
    found = [next_open(once, at) for at in ("2026-03-01 10:00", "2026-03-02 10:00")]
    assert found == [None, "2027-04-06 00:00+08:00"]


def test_the_calendar_has_an_end() -> None:
    assert next_open(schedule({"mon": "closed"}, holidays="CN"), "9999-12-30 10:00") is None


# Warnings.


def test_the_current_year_is_warned_of_when_it_is_not_published() -> None:
    warned = schedule(holidays="CN").warnings(date(2090, 3, 1))
    assert [warning.partition(" in CN ")[0] for warning in warned] == ["the holidays of 2090"]


@pytest.mark.parametrize(("today", "years"), [("2090-09-30", ["2090"]), ("2090-10-01", ["2090", "2091"])])
def test_the_next_year_is_warned_of_from_october_on(today: str, years: list[str]) -> None:
    warned = schedule(holidays="CN").warnings(date.fromisoformat(today))
    assert [re.findall(r"\d{4}", warning) for warning in warned] == [[year] for year in years]


def test_published_years_are_not_warned_of() -> None:
    assert schedule(holidays="CN").warnings(date(2025, 12, 1)) == []


def test_holidays_that_the_law_fixes_for_all_years_are_not_warned_of() -> None:
    assert schedule(holidays="DE").warnings(date(2090, 12, 1)) == schedule().warnings(date(2090, 12, 1)) == []


def test_a_year_arranged_by_hand_is_not_warned_of() -> None:
    by_hand = schedule(holidays="CN", special={"2091-02-20": "fri", "2090-05-04": "closed"})
    warned = by_hand.warnings(date(2090, 12, 1))
    assert [re.findall(r"\d{4}", warning) for warning in warned] == [["2090"]]


# What is refused.

DAYS = "mon, tue, wed, thu, fri, sat, sun, a span as mon-fri, daily or holidays"


@pytest.mark.parametrize(
    ("week", "message"),
    [
        ({"mon-fir": ALL_DAY}, f"'fir' in 'mon-fir' is no day (did you mean 'fri'?); write {DAYS}"),
        ({"weekend": ALL_DAY}, f"'weekend' is no day; write {DAYS}"),
        ({"mon": "8:30-18"}, "'8:30-18' is no span of time; write HH:MM-HH:MM, as 08:30-18:00, or closed"),
        (
            {"mon": "08:30-25:00"},
            "'08:30-25:00' is no span of time; the clock goes from 00:00 to 23:59, and a span may end at 24:00",
        ),
        (
            {"mon": "08:00-08:00"},
            "'08:00-08:00' begins and ends at the same time; for the whole day write 00:00-24:00",
        ),
        (
            {"mon": "11:00-13:00, 08:00-12:00"},
            "08:00-12:00 and 11:00-13:00 overlap; let one end before the other begins, or write one span",
        ),
        (
            {"mon": "22:00-06:00, 23:00-24:00"},
            "22:00-06:00 and 23:00-24:00 overlap; let one end before the other begins, or write one span",
        ),
        ({"mon-fri": ALL_DAY, "fri": ALL_DAY}, "fri is in both 'mon-fri' and 'fri'; write its hours once"),
        (
            {"daily": ALL_DAY, "holidays": ALL_DAY},
            "holidays is in both 'daily' and 'holidays'; write its hours once",
        ),
    ],
)
def test_a_wrong_week_is_told_with_what_to_write(week: dict[str, str], message: str) -> None:
    assert messages({"week": week}) == [message]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"holidays": "China"},
            "no country has the code 'China'; write its ISO 3166 code as CN, or DE-BY for a part; did you mean 'CN'?",
        ),
        (
            {"holidays": "cn"},
            "no country has the code 'cn'; write its ISO 3166 code as CN, or DE-BY for a part; did you mean 'CN'?",
        ),
        ({"holidays": "DE-BYY"}, "the holidays of DE are not known for a part 'BYY'; did you mean 'BY'?"),
        ({"holidays": "CN-GD"}, "the holidays of CN are not known for a part 'GD'; write CN"),
        (
            {"timezone": "Asia/Shangai"},
            "no time zone is named 'Asia/Shangai'; write an IANA name as Asia/Shanghai; did you mean 'Asia/Shanghai'?",
        ),
        (
            {"special": {"2027-02-30": "closed"}},
            "'2027-02-30' is no date; write YYYY-MM-DD, as 2027-05-04, or a span as 2027-02-05..2027-02-08",
        ),
        (
            {"special": {"2027-02-08..2027-02-05": "closed"}},
            "'2027-02-08..2027-02-05' ends before it begins; write the earlier date first",
        ),
        (
            {"special": {"2027-01-01..2037-01-01": "closed"}},
            "'2027-01-01..2037-01-01' is longer than 366 days; for so long change the week's hours",
        ),
        (
            {"special": {"2027-02-05..2027-02-08": "closed", "2027-02-06": "fri"}},
            "2027-02-06 is in both '2027-02-05..2027-02-08' and '2027-02-06'; write its hours once",
        ),
        (
            {"special": {"2027-02-05": "clsed"}},
            "'clsed' is nothing that a day can be; write closed, holiday, a weekday as fri, or HH:MM-HH:MM"
            "; did you mean 'closed'?",
        ),
    ],
)
def test_a_wrong_key_is_told_with_what_to_write(keys: dict[str, Any], message: str) -> None:
    assert messages({"week": OFFICE} | keys) == [message]


def test_mistakes_are_told_at_their_places_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "office.yaml"
    file.write_text('week:\n  mon-fir: "08:30-18:00"\n  sat: 8:30-18\nholidays: XX\n', encoding="utf-8")
    _, problems = validated(read(file), Schedule)
    places = [(problem.line, problem.column, problem.path, problem.code) for problem in problems]
    assert places == [
        (2, 3, "week.mon-fir", "day-unknown"),
        (3, 8, "week.sat", "hours-form"),
        (4, 11, "holidays", "country-unknown"),
    ]


# Documents.


def test_every_example_in_the_documentation_is_a_schedule() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 3
    for written in examples:
        document = parse(written)
        assert document.flaws == []
        Schedule.model_validate(document.data)


def test_the_schema_knows_what_may_be_written() -> None:
    properties = Schedule.model_json_schema()["properties"]
    assert all(properties[key]["description"] for key in properties)
    for key, right, wrong in (
        ("week", "mon-fri", "mon-fir"),
        ("night", "daily", "always"),
        ("special", "2027-02-05..2027-02-08", "tomorrow"),
    ):
        (pattern,) = properties[key]["patternProperties"]
        assert (bool(re.search(pattern, right)), bool(re.search(pattern, wrong))) == (True, False)
        assert properties[key]["additionalProperties"] is False


# What holds for every schedule.

CLOCK = st.integers(0, 23).map(lambda hour: f"{hour:02}") | st.sampled_from(["01", "02", "03", "23"])
TIME = st.builds("{}:{}".format, CLOCK, st.sampled_from(["00", "15", "30", "45"]))
HOURS = st.one_of(
    st.just("closed"),
    st.just(ALL_DAY),
    st.builds("{}-{}".format, TIME, TIME).filter(lambda span: span[:5] != span[6:]),
)
WEEK = st.dictionaries(st.sampled_from([*WEEKDAYS, "holidays"]), HOURS, min_size=1)
DATE = st.dates(date(2026, 1, 1), date(2026, 12, 31)).map(str)
ZONES = {
    "Asia/Shanghai": ["2026-02-13T12:00", "2026-10-01T00:00"],
    "Europe/Berlin": ["2026-03-29T01:00", "2026-10-25T01:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],  # by half an hour
    "America/Santiago": ["2026-04-05T03:00", "2026-09-06T04:00"],  # at midnight
}
SCHEDULES = st.fixed_dictionaries(
    {"week": WEEK, "timezone": st.sampled_from(sorted(ZONES))},
    optional={
        "holidays": st.sampled_from(["CN", "DE-BY"]),
        "night": WEEK,
        "special": st.dictionaries(
            DATE, st.sampled_from(["closed", "holiday", "sun", "23:30-03:00"]), max_size=5
        ),
    },
)


@settings(max_examples=40, deadline=None)
@given(SCHEDULES, st.integers(0, 1), st.integers(-36 * 60, 12 * 60))
def test_the_next_opening_is_the_first_minute_at_which_it_is_open(
    written: Any, near: int, minutes: int
) -> None:
    said = Schedule.model_validate(written)
    change = datetime.fromisoformat(ZONES[written["timezone"]][near]).replace(tzinfo=UTC)
    at = change + timedelta(minutes=minutes)
    opens = next_open_utc(said, at)
    by_minute = (at + timedelta(minutes=passed) for passed in range(36 * 60))
    first = next((moment for moment in by_minute if said.state(moment) == "open"), None)
    if first is None:
        assert opens is None or opens >= at + timedelta(hours=36)
    else:
        assert opens == first


@settings(max_examples=100, deadline=None)
@given(SCHEDULES, st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_moment_has_a_state(written: Any, at: datetime) -> None:
    assert Schedule.model_validate(written).state(at) in get_args(State)


TEXT = st.text(max_size=12) | st.text("monfritue0123456789:-., ：—", max_size=24)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(TEXT, TEXT, max_size=2), st.dictionaries(TEXT, TEXT, max_size=2), TEXT, TEXT)
@example({"mon": "٠٨:٠٠-٠٩:٠٠"}, {"٢٠٢٧-٠١-٠١": "closed"}, "..", "CN-")
@example({"mon": "closed"}, {"0000-00-00": "²"}, "Europe", "DE-\0")
def test_no_text_breaks_the_reader(week: Any, special: Any, timezone: str, holidays: str) -> None:
    """It is a schedule or a `ValidationError`; any other error fails this test."""
    said = {"week": week, "special": special, "timezone": timezone, "holidays": holidays}
    with suppress(ValidationError):
        Schedule.model_validate(said)
