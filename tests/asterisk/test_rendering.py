"""Prompts spoken by the real espeak-ng and shaped by the real SoX."""

from __future__ import annotations

import array
import wave
from pathlib import Path

import pytest

from hotline.asterisk.prefix import find
from ivr.language.flow import FlowSet
from ivr.language.prompt import Spoken
from ivr.prompts import PromptErrors, PromptStore, Speaker, telephone_seconds


@pytest.fixture
def store(tmp_path: Path) -> PromptStore:
    toolbox = find()
    environment = toolbox.environment("espeak-ng") | toolbox.environment("sox")
    speaker = Speaker(toolbox.command("espeak-ng"), toolbox.command("sox"), environment)
    return PromptStore(tmp_path / "cache", speaker)


def flows(*spoken: Spoken) -> FlowSet:
    return FlowSet("1", {}, {("demo", said.prompt, said.language): (said,) for said in spoken})


def samples_of(file: Path) -> array.array[int]:
    with wave.open(str(file)) as sound:
        return array.array("h", sound.readframes(sound.getnframes()))


@pytest.mark.parametrize(
    ("language", "text", "least", "most"),
    [
        ("zh", "您好，欢迎致电客户服务热线。", 2.0, 5.0),
        ("en", "Welcome to the customer service hotline.", 1.5, 4.0),
        ("zh", "人工服务请按0。For English, press 9.", 2.5, 6.0),
    ],
)
async def test_a_text_is_spoken_at_telephone_rate_in_a_likely_time(
    store: PromptStore, language: str, text: str, least: float, most: float
) -> None:
    said = Spoken("welcome", language, text)
    await store.prepare(flows(said))
    sound = store.sound(said)
    assert telephone_seconds(sound.path) == sound.seconds
    assert least < sound.seconds < most


async def test_prompts_are_equally_loud_with_no_long_silence_at_either_end(store: PromptStore) -> None:
    """The peak is at -3 dB, and the voice begins and ends within a quarter of a second."""
    spoken = [Spoken("one", "zh", "再见。"), Spoken("two", "en", "Thank you for calling. Goodbye.")]
    await store.prepare(flows(*spoken))
    for said in spoken:
        samples = samples_of(store.sound(said).path)
        peak = max(abs(sample) for sample in samples)
        assert peak == pytest.approx(32768 * 10 ** (-3 / 20), rel=0.02)
        loud = [place for place, sample in enumerate(samples) if abs(sample) > peak / 30]
        assert loud[0] < 2000
        assert len(samples) - loud[-1] < 2000


async def test_a_recording_of_a_studio_becomes_one_for_the_telephone(
    store: PromptStore, tmp_path: Path
) -> None:
    studio = tmp_path / "studio.wav"
    with wave.open(str(studio), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(3)
        sound.setframerate(48000)
        sound.writeframes(bytes(range(1, 7)) * 48000)
    said = Spoken("welcome", "en", "", studio, "digest")
    await store.prepare(flows(said))
    assert store.sound(said).seconds == pytest.approx(1.0, abs=0.01)


async def test_a_recording_that_is_no_sound_is_refused_by_name(store: PromptStore, tmp_path: Path) -> None:
    (tmp_path / "letter.wav").write_text("Dear sirs")
    said = Spoken("welcome", "en", "", tmp_path / "letter.wav", "digest")
    with pytest.raises(
        PromptErrors, match=r"prompt 'welcome' \(en\): sox failed on .*/letter\.wav with status"
    ):
        await store.prepare(flows(said))


async def test_a_language_that_espeak_does_not_speak_is_told(store: PromptStore) -> None:
    with pytest.raises(PromptErrors, match=r"prompt 'welcome' \(xx\): espeak-ng failed with status"):
        await store.prepare(flows(Spoken("welcome", "xx", "Hello.")))
