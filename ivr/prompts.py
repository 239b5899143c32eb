"""Prompts as sound files: rendered or converted ahead of time, and kept under the hash of what they say."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import wave
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from ivr.call import Sound
from ivr.language.flow import FlowSet
from ivr.language.prompt import Spoken

RATE = 8000
WORDS_PER_MINUTE = {
    "cmn": 220
}  # espeak-ng counts a Mandarin syllable for a word; 160 is the pace of a slow reader
OTHERS_PER_MINUTE = 160
RECIPE = 2  # raise it when the same text shall be rendered anew
VOICES = {"zh": "cmn"}  # espeak-ng's names where they are not the language's own
AT_ONCE = 2
LONGEST_RENDERING = 60.0
TRIM = ("silence", "1", "0.02", "0.5%", "reverse")
SHAPE = ("rate", str(RATE), *TRIM, *TRIM, "gain", "-n", "-3")
PADS: Mapping[str, tuple[str, str]] = {
    "prompt": ("0.2", "0.1"),  # many networks swallow the first moments of a call
    "word": ("0.01", "0.04"),  # one of a row: no more than the breath between two words
    "pause": ("0.01", "0.25"),  # one after which the row pauses, as its comma says
}
JOINTS = {"zh": ""}  # other languages write a blank between words


@dataclass(frozen=True, slots=True)
class Speaker:
    """How to start espeak-ng and SoX: the beginnings of their command lines, and variables to add."""

    espeak: Sequence[str]
    sox: Sequence[str]
    environment: Mapping[str, str]


class PromptError(Exception):
    """One prompt cannot be made into sound."""

    def __init__(self, spoken: Spoken, reason: str) -> None:
        self.spoken = spoken
        self.reason = reason
        super().__init__(f"prompt {spoken.prompt!r} ({spoken.language}): {reason}")


class PromptErrors(Exception):
    """Prompts that cannot be made into sound, in ``errors``; one line each."""

    def __init__(self, errors: Sequence[PromptError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in errors))


class PromptFolderError(PromptErrors):
    """The folder for rendered prompts cannot be used, so that none can be made."""

    def __init__(self, cache: Path, error: OSError) -> None:
        super().__init__(())
        self.cache = cache
        self.args = (
            f"cannot keep prompts in {cache}: {error.strerror or error}; let it be a writable folder",
        )


class PromptStore:
    """The sounds of all prompts, as WAV files of 8 kHz, 16 bit, one channel, in a folder of its own.

    A file's name is the hash of what it says and how, so that it never changes: a call may go on playing it
    while its prompt is written anew. Several processes may share the folder.
    """

    def __init__(self, cache: Path, speaker: Speaker) -> None:
        self._cache = cache
        self._speaker = speaker
        self._sounds: dict[Spoken, Sound] = {}

    def sound(self, spoken: Spoken) -> Sound:
        """Return what `prepare` made. Raises `KeyError` for a prompt that was not prepared."""
        return self._sounds[spoken]

    async def prepare(self, flows: FlowSet) -> None:
        """Make every prompt of the flows that is not there yet. Raises `PromptErrors` with all that failed.

        Cancelled, it leaves no process and no half file behind.
        """
        await self.prepare_all(list(flows.sounds()))

    async def prepare_all(self, prompts: Collection[Spoken]) -> None:
        """Make every one of these prompts that is not there yet, as `prepare` does."""
        wanted = {self._file(spoken): spoken for spoken in prompts if spoken not in self._sounds}
        try:
            lengths = await asyncio.to_thread(self._ready, list(wanted))
        except OSError as error:
            raise PromptFolderError(self._cache, error) from error
        limit = asyncio.Semaphore(AT_ONCE)
        failed: list[PromptError] = []

        async def make(file: Path, spoken: Spoken) -> None:
            async with limit:
                try:
                    lengths[file] = await self._make(file, spoken)
                except PromptError as error:
                    failed.append(error)

        async with asyncio.TaskGroup() as group:
            for file, spoken in wanted.items():
                if file not in lengths:
                    group.create_task(make(file, spoken))
        for spoken in prompts:
            if spoken not in self._sounds and (length := lengths.get(self._file(spoken))) is not None:
                self._sounds[spoken] = Sound(self._file(spoken), spoken.text, length, joint(spoken))
        if failed:
            raise PromptErrors(sorted(failed, key=str))

    def _file(self, spoken: Spoken) -> Path:
        return self._cache / f"{name_of(spoken)}.wav"

    def _ready(self, files: Sequence[Path]) -> dict[Path, float]:
        self._cache.mkdir(parents=True, exist_ok=True)
        return {file: length for file in files if (length := telephone_seconds(file)) is not None}

    async def _make(self, file: Path, spoken: Spoken) -> float:
        speech = file.with_name(f".{uuid4().hex}-speech.wav")
        shaped = file.with_name(f".{uuid4().hex}.wav")
        try:
            if spoken.sound is not None:
                await self._convert(spoken, spoken.sound, shaped)
            else:
                await self._render(spoken, speech, shaped)
            length = await asyncio.to_thread(telephone_seconds, shaped)
            if length is None:
                raise PromptError(spoken, "nothing can be heard of it; write words, or record a sound file")
            shaped.replace(file)
            return length
        except OSError as error:
            raise PromptError(spoken, f"{error.strerror or error} ({error.filename})") from error
        finally:
            speech.unlink(missing_ok=True)
            shaped.unlink(missing_ok=True)

    async def _render(self, spoken: Spoken, speech: Path, shaped: Path) -> None:
        voice, speed = _voice(spoken), str(_pace(spoken))
        espeak = [*self._speaker.espeak, "-v", voice, "-s", speed, "--stdin", "-w", str(speech)]
        await self._run(spoken, "espeak-ng", espeak, spoken.text)
        sox = [
            *self._speaker.sox,
            "-D",
            str(speech),
            "-b",
            "16",
            "-c",
            "1",
            str(shaped),
            *SHAPE,
            "pad",
            *PADS[spoken.pace],
        ]
        await self._run(spoken, "sox", sox)

    async def _convert(self, spoken: Spoken, recorded: Path, shaped: Path) -> None:
        if await asyncio.to_thread(telephone_seconds, recorded) is not None:
            await asyncio.to_thread(shutil.copyfile, recorded, shaped)
            return
        form = ["-r", str(RATE), "-b", "16", "-c", "1"]
        await self._run(spoken, "sox", [*self._speaker.sox, str(recorded), *form, str(shaped)])

    async def _run(self, spoken: Spoken, program: str, command: Sequence[str], stdin: str = "") -> None:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **self._speaker.environment},
        )
        try:
            async with asyncio.timeout(LONGEST_RENDERING):
                _, said = await process.communicate(stdin.encode())
        except TimeoutError:
            raise PromptError(
                spoken, f"{program} took over {LONGEST_RENDERING:g} s and was stopped"
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            last = said.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
            source = f" on {spoken.sound}" if spoken.sound else ""
            raise PromptError(spoken, f"{program} failed{source} with status {process.returncode}: {last[0]}")


def _breath(spoken: Spoken) -> str:
    return "pause" if spoken.pace == "word" and spoken.text.endswith((",", "，")) else spoken.pace


def name_of(spoken: Spoken) -> str:
    """Return the name, without its suffix, of the file that holds a prompt: a hash of what it says and how."""
    said = [spoken.digest] if spoken.sound else [_voice(spoken), _pace(spoken), spoken.text]
    if spoken.pace == "word" and not spoken.sound:
        said.append(spoken.pace)
    return hashlib.sha256(json.dumps([RECIPE, *said]).encode()).hexdigest()[:32]


def joint(spoken: Spoken) -> str | None:
    """Return what stands before a word of a row in writing; None for what stands alone."""
    return JOINTS.get(spoken.language.partition("-")[0], " ") if spoken.pace == "word" else None


def telephone_seconds(file: Path) -> float | None:
    """Return a WAV file's length if Asterisk can play it as it is (8 kHz, 16 bit, mono), else None."""
    try:
        with file.open("rb") as opened, wave.open(opened) as sound:
            frames = sound.getnframes()
            right = (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (RATE, 2, 1)
            whole = opened.seek(0, os.SEEK_END) >= 2 * frames + 44  # not cut off by a crash
    except (OSError, EOFError, wave.Error):
        return None
    return frames / RATE if right and whole and frames else None


def _pace(spoken: Spoken) -> int:
    return WORDS_PER_MINUTE.get(_voice(spoken), OTHERS_PER_MINUTE)


def _voice(spoken: Spoken) -> str:
    return VOICES.get(spoken.language, spoken.language)
