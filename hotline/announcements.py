"""What the site itself says: to an agent who answers, and to a customer who is called back. Rendered ahead."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

import structlog

from hotline.settings import Settings
from ivr.call import Sound
from ivr.language.prompt import Spoken
from ivr.prompts import PromptErrors

log = structlog.get_logger(__name__)


class Speech(Protocol):
    """What makes words into sound files: `ivr.prompts.PromptStore`."""

    async def prepare_all(self, prompts: Collection[Spoken]) -> None:
        """Make what is not there yet. Raises `PromptErrors`."""

    def sound(self, spoken: Spoken) -> Sound:
        """Return what was made."""


class Announcements:
    """The whispers of queues, and the greeting of call-backs, by language."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._whispers: dict[str, dict[str, Sound]] = {}
        self._greetings: dict[str, Sound] = {}

    async def prepare(self, settings: Settings) -> None:
        """Render what the site says. What cannot be rendered is logged, and not said."""
        whispers = {
            name: {language: Spoken(f"whisper of {name}", language, text) for language, text in said.items()}
            for name, said in ((name, queue.whisper) for name, queue in settings.queues.items())
        }
        greetings = {
            language: Spoken("call-back greeting", language, text)
            for language, text in settings.callbacks.greeting.items()
        }
        everything = [
            *greetings.values(),
            *(spoken for said in whispers.values() for spoken in said.values()),
        ]
        try:
            await self._speech.prepare_all(everything)
        except PromptErrors as errors:
            log.warning("an announcement cannot be rendered", reason=str(errors))
        self._whispers = {name: self._sounds(said) for name, said in whispers.items()}
        self._greetings = self._sounds(greetings)

    def whisper(self, queue: str, language: str) -> Path | None:
        """Return what an agent hears of a queue's call, in its language, else the queue's first; None for nothing."""
        sound = _in(self._whispers.get(queue, {}), language)
        return sound.path if sound is not None else None

    def greeting(self, language: str) -> list[Sound]:
        """Return what a customer who is called back hears."""
        sound = _in(self._greetings, language)
        return [sound] if sound is not None else []

    def _sounds(self, said: dict[str, Spoken]) -> dict[str, Sound]:
        found = {}
        for language, spoken in said.items():
            try:
                found[language] = self._speech.sound(spoken)
            except KeyError:
                continue
        return found


def _in(sounds: dict[str, Sound], language: str) -> Sound | None:
    return sounds.get(language) or next(iter(sounds.values()), None)
