"""The measures of a queue: what was offered, what became of it, and how fast. Pure; milliseconds as integers.

Every formula is as the field defines it; each can be chosen when a report is read, nothing is recorded anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Literal, TypeAlias

from ledger.records import Visit
from ledger.tally import Tally

FormulaName: TypeAlias = Literal[
    "offered", "less-early-abandons", "abandons-count", "answered-only", "less-short-abandons"
]
_CLASSES = ("answered", "abandoned", "overflowed", "called_back", "other", "waiting")


class SumsDiffer(Exception):
    """The calls offered are not the sum of what became of them: the ledger holds what no measure knows."""

    def __init__(self, offered: int, parts: Mapping[str, int]) -> None:
        self.offered, self.parts = offered, parts
        told = " + ".join(f"{name} {count}" for name, count in parts.items())
        super().__init__(
            f"Sums differ: offered {offered}, but {told} = {sum(parts.values())}. No figure of this report can "
            "be trusted: the ledger was changed by hand, or by another version of this program than reads it. "
            "Read it with the version that wrote it."
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """A part of a whole, kept as the two, so that rates come from sums and never from rates."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The rate, from 0 to 1; None of nothing."""
        return self.part / self.whole if self.whole else None

    def __str__(self) -> str:
        """In percent, to one decimal, without the sign."""
        if not self.whole:
            return "–"
        tenths = (2_000 * self.part + self.whole) // (2 * self.whole)
        return f"{tenths // 10}.{tenths % 10}"


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the visits, or calls, of one queue in one interval. Counts of parts may be added.

    Short abandons are part of the abandoned. ``handled`` counts conversations that are over; ``talk_ms`` is theirs
    from answer to end, and contains ``hold_ms``. ``callbacks`` are the visits of call-backs, which are not offered.
    Raises ``SumsDiffer`` when the classes do not add up to ``offered``.
    """

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    overflowed: int = 0
    called_back: int = 0
    other: int = 0
    waiting: int = 0
    answered_within: int = 0
    abandoned_within: int = 0
    short_abandoned: int = 0
    answered_wait_ms: int = 0
    abandoned_wait_ms: int = 0
    longest_wait_ms: int = 0
    handled: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0
    callbacks: int = 0

    def __post_init__(self) -> None:
        parts = {name: getattr(self, name) for name in _CLASSES}
        if sum(parts.values()) != self.offered:
            raise SumsDiffer(self.offered, parts)

    def __add__(self, more: Counts) -> Counts:
        sums = {f.name: getattr(self, f.name) + getattr(more, f.name) for f in fields(self)}
        return Counts(**sums | {"longest_wait_ms": max(self.longest_wait_ms, more.longest_wait_ms)})

    @property
    def answer_rate(self) -> Rate:
        """Answered, of all who asked for a person and do not still wait."""
        return Rate(self.answered, self.offered - self.waiting)

    @property
    def asa_ms(self) -> int | None:
        """The average speed of answer, in milliseconds; None when none was answered."""
        return _mean(self.answered_wait_ms, self.answered)

    @property
    def aht_ms(self) -> int | None:
        """The average handling time: talk with hold, and wrap-up, in milliseconds; None when none was handled."""
        return _mean(self.talk_ms + self.wrap_up_ms, self.handled)


def _mean(total: int, number: int) -> int | None:
    return (2 * total + number) // (2 * number) if number else None


@dataclass(frozen=True, slots=True)
class Formula:
    """A definition of service level; ``text`` is as a report prints it, with T for the threshold."""

    text: str
    rate: Callable[[Counts], Rate]


FORMULAS: Mapping[FormulaName, Formula] = {
    "offered": Formula(
        "answered within T / (answered + abandoned)",
        lambda c: Rate(c.answered_within, c.answered + c.abandoned),
    ),
    "less-early-abandons": Formula(
        "answered within T / (answered + abandoned - abandoned within T)",
        lambda c: Rate(c.answered_within, c.answered + c.abandoned - c.abandoned_within),
    ),
    "abandons-count": Formula(
        "(answered within T + abandoned within T) / (answered + abandoned)",
        lambda c: Rate(c.answered_within + c.abandoned_within, c.answered + c.abandoned),
    ),
    "answered-only": Formula(
        "answered within T / answered",
        lambda c: Rate(c.answered_within, c.answered),
    ),
    "less-short-abandons": Formula(
        "answered within T / (answered + abandoned - short abandons)",
        lambda c: Rate(c.answered_within, c.answered + c.abandoned - c.short_abandoned),
    ),
}


@dataclass(frozen=True, slots=True)
class Definition:
    """The definition that a report's figures follow. ``threshold`` and ``short`` (abandon) are in seconds."""

    formula: FormulaName = "offered"
    threshold: int = 15
    short: int = 5

    def service_level(self, counts: Counts) -> Rate:
        """Return the service level by this definition's formula."""
        return FORMULAS[self.formula].rate(counts)

    def __str__(self) -> str:
        text = FORMULAS[self.formula].text.replace("within T", f"within {self.threshold} s")
        return f"service level “{self.formula}” = {text}; short abandon: within {self.short} s"


@dataclass(frozen=True, slots=True)
class Stay:
    """What the measures need of a visit, or of a whole call, as of the report's moment."""

    arrived: int
    wait_ms: int
    outcome: str


def stay(visit: Visit, now: int) -> Stay:
    """Return a visit as it stands at ``now``."""
    if visit.left is None or visit.outcome is None or visit.wait_ms is None:
        return Stay(visit.arrived, max(0, now - visit.arrived), "waiting")
    return Stay(visit.arrived, visit.wait_ms, visit.outcome)


def stays_by_queue(visits: Iterable[Visit], now: int) -> dict[str, list[Stay]]:
    """Return the stays of each queue, without those of call-backs."""
    queues: dict[str, list[Stay]] = defaultdict(list)
    for visit in _of_callers(visits):
        queues[visit.queue].append(stay(visit, now))
    return dict(queues)


def stays_of_calls(visits: Iterable[Visit], now: int) -> list[Stay]:
    """Return each call once: its first arrival, its last visit's outcome, and all its waits together.

    Wants all visits of the calls, in any order. Those of call-backs are left out.
    """
    calls = []
    # A visit's id ends in its number, so among one call's the shorter id is the earlier.
    ordered = sorted(
        _of_callers(visits), key=lambda visit: (visit.call, visit.arrived, len(visit.visit), visit.visit)
    )
    for _, group in groupby(ordered, key=lambda visit: visit.call):
        parts = [stay(visit, now) for visit in group]
        calls.append(Stay(parts[0].arrived, sum(part.wait_ms for part in parts), parts[-1].outcome))
    return calls


def _of_callers(visits: Iterable[Visit]) -> Iterator[Visit]:
    return (visit for visit in visits if visit.visit_kind != "callback")


def within(stays: Iterable[Stay], began: int, ended: int) -> list[Stay]:
    """Return the stays of an interval: those that arrived in it."""
    return [each for each in stays if began <= each.arrived < ended]


def count(stays: Iterable[Stay], definition: Definition) -> Counts:
    """Count stays. Raises ``SumsDiffer`` when one has an outcome that no class counts."""
    waits: dict[str, list[int]] = defaultdict(list)
    for each in stays:
        waits[each.outcome].append(each.wait_ms)
    answered, abandoned = waits["answered"], waits["abandoned"]
    threshold, short = 1_000 * definition.threshold, 1_000 * definition.short
    return Counts(
        offered=sum(len(group) for group in waits.values()),
        answered=len(answered),
        abandoned=len(abandoned),
        overflowed=len(waits["overflowed"]),
        called_back=len(waits["called-back"]),
        other=len(waits["other"]),
        waiting=len(waits["waiting"]),
        answered_within=sum(wait <= threshold for wait in answered),
        abandoned_within=sum(wait <= threshold for wait in abandoned),
        short_abandoned=sum(wait <= short for wait in abandoned),
        answered_wait_ms=sum(answered),
        abandoned_wait_ms=sum(abandoned),
        longest_wait_ms=max((wait for group in waits.values() for wait in group), default=0),
    )


def count_tally(tally: Tally, definition: Definition) -> Counts:
    """Count what a tally holds. Raises ``SumsDiffer`` when it has an outcome that no class counts."""
    answered, abandoned = tally.of("answered"), tally.of("abandoned")
    return Counts(
        offered=tally.offered,
        answered=answered.count,
        abandoned=abandoned.count,
        overflowed=tally.of("overflowed").count,
        called_back=tally.of("called-back").count,
        other=tally.of("other").count,
        waiting=tally.of("waiting").count,
        answered_within=answered.within(definition.threshold),
        abandoned_within=abandoned.within(definition.threshold),
        short_abandoned=abandoned.within(definition.short),
        answered_wait_ms=answered.sum_ms,
        abandoned_wait_ms=abandoned.sum_ms,
        longest_wait_ms=max((waits.longest_ms for waits in tally.waits.values()), default=0),
        handled=tally.handled,
        talk_ms=tally.talk_ms,
        hold_ms=tally.hold_ms,
        wrap_up_ms=tally.wrap_up_ms,
        callbacks=tally.callbacks,
    )
