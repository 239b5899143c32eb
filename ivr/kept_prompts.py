"""Prompts as they lie in the cache: nothing is rendered; what is not there has an estimated length."""

from __future__ import annotations

from pathlib import Path

from ivr.call import Sound
from ivr.prompt import Spoken
from ivr.prompts import PromptStore, Speaker, joint, telephone_seconds
from ivr.rehearsal import UnspokenPrompts


class KeptPrompts(PromptStore):
    """A store that only reads. ``estimated`` holds the prompts asked for whose sound is not there."""

    def __init__(self, cache: Path) -> None:
        super().__init__(cache, Speaker((), (), {}))
        self._unspoken = UnspokenPrompts()
        self.estimated: set[Spoken] = set()

    def sound(self, spoken: Spoken) -> Sound:
        """Return a prompt as it was rendered last, or, with an estimated length, as it may be. Blocks."""
        file = self._file(spoken)
        seconds = telephone_seconds(file)
        if seconds is None:
            self.estimated.add(spoken)
            return self._unspoken.sound(spoken)
        return Sound(file, spoken.text, seconds, joint(spoken))
