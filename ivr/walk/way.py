"""A way through a flow, and all ways of one: what a walk finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ivr.verbs.subflow import CALL, RETURN

WayEnd: TypeAlias = Literal["person", "end", "dead end", "walked"]


@dataclass(frozen=True, slots=True)
class Step:
    """A node on a way, and how it was left; ``exit`` is empty at the way's end."""

    flow: str
    node: str
    exit: str = ""
    how: str = ""

    def __str__(self) -> str:
        shown = "" if self.exit in ("", "next", "end", CALL, RETURN) else f" {self.exit}"
        return f"{self.node}{shown}" + (f" ({self.how})" if self.how else "")


@dataclass(frozen=True, slots=True)
class Way:
    """One way, from the start or from behind a person's place, to a person or an end.

    ``seconds`` are those of a caller who hears everything out, ``at_best`` of one who presses as soon as he may;
    waiting for a person is not counted. ``person`` says to whom: ``queue faults``. It ends as ``walked`` where it
    comes to what was walked from the start already.
    """

    begins: str  # "start", "error", or the node behind which it begins
    ends: WayEnd
    steps: tuple[Step, ...]
    presses: int
    seconds: float
    at_best: float
    language: str
    person: str = ""

    def __str__(self) -> str:
        return " → ".join(map(str, self.steps))


@dataclass(frozen=True, slots=True)
class Walk:
    """All ways of a flow. ``circles`` counts those not followed since they had been at the place before.

    ``complete`` is false where there were too many, and each exit was walked but once, on the quickest way;
    ``cut`` is true where even these were too many, and the rest was left out.
    """

    flow: str
    ways: Sequence[Way]
    circles: int
    complete: bool
    cut: bool = False

    def ending(self, *ends: WayEnd) -> list[Way]:
        """Return the ways with such an end."""
        return [way for way in self.ways if way.ends in ends]

    def quickest(self) -> Mapping[str, Way]:
        """Return the quickest way from the start to each person."""
        found: dict[str, Way] = {}
        for way in self.ending("person"):
            if way.begins == "start" and (way.person not in found or way.seconds < found[way.person].seconds):
                found[way.person] = way
        return found

    def longest(self) -> Way | None:
        """Return the way from the start that takes the most seconds."""
        begun = [way for way in self.ways if way.begins == "start"]
        return max(begun, key=lambda way: way.seconds, default=None)
