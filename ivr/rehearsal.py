"""A call without a telephone: a scripted caller, and all that he heard. It takes no real time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ivr.call import CallLost, Rang, Ring, RingOutcome, Sound
from ivr.flow import Spoken

SECONDS_PER_CHARACTER = {"zh": 0.22}
SECONDS_PER_LETTER = 0.065


@dataclass(frozen=True, slots=True)
class Press:
    """The caller presses a key: into the prompt, or with ``after_prompt`` once it is over."""

    key: str
    after_prompt: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """The caller hears a prompt out and lets the time for a key pass."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """The caller hangs up, at the next prompt, wait for a key, or wait in a queue."""


Act: TypeAlias = Press | Silence | HangUp
Kind: TypeAlias = Literal["answer", "heard", "key", "music on", "music off", "ring", "hang up", "lost"]


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, ``at`` seconds after the call began."""

    at: float
    kind: Kind
    what: str = ""


class RehearsedCall:
    """A `Call` whose caller follows a script, and is silent when it is over.

    A prompt takes its length and a missing key its time-out, in seconds that only ``seconds`` counts.
    """

    def __init__(
        self, script: Iterable[Act | str] = (), rings: Iterable[RingOutcome] = (), name: str = "rehearsal"
    ) -> None:
        """A text in the script is a key pressed; ``rings`` are the outcomes of rings, then all answer."""
        self._script = deque(Press(act) if isinstance(act, str) else act for act in script)
        self._rings = deque(rings)
        self._name = name
        self._lost = asyncio.Event()
        self.seconds = 0.0
        self.moments: list[Moment] = []

    @property
    def id(self) -> str:
        """The call's id."""
        return self._name

    @property
    def heard(self) -> list[str]:
        """Return the texts that were said, each also when a key cut it off."""
        return [moment.what for moment in self.moments if moment.kind == "heard"]

    @property
    def ended(self) -> bool:
        """Whether either side has hung up."""
        return self._lost.is_set() or any(moment.kind == "hang up" for moment in self.moments)

    def lose(self) -> None:
        """Hang up as the caller, at this moment."""
        if not self._lost.is_set():
            self._note("lost")
            self._lost.set()

    async def answer(self) -> None:
        """Pick up."""
        self._reach()
        if not any(moment.kind == "answer" for moment in self.moments):
            self._note("answer")

    async def play(self, sounds: Sequence[Sound], keys: str = "") -> str | None:
        """Say the sounds; a key of the script that may interrupt cuts the first of them off."""
        self._reach()
        for sound in sounds:
            self._note("heard", sound.text or sound.path.stem)
            match self._script[0] if self._script else None:
                case HangUp():
                    self._hang_up_by_script()
                case Press(key=key, after_prompt=False) if key in keys:
                    return self._press(key)
            self.seconds += sound.seconds
        return None

    async def key(self, seconds: float) -> str | None:
        """Return the script's next key, or let the time pass."""
        self._reach()
        match self._script[0] if self._script else None:
            case HangUp():
                self._hang_up_by_script()
            case Press(key=key):
                return self._press(key)
            case Silence():
                self._script.popleft()
        self.seconds += seconds
        return None

    async def music(self, on: bool) -> None:
        """Begin or end music."""
        self._reach()
        self._note("music on" if on else "music off")

    async def ring(self, ring: Ring) -> Rang:
        """Ring a phone: it does as the next of the given outcomes says."""
        self._reach()
        outcome = self._rings.popleft() if self._rings else "answered"
        self._note("ring", ring.phone)
        if outcome == "no-answer":
            self.seconds += ring.seconds
        return Rang(ring.offer, outcome)

    async def gone(self) -> None:
        """Wait until the caller hangs up; at once when the script says so."""
        if self._script and isinstance(self._script[0], HangUp):
            self.lose()
        await self._lost.wait()

    async def hang_up(self) -> None:
        """Let the caller go."""
        self._reach()
        self._note("hang up")

    def _reach(self) -> None:
        if self._lost.is_set():
            raise CallLost

    def _press(self, key: str) -> str:
        self._script.popleft()
        self._note("key", key)
        return key

    def _hang_up_by_script(self) -> None:
        self.lose()
        raise CallLost

    def _note(self, kind: Kind, what: str = "") -> None:
        self.moments.append(Moment(self.seconds, kind, what))


class UnspokenPrompts:
    """Prompts that need no rendering: their lengths are estimated from the texts."""

    def sound(self, spoken: Spoken) -> Sound:
        """Return the prompt, without a sound file of its own."""
        each = SECONDS_PER_CHARACTER.get(spoken.language, SECONDS_PER_LETTER)
        return Sound(spoken.sound or Path(), spoken.text, len(spoken.text) * each)
