"""What a restarted engine remembers: the journal's events folded into the calls and seats that are still live."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.events import (
    CallbackAsked,
    CallbackEnded,
    CallbackTried,
    CallBegan,
    CallEnded,
    ConversationEnded,
    Event,
    Intervened,
    NodeEntered,
    OfferEnded,
    OfferMade,
    RingEnded,
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


def call_of_callback(callback: str) -> str:
    """Return the call by which a request to be called is met."""
    return callback.replace("/cb", "-cb")


def callback_of_call(call: str) -> str:
    """Return the request that a call meets."""
    asking, _, number = call.rpartition("-cb")
    return f"{asking}/cb{number}"


@dataclass(slots=True)
class OpenCall:
    """A call that has not ended, by the events that brought it where it is.

    ``visits`` and ``offers`` count what the call, and its last visit, have had; ``queue`` is where that was.
    An ``offer`` that is set is ringing, or (``answered``) talking; ``rings_over`` are seats of a ring group
    that ring no more; ``taken`` tells that it was answered, until its visit's end does. ``moved_from`` is the
    queue that its flow asked for, where a person moved it to another. ``waited_before_ms`` is how long the
    call has waited in queues that sent it on, one after the other.
    """

    began: CallBegan
    node: NodeEntered | None = None
    visits: int = 0
    visit: VisitBegan | None = None
    queue: str | None = None
    offers: int = 0
    callbacks: int = 0
    offer: OfferMade | None = None
    taken: OfferEnded | None = None
    answered: VisitEnded | None = None
    rings_over: set[str] = field(default_factory=set)
    waited_before_ms: int = 0
    moved_from: str | None = None


class Memory:
    """Live calls, seats with their wishes for after their calls, open call-backs, and what was live lately."""

    def __init__(self) -> None:
        self.calls: dict[str, OpenCall] = {}
        self.seats: dict[str, SeatChanged] = {}
        self.wishes: dict[str, SeatWished] = {}
        self.callbacks: dict[str, CallbackAsked] = {}
        self.tried: dict[str, CallbackTried] = {}  # by call-back: its last attempt
        self.lately_over: deque[str] = deque(maxlen=MOST_LATELY_OVER)
        self.interventions: dict[
            tuple[str, str], Intervened
        ] = {}  # by what they are about: a seat's skills, say
        self.served_last: dict[str, str] = {}  # by the customer's number: the seat that spoke with him last

    def apply(self, event: Event) -> None:
        """Take in one more event. Events of calls that are over, or unknown, are let pass."""
        if isinstance(event, SeatChanged):
            self.seats[event.seat] = event
            if event.now not in ("reserved", "ringing", "talking", "hold"):
                self.wishes.pop(event.seat, None)
            return
        if isinstance(event, SeatWished):
            self.wishes[event.seat] = event
            return
        if isinstance(event, Intervened):
            self._intervened(event)
            return
        if isinstance(event, CallBegan):
            self.calls.setdefault(event.call, OpenCall(event))
            return
        if isinstance(event, CallbackEnded):
            self.callbacks.pop(event.callback, None)
            self.tried.pop(event.callback, None)
            return
        if isinstance(event, CallbackTried):
            self.tried[event.callback] = event
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
                call.rings_over = set()
            case RingEnded():
                call.rings_over.add(event.seat)
            case OfferEnded() if event.outcome == "answered":
                call.taken = event
            case OfferEnded():
                call.offer = None
            case VisitEnded():
                call.visit = call.taken = None
                call.answered = event if event.outcome == "answered" else None
                if event.outcome != "answered":
                    call.offer = None
                moved = event.reason == "moved"
                call.moved_from = (call.moved_from or call.queue) if moved else None
                sent_on = event.outcome == "overflowed"
                call.waited_before_ms = call.waited_before_ms + event.wait_ms if sent_on else 0
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

    def _intervened(self, event: Intervened) -> None:
        """Keep what holds until it is undone: skills given for a time, and queues that are closed."""
        match event.action:
            case "skills" if event.detail:
                self.interventions["skills", event.subject] = event
            case "skills":
                self.interventions.pop(("skills", event.subject), None)
            case "close-queue":
                self.interventions["close-queue", event.subject] = event
            case "open-queue":
                self.interventions.pop(("close-queue", event.subject), None)
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
            for call, (visits, offers, queue, *more) in snapshot["counts"].items():
                known = memory.calls[call]
                known.visits, known.offers, known.queue = visits, offers, queue
                if more:
                    known.waited_before_ms, rings_over, known.moved_from, *rest = more
                    known.rings_over = set(rings_over)
                    known.callbacks = rest[0] if rest else 0
        return memory

    def _events(self) -> Iterator[Event]:
        yield from self.seats.values()
        yield from self.wishes.values()
        yield from self.callbacks.values()
        yield from self.tried.values()
        yield from self.interventions.values()
        for call in self.calls.values():
            events = (call.began, call.node, call.visit, call.offer, call.taken, call.answered)
            yield from (event for event in events if event is not None)

    def _counts(self) -> dict[str, list[Any]]:
        return {
            id_: [
                call.visits,
                call.offers,
                call.queue,
                call.waited_before_ms,
                sorted(call.rings_over),
                call.moved_from,
                call.callbacks,
            ]
            for id_, call in self.calls.items()
        }


def _number(id_: str) -> int:
    return int(id_.rpartition("/")[2])
