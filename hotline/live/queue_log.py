"""Our own calls in the words of Asterisk's ``queue_log``, for tools that read it. Pure: events in, entries out.

Each entry is an AMI action ``QueueLog``: Asterisk puts the time before it and writes it to its own log, as it would
an event of app_queue. https://docs.asterisk.org/Operation/Logging/Queue-Logs/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from hotline.memory import OpenCall
from ledger.events import (
    CallBegan,
    CallEnded,
    ConversationEnded,
    Event,
    OfferEnded,
    OfferMade,
    RingEnded,
    SeatChanged,
    VisitBegan,
    VisitEnded,
)

ACTION = "QueueLog"
_NOBODY = "NONE"
_EMPTY = frozenset({"closed", "full", "no_agents", "queue-removed"})
_TIMEOUT = frozenset({"long_wait", "timeout"})
_SEPARATING = re.compile(r"[^\w+*#@.,:/ -]")  # what ends a field or a line, or belongs to no name or number
_LONGEST = 80  # AMI cuts a line off at a kilobyte


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log, but for its time."""

    queue: str
    call: str
    agent: str
    event: str
    more: tuple[str | int, ...] = ()

    def headers(self) -> Mapping[str, str]:
        """Return it as the headers of the AMI action ``QueueLog``."""
        return {
            "Queue": _field(self.queue),
            "UniqueId": _field(self.call),
            "Interface": _field(self.agent),
            "Event": self.event,
            "Message": "|".join(_field(part) for part in self.more),
        }


@dataclass(slots=True)
class _Stay:
    """A visit that waits, rings or talks. ``position`` is the one at which it joined, from 1."""

    queue: str
    position: int
    wait_s: int = 0


class QueueLog:
    """Translates what happens, in order. Call-backs that wait are no callers, and are left out.

    ``queues_of`` tells for which queues a seat is there; ``live`` are the calls that a restarted engine remembers.
    """

    def __init__(self, queues_of: Callable[[str], Iterable[str]], live: Iterable[OpenCall] = ()) -> None:
        self._queues_of = queues_of
        self._callers: dict[str, CallBegan] = {}
        self._waiting: dict[str, list[str]] = {}
        self._stays: dict[str, _Stay] = {}
        self._offered: dict[str, int] = {}
        for call in sorted(live, key=lambda call: call.visit.at if call.visit is not None else 0):
            self._recall(call)

    def entries(self, event: Event) -> Iterator[Entry]:
        """Yield the lines that an event is worth, in the order in which app_queue would write them."""
        match event:
            case CallBegan():
                self._callers[event.call] = event
            case CallEnded():
                self._forget(event.call)
            case VisitBegan(visit_kind="call"):
                yield from self._enter(event)
            case OfferMade():
                self._offered[event.offer] = event.at
            case RingEnded():
                yield from self._rang(event)
            case OfferEnded():
                yield from self._rang(event)
            case VisitEnded():
                yield from self._leave(event)
            case ConversationEnded():
                yield from self._part(event)
            case SeatChanged():
                yield from self._change(event)
            case _:
                pass

    def _recall(self, call: OpenCall) -> None:
        self._callers[call.began.call] = call.began
        if call.visit is not None and call.visit.visit_kind == "call":
            self._join(call.visit)
        elif call.answered is not None and call.queue is not None:
            self._stays[call.answered.visit] = _Stay(call.queue, 1, call.answered.wait_ms // 1_000)
        if call.offer is not None:
            self._offered[call.offer.offer] = call.offer.at

    def _join(self, visit: VisitBegan) -> int:
        queue = self._waiting.setdefault(visit.queue, [])
        queue.append(visit.visit)
        self._stays[visit.visit] = _Stay(visit.queue, len(queue))
        return len(queue)

    def _enter(self, visit: VisitBegan) -> Iterator[Entry]:
        caller = self._callers.get(visit.call)
        number = caller.ani if caller is not None else ""
        yield Entry(visit.queue, visit.call, _NOBODY, "ENTERQUEUE", ("", number, self._join(visit)))
        if caller is not None and caller.dnis:
            yield Entry(visit.queue, visit.call, _NOBODY, "DID", (caller.dnis,))

    def _rang(self, event: OfferEnded | RingEnded) -> Iterator[Entry]:
        stay = self._stays.get(event.visit)
        if stay is None or event.outcome == "answered":
            return
        kind = "RINGCANCELED" if event.outcome == "cancelled" else "RINGNOANSWER"
        rang_ms = max(0, event.at - self._offered.get(event.offer, event.at))
        yield Entry(stay.queue, event.call, _agent(event.seat), kind, (rang_ms,))
        if isinstance(event, OfferEnded):
            self._offered.pop(event.offer, None)

    def _leave(self, event: VisitEnded) -> Iterator[Entry]:
        stay = self._stays.get(event.visit)
        if stay is None:
            return
        queue = self._waiting.get(stay.queue, [])
        position = queue.index(event.visit) + 1 if event.visit in queue else 1
        if event.visit in queue:
            queue.remove(event.visit)
        stay.wait_s = event.wait_ms // 1_000
        if event.outcome == "answered":
            offers = [offer for offer in self._offered if offer.rpartition("/")[0] == event.visit]
            rang_ms = event.at - min((self._offered.pop(offer) for offer in offers), default=event.at)
            seat = _agent(event.seat or "")
            yield Entry(
                stay.queue, event.call, seat, "CONNECT", (stay.wait_s, event.call, max(0, rang_ms) // 1_000)
            )
            return
        del self._stays[event.visit]
        where = (position, stay.position, stay.wait_s)
        kind: str = "ABANDON"
        if event.outcome == "called-back":
            kind = "EXITWITHKEY"
        elif event.outcome == "overflowed":
            kind = "EXITWITHKEY"
            if event.reason in _EMPTY:
                kind = "EXITEMPTY"
            elif event.reason in _TIMEOUT:
                kind = "EXITWITHTIMEOUT"
        # Which key it was the event does not say.
        more = ("", *where) if kind == "EXITWITHKEY" else where
        yield Entry(stay.queue, event.call, _NOBODY, kind, more)

    def _part(self, event: ConversationEnded) -> Iterator[Entry]:
        stay = self._stays.pop(event.visit, None)
        if stay is None:
            return
        kind = "COMPLETEAGENT" if event.ended_by == "seat" else "COMPLETECALLER"
        more = (stay.wait_s, event.talk_ms // 1_000, stay.position)
        yield Entry(stay.queue, event.call, _agent(event.seat), kind, more)

    def _change(self, event: SeatChanged) -> Iterator[Entry]:
        queues = tuple(self._queues_of(event.seat))
        if event.was == event.now and event.reason is None:
            return
        if event.was == "not-ready" and event.now != "not-ready":
            yield from _each(event.seat, queues, "UNPAUSE", None)
        if event.was == "signed-out":
            for queue in queues:
                yield Entry(queue, _NOBODY, _agent(event.seat), "ADDMEMBER")
        if event.now == "not-ready":
            yield from _each(event.seat, queues, "PAUSE", event.reason)
        elif event.now == "signed-out":
            for queue in queues:
                yield Entry(queue, _NOBODY, _agent(event.seat), "REMOVEMEMBER")

    def _forget(self, call: str) -> None:
        """A call is over; what it was in has been told, but for what an engine that died did not live to tell."""
        self._callers.pop(call, None)
        for visit in [visit for visit in self._stays if visit.rpartition("/")[0] == call]:
            stay = self._stays.pop(visit)
            if visit in (queue := self._waiting.get(stay.queue, [])):
                queue.remove(visit)


def _each(seat: str, queues: Iterable[str], kind: str, reason: str | None) -> Iterator[Entry]:
    """Yield a pause as app_queue tells one of all queues: of each, then of all."""
    more = (reason,) if reason else ()
    for queue in queues:
        yield Entry(queue, _NOBODY, _agent(seat), kind, more)
    yield Entry(_NOBODY, _NOBODY, _agent(seat), f"{kind}ALL", more)


def _agent(seat: str) -> str:
    return f"Agent/{seat}"


def _field(text: str | int) -> str:
    return _SEPARATING.sub("", str(text))[:_LONGEST]
