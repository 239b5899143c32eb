"""What the distributor is told (events) and what it answers (decisions): plain facts by id, times in ms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from acd.seats import SeatEvent, SeatState

MissedOutcome: TypeAlias = Literal["no-answer", "refused", "busy", "unreachable", "cancelled"]
CloseReason: TypeAlias = Literal["full", "no_agents", "timeout"]


class Refused(Exception):
    """The distributor will not do what was asked; its text says why, for the one who asked."""


# --- events


@dataclass(frozen=True, slots=True)
class Enter:
    """A visit begins, or (``returning``) its caller is back after the engine was away.

    ``arrived`` is when the visit began; ``offers`` how many it had before. The skills add to the queue's.
    """

    visit: str
    queue: str
    arrived: int
    skills: Mapping[str, int] = field(default_factory=dict)
    priority: int = 0
    offers: int = 0
    returning: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """The visit's caller is gone, or chose to leave."""

    visit: str


@dataclass(frozen=True, slots=True)
class Dialling:
    """The caller's session rings this offer's phone: it will tell the end, however late news by other ways may be."""

    offer: str


@dataclass(frozen=True, slots=True)
class Ringing:
    """The phone of this offer has begun to ring."""

    offer: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The seat answered: the visit is over, the conversation began."""

    offer: str


@dataclass(frozen=True, slots=True)
class Missed:
    """The offer came to nothing."""

    offer: str
    outcome: MissedOutcome


@dataclass(frozen=True, slots=True)
class Ended:
    """The conversation that came of this offer is over."""

    offer: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person sits down at a phone, ready to take calls."""

    seat: str
    phone: str


@dataclass(frozen=True, slots=True)
class SignOut:
    """A person leaves; in a conversation, after it."""

    seat: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A person will take calls: ends not-ready and wrap-up."""

    seat: str


@dataclass(frozen=True, slots=True)
class NotReady:
    """A person will not take calls, for a reason; in a conversation, after it."""

    seat: str
    reason: str


@dataclass(frozen=True, slots=True)
class PhoneSeen:
    """A phone can be reached, or no longer."""

    phone: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class Hold:
    """Offer nothing before ``until``, or before `Release`: callers are still coming back one by one."""

    until: int


@dataclass(frozen=True, slots=True)
class Release:
    """All callers are back: offer again."""


@dataclass(frozen=True, slots=True)
class RestoreSeat:
    """After a restart: a seat as the journal knew it. ``since`` is when that state began.

    ``until`` is when it ends by itself. ``offer`` and its ``queue`` are given for a seat that is reserved, ringing
    or talking.
    """

    seat: str
    phone: str | None
    state: SeatState
    since: int
    reason: str | None = None
    offer: str | None = None
    queue: str | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing but the time: see `Distributor.due`."""


Event: TypeAlias = (
    Enter
    | Leave
    | Dialling
    | Ringing
    | Answered
    | Missed
    | Ended
    | SignIn
    | SignOut
    | Ready
    | NotReady
    | PhoneSeen
    | Hold
    | Release
    | RestoreSeat
    | Tick
)


# --- decisions


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring this seat for this visit. ``why`` explains the choice."""

    offer: str
    visit: str
    seat: str
    phone: str
    ring_ms: int
    why: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop ringing: the offer is over as ``outcome``."""

    offer: str
    outcome: MissedOutcome


@dataclass(frozen=True, slots=True)
class Close:
    """Send the visit on: its stay in the queue is over by a limit of the queue."""

    visit: str
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class SeatChange:
    """A seat changed its state. ``until`` is when the new one ends by itself."""

    seat: str
    phone: str | None
    was: SeatState
    event: SeatEvent
    now: SeatState
    reason: str | None
    offer: str | None
    until: int | None


Decision: TypeAlias = Offer | Cancel | Close | SeatChange
