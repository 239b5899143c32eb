"""A call as a flow sees it: something to answer, speak to, listen to, and let go.

A flow never knows which kind it runs on: a caller on Asterisk (`ivr.agi.call`) or a rehearsal in a terminal
or a test. Every method may raise `CallLost` when the caller, or the session through which we reach him, is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

RingOutcome: TypeAlias = Literal["answered", "no-answer", "refused", "busy", "unreachable", "cancelled"]


class CallLost(Exception):
    """The flow can no longer reach this caller. It says nothing of whether his channel still lives."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One thing to be heard: a sound file, and the text that it speaks (for rehearsals and logs of ours).

    ``joint``: what stands between it and the sound before it where both are parts of one sentence.
    """

    path: Path
    text: str
    seconds: float
    joint: str | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """An order to ring one phone: ``phone`` is the phone's name in the site, ``seconds`` how long.

    ``shows`` is what its display says beside the caller's own name and number. ``rings`` are the seats and phones of a
    ring group, which ring at once; the first to answer wins. ``whisper`` is what the agent hears before the caller.
    """

    offer: str
    seat: str
    phone: str
    seconds: float
    shows: str = ""
    whisper: Path | None = None
    rings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rang:
    """How a ring ended. For ``answered``: the conversation is over too, and the caller is still there.

    Wall-clock times are UTC milliseconds. ``cause`` is the leg's Q.850 cause, ``tech_cause`` the SIP answer. Of a ring
    group ``seat`` is the one that answered; those that are ``unreachable`` did not ring at all.
    """

    offer: str
    outcome: RingOutcome
    answered_at: int | None = None
    ended_at: int | None = None
    cause: int | None = None
    tech_cause: str | None = None
    seat: str | None = None
    unreachable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """An order to call a number outside and to join the caller with whoever answers, for ``seconds`` of ringing."""

    number: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Connected:
    """How a call to a `Line` ended. For ``answered``: the conversation is over too. UTC milliseconds.

    ``phone`` is which of several answered, where that is known.
    """

    outcome: RingOutcome
    answered_at: int | None = None
    ended_at: int | None = None
    cause: int | None = None
    tech_cause: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording that was made: its length, and the key that ended it, if one did."""

    seconds: float
    key: str | None = None


class Call(Protocol):
    """One caller. Not shared between tasks: one flow speaks to it at a time."""

    @property
    def id(self) -> str:
        """The call's own id, the same through all its sessions."""

    async def answer(self) -> None:
        """Pick up. Does nothing when that was done before."""

    async def play(self, sounds: Sequence[Sound], keys: str = "") -> str | None:
        """Play sounds in order. A key out of ``keys`` ends them at once and is returned."""

    async def hush(self) -> None:
        """End at once what is being played: the `play` under way returns."""

    async def key(self, seconds: float) -> str | None:
        """Return the next key pressed, or None when none came in time."""

    async def music(self, on: bool, *, listen: bool = True) -> None:
        """Begin or end music on hold. While it plays nothing else is outstanding: speak at any instant.

        Without ``listen`` nobody wants to know what is `pressed` meanwhile.
        """

    async def ring(self, ring: Ring) -> Rang:
        """Ring a phone and, if it answers, join the two until one hangs up."""

    async def pressed(self, keys: str) -> str:
        """Wait, with music or while a phone rings, until the caller presses one of the keys. Cancelling loses none."""

    async def connect(self, line: Line) -> Connected:
        """Call a number outside and, if it answers, join the two until one hangs up."""

    async def record(
        self, file: Path, *, longest: float, silence: float | None, finish: str, beep: bool
    ) -> Recorded:
        """Record the caller into a WAV file of 8 kHz, 16 bit, one channel, whose folder exists.

        It ends by a key out of ``finish``, after ``longest`` seconds, or after so many seconds of ``silence``.
        When he hangs up meanwhile, `CallLost` is raised, and the file holds what he had said.
        """

    async def rest(self, seconds: float) -> None:
        """Let so much of the call's own time pass."""

    async def gone(self) -> None:
        """Wait until the caller, or the session, is gone; then return."""

    async def hang_up(self) -> None:
        """Let the caller go."""
