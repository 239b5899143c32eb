"""``hotline report`` at the command line: what scripts rely on, and a clear line for all that can go wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner

from hotline.cli import app
from hotline.commands.question import BUSY_HOURS, BYS, Asked, query_for
from hotline.commands.report import report_app
from hotline.site import load_site
from ledger import schema
from ledger.reader import LedgerReader
from reports.catalogue import NAMES, make
from reports.measures import Definition
from reports.presets import PRESETS
from reports.query import Query
from tests.unit.small_ledger import Ledger, talk_row, visit_row

ROOT = Path(__file__).parents[2]
DAY = "2026-03-02"
TEN = int(datetime(2026, 3, 2, 10, tzinfo=UTC).timestamp() * 1_000)
PINNED = {
    "start", "offered", "answered", "abandoned", "short_abandoned", "overflowed", "called_back", "other", "waiting",
    "answer_rate", "service_level", "asa_s", "max_wait_s", "aht_s",
}  # fmt: skip


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = f"sqlite:///{tmp_path_factory.mktemp('report')}/ledger.sqlite"
    ledger = Ledger(url)
    ledger.put(
        visit_row("a/1", "sales", TEN, 4_000, "answered"),
        visit_row("b/1", "sales", TEN + 60_000, 20_000, "answered"),
        visit_row("c/1", "故障", TEN + 120_000, 30_000, "abandoned"),
        visit_row("d/1", "故障", TEN + 4_000_000, 90_000, "overflowed"),
        visit_row("d/2", "sales", TEN + 4_090_000, 1_000, "answered"),
    )
    ledger.put(talk_row("a/1", 100_000, TEN), table=schema.conversations)
    yield url
    ledger.close()


@pytest.fixture(autouse=True)
def away_from_any_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HOTLINE_CONFIG", "HOTLINE_DATABASE", "HOTLINE_LANGUAGE"):
        monkeypatch.delenv(name, raising=False)


def run(url: str, *words: str) -> tuple[int, str, str]:
    """Run the command in the time zone of the tests; return its status and what it printed."""
    line = [*words, "--database", url, "--timezone", "UTC"]
    result = CliRunner().invoke(report_app, line, env={"COLUMNS": "100"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, " ".join(result.stderr.split())


def asked(url: str, *words: str) -> dict[str, object]:
    status, out, err = run(url, *words, "--from", DAY, "--to", DAY, "--format", "json")
    assert (status, err) == (0, "")
    whole: dict[str, object] = json.loads(out)
    return whole


def test_queues_by_hour_is_one_object_of_definition_rows_and_total(url: str) -> None:
    whole = asked(url, "queues", "--by", "hour")
    assert {"definition", "rows", "total"} <= set(whole)
    rows = whole["rows"]
    assert isinstance(rows, list)
    assert len(rows) == 24
    assert all(set(row) >= PINNED for row in rows)
    assert rows[10]["start"] == "2026-03-02T10:00:00+00:00"
    assert (rows[10]["offered"], rows[10]["answer_rate"], rows[10]["service_level"]) == (3, 2 / 3, 1 / 3)
    assert (rows[10]["asa_s"], rows[10]["max_wait_s"], rows[10]["aht_s"]) == (12.0, 30.0, 100.0)
    assert rows[0]["answer_rate"] is None


def test_the_definition_names_what_the_figures_follow(url: str) -> None:
    definition = asked(url, "queues", "--formula", "answered-only", "--threshold", "20s", "--short", "3")[
        "definition"
    ]
    assert isinstance(definition, dict)
    assert {name: definition[name] for name in ("formula", "threshold", "short_abandon_s", "timezone")} == {
        "formula": "answered-only",
        "threshold": 20,
        "short_abandon_s": 3,
        "timezone": "UTC",
    }
    assert definition["from"] == "2026-03-02T00:00:00+00:00"
    assert definition["to"] == "2026-03-03T00:00:00+00:00"


def test_each_queue_has_its_rows_and_a_call_in_two_of_them_counts_once_in_all(url: str) -> None:
    whole = asked(url, "queues", "--by", "day", "--queue", "each")
    assert {row["queue"]: row["offered"] for row in whole["rows"]} == {"sales": 3, "故障": 2}  # type: ignore[attr-defined]
    assert whole["total"]["offered"] == 4  # type: ignore[index]


@pytest.mark.parametrize("name", [*(name for name in BUSY_HOURS if name != "fixed"), "fixed=10:00"])
def test_the_busy_hour_is_the_report_that_needs_no_name(url: str, name: str) -> None:
    whole = asked(url, "--busy-hour", name)
    hour = whole["busy_hour"]
    assert isinstance(hour, dict)
    assert set(hour) >= PINNED
    assert hour["offered"] == 3
    assert set(whole["rows"][0]) >= PINNED  # type: ignore[index]


def test_a_preset_brings_its_definition_which_an_option_overrides(url: str) -> None:
    definition = asked(url, "queues", "--preset", "app-queue", "--threshold", "30")["definition"]
    assert isinstance(definition, dict)
    assert (definition["formula"], definition["threshold"]) == ("answered-only", 30)


def test_the_site_says_its_queues_and_what_is_counted_where_no_option_does(tmp_path: Path) -> None:
    config = (ROOT / "config.yaml").read_text() + "\nservice_level: 25s\nshort_abandon: 3s\n"
    (tmp_path / "config.yaml").write_text(config)
    site = load_site(tmp_path / "config.yaml")
    asked = dict.fromkeys(field.name for field in fields(Asked)) | {
        "queue": "all", "by": "hour", "busy_hour": "sliding", "tags": ()
    }  # fmt: skip
    query = query_for(Asked(**asked), site.zone, TEN, site)  # type: ignore[arg-type]
    assert query.definition == Definition(threshold=25, short=3)
    assert (query.queues, query.site) == (tuple(site.settings.queues), site.name)
    query = query_for(Asked(**asked | {"threshold": "20s"}), site.zone, TEN, site)  # type: ignore[arg-type]
    assert query.definition == Definition(threshold=20, short=3)


def test_all_formulas_stand_beside_each_other_on_request(url: str) -> None:
    whole = asked(url, "queues", "--formula", "all")
    assert {"service_level_offered", "service_level_answered-only"} <= set(whole["total"])  # type: ignore[call-overload]


@pytest.mark.parametrize("form", ["table", "html", "xlsx", "csv", "json", "pdf"])
def test_every_form_is_written_into_a_file(url: str, form: str, tmp_path: Path) -> None:
    status, out, _ = run(url, "--from", DAY, "--format", form, "--output", "report")
    assert (status, out) == (0, "report: Busy hour\n")
    assert (tmp_path / "report").stat().st_size > 100


def test_a_pdf_in_english_needs_no_font_when_its_names_are_latin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_FONT", "nowhere.ttf")
    ledger = Ledger(f"sqlite:///{tmp_path}/latin.sqlite")
    ledger.put(visit_row("a/1", "sales", TEN))
    ledger.close()
    status, _, err = run(ledger.url, "--from", DAY, "--output", "report.pdf")
    assert (status, err) == (0, "")
    status, _, err = run(ledger.url, "--from", DAY, "--language", "zh", "--output", "report.pdf")
    assert status == 1
    assert "HOTLINE_FONT names nowhere.ttf" in err


def test_the_language_is_an_option_or_of_the_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "接通率" in run(url, "queues", "--language", "zh")[1]
    monkeypatch.setenv("HOTLINE_LANGUAGE", "zh")
    assert "接通率" in run(url, "queues")[1]


@pytest.mark.parametrize("form", ["table", "html", "csv", "json"])
@pytest.mark.parametrize("name", NAMES)
def test_a_period_without_calls_says_so_and_is_no_mistake(url: str, name: str, form: str) -> None:
    status, out, err = run(url, name, "--from", "2020-01-01", "--to", "2020-01-02", "--format", form)
    assert status == 0
    assert "Nothing is on record for this period." in (out if form == "table" else err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["busyhour"], "there is no report 'busyhour'; did you mean 'busy-hour'?"),
        (["--from", "2026-02-30"], "--from '2026-02-30': the calendar has no such day"),
        (["--from", "soon"], "--from 'soon': write 2026-03-01"),
        (["--from", "2026-03-03", "--to", "2026-03-01"], "--from '2026-03-03' is after --to '2026-03-01'"),
        (["queues", "--queue", "salse"], "the queues are: sales, 故障 (or write all or each); did you mean 'sales'?"),
        (["queues", "--by", "hourly"], "--by: 'hourly' is none of: 15m, 30m, hour, day"),
        (["--formula", "ofered"], "did you mean 'offered'?"),
        (["--threshold", "0.5s"], "--threshold: '0.5s' is no whole number of seconds"),
        (["--short", "5x"], "--short: '5x' is no length of time"),
        (["--busy-hour", "clok"], "did you mean 'clock'?"),
        (["--busy-hour", "fixed"], "--busy-hour: 'fixed' needs its hour of day; write fixed=10:00"),
        (["--busy-hour", "fixed=25:00"], "--busy-hour: 'fixed=25:00' has no hour of day; write fixed=10:00"),
        (["--preset", "80-20"], "--preset: '80-20' is none of: china-telecom"),
        (["--tag", "topic"], "--tag: 'topic' is no tag with its value; write it as topic=billing"),
        (["--tag", "a=1", "--tag", "a=2"], "--tag: 'a=2' contradicts a=1: a call has one value of a tag"),
        (["--output", "report.doc"], "--output report.doc: its name does not tell which form to write"),
        (["--output", "none/report.csv"], "--output none/report.csv: there is no folder none; make it first"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_one_clear_line(url: str, words: list[str], said: str) -> None:
    period = [] if "--from" in words else ["--from", DAY, "--to", DAY]
    status, out, err = run(url, *words, *period)
    assert (status, out) == (1, "")
    assert said in err
    assert "Traceback" not in err


def test_a_ledger_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    status, _, err = run(f"sqlite:///{tmp_path}/none.sqlite", "queues")
    assert status == 1
    assert "There is no ledger at sqlite:///" in err
    assert not (tmp_path / "none.sqlite").exists()


def test_without_a_site_and_a_ledger_it_says_how_to_name_one() -> None:
    result = CliRunner().invoke(report_app, [])
    assert result.exit_code == 1
    assert "--database URL" in result.stderr


def test_a_folder_that_may_not_be_written_is_one_clear_line(url: str, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        target = Path("/proc/report.csv")  # not even root may write there
    else:
        folder = tmp_path / "closed"
        folder.mkdir(mode=0o500)
        target = folder / "report.csv"
    status, _, err = run(url, "queues", "--from", DAY, "--output", str(target))
    assert status == 1
    assert err.startswith(f"cannot write {target}: ")


def program(*words: str) -> list[str]:
    return [sys.executable, "-c", "from hotline.commands.report import report_app; report_app()", *words]


def test_a_reader_that_goes_away_gets_no_traceback(url: str) -> None:
    line = program("queues", "--from", "2026-01-01", "--to", "2026-06-30", "--by", "15m", "--format", "csv")
    process = subprocess.Popen(
        [*line, "--database", url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait()


def test_no_library_of_a_format_is_imported_before_it_is_asked_for() -> None:
    asks = (
        "import sys, hotline.commands.report; print(*{'xlsxwriter', 'fpdf', 'fontTools'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == b""


def test_every_column_definition_and_field_of_every_report_is_on_the_page(url: str) -> None:
    """Each stands in a table of docs/reports.md, between backquotes at the beginning of a line."""
    page = (ROOT / "docs" / "reports.md").read_text()
    missing = {name for name in _names(url) if f"| `{name}` |" not in page}
    assert missing == set()


def _names(url: str) -> Iterator[str]:
    period = {"began": TEN, "ended": TEN + 86_400_000, "as_of": TEN + 86_400_000, "zone": ZoneInfo("UTC")}
    with closing(LedgerReader(url)) as ledger:
        for name in NAMES:
            for by in BYS:
                query = Query(  # what shows every name that there can be
                    **period,  # type: ignore[arg-type]
                    by=by,
                    queue="each",
                    all_formulas=True,
                    busy_hour="adph" if by == "day" else "sliding",
                    preset="gb-t-33358",
                    site="s",
                )
                report = make(name, ledger, query)
                yield from report.definition
                yield from report.data
                yield from (
                    field for fields in report.data.values() if isinstance(fields, dict) for field in fields
                )
                yield from (column.name for table in report.tables for column in table.columns)
            yield from (table.name for table in report.tables[1:])


def test_every_report_option_and_preset_is_on_the_page() -> None:
    page = (ROOT / "docs" / "reports.md").read_text()
    command = typer.main.get_command(app).commands["report"]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    assert {option for option in options if f"`{option}" not in page} == set()
    assert {name for name in (*NAMES, *PRESETS, *BUSY_HOURS) if f"`{name}" not in page} == set()
