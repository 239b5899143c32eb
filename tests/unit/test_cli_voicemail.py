"""`hotline voicemail`: listing, marking, exporting and deleting what callers left."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hotline.mailbox import FOLDER
from ledger.events import CallBegan, Event, RecordingKept, RecordingMarked
from tests.unit.engine_of_cards import engine, say, say_alone, store
from tests.unit.house_of_cards import Cards

NOON = round(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000


def began(call: str, ani: str) -> CallBegan:
    return CallBegan(
        at=NOON, call=call, ani=ani, dnis="2", trunk="t", flow="f", flow_version="h", language="zh"
    )


def kept(call: str, at: int, box: str, **more: Any) -> RecordingKept:
    facts = {"file": f"{box}/2026-11/{call}.wav", "seconds": 65.4, "recording_kind": "voicemail", **more}
    return RecordingKept(at=at, call=call, recording=f"{call}/r1", box=box, **facts)


EVENTS: list[Event] = [
    began("c-1", "13812341234"),
    began("c-2", "=cmd()"),
    began("c-3", "075526001234"),
    kept("c-1", NOON, "sales"),
    kept("c-2", NOON + HOUR, "night"),
    kept("c-3", NOON + 2 * HOUR, "sales"),
    RecordingMarked(at=NOON + HOUR, recording="c-1/r1", mark="done", by="li"),
]


@pytest.fixture
def cards(tmp_path: Path) -> Iterator[Cards]:
    made = Cards(tmp_path)
    store(made, *EVENTS)
    for event in EVENTS:
        if isinstance(event, RecordingKept):
            file = made.site.data / FOLDER / event.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"the voice of {event.call}")
    yield made
    made.board.close()


def listed(folder: Path, *words: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(say_alone(folder, "voicemail", "--json", *words).stdout)
    return rows


def test_what_is_not_done_is_listed_the_newest_first_without_an_engine(cards: Cards, tmp_path: Path) -> None:
    assert [(row["recording"], row["box"], row["kept"]) for row in listed(tmp_path)] == [
        ("c-3/r1", "sales", NOON + 2 * HOUR),
        ("c-2/r1", "night", NOON + HOUR),
    ]


def test_box_time_and_what_is_done_can_be_asked_for(cards: Cards, tmp_path: Path) -> None:
    assert [row["recording"] for row in listed(tmp_path, "--box", "sales", "--all")] == ["c-3/r1", "c-1/r1"]
    assert [row["recording"] for row in listed(tmp_path, "--since", "2026-11-22 13:30")] == ["c-3/r1"]


def test_numbers_are_masked_unless_asked_for(cards: Cards, tmp_path: Path) -> None:
    assert [row["ani"] for row in listed(tmp_path)] == ["0755****1234", "****()"]
    assert [row["ani"] for row in listed(tmp_path, "--numbers")] == ["075526001234", "=cmd()"]
    assert "075526001234" not in say_alone(tmp_path, "voicemail").stdout


def test_the_table_tells_local_time_length_and_mark(cards: Cards, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(config.read_text() + "timezone: Asia/Shanghai\n")
    lines = [line.split() for line in say_alone(tmp_path, "voicemail", "--all").stdout.splitlines()]
    assert lines == [
        ["recording", "left", "box", "from", "length", "mark"],
        ["c-3/r1", "2026-11-22", "22:00", "sales", "0755****1234", "1:05", "new"],
        ["c-2/r1", "2026-11-22", "21:00", "night", "****()", "1:05", "new"],
        ["c-1/r1", "2026-11-22", "20:00", "sales", "138****1234", "1:05", "done"],
    ]


def test_an_empty_box_says_so(cards: Cards, tmp_path: Path) -> None:
    assert "nothing new is there" in say_alone(tmp_path, "voicemail", "--box", "nowhere").stdout


async def test_a_mark_goes_into_the_engines_journal(cards: Cards, tmp_path: Path) -> None:
    async with engine(cards):
        told = await say(tmp_path, "voicemail", "mark", "c-3/r1", "heard")
    assert (told.exit_code, told.stdout) == (0, "c-3/r1: heard\n")
    (event,) = cards.journal.events
    assert isinstance(event, RecordingMarked)
    assert (event.recording, event.mark, event.at) == ("c-3/r1", "heard", cards.clock.now())
    assert event.by


def test_without_an_engine_nothing_is_marked_or_deleted_and_the_way_out_is_told(
    cards: Cards, tmp_path: Path
) -> None:
    for words in (("mark", "c-3/r1", "done"), ("delete", "c-3/r1")):
        told = say_alone(tmp_path, "voicemail", *words)
        assert told.exit_code == 1
        assert "not marked, since the engine is who writes it down" in told.stderr
        assert "start it: hotline up" in told.stderr
    assert (cards.site.data / FOLDER / "sales/2026-11/c-3.wav").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("mark", "c-9/r1", "done"), "there is no recording 'c-9/r1'; `hotline voicemail --all` lists them"),
        (("mark", "c-3/r1", "read"), "'read' is no mark; write one of: heard, done"),
        (("delete", "c-9/r1"), "there is no recording 'c-9/r1'"),
        (("export", "out", "--since", "soon"), "--since 'soon' is no moment"),
    ],
)
def test_mistakes_are_told(cards: Cards, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    said = say_alone(tmp_path, "voicemail", *words)
    assert said.exit_code == 1
    assert told in said.stderr


async def test_what_is_deleted_loses_its_sound_after_the_journal_has_it(cards: Cards, tmp_path: Path) -> None:
    async with engine(cards):
        told = await say(tmp_path, "voicemail", "delete", "c-3/r1")
    assert told.stdout == "c-3/r1: deleted\n"
    assert [event.mark for event in cards.journal.events if isinstance(event, RecordingMarked)] == ["deleted"]
    assert sorted(file.stem for file in (cards.site.data / FOLDER).rglob("*.wav")) == ["c-1", "c-2"]


async def test_what_is_deleted_takes_no_other_mark(cards: Cards, tmp_path: Path) -> None:
    store(cards, RecordingMarked(at=NOON, recording="c-3/r1", mark="deleted", by="li"))
    async with engine(cards):
        told = await say(tmp_path, "voicemail", "mark", "c-3/r1", "heard")
    assert told.stderr == "the recording 'c-3/r1' is deleted\n"
    assert cards.journal.events == []


async def test_a_ledger_that_names_a_file_elsewhere_deletes_nothing(cards: Cards, tmp_path: Path) -> None:
    store(cards, kept("c-4", NOON, "sales", file="../../config.yaml"))
    async with engine(cards):
        told = await say(tmp_path, "voicemail", "delete", "c-4/r1")
    assert "outside" in told.stderr
    assert (tmp_path / "config.yaml").exists()
    assert cards.journal.events == []


def test_an_export_has_the_sounds_and_a_table_that_spreadsheets_read(cards: Cards, tmp_path: Path) -> None:
    (cards.site.data / FOLDER / "night/2026-11/c-2.wav").unlink()
    store(cards, kept("c-5", NOON + 3 * HOUR, "sales", file="sales/2026-11/c-3.wav"))
    told = say_alone(tmp_path, "voicemail", "export", str(tmp_path / "out"))
    assert told.stdout.endswith("2 recordings and index.csv; 1 more have no sound file on this machine\n")
    with (tmp_path / "out" / "index.csv").open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["recording"], row["left"], row["from"], row["seconds"]) for row in rows] == [
        ("c-5/r1", "2026-11-22T15:00:00+00:00", "", "65.4"),
        ("c-3/r1", "2026-11-22T14:00:00+00:00", "0755****1234", "65.4"),
    ]
    assert (tmp_path / "out" / rows[1]["file"]).read_text() == "the voice of c-3"
    assert (tmp_path / "out" / "index.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_what_a_caller_sent_for_a_number_is_no_formula_in_the_table(cards: Cards, tmp_path: Path) -> None:
    say_alone(tmp_path, "voicemail", "export", str(tmp_path / "out"), "--numbers", "--box", "night")
    with (tmp_path / "out" / "index.csv").open(encoding="utf-8-sig", newline="") as opened:
        assert [row["from"] for row in csv.DictReader(opened)] == ["'=cmd()"]
