"""What is rendered ahead of time for the apology, with a store that writes the words themselves."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import cast

import pytest

import agi_scripts
from agi_scripts.engine_away import SAID, Voice
from hotline.apology import TEXTS, prepare
from ivr.call import Sound
from ivr.language.flow import PromptFile
from ivr.language.prompt import Spoken
from ivr.prompts import PromptError, PromptErrors, PromptStore
from ivr.reading.source import read, validated


class Store:
    """As `PromptStore`, but what it renders is the text; ``broken`` prompts it cannot."""

    def __init__(self, folder: Path, broken: str = "") -> None:
        self._folder = folder
        self._broken = broken
        self._sounds: dict[Spoken, Path] = {}

    async def prepare_all(self, prompts: Collection[Spoken]) -> None:
        self._folder.mkdir(exist_ok=True)
        failed = []
        for said in prompts:
            if said.prompt == self._broken:
                failed.append(PromptError(said, "no voice"))
                continue
            self._sounds[said] = file = self._folder / f"{abs(hash(said.text))}.wav"
            if not file.exists():
                file.write_text(said.text)
        if failed:
            raise PromptErrors(failed)

    def sound(self, said: Spoken) -> Sound:
        return Sound(self._sounds[said], said.text, 1.0)


def store(folder: Path, broken: str = "") -> PromptStore:
    return cast("PromptStore", Store(folder, broken))


async def test_every_prompt_has_a_stable_name_in_each_language(tmp_path: Path) -> None:
    there = await prepare(store(tmp_path / "cache"), tmp_path / "apology", first="en")
    assert there == 2 * (len(SAID) + 10)
    assert "抱歉" in (tmp_path / "apology" / "zh" / "apology.wav").read_text()
    assert (tmp_path / "apology" / "en" / "digit-7.wav").read_text() == "seven"


@pytest.mark.parametrize(
    ("first", "order"), [("zh", ["zh", "en"]), ("en", ["en", "zh"]), ("fr", ["en", "zh"])]
)
async def test_the_script_speaks_the_site_s_language_first(
    tmp_path: Path, first: str, order: list[str]
) -> None:
    await prepare(store(tmp_path / "cache"), tmp_path / "apology", first=first)
    assert Voice(tmp_path / "apology").languages == order


async def test_a_changed_text_takes_the_place_of_the_old_one_which_a_call_may_still_play(
    tmp_path: Path,
) -> None:
    await prepare(store(tmp_path / "cache"), tmp_path / "apology", first="zh")
    texts = tmp_path / "prompts.yaml"
    texts.write_text(TEXTS.read_text().replace("{zh: 七, en: seven}", "{zh: 拐, en: seven}"))
    with (tmp_path / "apology" / "zh" / "digit-7.wav").open() as playing:
        await prepare(store(tmp_path / "cache"), tmp_path / "apology", first="zh", texts=texts)
        assert playing.read() == "七"
    assert (tmp_path / "apology" / "zh" / "digit-7.wav").read_text() == "拐"


async def test_a_prompt_that_cannot_be_rendered_costs_only_itself(tmp_path: Path) -> None:
    there = await prepare(store(tmp_path / "cache", broken="digit-3"), tmp_path / "apology", first="zh")
    assert there == 2 * (len(SAID) + 9)
    assert Voice(tmp_path / "apology").sound("zh", "digit-3") == "digits/3"


async def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "apology").write_text("in the way")
    assert await prepare(store(tmp_path / "cache"), tmp_path / "apology", first="zh") == 0


async def test_texts_that_are_no_prompts_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "prompts.yaml").write_text("prompts: [")
    texts = tmp_path / "prompts.yaml"
    assert await prepare(store(tmp_path / "cache"), tmp_path / "apology", first="zh", texts=texts) == 0


def test_the_texts_are_all_that_the_script_says_in_both_languages() -> None:
    model, problems = validated(read(Path(agi_scripts.__file__).with_name("prompts.yaml")), PromptFile)
    assert problems == []
    assert model is not None
    assert set(model.prompts) == {*SAID, *(f"digit-{digit}" for digit in range(10))}
    assert {frozenset(prompt) for prompt in model.prompts.values()} == {frozenset({"zh", "en"})}
