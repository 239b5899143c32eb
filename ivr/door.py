"""What a flow needs of a distributor, as plain messages by id such as could cross a socket one day.

`ivr` knows nothing of seats and skills beyond these names; `hotline` puts the real distributor behind them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from ivr.call import Rang, Ring

QueueExit: TypeAlias = Literal["answered", "full", "no_agents", "timeout"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a call asks of a queue. ``skills`` maps a name to its least level, 1–5, on top of the queue's own."""

    call: str
    queue: str
    skills: Mapping[str, int]
    priority: int
    language: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The distributor sends the call on: the visit is over, by this exit of the node."""

    exit: QueueExit


class Stay(Protocol):
    """One visit of a call in a queue, from the door's outside."""

    async def next(self) -> Ring | Leave:
        """Wait for the next instruction. Cancelling loses none."""

    def rang(self, rang: Rang) -> None:
        """Tell how the ring that `next` ordered ended. After ``answered`` the visit is over."""

    def left(self) -> None:
        """Tell that the call can no longer be reached (the distributor finds out whether it is over)."""


class Door(Protocol):
    """The way into the queues."""

    def enter(self, wish: Wish) -> Stay:
        """Begin, or after a restart go on with, the call's visit in a queue."""
