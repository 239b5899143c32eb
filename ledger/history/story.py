"""One call as a log tells it: its stays in queues, who was rung, who answered. Moments are UTC ms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

END_UNKNOWN = "end-unknown"
FROM_CDR = "from-cdr"  # reckoned from call detail records, which know less than a queue_log
SAME_MS = 2_000  # a log's whole seconds, of the moment and of the duration, add up to no more


@dataclass(frozen=True, slots=True)
class Rang:
    """A seat that was rung for a caller."""

    seat: str
    began: int
    ended: int
    outcome: str


@dataclass(slots=True)
class Stay:
    """A stay in a queue, and the conversation that came of it.

    ``left`` is None as long as no line tells how it ended; ``heard`` is when the log last spoke of it.
    ``arrival_told`` and ``leaving_told``: a line of its own says when; otherwise it was reckoned from durations.
    """

    queue: str
    arrived: int
    arrival_told: bool
    heard: int
    left: int | None = None
    leaving_told: bool = False
    outcome: str | None = None
    reason: str | None = None
    wait_ms: int | None = None
    seat: str | None = None
    rings: list[Rang] = field(default_factory=list)
    talk_ended: int | None = None
    talk_ms: int | None = None
    ended_by: str | None = None

    @property
    def talks(self) -> bool:
        """Tell whether it was answered and no line has told the conversation's end."""
        return self.outcome == "answered" and self.talk_ended is None

    @property
    def arrival_guessed(self) -> bool:
        """Tell whether the true arrival may be earlier: nothing told how long the caller had waited."""
        return self.left == self.arrived if self.left is not None else bool(self.rings)


@dataclass(slots=True)
class Story:
    """A call: when the log first and last spoke of it, and what it tells. ``call`` is the source's own id."""

    call: str
    began: int
    ended: int
    ani: str = ""
    dnis: str = ""
    stays: list[Stay] = field(default_factory=list)

    @property
    def outcome(self) -> str | None:
        """How the call ended, in the ledger's words, where its last stay in a queue tells."""
        if not self.stays or self.stays[-1].reason == FROM_CDR:
            return None
        last = self.stays[-1]
        if last.outcome == "answered":
            return {"caller": "caller-hung-up", "seat": "seat-hung-up"}.get(last.ended_by or "")
        if last.outcome == "abandoned":
            return "caller-hung-up"
        return "error" if last.reason == "incompatible" else None


def merged(kept: Story, told: Story) -> Story:
    """Return what two tellings of a call come to: each alone may hold a part of it, and both the same part.

    ``kept`` was read from the ledger, which has forgotten what was reckoned and what was told; ``told`` is fresh.
    """
    rest = [stay for stay in kept.stays if stay.reason != FROM_CDR or not told.stays]
    stays = []
    for stay in told.stays:
        same = min(
            (other for other in rest if _same(other, stay)),
            key=lambda other: abs(other.arrived - stay.arrived),
            default=None,
        )
        if same is not None:
            rest.remove(same)
            stays.append(_merged_stay(same, stay))
        else:
            stays.append(stay)
    return Story(
        call=kept.call,
        began=min(kept.began, told.began),
        ended=max(kept.ended, told.ended),
        ani=kept.ani or told.ani,
        dnis=kept.dnis or told.dnis,
        stays=sorted(rest + stays, key=lambda stay: stay.arrived),
    )


def _same(kept: Stay, told: Stay) -> bool:
    if kept.queue != told.queue:
        return False
    later = told.arrived - kept.arrived
    if abs(later) <= SAME_MS:
        return True
    if told.arrival_told:  # what is kept may be the later part of this stay
        return later < 0 and kept.arrival_guessed and (told.left is None or told.left >= kept.arrived)
    if later > 0:  # what is kept may be its beginning
        return kept.left is None and told.arrival_guessed
    return kept.arrival_guessed


def _merged_stay(kept: Stay, told: Stay) -> Stay:
    arrived = told.arrived if told.arrival_told else min(kept.arrived, told.arrived)
    if not told.arrival_told and not kept.arrival_guessed:
        arrived = kept.arrived
    end = told if told.leaving_told or kept.left is None else kept
    wait_ms = max((stay.wait_ms for stay in (kept, told) if stay.wait_ms is not None), default=None)
    if not wait_ms and end.left is not None and end.left - arrived > SAME_MS:
        wait_ms = end.left - arrived  # the log itself told none
    talk = kept if kept.talk_ended is not None else told
    return Stay(
        queue=kept.queue,
        arrived=arrived,
        arrival_told=told.arrival_told,
        heard=max(kept.heard, told.heard),
        left=end.left,
        outcome=end.outcome,
        reason=end.reason,
        wait_ms=wait_ms,
        seat=end.seat or kept.seat or told.seat,
        rings=union(kept.rings, told.rings),
        talk_ended=talk.talk_ended,
        talk_ms=max((stay.talk_ms for stay in (kept, told) if stay.talk_ms is not None), default=None),
        ended_by=talk.ended_by,
    )


def union(some: Iterable[Rang], others: Iterable[Rang]) -> list[Rang]:
    """Return the rings of both, in order, each as often as where it is most often."""
    return in_order((Counter(some) | Counter(others)).elements())


def in_order(rings: Iterable[Rang]) -> list[Rang]:
    """Return rings in the order of time."""
    return sorted(rings, key=lambda ring: (ring.began, ring.ended, ring.seat, ring.outcome))
