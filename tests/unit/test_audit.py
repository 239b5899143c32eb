"""The audit finds what does not agree, and knows what a crash explains."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from typer.testing import CliRunner

from hotline.commands.audit import audit_app as app
from hotline.upkeep.auditor import Auditor, cdr_files, until
from ledger.audit import audit
from ledger.cdr import CdrUnreadable
from ledger.consistency import Period, checks
from ledger.database import open_for_writing
from ledger.errors import LedgerMissing, LedgerUnreachable
from ledger.findings import Difference, Findings
from ledger.rollups import rebuild
from ledger.schema import metadata
from tests.unit.old_ledger import AS_OF, T, brought_forward

DAY_MS = 86_400_000
ORIGIN = "'site', 'site'"

# What somebody's hand, or a fault of this program, might do to the ledger, and which check finds it.
DAMAGE = {
    "call-not-recorded": "DELETE FROM calls WHERE call = 'h-1.2'",
    "ends-before-it-begins": "UPDATE calls SET ended = began - 1 WHERE call = 'h-1.3'",
    "open-after-its-call": "UPDATE visits SET \"left\" = NULL, outcome = NULL, wait_ms = NULL WHERE visit = 'h-1.2/1'",
    "open-for-a-day": f"UPDATE calls SET began = began - {2 * DAY_MS} WHERE call = 'h-1.4'",
    "two-engines": f"INSERT INTO engine_runs VALUES ({ORIGIN}, 5, '0', NULL, NULL)",
    "wait": "UPDATE visits SET wait_ms = wait_ms - 1 WHERE visit = 'h-1.1/1'",
    "outcome": "UPDATE visits SET outcome = 'lost' WHERE visit = 'h-1.2/1'",
    "visits-overlap": "UPDATE visits SET call = 'h-1.1', arrived = arrived - 76000, wait_ms = wait_ms + 76000 "
    "WHERE visit = 'h-1.2/1'",
    "no-conversation": "DELETE FROM conversations",
    "conversation-begins": "UPDATE conversations SET seat = 'bob'",
    "unanswered-conversation": "UPDATE visits SET outcome = 'abandoned' WHERE visit = 'h-1.1/1'",
    "talk": "UPDATE conversations SET talk_ms = talk_ms + 1",
    "conversation-outside-its-call": "UPDATE conversations SET ended = ended + 90000, talk_ms = talk_ms + 90000",
    "two-offers-to-a-caller": f"INSERT INTO offers VALUES ('h-1.1/1/2', 'h-1.1/1', 'h-1.1', {ORIGIN}, 'bob', '6002', "
    f"'{{}}', {T + 6000}, {T + 7000}, 'cancelled')",
    "offer-outside-its-visit": "UPDATE offers SET made = made - 4000",
    "offer-without-ring": "DELETE FROM rings",
    "answered-offers": "UPDATE offers SET outcome = 'no-answer'",
    "seat-twice": f"INSERT INTO rings VALUES ('h-1.1/1/1/2', 'h-1.1/1/1', 'h-1.1/1', 'h-1.1', {ORIGIN}, 'ann', '6001', "
    f"{T + 20000}, {T + 21000}, 'refused', NULL, NULL)",
    "state-overlaps": "UPDATE seat_states SET began = began - 1 WHERE interval = 3",
    "state-gap": "UPDATE seat_states SET began = began + 1 WHERE interval = 3",
    "state-missing": "DELETE FROM seat_states WHERE interval = 3",
    "state-backwards": "UPDATE seat_states SET ended = began - 1 WHERE interval = 2",
}
LAST_CALL_ENDS = (
    f"UPDATE calls SET ended = {T + 106_000}, outcome = 'caller-hung-up' WHERE call = 'h-1.4'",
    f"UPDATE visits SET \"left\" = {T + 106_000}, wait_ms = 0, outcome = 'abandoned' WHERE call = 'h-1.4'",
    f"UPDATE path SET \"left\" = {T + 106_000} WHERE call = 'h-1.4'",
)
# Each call of the small ledger as Asterisk would have recorded it: began, ended, whether it talked.
CALLS = {"h-1.1": (1, 71, True), "h-1.2": (80, 99, True), "h-1.3": (100, 102, False)}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return brought_forward(f"sqlite:///{tmp_path}/ledger.sqlite", tmp_path)


def change(url: str, *statements: str) -> None:
    engine = open_for_writing(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def renamed(call: str) -> str:
    return f"h-{(T + 1000 * CALLS[call][0]) // 1000}.{call[-1]}"


@pytest.fixture
def recorded(url: str) -> str:
    """The ledger, with ids of calls as Asterisk gives them: they hold the moment of their channel's beginning."""
    engine = open_for_writing(url)
    with engine.begin() as connection:
        for table in (table.name for table in metadata.sorted_tables if "call" in table.c):
            for call in CALLS:
                connection.execute(text(f"UPDATE {table} SET call = '{renamed(call)}' WHERE call = '{call}'"))
    engine.dispose()
    return url


def stamp(seconds: float, zone: Any = UTC) -> str:
    return f"{datetime.fromtimestamp(T / 1000 + seconds, zone):%Y-%m-%d %H:%M:%S}"


def record(
    uniqueid: str, began: float, ended: float, talked: bool = False, zone: Any = UTC, **other: str
) -> str:
    peer, application = ("PJSIP/phone-1", "Dial") if talked else ("", "Hangup")
    fields = (
        *("", "1", "10000", other.get("context", "hotline-call"), "", "PJSIP/t-1", peer, application, ""),
        *(stamp(began, zone), stamp(began, zone), stamp(ended, zone), "1", "1"),
        *(other.get("disposition", "ANSWERED"), "DOCUMENTATION", uniqueid, ""),
    )
    return ",".join(f'"{field}"' for field in fields) + "\n"


def records(*without: str, zone: Any = UTC) -> list[str]:
    lines = [record("h-1779999990.9", -10, -9, context="hotline-phones", zone=zone)]
    lines += [
        record(renamed(call), *times, zone=zone) for call, times in CALLS.items() if call not in without
    ]
    return lines


def compared(url: str, folder: Path, lines: Sequence[str], **how: Any) -> Findings:
    file = folder / "Master.csv"
    file.write_text("".join(lines))
    return audit(url, as_of=how.pop("as_of", AS_OF), cdr=[file], **how)


def of_cdr(found: Findings) -> list[Difference]:
    return [one for one in found.differences if one.check.startswith(("cdr", "call-lost"))]


def test_a_ledger_that_is_right_agrees_with_itself_in_each_kind_of_database(
    database_url: str, tmp_path: Path
) -> None:
    found = audit(brought_forward(database_url, tmp_path), as_of=AS_OF)
    assert found.differences == ()
    assert found.counts == {"calls": 4, "visits": 3, "offers": 1, "conversations": 1, "seat_states": 5}
    assert [(one.queue, one.offered, one.answered, one.called_back, one.waiting) for one in found.queues] == [
        ("bills", 2, 1, 1, 0),
        ("faults", 1, 0, 0, 1),
    ]


@pytest.mark.parametrize("check", DAMAGE)
def test_what_does_not_agree_is_found_and_nothing_explains_it(check: str, url: str) -> None:
    change(url, DAMAGE[check])
    assert check in {one.check for one in audit(url, as_of=AS_OF).unexplained}


def test_every_check_has_been_seen_to_find_something() -> None:
    assert {check.name for check in checks(Period(0, 1, 1))} == set(DAMAGE)


def test_visits_that_do_not_add_up_are_told_by_queue(url: str) -> None:
    change(url, DAMAGE["outcome"])
    (wrong,) = (one for one in audit(url, as_of=AS_OF).unexplained if one.check == "sums")
    assert wrong.subject == "bills"


def test_a_call_back_is_counted_apart(url: str) -> None:
    change(url, "UPDATE visits SET visit_kind = 'callback' WHERE visit = 'h-1.2/1'")
    bills = audit(url, as_of=AS_OF).queues[0]
    assert (bills.offered, bills.callbacks, bills.adds_up) == (1, 1, True)


def test_a_roll_up_that_is_not_the_sum_of_its_rows_is_found_until_it_is_rebuilt(url: str) -> None:
    change(url, *LAST_CALL_ENDS)
    engine = open_for_writing(url)
    assert rebuild(engine, T + 8 * DAY_MS) > 0
    later = AS_OF + DAY_MS // 2
    assert {one.check for one in audit(url, as_of=later).differences} == set()
    with engine.begin() as connection:
        connection.execute(text("UPDATE rollups SET talk_ms = talk_ms + 1 WHERE queue = 'bills'"))
    assert [(one.check, one.subject) for one in audit(url, as_of=later).unexplained] == [("roll-up", "bills")]
    rebuild(engine, T + 8 * DAY_MS)
    engine.dispose()
    assert audit(url, as_of=later).differences == ()


def test_only_what_began_in_the_period_is_looked_at(url: str) -> None:
    change(url, DAMAGE["wait"])
    assert audit(url, as_of=AS_OF, began=T + 3_000).differences == ()
    assert audit(url, as_of=AS_OF, ended=T + 2_000).differences == ()
    assert audit(url, as_of=AS_OF, site="elsewhere").counts["calls"] == 0


def test_calls_that_asterisk_knows_as_we_do_are_compared_and_agree(recorded: str, tmp_path: Path) -> None:
    found = compared(recorded, tmp_path, records())
    assert of_cdr(found) == []
    assert found.cdr is not None
    assert (found.cdr.records, found.cdr.compared, found.cdr.earlier) == (4, 3, 0)


def test_several_records_are_one_call(recorded: str, tmp_path: Path) -> None:
    first, last = record(renamed("h-1.1"), 1, 68, talked=True), record(renamed("h-1.1"), 70, 71)
    assert of_cdr(compared(recorded, tmp_path, [*records("h-1.1"), last, first])) == []


def test_records_in_local_time_or_packed_are_read_too(recorded: str, tmp_path: Path) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    packed = tmp_path / "Master.csv.1.gz"
    packed.write_bytes(gzip.compress("".join(records("h-1.3", zone=zone)).encode()))
    found = compared(recorded, tmp_path, records("h-1.1", "h-1.2"), zone=zone)
    assert [one.subject for one in of_cdr(found)] == [renamed("h-1.1"), renamed("h-1.2")]
    both = audit(recorded, as_of=AS_OF, zone=zone, cdr=[packed, tmp_path / "Master.csv"])
    assert of_cdr(both) == []


def test_a_call_that_asterisk_alone_knows_is_lost(recorded: str, tmp_path: Path) -> None:
    lost = record("h-1780000103.7", 103, 110)
    (wrong,) = of_cdr(compared(recorded, tmp_path, [*records(), lost]))
    assert (wrong.check, wrong.subject, wrong.explanation) == ("call-lost", "h-1780000103.7", None)


def test_a_call_that_ended_while_no_engine_has_run_since_waits_in_the_spool(
    recorded: str, tmp_path: Path
) -> None:
    change(recorded, f"UPDATE engine_runs SET ended = {T + 105_000}, how = 'stopped' WHERE how IS NULL")
    lost = record("h-1780000103.7", 103, 110)
    (one,) = of_cdr(compared(recorded, tmp_path, [*records(), lost]))
    assert (one.check, "spool" in (one.explanation or "")) == ("call-lost", True)


def test_a_call_that_asterisk_does_not_know_is_found(recorded: str, tmp_path: Path) -> None:
    (wrong,) = of_cdr(compared(recorded, tmp_path, records("h-1.2")))
    assert (wrong.check, wrong.subject, wrong.explanation) == ("cdr-missing", renamed("h-1.2"), None)


def test_the_records_that_asterisk_took_with_it_are_explained(recorded: str, tmp_path: Path) -> None:
    died = f"UPDATE calls SET ended = {T + 105_000}, outcome = 'asterisk-died' WHERE call = 'h-1.4'"
    change(
        recorded, died, "UPDATE visits SET \"left\" = 1780000105000, outcome = 'other' WHERE call = 'h-1.4'"
    )
    explained = of_cdr(compared(recorded, tmp_path, [*records("h-1.3"), '"half a rec\n']))
    assert {one.check for one in explained} == {"cdr-missing", "cdr-unreadable"}
    assert all(one.explanation is not None for one in explained)


def test_calls_from_before_the_first_record_are_counted_and_not_missed(recorded: str, tmp_path: Path) -> None:
    found = compared(recorded, tmp_path, [record("h-1780000140.9", 140, 150, context="hotline-phones")])
    assert of_cdr(found) == []
    assert found.cdr is not None
    assert (found.cdr.compared, found.cdr.earlier) == (0, 3)


@pytest.mark.parametrize(
    ("times", "check"),
    [((11, 71, True), "cdr-began"), ((1, 81, True), "cdr-ended"), ((1, 71, False), "cdr-talk")],
)
def test_a_call_that_asterisk_saw_otherwise_is_found(
    recorded: str, tmp_path: Path, times: tuple[float, float, bool], check: str
) -> None:
    (wrong,) = of_cdr(compared(recorded, tmp_path, [*records("h-1.1"), record(renamed("h-1.1"), *times)]))
    assert (wrong.check, wrong.subject, wrong.explanation) == (check, renamed("h-1.1"), None)


@pytest.mark.parametrize(
    "cause",
    [
        f"UPDATE engine_runs SET how = 'killed', ended = NULL, began = {T - 5} WHERE how = 'stopped'",
        f"INSERT INTO healings VALUES ({ORIGIN}, {T + 72_000}, 'call-without-channel', 'h-1780000080.2', 'gone')",
        "UPDATE calls SET outcome = 'engine-away' WHERE call = 'h-1780000080.2'",
    ],
)
def test_an_end_that_the_engine_could_not_see_is_explained(recorded: str, tmp_path: Path, cause: str) -> None:
    change(recorded, cause)
    lines = [*records("h-1.2"), record(renamed("h-1.2"), 80, 93, talked=True)]
    (one,) = of_cdr(compared(recorded, tmp_path, lines))
    assert one.check == "cdr-ended"
    assert one.explanation is not None


def test_a_last_line_that_is_being_written_is_left_out(recorded: str, tmp_path: Path) -> None:
    assert of_cdr(compared(recorded, tmp_path, [*records(), '"","13'])) == []


@pytest.mark.parametrize(
    "line", ['"a","b"\n', record("no-uniqueid", 1, 2), record("h-1780000000.1", 1, 2)[:-40] + "\n"]
)
def test_a_line_that_is_no_record_is_told_by_its_place(recorded: str, tmp_path: Path, line: str) -> None:
    (wrong,) = of_cdr(compared(recorded, tmp_path, [*records(), line]))
    assert (wrong.check, wrong.subject) == ("cdr-unreadable", f"{tmp_path}/Master.csv:5")


def test_a_file_of_records_that_cannot_be_read_is_named(url: str, tmp_path: Path) -> None:
    with pytest.raises(CdrUnreadable, match=r"nowhere\.csv cannot be read: No such file"):
        audit(url, as_of=AS_OF, cdr=[tmp_path / "nowhere.csv"])
    (tmp_path / "torn.gz").write_bytes(gzip.compress(b"x" * 99)[:20])
    with pytest.raises(CdrUnreadable, match=r"torn\.gz"):
        audit(url, as_of=AS_OF, cdr=[tmp_path / "torn.gz"])


def test_a_ledger_that_is_torn_is_told_in_a_line(url: str, tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(LedgerUnreachable, match="malformed"):
        audit(url, as_of=AS_OF)


def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing):
        audit(f"sqlite:///{tmp_path}/none.sqlite", as_of=AS_OF)
    assert list(tmp_path.iterdir()) == []


def test_the_nightly_audit_keeps_its_hour_through_the_change_of_clocks() -> None:
    zone = ZoneInfo("Europe/Berlin")
    evening = datetime(2026, 10, 24, 22, 0, tzinfo=zone)  # the night has an hour more
    now = round(evening.timestamp() * 1000)
    assert until(time(3, 30), now, zone) == 6.5 * 3600
    assert until(time(22), now, zone) == 25 * 3600


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, [*arguments])


def test_the_command_ends_with_status_1_only_where_nothing_explains_a_difference(
    recorded: str, tmp_path: Path
) -> None:
    file = tmp_path / "Master.csv"
    file.write_text("".join(records()))
    change(recorded, *LAST_CALL_ENDS)
    right = run("--database", recorded, "--timezone", "UTC")
    assert (right.exit_code, "everything agrees" in right.output) == (0, True), right.output
    wrong = run("--database", recorded, "--cdr", str(file), "--format", "json")
    data = json.loads(wrong.stdout)
    assert wrong.exit_code == 1
    assert (data["unexplained"], data["differences"][0]["check"]) == (1, "cdr-missing")
    assert data["queues"][0]["offered"] == 2


def test_the_command_refuses_a_period_that_ends_before_it_begins(url: str) -> None:
    done = run("--database", url, "--from", "2026-05-02", "--to", "2026-05-01", "--timezone", "UTC")
    assert (done.exit_code, "is not before --to" in done.output) == (1, True)
    done = run("--database", url, "--from", "2026-02-30")
    assert (done.exit_code, "is no moment" in done.output) == (1, True)


async def test_the_engines_own_audit_logs_what_is_wrong_and_goes_on_without_a_ledger(
    url: str, tmp_path: Path
) -> None:
    site = SimpleNamespace(
        name="site", database=url, zone=UTC, data=tmp_path, settings=SimpleNamespace(asterisk="own")
    )
    auditor = Auditor(site, SimpleNamespace(now=lambda: AS_OF))  # type: ignore[arg-type]
    change(url, DAMAGE["wait"])
    with capture_logs() as logs:
        await auditor.audit()
    assert [(log["event"], log["log_level"], log.get("check")) for log in logs] == [
        ("audit", "info", None),
        ("audit: it does not agree", "error", "wait"),
    ]
    assert auditor.last is not None
    site.database = f"sqlite:///{tmp_path}/none.sqlite"
    with capture_logs() as logs:
        await auditor.audit()
    assert [log["event"] for log in logs] == ["audit impossible"]


def test_the_records_of_our_own_asterisk_are_found_and_none_of_anothers(tmp_path: Path) -> None:
    folder = tmp_path / "asterisk" / "logs" / "cdr-csv"
    folder.mkdir(parents=True)
    for name in ("Master.csv", "Master.csv.1.gz", "other.csv"):
        (folder / name).touch()
    own = SimpleNamespace(data=tmp_path, settings=SimpleNamespace(asterisk="own"))
    assert [file.name for file in cdr_files(own)] == ["Master.csv", "Master.csv.1.gz"]  # type: ignore[arg-type]
    own.settings.asterisk = "external"
    assert cdr_files(own) == []  # type: ignore[arg-type]
