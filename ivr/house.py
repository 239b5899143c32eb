"""What a flow asks of the house that it runs in, beyond its caller: plain protocols that `hotline` fulfils.

A rehearsal has its own of each (`ivr.rehearsal.call`), so a flow never knows which house it is in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from ivr.call import Sound
from ivr.door import Door
from ivr.facts import RecordingKind

Value: TypeAlias = Any  # plain JSON: text, number, true or false, nothing, a list or a mapping of these
Refusal: TypeAlias = Literal["not-allowed", "limit"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. ``number`` is what the network says and may be empty; ``dialled`` is the number that was called.

    ``phone`` is the site's own phone that calls; empty for all others.
    """

    number: str
    dialled: str
    trunk: str = ""
    phone: str = ""


class LookupFailed(Exception):
    """A service gave no usable answer. The message holds nothing of what was asked or answered."""


class LookupTimedOut(LookupFailed):
    """A service did not answer in the time given."""


class Lookups(Protocol):
    """The services that flows may ask, by the names that the site gives them."""

    async def look_up(self, name: str, given: Mapping[str, Value], seconds: float) -> Value | None:
        """Ask a service; return what it says, or None when it knows of nothing.

        Raises `LookupFailed`, and `LookupTimedOut` at the latest after ``seconds``, all tries together.
        """


class Numbers(Protocol):
    """Which numbers may be called from here."""

    def refuses(self, number: str) -> Refusal | None:
        """Tell why a number may not be called now; None when it may. Counts nothing."""

    def called(self, number: str) -> None:
        """Count one call to a number against its limits."""


@dataclass(frozen=True, slots=True)
class Room:
    """A place for a new recording: its id, its file, and the file's name within the mailbox's folder."""

    recording: str
    file: Path
    name: str


class Mailbox(Protocol):
    """Where recordings are kept."""

    async def room(self, call: str, kind: RecordingKind, box: str) -> Room:
        """Return a place for one more recording; its folder exists. Raises `OSError`."""

    async def discard(self, room: Room) -> None:
        """Remove what was recorded there, if anything was."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that is on. It concerns all callers, or those of certain areas and services alone."""

    name: str
    areas: frozenset[str]
    services: frozenset[str]
    sounds: Mapping[str, Sound]  # by language; all rendered


class Notices(Protocol):
    """The notices that a supervisor has switched on."""

    def active(self) -> Sequence[Notice]:
        """Return those that are on now, the oldest first."""


SeatAsks: TypeAlias = Literal["look", "sign-in", "sign-out", "ready", "not-ready", "more-time"]
SeatAnswer: TypeAlias = Literal["next", "signed_out", "wrong_pin", "refused"]


@dataclass(frozen=True, slots=True)
class SeatWish:
    """What an agent asks of his seat from a phone of the site; ``phone`` is empty for any other caller."""

    phone: str
    asks: SeatAsks
    agent: str = ""
    pin: str = ""
    reason: str = ""
    seconds: float = 0.0


class Seats(Protocol):
    """The seats at the site's phones."""

    def do(self, wish: SeatWish) -> SeatAnswer:
        """Do it, or tell why not."""


class Figures(Protocol):
    """What is known of the queues now."""

    def queue(self, name: str) -> Mapping[str, float]:
        """Return ``waiting``, ``longest_wait``, ``estimated_wait`` (s), ``seats_ready``. Raises `KeyError`."""


class Clock(Protocol):
    """The time that the site's people read."""

    def local(self) -> datetime:
        """Return the time in the site's own zone, aware of it."""


@dataclass(frozen=True, slots=True)
class House:
    """All that a flow may ask for."""

    door: Door
    lookups: Lookups
    numbers: Numbers
    mailbox: Mailbox
    notices: Notices
    figures: Figures
    clock: Clock
    seats: Seats
