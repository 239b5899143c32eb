"""What a rehearsed call sounds like: played by a sound program of this machine, or written into a WAV file."""

from __future__ import annotations

import asyncio
import shutil
import wave
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hotline.commands.keypad import Keypad
from ivr.prompts import RATE
from ivr.rehearsal.call import RehearsedCall, Sentence
from ivr.rehearsal.script import Moment

PLAYERS: tuple[tuple[str, ...], ...] = (("aplay", "-q"), ("paplay",), ("play", "-q"))
PAUSE_S = 0.3  # between two sentences in a file


def player() -> Sequence[str] | None:
    """Return how to play a WAV file here; None where no program for it is installed."""
    return next((command for command in PLAYERS if shutil.which(command[0])), None)


class HeardCall(RehearsedCall):
    """A rehearsed call that is heard through the machine's loudspeaker; a key cuts it off as on a telephone."""

    def __init__(self, keypad: Keypad, play: Sequence[str], on_moment: Callable[[Moment], None]) -> None:
        super().__init__(keypad, on_moment=on_moment)
        self._keypad = keypad
        self._play = play

    async def listen(self, sentence: Sentence, keys: str) -> None:
        """Play a sentence, until one of the keys is typed or the caller hangs up."""
        due = asyncio.ensure_future(self._keypad.due(keys))
        try:
            for sound in sentence.sounds:
                if due.done():
                    break
                await self._play_until(sound.path, due)
        finally:
            due.cancel()
            await asyncio.gather(due, return_exceptions=True)

    async def _play_until(self, file: Path, due: asyncio.Future[Any]) -> None:
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *self._play, str(file), stdin=quiet, stdout=quiet, stderr=quiet
        )
        over: asyncio.Future[Any] = asyncio.ensure_future(process.wait())
        try:
            await asyncio.wait([over, due], return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not over.done():
                with suppress(ProcessLookupError):
                    process.terminate()
            await over


class WrittenCall(RehearsedCall):
    """A rehearsed call whose prompts are gathered for a WAV file."""

    def __init__(self, keypad: Keypad, on_moment: Callable[[Moment], None]) -> None:
        super().__init__(keypad, on_moment=on_moment)
        self._heard: list[Path | None] = []  # None for a pause

    async def listen(self, sentence: Sentence, keys: str) -> None:  # noqa: ARG002 - as in every rehearsed call
        """Gather a sentence."""
        self._heard.extend([*(sound.path for sound in sentence.sounds), None])

    def write(self, file: Path) -> float:
        """Write all that was said into a WAV file; return its length in seconds. Blocks; raises `OSError`."""
        frames = b"".join(_frames(one) for one in self._heard)
        with file.open("wb") as opened, wave.open(opened) as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(frames)
        return len(frames) / 2 / RATE


def _frames(file: Path | None) -> bytes:
    if file is None:
        return bytes(2 * int(RATE * PAUSE_S))
    with file.open("rb") as opened, wave.open(opened) as sound:
        frames: bytes = sound.readframes(sound.getnframes())
    return frames
