"""What a flow needs of a distributor, as plain messages by id such as could cross a socket one day.

`ivr` knows nothing of seats and skills beyond these names; `hotline` puts the real distributor behind them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from ivr.call import Rang, Ring

QueueExit: TypeAlias = Literal["answered", "full", "no_agents", "closed", "timeout", "long_wait"]
CallbackAnswer: TypeAlias = Literal["taken", "open-already", "not-allowed", "limit"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a call asks of a queue. ``skills`` maps a name to its least level, 1–5, on top of the queue's own.

    ``seat``: nobody but this one will do. ``attributes`` are words about the call that are kept with its visit.
    ``tier`` is the customer's, ``owner`` the agent who has his case, as the flow knows them.
    """

    call: str
    queue: str
    skills: Mapping[str, int]
    priority: int
    language: str
    seat: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    tier: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class CallbackWish:
    """A caller wants to be called, at ``number``: when his turn comes, or from ``due`` on, UTC ms."""

    call: str
    queue: str
    number: str
    skills: Mapping[str, int]
    priority: int
    language: str
    due: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a caller stands in his queue, from 1, and in what range, ms, he will yet wait; None where no good guess is.

    Three of five waits fall into the range.
    """

    position: int
    low_ms: int | None = None
    high_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """The distributor sends the call on: the visit is over, by this exit of the node."""

    exit: QueueExit


class Stay(Protocol):
    """One visit of a call in a queue, from the door's outside."""

    async def next(self) -> Ring | Leave:
        """Wait for the next instruction. Cancelling loses none."""

    def place(self) -> Place | None:
        """Return the caller's place, and how long he may yet wait; None while he is being offered."""

    def told(self, place: Place) -> None:
        """Tell that the caller has been told his place."""

    def rang(self, rang: Rang) -> None:
        """Tell how the ring that `next` ordered ended. After ``answered`` the visit is over."""

    def left(self) -> None:
        """Tell that the call cannot be reached here any more (the distributor finds out whether it is over).

        It keeps its place: if it comes back to the same queue, it goes on with the visit that it had. A phone that
        rings for it falls silent; if it is answered in this very moment, the call was answered.
        """

    def leave(self, reason: str) -> None:
        """Tell that a call that has `left` is not coming back: its visit is over, for this reason."""


class Door(Protocol):
    """The way into the queues."""

    def enter(self, wish: Wish) -> Stay:
        """Begin, or after a restart go on with, the call's visit in a queue."""

    def call_back(self, wish: CallbackWish) -> CallbackAnswer:
        """Take in that a caller wants to be called; if taken, his visit, if any, is over as called back."""
