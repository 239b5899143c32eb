"""A call as a flow sees it: something to answer, speak to, listen to, and let go.

A flow never knows which kind it runs on: a caller on Asterisk (`ivr.agi_call`) or a rehearsal in a terminal
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
    """One thing to be heard: a sound file, and the text that it speaks (for rehearsals and logs of ours)."""

    path: Path
    text: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Ring:
    """An order to ring one phone: ``phone`` is the phone's name in the site, ``seconds`` how long."""

    offer: str
    seat: str
    phone: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Rang:
    """How a ring ended. For ``answered``: the conversation is over too, and the caller is still there.

    Wall-clock times are UTC milliseconds. ``cause`` is the leg's Q.850 cause, ``tech_cause`` the SIP answer.
    """

    offer: str
    outcome: RingOutcome
    answered_at: int | None = None
    ended_at: int | None = None
    cause: int | None = None
    tech_cause: str | None = None


class Call(Protocol):
    """One caller. Not shared between tasks: one flow speaks to it at a time."""

    @property
    def id(self) -> str:
        """The call's own id, the same through all its sessions."""

    async def answer(self) -> None:
        """Pick up. Does nothing when that was done before."""

    async def play(self, sounds: Sequence[Sound], keys: str = "") -> str | None:
        """Play sounds in order. A key out of ``keys`` ends them at once and is returned."""

    async def key(self, seconds: float) -> str | None:
        """Return the next key pressed, or None when none came in time."""

    async def music(self, on: bool) -> None:
        """Begin or end music on hold. While it plays nothing else is outstanding: speak at any instant."""

    async def ring(self, ring: Ring) -> Rang:
        """Ring a phone and, if it answers, join the two until one hangs up."""

    async def gone(self) -> None:
        """Wait until the caller, or the session, is gone; then return."""

    async def hang_up(self) -> None:
        """Let the caller go."""
