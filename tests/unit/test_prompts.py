"""Prompts into sound files, with an espeak-ng and a SoX that only copy."""

from __future__ import annotations

import asyncio
import os
import wave
from pathlib import Path

import pytest

from ivr.language.flow import FlowSet
from ivr.language.prompt import Spoken
from ivr.prompts import PromptErrors, PromptFolderError, PromptStore, Speaker, telephone_seconds

ESPEAK = """\
printf '%s ' "$@" >> "$FOLDER/espeak.log"
echo >> "$FOLDER/espeak.log"
while [ $# -gt 1 ]; do [ "$1" = -w ] && out=$2; shift; done
text=$(cat)
case $text in
  *broken*) echo "no such voice" >&2; exit 3;;
  *endless*) : > "$FOLDER/started"; exec sleep 60;;
esac
printf '%s' "$text" > "$out"
"""
SOX = """\
echo sox >> "$FOLDER/sox.log"
for argument in "$@"; do
  case $argument in *.wav|*.ogg) if [ -z "$in" ]; then in=$argument; else out=$argument; fi;; esac
done
case $(cat "$in") in *mute*) cp "$FOLDER/mute.wav" "$out";; *) cp "$FOLDER/spoken.wav" "$out";; esac
"""


def record(file: Path, seconds: float = 1.0, rate: int = 8000, channels: int = 1) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(b"\1\0" * channels * int(seconds * rate))
    return file


@pytest.fixture
def speaker(tmp_path: Path) -> Speaker:
    (tmp_path / "espeak.sh").write_text(ESPEAK)
    (tmp_path / "sox.sh").write_text(SOX)
    record(tmp_path / "spoken.wav", 1.5)
    record(tmp_path / "mute.wav", 0)
    shell = "/bin/sh"
    return Speaker(
        (shell, str(tmp_path / "espeak.sh")), (shell, str(tmp_path / "sox.sh")), {"FOLDER": str(tmp_path)}
    )


@pytest.fixture
def store(tmp_path: Path, speaker: Speaker) -> PromptStore:
    return PromptStore(tmp_path / "cache", speaker)


def text(words: str, language: str = "en", prompt: str = "hello") -> Spoken:
    return Spoken(prompt, language, words)


def flows(*spoken: Spoken) -> FlowSet:
    return FlowSet(
        "1", {}, {(str(place), said.prompt, said.language): (said,) for place, said in enumerate(spoken)}
    )


def renderings(folder: Path) -> list[str]:
    log = folder / "espeak.log"
    return log.read_text().splitlines() if log.exists() else []


async def test_a_text_becomes_a_sound_of_known_length(store: PromptStore, tmp_path: Path) -> None:
    said = text("Welcome.")
    await store.prepare(flows(said))
    sound = store.sound(said)
    assert (sound.text, sound.seconds) == ("Welcome.", 1.5)
    assert sound.path.parent == tmp_path / "cache"
    assert telephone_seconds(sound.path) == 1.5


async def test_chinese_is_spoken_by_the_mandarin_voice(store: PromptStore, tmp_path: Path) -> None:
    await store.prepare(flows(text("您好", "zh"), text("Hello", "en")))
    assert sorted(line.split()[1] for line in renderings(tmp_path)) == ["cmn", "en"]


async def test_a_text_that_looks_like_an_option_is_only_spoken(store: PromptStore, tmp_path: Path) -> None:
    await store.prepare(flows(text("--version")))
    assert "--version" not in renderings(tmp_path)[0]


async def test_one_text_in_several_prompts_is_rendered_once(store: PromptStore, tmp_path: Path) -> None:
    one, two = text("Same.", prompt="one"), text("Same.", prompt="two")
    await store.prepare(flows(one, two))
    assert store.sound(one) == store.sound(two)
    assert len(renderings(tmp_path)) == 1


async def test_what_was_rendered_once_is_found_by_the_next_engine(
    store: PromptStore, speaker: Speaker, tmp_path: Path
) -> None:
    said = text("Welcome.")
    await store.prepare(flows(said))
    await PromptStore(tmp_path / "cache", speaker).prepare(flows(said))
    assert len(renderings(tmp_path)) == 1


async def test_a_file_cut_off_by_a_crash_is_rendered_anew(
    store: PromptStore, speaker: Speaker, tmp_path: Path
) -> None:
    said = text("Welcome.")
    await store.prepare(flows(said))
    path = store.sound(said).path
    path.write_bytes(path.read_bytes()[:5000])
    await PromptStore(tmp_path / "cache", speaker).prepare(flows(said))
    assert telephone_seconds(path) == 1.5


async def test_a_changed_text_gets_a_file_of_its_own(store: PromptStore) -> None:
    old, new = text("Welcome."), text("Welcome!")
    await store.prepare(flows(old))
    await store.prepare(flows(new))
    assert store.sound(old).path != store.sound(new).path
    assert store.sound(old).path.exists()


async def test_a_recording_in_telephone_form_is_kept_as_it_is(store: PromptStore, tmp_path: Path) -> None:
    file = record(tmp_path / "hello.wav", 2.0)
    said = Spoken("hello", "en", "Hello.", file, "digest")
    await store.prepare(flows(said))
    assert store.sound(said).path.read_bytes() == file.read_bytes()
    assert store.sound(said).path != file
    assert not (tmp_path / "sox.log").exists()


@pytest.mark.parametrize(
    ("name", "rate", "channels"), [("a.wav", 44100, 1), ("a.wav", 8000, 2), ("a.ogg", 8000, 2)]
)
async def test_a_recording_in_another_form_is_converted(
    store: PromptStore, tmp_path: Path, name: str, rate: int, channels: int
) -> None:
    said = Spoken("hello", "en", "", record(tmp_path / name, 2.0, rate, channels), "digest")
    await store.prepare(flows(said))
    assert store.sound(said).seconds == 1.5


async def test_all_prompts_that_fail_are_told_at_once_and_the_others_are_made(store: PromptStore) -> None:
    fine, one, two = text("Fine."), text("broken", prompt="one"), text("broken too", "zh", prompt="two")
    with pytest.raises(PromptErrors) as caught:
        await store.prepare(flows(one, fine, two))
    assert str(caught.value).splitlines() == [
        "prompt 'one' (en): espeak-ng failed with status 3: no such voice",
        "prompt 'two' (zh): espeak-ng failed with status 3: no such voice",
    ]
    assert store.sound(fine).seconds == 1.5


async def test_a_text_of_which_nothing_can_be_heard_is_refused(store: PromptStore) -> None:
    with pytest.raises(PromptErrors, match="nothing can be heard of it; write words, or record a sound file"):
        await store.prepare(flows(text("mute …")))


async def test_a_missing_program_is_named(tmp_path: Path) -> None:
    store = PromptStore(tmp_path, Speaker(("/nowhere/espeak-ng",), ("/nowhere/sox",), {}))
    with pytest.raises(PromptErrors, match=r"No such file or directory \(/nowhere/espeak-ng\)"):
        await store.prepare(flows(text("Hello.")))


async def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path, speaker: Speaker) -> None:
    (tmp_path / "cache").write_text("a file stands where the folder should be")
    with pytest.raises(PromptFolderError, match=r"cannot keep prompts in .*/cache: File exists; let it be"):
        await PromptStore(tmp_path / "cache", speaker).prepare(flows(text("Hello.")))


async def test_cancelled_it_leaves_no_half_file_and_no_process(store: PromptStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "started")
    task = asyncio.create_task(store.prepare(flows(text("endless"))))
    await asyncio.to_thread((tmp_path / "started").read_bytes)  # blocks until espeak-ng opens the pipe
    task.cancel()
    async with asyncio.timeout(5):  # far less than the process would take
        with pytest.raises(asyncio.CancelledError):
            await task
    assert list((tmp_path / "cache").iterdir()) == []


async def test_nothing_half_made_is_left_behind(store: PromptStore, tmp_path: Path) -> None:
    with pytest.raises(PromptErrors):
        await store.prepare(flows(text("Fine."), text("broken"), text("mute")))
    assert [file.name.startswith(".") for file in (tmp_path / "cache").iterdir()] == [False]


async def test_a_prompt_that_was_not_prepared_is_no_sound(store: PromptStore) -> None:
    with pytest.raises(KeyError):
        store.sound(text("Never."))
