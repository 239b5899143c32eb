"""The house of a rehearsal: queues, services and notices that do as the one who rehearses says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from ivr.call import Rang, Ring
from ivr.door import CallbackAnswer, CallbackWish, Leave, Place, Wish
from ivr.facts import RecordingKind
from ivr.house import House, LookupFailed, LookupTimedOut, Notice, Refusal, Room, SeatAnswer, SeatWish
from ivr.rehearsal.call import RehearsedCall

QueueDoes: TypeAlias = Literal["answers", "full", "no_agents", "closed", "timeout", "long_wait", "busy"]
QUEUE_DOES: tuple[str, ...] = get_args(QueueDoes)
RINGS_S = 15.0
BUSY = Place(3, 120_000, 240_000)  # what a caller who waits in a busy queue is told, once
WORKDAY = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)  # a Monday


@dataclass(frozen=True, slots=True)
class Stubs:
    """What stands in for the world outside.

    ``lookups`` maps a lookup's name to its answer; None is an answer too: nothing found; the texts ``"timeout"``
    and ``"error"`` are failures. ``queues`` maps a queue's name to what it does at each visit, the last of them for
    all further visits, and ``figures`` to its figures. ``seats`` are the answers to what is asked of seats, likewise.
    """

    queues: Mapping[str, Sequence[QueueDoes]] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    lookups: Mapping[str, Any] = field(default_factory=dict)
    callbacks: CallbackAnswer = "taken"
    seats: Sequence[SeatAnswer] = ()
    allows: Callable[[str], bool] = lambda _number: True
    notices: Sequence[Notice] = ()
    at: datetime = WORKDAY


class RehearsedStay:
    """One visit: the queue does at once what it was told to."""

    def __init__(self, does: QueueDoes, visit: str, call: RehearsedCall) -> None:
        self._does = does
        self._visit = visit
        self._call = call
        self._rings = 0
        self._untold = does == "busy"
        self.reason: str | None = None

    async def next(self) -> Ring | Leave:
        """Return what the queue does; when it is busy, nothing until the caller has waited long enough."""
        match self._does:
            case "answers":
                self._rings += 1
                return Ring(f"{self._visit}/{self._rings}", "agent", "agent", RINGS_S)
            case "busy":
                await self._call.hold()
                self._call.note("sent on", "timeout")
                return Leave("timeout")
            case other:
                self._call.note("sent on", other)
                return Leave(other)

    def place(self) -> Place | None:
        """Return a place to be told, the first time."""
        return BUSY if self._untold else None

    def told(self, place: Place) -> None:
        """Take in that he was told."""
        self._untold = False

    def rang(self, rang: Rang) -> None:
        """Take in how a ring ended: the queue rings again, until somebody answers."""

    def left(self) -> None:
        """Take in that the caller is elsewhere."""

    def leave(self, reason: str) -> None:
        """Take in that the visit is over."""
        self.reason = reason


class RehearsedHouse:
    """All that a flow may ask for, as one: door, services, numbers, mailbox, notices, figures and clock."""

    def __init__(self, stubs: Stubs, call: RehearsedCall) -> None:
        self._stubs = stubs
        self._call = call
        self.wishes: list[Wish] = []
        self.callbacks: list[CallbackWish] = []
        self.wished: list[SeatWish] = []
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.house = House(self, self, self, self, self, self, self, self)

    def enter(self, wish: Wish) -> RehearsedStay:
        """Let the call into a queue."""
        visits = sum(earlier.queue == wish.queue for earlier in self.wishes)
        self.wishes.append(wish)
        self._call.note("queue", wish.queue)
        does = self._stubs.queues.get(wish.queue) or ("answers",)
        visit = f"{wish.call}/{len(self.wishes)}"
        return RehearsedStay(does[min(visits, len(does) - 1)], visit, self._call)

    def call_back(self, wish: CallbackWish) -> CallbackAnswer:
        """Note the wish."""
        self.callbacks.append(wish)
        self._call.note("call back", wish.queue)
        return self._stubs.callbacks

    async def look_up(self, name: str, given: Mapping[str, Any], seconds: float) -> Any:
        """Give the answer that was laid down for the lookup."""
        self.asked.append((name, given))
        if name not in self._stubs.lookups:
            self._call.note("lookup", f"{name}: no answer was laid down, so it fails")
            raise LookupFailed(f"the rehearsal has no answer for the lookup {name!r}")
        answer = self._stubs.lookups[name]
        self._call.note("lookup", name)
        if answer == "timeout":
            self._call.seconds += seconds
            raise LookupTimedOut(f"{name}: as the rehearsal says")
        if answer == "error":
            raise LookupFailed(f"{name}: as the rehearsal says")
        return answer

    def refuses(self, number: str) -> Refusal | None:
        """Tell whether a number may not be called."""
        return None if self._stubs.allows(number) else "not-allowed"

    def called(self, number: str) -> None:
        """Count nothing: a rehearsal calls nobody."""

    async def room(self, call: str, kind: RecordingKind, box: str) -> Room:
        """Return a place that nothing is written to."""
        return Room(f"{call}/{box}", Path(box) / "rehearsal.wav", f"{box}/rehearsal.wav")

    async def discard(self, room: Room) -> None:
        """Remove nothing."""

    def active(self) -> Sequence[Notice]:
        """Return the notices that were laid down."""
        return self._stubs.notices

    def queue(self, name: str) -> Mapping[str, float]:
        """Return the figures that were laid down, or those of an idle queue."""
        idle = {"waiting": 0, "longest_wait": 0.0, "estimated_wait": 0.0, "seats_ready": 1}
        return {**idle, **self._stubs.figures.get(name, {})}

    def do(self, wish: SeatWish) -> SeatAnswer:
        """Do what an agent asks, as was laid down."""
        self._call.note("seat", wish.asks)
        self.wished.append(wish)
        answers = self._stubs.seats or ("next",)
        return answers[min(len(self.wished), len(answers)) - 1]

    def local(self) -> datetime:
        """Return the time of the rehearsal, which goes on with the call."""
        return self._stubs.at + timedelta(seconds=self._call.seconds)
