"""`hotline notice`, with the engine and without."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.notice_file import FILE, NoticeFile
from ledger.events import NoticeChanged
from tests.unit.engine_of_cards import engine, say, say_alone
from tests.unit.house_of_cards import Cards

FLOW = "flow: main\nlanguages: [zh, en]\nstart: end\nnodes: {end: {hangup: }}\n"
ON = ("notice", "on", "outage", "--zh", "宽带故障。", "--en", "Broadband is down.")


@pytest.fixture
def cards(tmp_path: Path) -> Iterator[Cards]:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "main.yaml").write_text(FLOW)
    made = Cards(tmp_path)
    yield made
    made.board.close()


def changes(cards: Cards) -> list[NoticeChanged]:
    return [event for event in cards.journal.events if isinstance(event, NoticeChanged)]


async def test_a_running_engine_has_the_notice_on_and_journals_who_switched_it(
    cards: Cards, tmp_path: Path
) -> None:
    async with engine(cards):
        told = await say(tmp_path, *ON, "--area", "0755", "--area", "020", "--service", "broadband")
        listed = json.loads((await say(tmp_path, "notice", "--json")).stdout)
    assert (told.exit_code, told.stdout) == (0, "outage: on from the next call on\n")
    (change,) = changes(cards)
    assert (change.notice, change.on, change.areas, change.services) == (
        "outage", True, ("0755", "020"), ("broadband",),
    )  # fmt: skip
    assert change.by
    assert (change.at, change.texts) == (cards.clock.now(), {"zh": "宽带故障。", "en": "Broadband is down."})
    assert [(one["notice"], one["heard"], one["until"]) for one in listed] == [("outage", True, None)]


async def test_it_is_switched_off_in_a_running_engine(cards: Cards, tmp_path: Path) -> None:
    async with engine(cards):
        await say(tmp_path, *ON)
        told = await say(tmp_path, "notice", "off", "outage")
        listed = await say(tmp_path, "notice")
    assert told.stdout == "outage: off from the next call on\n"
    assert [change.on for change in changes(cards)] == [True, False]
    assert listed.stdout == "no notice is on\n"


async def test_what_the_engine_refuses_is_told_and_nothing_changes(cards: Cards, tmp_path: Path) -> None:
    async with engine(cards):
        told = await say(tmp_path, "notice", "on", "outage", "--en", "Down.")
    assert told.exit_code == 1
    assert told.stderr == "callers are spoken to in 'zh' too; add --zh TEXT\n"
    assert changes(cards) == []


async def test_with_the_engine_away_it_is_on_from_the_next_start(cards: Cards, tmp_path: Path) -> None:
    told = await say(tmp_path, *ON, "--until", "2h")
    assert told.exit_code == 0
    assert told.stdout.startswith("outage: on from the engine's next start on; none is running, until 20")
    assert "Broadband is down." in (await say(tmp_path, "notice")).stdout
    cards.clock.time = NoticeFile(cards.site.data / FILE).read().on[0].at + 1
    async with engine(cards) as control:
        assert [one["notice"] for one in control._notices.listed()] == ["outage"]
    assert [change.notice for change in changes(cards)] == ["outage"]


@pytest.mark.parametrize("broken", ["flow: [half", "flow: half\nlanguages: zh\nlanguages: [en]\n", "\x07"])
def test_a_flow_that_is_broken_keeps_no_notice_from_callers(
    cards: Cards, tmp_path: Path, broken: str
) -> None:
    (tmp_path / "flows" / "half.yaml").write_text(broken)
    assert say_alone(tmp_path, *ON).exit_code == 0
    assert [one.notice for one in NoticeFile(cards.site.data / FILE).read().on] == ["outage"]


def test_with_the_engine_away_it_can_be_switched_off(cards: Cards, tmp_path: Path) -> None:
    say_alone(tmp_path, *ON)
    told = say_alone(tmp_path, "notice", "off", "outage")
    assert told.stdout == "outage: off from the engine's next start on; none is running\n"
    kept = NoticeFile(cards.site.data / FILE).read()
    assert (kept.on, [change.on for change in kept.untold]) == ((), [True, False])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("notice", "on", "outage", "--en", "Down."), "callers are spoken to in 'zh' too; add --zh TEXT"),
        (("notice", "off", "outage"), "no notice 'outage' is on"),
        ((*ON, "--until", "soon"), "--until 'soon' is no moment"),
        ((*ON, "--until", "2001-01-01"), "it would be over already"),
        ((*ON, "--text", "Panne."), "--text 'Panne.' names no language; write fr=TEXT"),
        ((*ON, "--text", "fr=Panne."), "no flow speaks 'fr'"),
    ],
)
def test_mistakes_are_told_with_the_engine_away_too(
    cards: Cards, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    said = say_alone(tmp_path, *words)
    assert said.exit_code == 1
    assert told in said.stderr
    assert not (cards.site.data / FILE).exists()


def test_the_list_says_in_a_table_whom_a_notice_concerns(cards: Cards, tmp_path: Path) -> None:
    say_alone(tmp_path, *ON, "--area", "0755")
    table = say_alone(tmp_path, "notice").stdout
    assert [word in table for word in ("outage", "0755", "all", "宽带故障。")] == [True] * 4


async def test_an_engine_that_does_not_answer_in_time_is_not_taken_for_one_that_is_away(
    cards: Cards, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.commands.notice.RENDERING_S", 0.05)
    async with engine(cards) as control:
        rendering = asyncio.Event()
        monkeypatch.setattr(control._notices._speech, "prepare_all", lambda _prompts: rendering.wait())
        told = await say(tmp_path, *ON)
    assert told.exit_code == 1
    assert "has not answered for 0.05 s" in told.stderr
    assert not (cards.site.data / FILE).exists()


async def test_a_request_that_makes_no_sense_changes_nothing(cards: Cards, tmp_path: Path) -> None:
    from acd.messages import Refused
    from hotline.control import ControlClient

    async with engine(cards):
        client = ControlClient(cards.site)
        for request in (
            {},
            {"notice": "x", "by": "li", "texts": "all"},
            {"notice": 7, "by": "li", "texts": {}},
        ):
            with pytest.raises(Refused, match="not understood"):
                await client.ask("notice-on", **request)
        with pytest.raises(Refused, match="not understood"):
            await client.ask("recording-mark", recording="c/r1", mark="lost", by="li")
        client.close()
    assert cards.journal.events == []


def test_the_groups_own_options_count_for_what_follows(cards: Cards, tmp_path: Path) -> None:
    config = str(tmp_path / "config.yaml")
    from typer.testing import CliRunner

    from hotline.cli import app

    told = CliRunner().invoke(app, ["notice", "--config", config, "off", "outage"])
    assert "no notice 'outage' is on" in told.stderr
