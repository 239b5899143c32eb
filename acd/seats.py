"""The states of a seat and the one function that changes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

SeatState: TypeAlias = Literal[
    "signed-out", "unreachable", "ready", "reserved", "ringing", "talking", "wrap-up", "not-ready"
]
SeatEvent: TypeAlias = Literal[
    "sign-in",
    "sign-out",
    "ready",
    "not-ready",
    "phone-lost",
    "reserve",
    "ring",
    "answer",
    "spare",  # the offer ended through no doing of the seat
    "miss",
    "end",
    "wrap-up-over",
    "pause-over",
]


class IllegalTransition(Exception):
    """A seat in this state cannot take this event: a fault of the program, never of a person."""

    def __init__(self, state: SeatState, event: SeatEvent) -> None:
        super().__init__(f"a seat that is {state} cannot take the event {event}")
        self.state = state
        self.event = event


_TO: Mapping[SeatEvent, Mapping[SeatState, SeatState]] = {
    "sign-in": {"signed-out": "ready"},
    "sign-out": {
        "unreachable": "signed-out",
        "ready": "signed-out",
        "reserved": "signed-out",
        "ringing": "signed-out",
        "talking": "signed-out",
        "wrap-up": "signed-out",
        "not-ready": "signed-out",
    },
    "ready": {"unreachable": "ready", "wrap-up": "ready", "not-ready": "ready"},
    "not-ready": {
        "unreachable": "not-ready",
        "ready": "not-ready",
        "reserved": "not-ready",
        "ringing": "not-ready",
        "talking": "not-ready",
        "wrap-up": "not-ready",
        "not-ready": "not-ready",
    },
    "phone-lost": {
        "signed-out": "unreachable",
        "ready": "unreachable",
        "reserved": "unreachable",
        "ringing": "unreachable",
        "talking": "unreachable",
        "wrap-up": "unreachable",
        "not-ready": "unreachable",
    },
    "reserve": {"ready": "reserved"},
    "ring": {"reserved": "ringing"},
    "answer": {"reserved": "talking", "ringing": "talking"},
    "spare": {"reserved": "ready", "ringing": "ready"},
    "miss": {"reserved": "not-ready", "ringing": "not-ready"},
    "end": {"talking": "wrap-up"},
    "wrap-up-over": {"wrap-up": "ready"},
    "pause-over": {"not-ready": "ready", "unreachable": "ready"},
}


def transition(state: SeatState, event: SeatEvent) -> SeatState:
    """Return the state that follows. Raises `IllegalTransition` where none does."""
    try:
        return _TO[event][state]
    except KeyError:
        raise IllegalTransition(state, event) from None


ON_DUTY: frozenset[SeatState] = frozenset(
    {"unreachable", "ready", "reserved", "ringing", "talking", "wrap-up", "not-ready"}
)
