"""The states of a seat and the one function that changes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

SeatState: TypeAlias = Literal[
    "signed-out", "unreachable", "ready", "reserved", "ringing", "talking", "hold", "wrap-up", "not-ready"
]
SeatEvent: TypeAlias = Literal[
    "sign-in",
    "sign-out",
    "ready",
    "not-ready",
    "phone-lost",
    "phone-busy",  # its phone is in use by a private call
    "phone-free",
    "reserve",
    "ring",
    "answer",
    "hold",
    "unhold",
    "spare",  # the offer ended through no doing of the seat
    "miss",
    "end",
    "extend",  # more time for wrap-up
    "wrap-up-over",
    "pause-over",
]


class IllegalTransition(Exception):
    """A seat in this state cannot take this event: a fault of the program, never of a person."""

    def __init__(self, state: SeatState, event: SeatEvent) -> None:
        super().__init__(f"a seat that is {state} cannot take the event {event}")
        self.state = state
        self.event = event


_STATES: tuple[SeatState, ...] = get_args(SeatState)
ON_DUTY: frozenset[SeatState] = frozenset(_STATES) - {"signed-out"}
RINGING: frozenset[SeatState] = frozenset({"reserved", "ringing"})
TALKING: frozenset[SeatState] = frozenset({"talking", "hold"})
BUSY: frozenset[SeatState] = RINGING | TALKING | {"wrap-up"}
WORKING: frozenset[SeatState] = BUSY | {"ready"}
AWAY: frozenset[SeatState] = frozenset({"not-ready", "unreachable"})


def _all_to(target: SeatState, *but: SeatState) -> dict[SeatState, SeatState]:
    return {state: target for state in _STATES if state not in but}


_TO: Mapping[SeatEvent, Mapping[SeatState, SeatState]] = {
    "sign-in": {"signed-out": "ready"},
    "sign-out": _all_to("signed-out", "signed-out"),
    "ready": {"unreachable": "ready", "wrap-up": "ready", "not-ready": "ready"},
    "not-ready": _all_to("not-ready", "signed-out"),
    "phone-lost": _all_to("unreachable", "unreachable"),
    "phone-busy": _all_to("not-ready", "talking", "hold"),
    "phone-free": {"not-ready": "ready"},
    "reserve": {"ready": "reserved"},
    "ring": {"reserved": "ringing"},
    "answer": {"reserved": "talking", "ringing": "talking"},
    "hold": {"talking": "hold"},
    "unhold": {"hold": "talking"},
    "spare": {"reserved": "ready", "ringing": "ready"},
    "miss": {"reserved": "not-ready", "ringing": "not-ready"},
    "end": {"talking": "wrap-up", "hold": "wrap-up"},
    "extend": {"wrap-up": "wrap-up"},
    "wrap-up-over": {"wrap-up": "ready"},
    "pause-over": {"not-ready": "ready", "unreachable": "ready"},
}


def transition(state: SeatState, event: SeatEvent) -> SeatState:
    """Return the state that follows. Raises `IllegalTransition` where none does."""
    try:
        return _TO[event][state]
    except KeyError:
        raise IllegalTransition(state, event) from None
