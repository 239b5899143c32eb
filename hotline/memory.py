"""What a restarted engine remembers: the journal's events folded into the calls and seats that are still live."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.events import (
    CallbackAsked,
    CallbackEnded,
    CallBegan,
    CallEnded,
    ConversationEnded,
    Event,
    NodeEntered,
    OfferEnded,
    OfferMade,
    SeatChanged,
    SeatWished,
    VisitBegan,
    VisitEnded,
    from_data,
    to_data,
)

MOST_SERVED = 10_000  # customers whose last agent is remembered
MOST_LATELY_OVER = 1_000  # calls: late news of them is no news of new ones


def call_of(offer: str) -> str:
    """Return the call to which an offer belongs."""
    return offer.rsplit("/", 2)[0]


@dataclass(slots=True)
class OpenCall:
    """A call that has not ended, by the events that brought it where it is.

    ``visits`` and ``offers`` count what the call, and its last visit, have had; ``queue`` is where that was. An
    ``offer`` that is set is ringing, or (``answered``) talking.
    """

    began: CallBegan
    node: NodeEntered | None = None
    visits: int = 0
    visit: VisitBegan | None = None
    queue: str | None = None
    offers: int = 0
    callbacks: int = 0
    offer: OfferMade | None = None
    answered: VisitEnded | None = None


class Memory:
    """Live calls, seats with their wishes for after their calls, open call-backs, and what was live lately."""

    def __init__(self) -> None:
        self.calls: dict[str, OpenCall] = {}
        self.seats: dict[str, SeatChanged] = {}
        self.wishes: dict[str, SeatWished] = {}
        self.callbacks: dict[str, CallbackAsked] = {}
        self.lately_over: deque[str] = deque(maxlen=MOST_LATELY_OVER)
        self.served_last: dict[str, str] = {}  # by the customer's number: the seat that spoke with him last

    def apply(self, event: Event) -> None:
        """Take in one more event. Events of calls that are over, or unknown, are let pass."""
        if isinstance(event, SeatChanged):
            self.seats[event.seat] = event
            if event.now not in ("reserved", "ringing", "talking"):
                self.wishes.pop(event.seat, None)
            return
        if isinstance(event, SeatWished):
            self.wishes[event.seat] = event
            return
        if isinstance(event, CallBegan):
            self.calls.setdefault(event.call, OpenCall(event))
            return
        if isinstance(event, CallbackEnded):
            self.callbacks.pop(event.callback, None)
            return
        if isinstance(event, CallbackAsked):
            self.callbacks[event.callback] = event
        call = self.calls.get(getattr(event, "call", ""))
        if call is None:
            return
        match event:
            case NodeEntered():
                call.node = event
            case VisitBegan():
                call.visit, call.offers = event, 0
                call.visits, call.queue = _number(event.visit), event.queue
            case OfferMade():
                call.offer, call.answered = event, None
                call.offers = _number(event.offer)
            case OfferEnded() if event.outcome != "answered":
                call.offer = None
            case VisitEnded():
                call.visit = None
                call.answered = event if event.outcome == "answered" else None
                if event.outcome != "answered":
                    call.offer = None
            case ConversationEnded():
                call.offer = call.answered = None
                self._served(call.began.ani, event.seat)
            case CallbackAsked():
                call.callbacks = max(call.callbacks, int(event.callback.rpartition("/cb")[2]))
            case CallEnded():
                del self.calls[event.call]
                self.lately_over.append(event.call)
            case _:
                pass

    def _served(self, number: str, seat: str) -> None:
        if number:
            self.served_last.pop(number, None)
            self.served_last[number] = seat
            if len(self.served_last) > MOST_SERVED:
                del self.served_last[next(iter(self.served_last))]

    def is_new(self, seat: str) -> bool:
        """Tell whether a seat has never been signed in, or has vanished from the site since."""
        return seat not in self.seats or self.seats[seat].event == "vanish"

    def snapshot(self) -> Mapping[str, Any]:
        """Return plain data of which `recalled` makes the same memory."""
        return {
            "events": [to_data(event) for event in self._events()],
            "counts": self._counts(),
            "lately_over": list(self.lately_over),
            "served_last": dict(self.served_last),
        }

    @classmethod
    def recalled(cls, snapshot: Mapping[str, Any] | None) -> Memory:
        """Return the memory that a snapshot was taken of; an empty one for None."""
        memory = cls()
        if snapshot is not None:
            for data in snapshot["events"]:
                memory.apply(from_data(data))
            memory.lately_over.extend(snapshot["lately_over"])
            memory.served_last.update(snapshot.get("served_last", {}))
            for call, (visits, offers, queue) in snapshot["counts"].items():
                known = memory.calls[call]
                known.visits, known.offers, known.queue = visits, offers, queue
        return memory

    def _events(self) -> Iterator[Event]:
        yield from self.seats.values()
        yield from self.wishes.values()
        yield from self.callbacks.values()
        for call in self.calls.values():
            events = (call.began, call.node, call.visit, call.offer, call.answered)
            yield from (event for event in events if event is not None)

    def _counts(self) -> dict[str, tuple[int, int, str | None]]:
        return {id_: (call.visits, call.offers, call.queue) for id_, call in self.calls.items()}


def _number(id_: str) -> int:
    return int(id_.rpartition("/")[2])
