"""The notice board: rendered before it is on, journalled, kept for the next life, and over when it is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from hotline.notice_file import Kept, NoticeFile, NoticeRefused, NoticesSpoilt
from hotline.notices import NoticeBoard
from ivr.call import Sound
from ivr.language.prompt import Spoken
from ivr.prompts import PromptError, PromptErrors
from ledger.events import Event, NoticeChanged
from tests.unit.house_of_cards import VirtualClock

TEXTS = {"zh": "宽带故障，正在抢修。", "en": "Broadband is down; we are at it."}


class Voice:
    """Makes sounds at once, of all texts but those that are broken."""

    def __init__(self) -> None:
        self.spoken: list[Spoken] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def prepare_all(self, prompts: Collection[Spoken]) -> None:
        await self.gate.wait()
        broken = [PromptError(one, "no such voice") for one in prompts if "broken" in one.text]
        if broken:
            raise PromptErrors(broken)
        self.spoken.extend(prompts)

    def sound(self, spoken: Spoken) -> Sound:
        assert spoken in self.spoken, "nothing is played that was not rendered"
        return Sound(Path(f"{spoken.language}.wav"), spoken.text, 1.0)


class Wall:
    """A board, and all that it hangs on."""

    def __init__(self, folder: Path, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock()
        self.voice = Voice()
        self.told: list[Event] = []
        self.languages = {"zh", "en"}
        self.file = NoticeFile(folder / "notices.json")
        self.board = NoticeBoard(self.file, self.voice, self.clock, self.told.append, lambda: self.languages)

    def on(self, name: str = "outage", **more: Any) -> NoticeChanged:
        facts = {"texts": TEXTS, **more}
        return NoticeChanged(at=self.clock.now(), notice=name, on=True, by="li", **facts)

    def off(self, name: str = "outage") -> NoticeChanged:
        return NoticeChanged(at=self.clock.now(), notice=name, on=False, by="wang")

    def names(self) -> list[str]:
        return [notice.name for notice in self.board.active()]


@pytest.fixture
def wall(tmp_path: Path) -> Wall:
    return Wall(tmp_path)


async def test_a_notice_is_on_with_its_sounds_areas_and_services(wall: Wall) -> None:
    await wall.board.switch_on(wall.on(areas=("0755",), services=("broadband", "iptv")))
    (notice,) = wall.board.active()
    assert (notice.name, notice.areas, notice.services) == (
        "outage", frozenset({"0755"}), frozenset({"broadband", "iptv"}),
    )  # fmt: skip
    assert {language: sound.text for language, sound in notice.sounds.items()} == TEXTS


async def test_every_change_is_told_to_the_journal_as_it_was_asked(wall: Wall) -> None:
    on, off = wall.on(), wall.off()
    await wall.board.switch_on(on)
    await wall.board.switch_off(off)
    assert wall.told == [on, off]
    assert wall.names() == []


async def test_nobody_hears_a_notice_before_it_is_rendered(wall: Wall) -> None:
    wall.voice.gate.clear()
    switching = asyncio.create_task(wall.board.switch_on(wall.on()))
    await asyncio.sleep(0)
    assert (wall.names(), wall.told, wall.file.read()) == ([], [], Kept())
    wall.voice.gate.set()
    await switching
    assert wall.names() == ["outage"]


async def test_a_notice_that_cannot_be_rendered_changes_nothing(wall: Wall) -> None:
    await wall.board.switch_on(wall.on())
    with pytest.raises(NoticeRefused, match="no such voice"):
        await wall.board.switch_on(wall.on(texts=TEXTS | {"en": "broken"}))
    (notice,) = wall.board.active()
    assert notice.sounds["en"].text == TEXTS["en"]
    assert len(wall.told) == 1


async def test_the_oldest_notice_comes_first_and_other_words_make_it_new(wall: Wall) -> None:
    await wall.board.switch_on(wall.on("one"))
    await wall.board.switch_on(wall.on("two"))
    assert wall.names() == ["one", "two"]
    await wall.board.switch_on(wall.on("one", texts={"zh": "好了", "en": "fixed"}))
    assert [(notice.name, notice.sounds["en"].text) for notice in wall.board.active()] == [
        ("two", TEXTS["en"]),
        ("one", "fixed"),
    ]


async def test_a_notice_ends_by_itself_at_its_time(wall: Wall) -> None:
    await wall.board.switch_on(wall.on(until=wall.clock.now() + 1000))
    wall.clock.time += 999
    assert wall.names() == ["outage"]
    wall.clock.time += 1
    assert (wall.names(), wall.board.listed()) == ([], [])
    with pytest.raises(NoticeRefused, match="no notice 'outage' is on"):
        await wall.board.switch_off(wall.off())


async def test_what_was_on_is_on_again_in_the_next_life(wall: Wall, tmp_path: Path) -> None:
    await wall.board.switch_on(wall.on("one", areas=("0755",)))
    await wall.board.switch_on(wall.on("two"))
    await wall.board.switch_off(wall.off("two"))
    later = Wall(tmp_path, wall.clock)
    await later.board.restore()
    (notice,) = later.board.active()
    assert (notice.name, notice.areas) == ("one", frozenset({"0755"}))
    assert [spoken.text for spoken in later.voice.spoken] == list(TEXTS.values())


async def test_what_ended_while_nobody_was_there_is_neither_rendered_nor_kept(
    wall: Wall, tmp_path: Path
) -> None:
    await wall.board.switch_on(wall.on(until=wall.clock.now() + 1000))
    wall.clock.time += 1000
    later = Wall(tmp_path, wall.clock)
    await later.board.restore()
    assert (later.names(), later.voice.spoken, later.file.read().on) == ([], [], ())


async def test_what_was_changed_while_the_engine_was_away_is_journalled_once(
    wall: Wall, tmp_path: Path
) -> None:
    change = wall.on()
    wall.file.write(Kept().after(change))
    await wall.board.restore()
    assert (wall.told, wall.names()) == ([change], ["outage"])
    later = Wall(tmp_path, wall.clock)
    await later.board.restore()
    assert (later.told, later.names()) == ([], ["outage"])


async def test_one_that_cannot_be_rendered_at_the_start_is_logged_and_left_off_and_the_others_are_on(
    wall: Wall,
) -> None:
    kept = Kept().after(wall.on("bad", texts={"zh": "broken", "en": "broken"})).after(wall.on("good"))
    wall.file.write(kept)
    with capture_logs() as logs:
        await wall.board.restore()
    assert wall.names() == ["good"]
    assert [(log["event"], log["notice"]) for log in logs] == [
        ("notice left off; it cannot be rendered", "bad")
    ]
    assert [(one["notice"], one["heard"]) for one in wall.board.listed()] == [("bad", False), ("good", True)]


async def test_a_language_that_flows_have_gained_since_is_warned_of(wall: Wall) -> None:
    wall.file.write(Kept().after(wall.on()))
    wall.languages = {"zh", "en", "fr"}
    with capture_logs() as logs:
        await wall.board.restore()
    assert wall.names() == ["outage"]
    assert [log["languages"] for log in logs] == [["fr"]]


async def test_a_spoilt_file_is_set_aside_and_does_not_keep_the_engine_from_starting(
    wall: Wall, tmp_path: Path
) -> None:
    for spoilt in ("{", "[]", '{"on": [{"notice": "x"}], "untold": []}', '{"on": "x", "untold": []}'):
        wall.file.path.write_text(spoilt)
        with pytest.raises(NoticesSpoilt, match="switch the notices on anew"):
            wall.file.read()
        with capture_logs() as logs:
            await wall.board.restore()
        assert wall.names() == []
        assert (tmp_path / "notices.bad").read_text() == spoilt
        assert len(logs) == 1


async def test_a_full_disk_refuses_the_change_and_nothing_is_on(
    wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_kept: Kept) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(wall.file, "write", full)
    with pytest.raises(NoticeRefused, match="No space left on device"):
        await wall.board.switch_on(wall.on())
    assert (wall.names(), wall.told) == ([], [])


def test_a_write_that_breaks_off_leaves_the_old_file_whole(
    wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall.file.write(Kept().after(wall.on("one")))

    def fail(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        wall.file.write(Kept().after(wall.on("two")))
    assert [one.notice for one in wall.file.read().on] == ["one"]


def test_the_file_is_for_this_user_alone_and_says_chinese_in_chinese(wall: Wall) -> None:
    wall.file.write(Kept().after(wall.on()))
    assert wall.file.path.stat().st_mode & 0o777 == 0o600
    assert TEXTS["zh"] in wall.file.path.read_text()
    assert json.loads(wall.file.path.read_text())["on"][0]["notice"] == "outage"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"texts": {"en": "Down."}}, "callers are spoken to in 'zh' too; add --zh TEXT"),
        ({"texts": {}}, "add --en TEXT\n.*add --zh TEXT"),
        ({"texts": TEXTS | {"fr": "Panne."}}, "no flow speaks 'fr'"),
        ({"texts": TEXTS | {"zh": "长" * 501}}, "the text in 'zh' has 501 characters; 500 at most"),
        ({"texts": TEXTS | {"en": " "}}, "the text in 'en' has no words"),
        ({"texts": TEXTS | {"en": "a\nb"}}, "line breaks in it; --en TEXT in one line"),
        ({"until": 1}, "over already; write a later --until"),
        ({"areas": ("",)}, "--area '' does not fit"),
        ({"services": ("x" * 61,)}, "--service 'x+' does not fit"),
        ({"areas": tuple(map(str, range(201)))}, "201 times --area; 200 at most"),
        ({"name": "no such name"}, "the name 'no such name' does not fit"),
    ],
)
async def test_what_is_wrong_with_a_notice_is_told_with_the_way_out(
    wall: Wall, more: dict[str, Any], told: str
) -> None:
    with pytest.raises(NoticeRefused, match=told):
        await wall.board.switch_on(wall.on(**more))
    assert (wall.names(), wall.told, wall.voice.spoken) == ([], [], [])


async def test_a_text_of_500_characters_is_taken(wall: Wall) -> None:
    await wall.board.switch_on(wall.on(texts=TEXTS | {"zh": "长" * 500}))
    assert wall.names() == ["outage"]


async def test_a_missing_language_beyond_chinese_and_english_is_named_with_its_option(wall: Wall) -> None:
    wall.languages = {"zh", "en", "fr"}
    with pytest.raises(NoticeRefused, match="--text fr=TEXT"):
        await wall.board.switch_on(wall.on())


async def test_switching_off_what_is_not_on_names_the_nearest(wall: Wall) -> None:
    await wall.board.switch_on(wall.on("outage"))
    with pytest.raises(NoticeRefused, match="no notice 'outtage' is on; did you mean 'outage'"):
        await wall.board.switch_off(wall.off("outtage"))
