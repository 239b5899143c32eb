"""What an audit found: what was counted, and what does not agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not agree: ``check`` names the rule, ``subject`` the call, visit, offer or seat.

    ``at`` is UTC ms. With an ``explanation`` it is known how it came about, and nothing is wrong.
    """

    check: str
    subject: str
    what: str
    at: int | None = None
    explanation: str | None = None


def utc(moment: int) -> str:
    """Return UTC ms as people and programs read it."""
    at = datetime.fromtimestamp(moment / 1_000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{moment % 1_000:03}Z"


@dataclass(frozen=True, slots=True)
class QueueSum:
    """What became of the visits of a queue; ``callbacks`` are counted apart, and in nothing else."""

    queue: str
    offered: int
    answered: int
    abandoned: int
    overflowed: int
    called_back: int
    other: int
    waiting: int
    callbacks: int

    @property
    def adds_up(self) -> bool:
        """Tell whether each visit is in one class, and none in two."""
        parts = (self.answered, self.abandoned, self.overflowed, self.called_back, self.other, self.waiting)
        return self.offered == sum(parts)


@dataclass(frozen=True, slots=True)
class CdrCounts:
    """How far Asterisk's own records went. Calls that ended before the first record cannot be compared."""

    records: int
    calls: int
    compared: int
    earlier: int


@dataclass(frozen=True, slots=True)
class Findings:
    """An audit's outcome over a period, UTC ms. ``counts`` are rows looked at, by table."""

    began: int
    ended: int
    counts: Mapping[str, int]
    queues: tuple[QueueSum, ...]
    cdr: CdrCounts | None
    differences: tuple[Difference, ...]

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        """What nobody can account for: a fault of this program, or of somebody's hand in the database."""
        return tuple(one for one in self.differences if one.explanation is None)
