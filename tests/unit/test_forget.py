"""One person's data is erased wherever it is kept, under the hands of whoever is writing; every count stays."""

from __future__ import annotations

import gzip
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, func, insert, select
from typer.testing import CliRunner

from acd.messages import Refused
from hotline.chronicle import Chronicle
from hotline.clock import SystemClock
from hotline.commands.forget import forget_app
from hotline.memory import Memory
from hotline.site import load_site
from hotline.upkeep.forgetting import forget_live
from hotline.upkeep.retention import erase_old
from ledger import schema
from ledger.audit import audit
from ledger.database import open_for_writing
from ledger.erasure import expire, forget
from ledger.errors import LedgerMissing
from ledger.events import CallbackAsked, CallBegan, CallEnded, Event, NodeEntered, Tagged
from ledger.journal import Journal
from ledger.person import scrub_journal, scrub_text, without
from tests.unit.old_ledger import AS_OF, T, brought_forward

FIRST, SECOND, NOTED = "13800001234", "+8675512345678", "13900005678"
SITE = """\
site: site
timezone: UTC
numbers: {"10000": {flow: main, language: en}}
skills: [billing]
queues: {bills: {skills: {billing: 1}}}
agents: {ann: {name: Ann, phone: "6001", skills: {billing: 3}}}
phones: {"6001": {}}
trunks: {carrier: {address: [192.0.2.1]}}
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return brought_forward(f"sqlite:///{tmp_path}/ledger.sqlite", tmp_path)


def everything(url: str) -> dict[str, list[Any]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: connection.execute(select(table).order_by(*table.primary_key)).all()
            for table in schema.metadata.sorted_tables
        }
    engine.dispose()
    return found


def put(url: str, table: Any, **row: Any) -> None:
    engine = open_for_writing(url)
    with engine.begin() as connection:
        connection.execute(insert(table).values(row))
    engine.dispose()


def began(call: str, ani: str, at: int = 1) -> CallBegan:
    return CallBegan(
        at=at, call=call, ani=ani, dnis="10000", trunk="t", flow="f", flow_version="h", language="zh"
    )


def asked(number: str) -> CallbackAsked:
    return CallbackAsked(
        at=2, call="c-1", callback="c-1/cb1", queue="q", number=number, language="zh", skills={}, priority=0
    )


@pytest.mark.parametrize("number", [FIRST, SECOND, NOTED])
def test_nothing_of_a_number_is_left_and_every_row_is(number: str, database_url: str, tmp_path: Path) -> None:
    url = brought_forward(database_url, tmp_path)
    before = everything(url)
    assert number in str(before)
    forget(url, number, at=AS_OF)
    after = everything(url)
    assert number not in str(after)
    assert {name: len(rows) for name, rows in after.items()} == {
        name: len(rows) for name, rows in before.items()
    }
    assert audit(url, as_of=AS_OF).differences == ()


def test_it_is_told_how_many_rows_held_it_and_which_recordings_must_go(url: str) -> None:
    erased = forget(url, SECOND, at=AS_OF)
    held = {name: count for name, count in erased.rows.items() if count}
    assert held == {"recordings": 1, "calls": 1, "callbacks": 1}
    assert erased.files == ("main/2026-05/28-201040-h-1_2.wav",)
    again = forget(url, SECOND, at=AS_OF)
    assert (set(again.rows.values()), again.files) == ({0}, ())


def test_what_flows_wrote_of_a_caller_is_searched_too(url: str) -> None:
    wish = {"visit": "h-1.4/1", "call": "h-1.4", "site": "site", "node": "site"}
    put(url, schema.visit_wishes, **wish, attributes={"who": f"tel {FIRST}", "area": "0755"})
    put(url, schema.tags, call="h-1.4", name="number", site="site", node="site", value=FIRST, tagged=1)
    assert {"visit_wishes", "tags"} <= {
        name for name, count in forget(url, FIRST, at=AS_OF).rows.items() if count
    }
    left = {row.visit: row.attributes for row in everything(url)["visit_wishes"]}
    assert left["h-1.4/1"] == {"who": "tel ", "area": "0755"}


def test_another_form_of_the_same_digits_is_told(url: str) -> None:
    assert forget(url, "075512345678", at=AS_OF).alike == (SECOND,)
    assert forget(url, "5678", at=AS_OF).alike == ()


def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing):
        forget(f"sqlite:///{tmp_path}/none.sqlite", FIRST, at=1)
    assert list(tmp_path.iterdir()) == []


def test_what_is_older_than_it_may_be_kept_is_emptied_and_counted_as_before(
    database_url: str, tmp_path: Path
) -> None:
    url = brought_forward(database_url, tmp_path)
    before = everything(url)
    erased = expire(url, at=AS_OF, calls_before=T + 80_000)
    assert {name: count for name, count in erased.rows.items() if count} == {"calls": 1, "visit_wishes": 1}
    after = everything(url)
    assert [row.ani for row in after["calls"]] == ["", SECOND, "", "13700009999"]
    erased = expire(url, at=AS_OF, calls_before=AS_OF, recordings_before=AS_OF)
    assert erased.files == ("main/2026-05/28-201040-h-1_2.wav",)
    last = everything(url)
    assert {row.ani for row in last["calls"]} == {""}
    assert [(row.mark, row.marked_by) for row in last["recordings"]] == [("deleted", "erased")]
    assert {name: len(rows) for name, rows in last.items()} == {
        name: len(rows) for name, rows in before.items()
    }
    assert set(expire(url, at=AS_OF, calls_before=AS_OF, recordings_before=AS_OF).rows.values()) == {0}


def test_a_call_back_that_is_open_keeps_its_number_however_old_it_is(url: str) -> None:
    engine = open_for_writing(url)
    with engine.begin() as connection:
        connection.execute(schema.callbacks.update().values(ended=None, outcome=None))
    engine.dispose()
    expire(url, at=AS_OF, calls_before=AS_OF)
    assert [row.number for row in everything(url)["callbacks"]] == [SECOND]


EVENTS: list[Event] = [
    began("c-1380000123.4", FIRST),
    NodeEntered(
        at=2,
        call="c-1",
        flow="f",
        node="n",
        language="zh",
        variables={"tel": f"sip:{FIRST}@h", "to": [FIRST, 7]},
    ),
    asked(FIRST),
    Tagged(at=13800001234, call="c-13800001234.5", name="n", value=FIRST),
    began("c-2", "13900000000"),
]


def test_a_journal_is_rewritten_under_its_engines_hands_and_no_event_moves(tmp_path: Path) -> None:
    state = {"served_last": {FIRST: "ann", "1": "bob"}}
    with closing(Journal(tmp_path, snapshot=lambda: state, segment_bytes=300)) as journal:
        ids = [journal.append(event) for event in EVENTS]
        sizes = {file.name: file.stat().st_size for file in tmp_path.glob("*.jsonl")}
        assert scrub_journal(tmp_path, FIRST) > len(EVENTS) - 1
        assert {file.name: file.stat().st_size for file in tmp_path.glob("*.jsonl")} == sizes
        ids.append(journal.append(began("c-3", "1")))
        told = list(journal.read_from(None))
        header = json.loads(next(iter(tmp_path.glob("*000001.jsonl"))).read_text().splitlines()[0])
    assert [event_id for event_id, _ in told] == ids
    events = [event for _, event in told]
    assert events[0] == began("c-1380000123.4", "")
    assert events[1].variables == {"tel": "sip:@h", "to": ["", 7]}  # type: ignore[union-attr]
    assert events[2] == asked("")
    assert events[3] == Tagged(at=13800001234, call="c-13800001234.5", name="n", value="")
    assert events[4] == EVENTS[4]
    assert header["state"] == {"served_last": {"": "ann", "1": "bob"}}


def test_a_half_written_line_keeps_its_length_too(tmp_path: Path) -> None:
    file = tmp_path / "journal-000001.jsonl"
    file.write_text(f'{{"kind":"CallBegan","ani":"{FIRST}","dn')
    assert scrub_journal(tmp_path, FIRST) == 1
    assert file.read_text() == '{"kind":"CallBegan","ani":"xxxxxxxxxxx","dn'


LINES = {
    f'"","{FIRST}","10000","hotline-call","""A"" <{FIRST}>","PJSIP/t-1"': 'xxx","10000","hotline-call","""A"" <xxx',
    f"1780000001|s-1.2|bills|NONE|ENTERQUEUE||{FIRST}|1": "ENTERQUEUE||xxxxxxxxxxx|1",
    f"王 {FIRST}": "王 xxxxxxxxxxx",
}


@pytest.mark.parametrize("line", LINES)
def test_other_programs_files_keep_every_other_byte(line: str, tmp_path: Path) -> None:
    file = tmp_path / "log"
    before = f"one\n{line}\nthree 9{FIRST} {FIRST}5 s-{FIRST}.17\n"
    file.write_text(before)
    assert scrub_text(file, FIRST) == 1
    after = file.read_text()
    assert LINES[line] in after
    assert after == before.replace(line, line.replace(FIRST, "x" * 11))


def test_a_short_number_is_one_only_where_it_stands_alone(tmp_path: Path) -> None:
    file = tmp_path / "Master.csv"
    file.write_text('"","1001","2026","<1001>","2026-10-01 10:01:10","1001.5","id-1001"\n')
    assert scrub_text(file, "1001") == 1
    assert file.read_text() == '"","xxxx","2026","<xxxx>","2026-10-01 10:01:10","1001.5","id-1001"\n'


plain = st.recursive(
    st.integers() | st.text("0123x") | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("01"), inner),
)


@given(plain)
def test_data_without_the_number_stay_as_they_are(data: Any) -> None:
    assert without(data, FIRST) == data


def test_an_engine_forgets_who_served_a_number_and_withdraws_its_call_backs(tmp_path: Path) -> None:
    memory = Memory()
    memory.served_last.update({FIRST: "ann", "1": "bob"})
    for event in (began("c-1", FIRST), asked(FIRST)):
        memory.apply(event)
    with closing(Journal(tmp_path, snapshot=memory.snapshot)) as journal:
        chronicle = Chronicle(journal, memory, lambda *_: None)
        with pytest.raises(Refused, match="is live"):
            forget_live(memory, chronicle, SystemClock(), FIRST, "li")
        memory.apply(CallEnded(at=3, call="c-1", outcome="caller-hung-up"))
        assert forget_live(memory, chronicle, SystemClock(), FIRST, "li") == 1
    assert (memory.callbacks, memory.served_last) == ({}, {"1": "bob"})


def run(*arguments: str) -> Any:
    return CliRunner().invoke(forget_app, [*arguments])


@pytest.fixture
def site(tmp_path: Path, url: str) -> Path:
    """A site whose engine is away, with the small ledger and traces of the number in every corner."""
    (tmp_path / "config.yaml").write_text(SITE + f"database: {url}\n")
    data = tmp_path / "var"
    for folder in ("spool", "logs", "asterisk/logs/cdr-csv", "voicemail/main/2026-05"):
        (data / folder).mkdir(parents=True)
    with closing(Journal(data / "journal", snapshot=Memory().snapshot)) as journal:
        for event in (
            began("c-1", SECOND),
            asked(SECOND),
            CallEnded(at=3, call="c-1", outcome="caller-hung-up"),
        ):
            journal.append(event)
    (data / "spool/away-1.json").write_text(json.dumps({"call": "c", "number": SECOND}))
    (data / "logs/engine.log").write_text(f"never, but {SECOND}\n")
    (data / "asterisk/logs/cdr-csv/Master.csv").write_text(f'"","{SECOND}","10000"\n')
    (data / "asterisk/logs/queue_log.1.gz").write_bytes(
        gzip.compress(f"1|c|q|NONE|ENTERQUEUE||{SECOND}\n".encode())
    )
    (data / "voicemail/main/2026-05/28-201040-h-1_2.wav").write_bytes(b"RIFF")
    return tmp_path


def test_the_command_leaves_no_trace_in_any_file(site: Path) -> None:
    done = run(SECOND, "--config", str(site / "config.yaml"))
    assert done.exit_code == 0, done.output
    for line in (
        "call-backs withdrawn: 1",
        "sound files: 1",
        "spool/away-1.json: 1",
        "queue_log.1.gz: 1",
        "backups",
    ):
        assert line in done.output
    for file in (file for file in (site / "var").rglob("*") if file.is_file()):
        raw = file.read_bytes()
        assert SECOND.encode() not in (gzip.decompress(raw) if file.suffix == ".gz" else raw), file
    assert not list((site / "var/voicemail").rglob("*.wav"))
    assert json.loads((site / "var/spool/away-1.json").read_text()) == {"call": "c", "number": ""}
    assert "nothing was kept" in run(SECOND, "--config", str(site / "config.yaml")).output


@pytest.mark.parametrize(
    ("number", "told"), [("10000", "of the hotline itself"), ("Mr. Li", "no telephone number")]
)
def test_what_is_no_persons_number_is_refused(site: Path, number: str, told: str) -> None:
    done = run(number, "--config", str(site / "config.yaml"))
    assert (done.exit_code, told in done.output) == (1, True)


def test_with_a_database_alone_the_rest_is_named(url: str) -> None:
    done = run(SECOND, "--database", url)
    assert done.exit_code == 0
    assert "1 sound files are on the hotline's own machine" in done.output
    engine = create_engine(url)
    with engine.connect() as connection:
        left = select(func.count()).select_from(schema.calls).where(schema.calls.c.ani == SECOND)
        assert connection.scalar(left) == 0
    engine.dispose()


def test_what_is_older_than_the_site_keeps_it_goes_each_night(site: Path, url: str) -> None:
    house = load_site(site / "config.yaml")
    day = 86_400_000
    erase_old(house, AS_OF + 100 * day, calls_ms=None, recordings_ms=90 * day)
    assert not list((site / "var/voicemail").rglob("*.wav"))
    assert SECOND in {row.ani for row in everything(url)["calls"]}
    erase_old(house, AS_OF + 500 * day, calls_ms=400 * day, recordings_ms=90 * day)
    assert {row.ani for row in everything(url)["calls"]} == {""}
