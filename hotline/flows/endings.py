"""How each call ended for its flow: well, with the flow's failure, or with a caller who gave up at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from hotline.memory import OpenCall
from ledger.events import (
    CallbackAsked,
    CallBegan,
    CallEnded,
    Event,
    NodeEntered,
    NodeLeft,
    RecordingKept,
    TransferEnded,
    VisitEnded,
)

EARLY_MS = 30_000


@dataclass(frozen=True, slots=True)
class Ending:
    """A call of a flow is over. ``began`` is UTC ms; ``early``: hung up within `EARLY_MS`, having come to nothing."""

    flow: str
    version: str
    began: int
    failed: bool
    early: bool


class Provision(Protocol):
    """Who knows which failures a flow provides for."""

    def provides(self, flow: str, version: str, within: str, node: str) -> bool:
        """Tell whether a node of a flow, or of one ``within`` it, has a way of its own for its failure."""


@dataclass(slots=True)
class _Call:
    """A live call: ``at`` the node of a flow; ``served`` once it has come to something."""

    began: CallBegan
    at: tuple[str, str] | None = None
    failed: bool = False
    served: bool = False


class Endings:
    """Hears every event, and tells each call's ending once.

    A call has failed when it ended with ``error``, or went the flow's way for errors; a node that has a way of its
    own for its failure is meant to fail now and then. A call has come to something when its caller reached a
    person, asked to be called, or left a recording.
    """

    def __init__(self, provision: Provision, tell: Callable[[Ending], None]) -> None:
        self._provision = provision
        self._tell = tell
        self._calls: dict[str, _Call] = {}

    def recall(self, calls: Iterable[OpenCall]) -> None:
        """Take up the calls that a former engine left."""
        for call in calls:
            at = (call.node.flow, call.node.node) if call.node is not None else None
            served = call.answered is not None or call.callbacks > 0
            self._calls[call.began.call] = _Call(call.began, at, served=served)

    def heard(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, CallBegan):
            self._calls[event.call] = _Call(event)
            return
        call = self._calls.get(getattr(event, "call", ""))
        if call is None:
            return
        match event:
            case NodeEntered():
                call.at = event.flow, event.node
            case NodeLeft(exit="error"):
                call.failed = call.failed or not self._is_provided_for(call)
            case VisitEnded(outcome="answered") | CallbackAsked() | RecordingKept():
                call.served = True
            case TransferEnded(outcome="answered"):
                call.served = True
            case CallEnded():
                del self._calls[event.call]
                self._tell(_ending(call, event))
            case _:
                pass

    def _is_provided_for(self, call: _Call) -> bool:
        began = call.began
        return call.at is not None and self._provision.provides(began.flow, began.flow_version, *call.at)


def _ending(call: _Call, event: CallEnded) -> Ending:
    began = call.began
    hung_up = event.outcome == "caller-hung-up" and event.at - began.at < EARLY_MS
    failed = call.failed or event.outcome == "error"
    return Ending(began.flow, began.flow_version, began.at, failed, hung_up and not call.served)
