"""Messages that callers were leaving when the engine was killed: Asterisk has recorded on, and nobody knew of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Protocol

import structlog

from hotline.calls import Served
from hotline.chronicle import Chronicle
from hotline.clock import Clock
from hotline.facts import event_of
from hotline.mailbox import SiteMailbox
from hotline.memory import OpenCall
from ivr.facts import Recorded
from ivr.house import Room
from ivr.verbs.verb import Verb
from ivr.verbs.voicemail import SHORTEST, Recording, seconds_in

log = structlog.get_logger(__name__)


class Versions(Protocol):
    """Which version of its flow a call is on; see `hotline.calls.Shelf`."""

    def kept(self, flow: str, version: str) -> Served | None:
        """Return the version of a flow that a call began on."""


class Unfinished:
    """Recordings that the last engine began and did not end.

    Each is kept when its call comes back or is over, for until then Asterisk may be writing it.
    """

    def __init__(self, mailbox: SiteMailbox, chronicle: Chronicle, clock: Clock) -> None:
        self._mailbox = mailbox
        self._chronicle = chronicle
        self._clock = clock
        self._rooms: dict[str, list[tuple[Recording, str, Room]]] = {}

    async def find(self, calls: Iterable[OpenCall], versions: Versions) -> None:
        """Find what open calls were recording; do so before any of them comes back."""
        for call in calls:
            node, verb = call.node, _verb_of(call, versions)
            if node is None or not isinstance(verb, Recording):
                continue
            box = verb.box_at(node.node)
            try:
                rooms = await self._mailbox.of_call(node.call, box)
                # What was written before the call came to the node is of an earlier time that it was there.
                self._rooms[node.call] = [
                    (verb, box, room)
                    for room in rooms
                    if self._clock.of_wall(int(room.file.stat().st_mtime * 1000)) >= node.at
                ]
            except OSError:
                log.exception("what a caller recorded cannot be looked for", call=node.call)

    def keep(self, call: str) -> None:
        """Keep what a call has recorded without us, and remove what is too short to be anything."""
        for verb, box, room in self._rooms.pop(call, ()):
            seconds = seconds_in(room)
            if seconds < SHORTEST:
                with suppress(OSError):
                    room.file.unlink(missing_ok=True)
                continue
            fact = Recorded(room.recording, verb.kind, box, room.name, seconds)
            self._chronicle.record(event_of(fact, call, self._clock.now()))


def _verb_of(call: OpenCall, versions: Versions) -> Verb | None:
    """Return the node that a call is at, if its version is there still."""
    served = versions.kept(call.began.flow, call.began.flow_version)
    if served is None or call.node is None or call.node.flow not in served.set.flows:
        return None
    nodes: Mapping[str, Verb] = served.set.flows[call.node.flow].nodes  # type: ignore[assignment]
    return nodes.get(call.node.node)
