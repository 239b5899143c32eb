"""Prompts as they lie in the cache: nothing is rendered; what is not there has an estimated length."""

from __future__ import annotations

from pathlib import Path

from ivr.call import Sound
from ivr.language.prompt import Spoken
from ivr.prompts import joint, name_of, telephone_seconds
from ivr.rehearsal.call import UnspokenPrompts


class KeptPrompts:
    """The sounds of prompts, read and never made. ``estimated`` holds those asked for that are not there."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._unspoken = UnspokenPrompts()
        self.estimated: set[Spoken] = set()

    def sound(self, spoken: Spoken) -> Sound:
        """Return a prompt as it was rendered last, or, with an estimated length, as it may be. Blocks."""
        file = self._cache / f"{name_of(spoken)}.wav"
        seconds = telephone_seconds(file)
        if seconds is None:
            self.estimated.add(spoken)
            return self._unspoken.sound(spoken)
        return Sound(file, spoken.text, seconds, joint(spoken))
