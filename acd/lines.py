"""The callers who wait for an offer, in lines: one line for each set of needs, in the order of their turn."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from acd.plan import QueuePlan
from acd.policy import Needs, can_serve, turn


@dataclass(slots=True, eq=False)
class VisitState:
    """A caller in a queue. ``offer`` is his live offer; ``avoid`` the seats that missed him, until when."""

    id: str
    queue: QueuePlan
    needs: Needs
    priority: int
    arrived: int
    sequence: int
    offers: int
    offer: str | None = None
    avoid: dict[str, int] = field(default_factory=dict)


_Entry: TypeAlias = tuple[tuple[int, int, int], VisitState]


def _turn(entry: _Entry) -> tuple[int, int, int]:
    return entry[0]


class Lines:
    """All lines. The first who is due at a seat is found by looking at the heads of few lines, not at all callers."""

    def __init__(self) -> None:
        self._lines: dict[Needs, list[_Entry]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[VisitState]:
        """Iterate over all callers in the order of their turn."""
        entries = sorted((entry for line in self._lines.values() for entry in line), key=_turn)
        return (visit for _, visit in entries)

    def add(self, visit: VisitState) -> None:
        """Let a caller stand where his turn is."""
        insort(self._lines.setdefault(visit.needs, []), (turn(visit), visit), key=_turn)

    def remove(self, visit: VisitState) -> None:
        """Let a caller step out."""
        line = self._lines[visit.needs]
        del line[bisect_left(line, turn(visit), key=_turn)]
        if not line:
            del self._lines[visit.needs]

    def first_for(
        self, skills: Mapping[str, int], may_have: Callable[[VisitState], bool]
    ) -> VisitState | None:
        """Return the first in turn whom these skills serve, and whom the seat may have."""
        firsts = [
            first
            for required, line in self._lines.items()
            if can_serve(skills, required)
            and (first := next((entry for entry in line if may_have(entry[1])), None)) is not None
        ]
        return min(firsts, key=_turn)[1] if firsts else None

    def served_by(self, skills: Mapping[str, int]) -> dict[Needs, list[VisitState]]:
        """Return the callers whom these skills serve, by their needs."""
        return {
            required: [visit for _, visit in line]
            for required, line in self._lines.items()
            if can_serve(skills, required)
        }
