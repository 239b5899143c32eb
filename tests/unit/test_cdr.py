"""Asterisk's ``Master.csv``: its forms, and the calls that its records come to."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ledger.history import cdr
from ledger.history.intake import take_cdr, take_queue_log
from ledger.history.rows import rows, story
from ledger.history.story import FROM_CDR, Rang, Story
from ledger.history.tally import Tally
from ledger.reader import LedgerReader
from tests.unit.test_import_month import content, url_in
from tests.unit.test_queue_log import Unwatched, at, log

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NOON = 1_795_348_800  # 2026-11-22 12:00 UTC


def record(
    began: str = "12:00:00",
    answered: str = "",
    ended: str = "12:01:00",
    peer: str = "",
    app: str = "Queue",
    data: str = "sales,t,,,300",
    disposition: str = "NO ANSWER",
    more: str = f',"{NOON}.7"',
    day: str = "2026-11-22",
) -> str:
    moments = [f'"{day} {clock}"' if clock else "" for clock in (began, answered, ended)]
    texts = ("", "13812341234", "10000", "in", '""Wang, M."" <138>', "PJSIP/trunk-00000001", peer, app, data)
    head = ",".join(f'"{text}"' for text in texts)
    return f'{head},{",".join(moments)},60,30,"{disposition}","DOCUMENTATION"{more}'


def read(*told: str, zone: ZoneInfo = UTC, tally: Tally | None = None) -> list[cdr.Record]:
    tally = tally or Tally()
    found = [cdr.parse(line, zone, "m", number, tally) for number, line in enumerate(told, 1)]
    return [one for one in found if one is not None]


def tell(*told: str) -> Story:
    (only,) = cdr.stories(read(*told))
    return only


@pytest.mark.parametrize(
    ("more", "call"),
    [
        ("", f"PJSIP/trunk-00000001@{NOON}"),
        (',"vip"', f"PJSIP/trunk-00000001@{NOON}"),
        (f',"{NOON}.7"', f"{NOON}.7"),
        (f',"pbx-{NOON}.7",""', f"pbx-{NOON}.7"),
        (f',"{NOON}.7","vip","","{NOON}.5",3', f"{NOON}.5"),
        (f',"","{NOON}.5",3', f"{NOON}.5"),
    ],
)
def test_each_form_of_a_record_names_its_call(more: str, call: str) -> None:
    (found,) = read(record(more=more))
    assert (found.call, found.source, found.destination, found.began) == (
        call,
        "13812341234",
        "10000",
        NOON * 1_000,
    )


def test_a_caller_who_talked_with_nobody_in_the_queue_has_abandoned() -> None:
    """Answered he may have been, by a menu."""
    found = tell(record(answered="12:00:01", ended="12:00:40", disposition="ANSWERED"))
    (stay,) = found.stays
    assert (stay.queue, stay.outcome, stay.reason, stay.wait_ms) == ("sales", "abandoned", FROM_CDR, 40_000)


def test_records_of_one_call_are_one_visit_with_each_seat_that_was_rung() -> None:
    found = tell(
        record(ended="12:00:20", peer="PJSIP/li-00000002"),
        record(began="12:00:20", answered="12:00:26", ended="12:01:26", peer="PJSIP/wang-00000003",
               disposition="ANSWERED"),
    )  # fmt: skip
    (stay,) = found.stays
    assert (stay.outcome, stay.seat, stay.wait_ms, stay.talk_ms) == ("answered", "PJSIP/wang", 26_000, 60_000)
    ms = 1_000 * NOON
    assert stay.rings == [
        Rang("PJSIP/li", ms + 20_000, ms + 20_000, "no-answer"),
        Rang("PJSIP/wang", ms + 26_000, ms + 26_000, "answered"),
    ]


def test_a_call_that_met_no_queue_has_no_visit() -> None:
    assert tell(record(app="Dial", data="PJSIP/li,30")).stays == []


def test_the_separator_of_old_versions_ends_the_queues_name_too() -> None:
    (stay,) = tell(record(data="sales|t|||300")).stays
    assert stay.queue == "sales"


def test_times_are_local_and_the_hour_that_comes_twice_is_known_by_the_uniqueid() -> None:
    second = 1_792_892_100  # 2026-10-25 02:35 in winter time
    line = record(began="02:35:00", ended="02:40:00", more=f',"{second}.7"', day="2026-10-25")
    (found,) = read(line, zone=BERLIN)
    assert (found.began, found.ended) == (1_000 * second, 1_000 * (second + 300))


def test_a_call_that_lasts_into_the_hour_that_comes_again_does_not_end_before_it_began() -> None:
    line = record(began="02:55:00", ended="02:05:00", more=f',"{1_792_889_700}.7"', day="2026-10-25")
    (found,) = read(line, zone=BERLIN)
    assert found.ended - found.began == 600_000


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('"a","b"', "2 fields"),
        ('"a","b', "a quotation mark"),
        (record(day="2026-13-22"), "of its fields 10 to 12"),
        (record(began=""), "of its fields 10 to 12"),
        (record(day="22.11.2026"), "of its fields 10 to 12"),
    ],
)
def test_a_line_that_is_not_understood_is_listed_with_its_reason(line: str, reason: str) -> None:
    tally = Tally()
    assert read(line, tally=tally) == []
    assert [remark.reason.startswith(reason) for remark in tally.skipped] == [True]


def test_a_call_whose_records_stand_in_two_files_is_one() -> None:
    parts = [
        record(ended="12:00:20", peer="PJSIP/li-00000002"),
        record(began="12:00:20", answered="12:00:26", peer="PJSIP/wang-00000003", disposition="ANSWERED"),
    ]
    whole = rows(tell(*parts), "s")
    for first, second in (parts, parts[::-1]):
        kept = story(f"{NOON}.7", rows(tell(first), "s"))
        assert rows(cdr.completed(kept, tell(second)), "s") == whole


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    file, url = log(tmp_path, record(), record(app="Dial", more=f',"{NOON}.9"')), url_in(tmp_path)
    take_cdr(url, "old", [file, file], UTC, Unwatched())
    once = content(url)
    take_cdr(url, "old", [file], UTC, Unwatched())
    assert content(url) == once
    assert [len(once[name]) for name in ("calls", "visits")] == [2, 1]


@pytest.mark.parametrize("log_first", [True, False])
def test_a_queue_log_knows_more_of_visits_and_records_more_of_the_call(
    tmp_path: Path, log_first: bool
) -> None:
    """Whichever is imported first."""
    second = NOON - 1_700_000_000
    call = {"call": f"{NOON}.7"}
    entered = at(second + 20, "ENTERQUEUE", "", "", 1, **call)
    queue_log = log(tmp_path, entered, at(second + 60, "ABANDON", 1, 1, 40, **call))
    master, url = log(tmp_path, record(), name="Master.csv"), url_in(tmp_path)
    if log_first:
        take_queue_log(url, "old", [queue_log], Unwatched())
    take_cdr(url, "old", [master], UTC, Unwatched())
    take_queue_log(url, "old", [queue_log], Unwatched())
    with closing(LedgerReader(url)) as reader:
        (call_row,) = reader.calls(0, 2**53)
        (visit,) = reader.visits(0, 2**53)
    assert (call_row.ani, call_row.dnis, call_row.began) == ("13812341234", "10000", 1_000 * NOON)
    assert (visit.wait_ms, visit.reason) == (40_000, None)
