"""What was offered in each half hour, how long it took, and who was there; and the seats that it would have taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ledger.records import SeatInterval, Visit
from ledger.workload import Handling
from reports.measures import Counts, Definition, Stay, count
from reports.staffing.erlang import Steady, Traffic
from reports.staffing.search import Model, Target, fewest, scheduled

HALF_HOUR_MS = 1_800_000
ENOUGH = 10  # conversations, for a half hour to have a handling time of its own


@dataclass(frozen=True, slots=True)
class HalfHour:
    """A half hour as it was. Moments are UTC milliseconds.

    ``handled_ms`` is the handling time of ``handled`` conversations whose callers arrived in it; ``present_ms`` the
    time that seats were signed in and not not-ready, None where the ledger knows nothing of seats.
    """

    began: int
    ended: int
    counts: Counts
    handled: int
    handled_ms: int
    present_ms: int | None

    @property
    def present(self) -> float | None:
        """The seats present, on average."""
        return None if self.present_ms is None else self.present_ms / (self.ended - self.began)


@dataclass(frozen=True, slots=True)
class Need:
    """What a half hour would have taken: ``steady`` is None where nobody called."""

    half_hour: HalfHour
    aht_s: float | None
    steady: Steady | None
    scheduled: int

    @property
    def seats(self) -> int:
        """The seats needed."""
        return self.steady.seats if self.steady is not None else 0


def half_hours(
    began: int,
    ended: int,
    stays: Iterable[Stay],
    talks: Iterable[tuple[int, Handling]],
    seats: Sequence[SeatInterval] | None,
    definition: Definition,
    *,
    as_of: int,
) -> list[HalfHour]:
    """Return the half hours of a period, empty ones too.

    ``talks`` are the conversations with the moments at which their callers arrived.
    """
    starts = range(began, ended, HALF_HOUR_MS)
    arrived: list[list[Stay]] = [[] for _ in starts]
    for stay in stays:
        if began <= stay.arrived < ended:
            arrived[(stay.arrived - began) // HALF_HOUR_MS].append(stay)
    handled, handled_ms = [0] * len(starts), [0] * len(starts)
    for moment, handling in talks:
        if began <= moment < ended:
            index = (moment - began) // HALF_HOUR_MS
            handled[index] += 1
            handled_ms[index] += handling.talk_ms + handling.wrap_up_ms
    present = _present(began, ended, seats, as_of) if seats is not None else None
    return [
        HalfHour(
            began=start,
            ended=min(start + HALF_HOUR_MS, ended),
            counts=count(arrived[index], definition),
            handled=handled[index],
            handled_ms=handled_ms[index],
            present_ms=None if present is None else present[index],
        )
        for index, start in enumerate(starts)
    ]


def talks_of(visits: Iterable[Visit], handling: Mapping[str, Handling]) -> list[tuple[int, Handling]]:
    """Return the conversations of visits, each with the moment at which its caller arrived."""
    return [(visit.arrived, handling[visit.visit]) for visit in visits if visit.visit in handling]


def mean_handling_s(half_hours: Iterable[HalfHour]) -> float | None:
    """Return the average handling time in seconds; None where nothing was handled."""
    halves = list(half_hours)
    handled = sum(half.handled for half in halves)
    return sum(half.handled_ms for half in halves) / handled / 1_000 if handled else None


def needs(
    half_hours: Sequence[HalfHour],
    model: Model,
    target: Target,
    shrinkage: Fraction,
    aht_s: float,
    *,
    own_aht: bool,
) -> list[Need]:
    """Return what each half hour would have taken.

    With ``own_aht`` each is reckoned with its own handling time, where `ENOUGH` conversations tell it, else with
    ``aht_s``.
    """
    found = []
    for half in half_hours:
        own = mean_handling_s([half]) if own_aht and half.handled >= ENOUGH else None
        aht = own or aht_s  # a handling time of nothing at all would need no seat
        if half.counts.offered:
            rate = 1_000 * half.counts.offered / (half.ended - half.began)
            steady = fewest(model, Traffic(rate, aht), target)
            found.append(Need(half, aht, steady, scheduled(steady.seats, shrinkage)))
        else:
            found.append(Need(half, None, None, 0))
    return found


def _present(began: int, ended: int, seats: Sequence[SeatInterval], as_of: int) -> list[int]:
    starts = range(began, ended, HALF_HOUR_MS)
    present = [0] * len(starts)
    for interval in seats:
        if interval.state == "not-ready":
            continue
        first = max(interval.began, began)
        last = min(interval.ended if interval.ended is not None else as_of, ended)
        for index in range((first - began) // HALF_HOUR_MS, len(starts)):
            if starts[index] >= last:
                break
            present[index] += min(starts[index] + HALF_HOUR_MS, last) - max(starts[index], first)
    return present
