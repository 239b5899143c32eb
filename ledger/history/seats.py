"""What a ``queue_log`` tells of agents: signed in, paused, rung, talking. Moments are UTC ms.

Nothing is known of an agent before a line says that he is there: he signs in, or pauses. Of members that are
written in ``queues.conf`` and never pause a log tells only their calls, so they have no states, and no occupancy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ledger.history.queue_log import SEAT_KINDS, Line
from ledger.history.story import Story

LOG_ENDED = "log-ended"
_EVERYWHERE = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment at which something about a seat was told."""

    at: int
    kind: str
    queue: str = _EVERYWHERE
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time that a seat spent in one state. One of no length says what was known when a log began or ended."""

    state: str
    reason: str | None
    event: str
    began: int
    ended: int | None


def marks(lines: Iterable[Line], stories: Iterable[Story]) -> dict[str, list[Mark]]:
    """Return what is told of each seat, in the order of time. What ends comes before what begins in that second."""
    told: dict[str, list[tuple[int, Mark]]] = defaultdict(list)
    for line in lines:
        if line.kind in SEAT_KINDS:
            queue = _EVERYWHERE if line.queue == "NONE" else line.queue
            word = line.more[0] if line.more else None
            told[line.agent].append((1, Mark(line.at, line.kind, queue, word)))
    for story in stories:
        for stay in story.stays:
            for ring in stay.rings:
                if ring.began < ring.ended:
                    told[ring.seat] += [(2, Mark(ring.began, "RING")), (0, Mark(ring.ended, "RINGEND"))]
            if (
                stay.seat
                and stay.left is not None
                and stay.talk_ended is not None
                and stay.left < stay.talk_ended
            ):
                told[stay.seat] += [(2, Mark(stay.left, "CONNECT")), (0, Mark(stay.talk_ended, "COMPLETE"))]
    ordered = {seat: sorted(of, key=lambda one: (one[1].at, one[0])) for seat, of in told.items()}
    return {seat: [mark for _, mark in of] for seat, of in ordered.items()}


def joined(stored: Sequence[Stretch], told: Sequence[Mark], until: int) -> list[Stretch]:
    """Return all that is known of a seat, with what a log tells that ends at ``until``.

    From its first mark on the log counts; before, and after its end, what was stored.
    """
    since = told[0].at
    before = [stretch for stretch in stored if stretch.began < since]
    opening = None
    if before and before[-1].event == LOG_ENDED:
        before.pop()
        opening = before.pop() if before else None
    elif before and (before[-1].ended is None or before[-1].ended >= since):
        opening = before.pop()
    fresh = stretches(told, opening)
    if not fresh:
        return list(stored)
    after = [stretch for stretch in stored if stretch.began > until]
    last = fresh[-1]
    if last.ended is None:
        held = [one for one in stored if one.began <= until and one.ended is not None and until < one.ended]
        if held:
            fresh[-1] = replace(last, ended=held[-1].ended)
        elif after:
            fresh[-1] = replace(last, ended=after[0].began)
        else:
            fresh[-1] = replace(last, ended=until)
            fresh.append(Stretch(last.state, last.reason, LOG_ENDED, until, until))
    return before + fresh + after


def stretches(told: Iterable[Mark], opening: Stretch | None = None) -> list[Stretch]:
    """Return a seat's states, the last one open if the seat is still signed in; ``opening`` is where they go on."""
    seat = _Seat()
    found: list[Stretch] = []
    if opening is not None:
        seat.seen = True
        if opening.state == "not-ready":
            seat.paused.add(_EVERYWHERE)
            seat.reason = opening.reason
        found.append(replace(opening, ended=None))
    for mark in told:
        seat.take(mark)
        state, reason = seat.state, seat.reason if seat.state == "not-ready" else None
        last = found[-1] if found and found[-1].ended is None else None
        if last is None and state is None and mark.kind in _LEAVING:
            found.append(Stretch("signed-out", None, mark.kind, mark.at, mark.at))
        if last is not None and (last.state, last.reason) == (state, reason):
            continue
        if last is not None:
            found.pop()
            if last.began < mark.at:
                found.append(replace(last, ended=mark.at))
        if state is not None:
            found.append(Stretch(state, reason, mark.kind, mark.at, None))
    return found


_LEAVING = ("REMOVEMEMBER", "AGENTLOGOFF", "AGENTCALLBACKLOGOFF")


@dataclass(slots=True)
class _Seat:
    """What is known of a seat at a moment. ``seen``: it is there, in queues that no line named."""

    queues: set[str] = field(default_factory=set)
    logged_in: bool = False
    seen: bool = False
    paused: set[str] = field(default_factory=set)
    reason: str | None = None
    rings: int = 0
    talks: int = 0

    @property
    def state(self) -> str | None:
        """The state in the ledger's words; None while the seat is not known to be signed in."""
        if not (self.queues or self.logged_in or self.seen):
            return None
        if self.talks > 0:
            return "talking"
        if self.rings > 0:
            return "ringing"
        # Paused in one queue of several an agent still takes calls.
        is_paused = _EVERYWHERE in self.paused or (bool(self.paused) and self.queues <= self.paused)
        return "not-ready" if is_paused else "ready"

    def take(self, mark: Mark) -> None:
        """Follow what is told."""
        match mark.kind:
            case "ADDMEMBER":
                self.queues.add(mark.queue)
                self.paused -= {mark.queue, _EVERYWHERE}
                if mark.word == "PAUSED":
                    self.paused.add(mark.queue)
            case "AGENTLOGIN" | "AGENTCALLBACKLOGIN":
                self.logged_in = True
            case "REMOVEMEMBER":
                self.queues.discard(mark.queue)
                self.seen = False
            case "AGENTLOGOFF" | "AGENTCALLBACKLOGOFF":
                self.queues.clear()
                self.paused.clear()
                self.logged_in = self.seen = False
            case "PAUSE" | "PAUSEALL":
                self.seen = self.seen or not self.queues
                self.paused.add(mark.queue)
                self.reason = mark.word
            case "UNPAUSE":
                self.seen = self.seen or not self.queues
                self.paused -= {mark.queue, _EVERYWHERE}
            case "UNPAUSEALL":
                self.seen = self.seen or not self.queues
                self.paused.clear()
            case "PAUSEREASON":
                self.reason = mark.word
            case "RING" | "RINGEND":
                self.rings += 1 if mark.kind == "RING" else -1
            case "CONNECT" | "COMPLETE":
                self.talks += 1 if mark.kind == "CONNECT" else -1
