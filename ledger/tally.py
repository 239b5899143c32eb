"""What became of the visits of one queue, or of all calls, in one quarter-hour: counts that can be added up.

Waits are kept by whole seconds, rounded up. So how many waited at most T is exact for every whole T, and any
threshold can be chosen when a report is read: wait <= 1000 T is the same as ceil(wait / 1000) <= T.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

QUARTER_MS = 900_000  # all time zones of today are whole quarter-hours from UTC
OUTCOMES = ("answered", "abandoned", "overflowed", "called-back", "other")
WAITING = "waiting"


@dataclass(slots=True)
class Waits:
    """The waits of those with one outcome: how many, their sum and the longest, and how many by seconds."""

    count: int = 0
    sum_ms: int = 0
    longest_ms: int = 0
    by_second: dict[int, int] = field(default_factory=dict)

    def within(self, seconds: int) -> int:
        """Return how many waited at most so long."""
        return sum(count for second, count in self.by_second.items() if second <= seconds)

    def take(self, second: int, count: int, sum_ms: int, longest_ms: int) -> None:
        """Count waits that all round up to ``second``."""
        self.count += count
        self.sum_ms += sum_ms
        self.longest_ms = max(self.longest_ms, longest_ms)
        self.by_second[second] = self.by_second.get(second, 0) + count

    def add(self, more: Waits) -> None:
        """Add others' waits to these."""
        self.count += more.count
        self.sum_ms += more.sum_ms
        self.longest_ms = max(self.longest_ms, more.longest_ms)
        mine = self.by_second
        for second, count in more.by_second.items():
            mine[second] = mine.get(second, 0) + count

    def pack(self) -> list[Any]:
        """Return it as plain data: sum, longest, and seconds and counts by turns."""
        return [self.sum_ms, self.longest_ms, [n for pair in sorted(self.by_second.items()) for n in pair]]


@dataclass(slots=True)
class Tally:
    """Visits by outcome, and what their conversations took. Tallies of different visits may be added.

    ``handled`` counts the conversations that are over; ``talk_ms`` is theirs from answer to end, and contains
    ``hold_ms``. ``callbacks`` counts the visits of call-backs, which are in nothing else here.
    """

    waits: dict[str, Waits] = field(default_factory=dict)
    handled: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0
    callbacks: int = 0

    @property
    def offered(self) -> int:
        """How many there are, whatever became of them."""
        return sum(waits.count for waits in self.waits.values())

    def of(self, outcome: str) -> Waits:
        """Return the waits of those with one outcome."""
        return self.waits.get(outcome) or Waits()

    def open(self, outcome: str) -> Waits:
        """Return the same to be added to."""
        return self.waits.setdefault(outcome, Waits())

    def add(self, more: Tally) -> None:
        """Add another tally to this."""
        for outcome, waits in more.waits.items():
            self.open(outcome).add(waits)
        self.handled += more.handled
        self.talk_ms += more.talk_ms
        self.hold_ms += more.hold_ms
        self.wrap_up_ms += more.wrap_up_ms
        self.callbacks += more.callbacks

    def pack(self) -> dict[str, list[Any]]:
        """Return the waits as plain data, for one column."""
        return {outcome: waits.pack() for outcome, waits in self.waits.items()}


def unpack(waits: Mapping[str, Sequence[Any]]) -> dict[str, Waits]:
    """Return the waits that ``Tally.pack`` wrote."""
    unpacked = {}
    for outcome, (sum_ms, longest_ms, pairs) in waits.items():
        by_second = dict(zip(pairs[::2], pairs[1::2], strict=True))
        unpacked[outcome] = Waits(sum(by_second.values()), sum_ms, longest_ms, by_second)
    return unpacked
