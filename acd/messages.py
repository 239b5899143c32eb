"""What the distributor is told (events) and what it answers (decisions): plain facts by id, times in ms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from acd.plan import Plan
from acd.seats import SeatEvent, SeatState

MissedOutcome: TypeAlias = Literal["no-answer", "refused", "busy", "unreachable", "cancelled"]
NoCustomer: TypeAlias = Literal[
    "no-customer"
]  # the customer of a call-back did not answer: no fault of the seat
CloseReason: TypeAlias = Literal["full", "no_agents", "closed", "timeout", "long_wait", "queue-removed"]


class Refused(Exception):
    """The distributor will not do what was asked; its text says why, for the one who asked."""


# --- events


@dataclass(frozen=True, slots=True)
class Enter:
    """A visit begins, or (``returning``) its caller is back after the engine was away.

    ``arrived`` is when the wait began, in an earlier queue perhaps; ``offers`` how many it had before. The skills
    add to the queue's. ``credit_ms`` counts as if waited; ``tier`` is the customer's (0: none); ``owner`` the seat that
    is asked first. A ``callback`` is a virtual caller: he has a place, but no limits and no line that he holds; until
    ``aside_until`` he is not offered to anybody. ``avoid`` are seats that missed him before, each until when he is
    spared them.
    """

    visit: str
    queue: str
    arrived: int
    skills: Mapping[str, int] = field(default_factory=dict)
    priority: int = 0
    offers: int = 0
    returning: bool = False
    credit_ms: int = 0
    tier: int = 0
    owner: str | None = None
    kind: Literal["call", "callback"] = "call"
    aside_until: int | None = None
    avoid: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallbackFailed:
    """The customer of a call-back was not reached: put it aside until ``retry_at``, then back in its old place."""

    visit: str
    retry_at: int


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
    """The phone of this offer has begun to ring; of a ring group that of ``seat``."""

    offer: str
    seat: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The seat answered: the visit is over, the conversation began. Of a ring group ``seat`` did."""

    offer: str
    seat: str | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """The offer came to nothing; or, where ``seat`` is given, that seat's part of a ring group."""

    offer: str
    outcome: MissedOutcome | NoCustomer
    seat: str | None = None


@dataclass(frozen=True, slots=True)
class PutOnHold:
    """The seat put its caller on hold."""

    offer: str


@dataclass(frozen=True, slots=True)
class TakenOffHold:
    """The seat is back with its caller."""

    offer: str


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
class ExtendWrapUp:
    """A person needs more time after a call: until ``until``."""

    seat: str
    until: int


@dataclass(frozen=True, slots=True)
class PhoneBusy:
    """A phone is in use by a private call, or no longer. Not for calls of the distributor's own."""

    phone: str
    busy: bool


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
    or talking. The rest is what the order of seats looks at: when it last fell free and when it signed in (None: both
    with that state), its time with calls and away since then, and the number of its last offer by queue.
    """

    seat: str
    phone: str | None
    state: SeatState
    since: int
    reason: str | None = None
    offer: str | None = None
    queue: str | None = None
    until: int | None = None
    idle_since: int | None = None
    signed_in: int | None = None
    busy_ms: int = 0
    away_ms: int = 0
    turns: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reconfigure:
    """The plan has changed. Calls go on; those in a queue that is gone are closed."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing but the time: see `Distributor.due`."""


Event: TypeAlias = (
    Enter
    | CallbackFailed
    | Leave
    | Dialling
    | Ringing
    | Answered
    | Missed
    | PutOnHold
    | TakenOffHold
    | Ended
    | SignIn
    | SignOut
    | Ready
    | NotReady
    | ExtendWrapUp
    | PhoneSeen
    | PhoneBusy
    | Hold
    | Release
    | RestoreSeat
    | Reconfigure
    | Tick
)


# --- decisions


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring this seat for this visit. ``why`` explains the choice.

    ``rings`` are all its seats and phones, more than one for a ring group. For a ``callback`` the seat is reserved, and
    the customer shall be rung first.
    """

    offer: str
    visit: str
    seat: str
    phone: str
    ring_ms: int
    why: Mapping[str, Any]
    rings: tuple[tuple[str, str], ...] = ()
    callback: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop ringing: the offer is over as ``outcome``; or only the ring of one ``seat`` of a group."""

    offer: str
    outcome: MissedOutcome
    seat: str | None = None


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
