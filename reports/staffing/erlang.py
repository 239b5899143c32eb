"""Erlang's models of a group of seats: B (nobody waits), C (everybody waits as long as it takes), A (some give up).

Calls arrive at random (Poisson), the lengths of conversations and the callers' patience are exponential: M/M/c/c,
M/M/c and M/M/c+M. Sources: A. K. Erlang (1917); C. Palm (1946); F. Baccelli and G. Hebuterne, "On queues with
impatient customers" (1981); A. Mandelbaum and S. Zeltyn, "The Palm/Erlang-A queue" (2004).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reports.measures import FORMULAS, Counts, FormulaName
from reports.staffing.line import harmonic, line

ModelName: TypeAlias = Literal["b", "c", "a"]

_CALLERS = 10**15  # so many callers make the formulas of the reports, which count, as exact as a float


class Overloaded(Exception):
    """More work is offered than the seats can do, and nobody ever gives up: the queue grows without end."""

    def __init__(self, erlangs: float, seats: int, least: int) -> None:
        self.erlangs, self.seats, self.least = erlangs, seats, least
        super().__init__(
            f"Erlang C has no answer: {erlangs:.6g} Erlangs are offered to {seats} seats, so its queue grows "
            f"without end. It takes at least {least} seats, or model a, in which callers give up."
        )


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is offered: ``rate`` in calls per second, each of ``aht_s`` seconds of a seat's time on average."""

    rate: float
    aht_s: float

    def __post_init__(self) -> None:
        if not (0 < self.rate < math.inf and 0 < self.aht_s < math.inf):
            raise ValueError("a traffic wants calls, and a handling time")

    @property
    def erlangs(self) -> float:
        """The work offered, in seats that it would keep busy all the time."""
        return self.rate * self.aht_s

    @property
    def least_seats(self) -> int:
        """The fewest seats that can do all the work; what is full but for a rounding error is full."""
        return math.floor(self.erlangs * (1 + 1e-12)) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """How seats fare with a traffic in the long run. Probabilities are of all callers; times in seconds.

    ``p_wait`` is the probability of finding no seat free. ``asa_s`` is over the answered, ``mean_wait_s`` over all.
    ``answered_within`` and ``abandoned_within`` are the probabilities of it within so many seconds.
    """

    model: ModelName
    seats: int
    offered_erlangs: float
    p_wait: float
    p_abandon: float
    asa_s: float
    mean_wait_s: float
    answered_within: Callable[[float], float]
    abandoned_within: Callable[[float], float]

    @property
    def answer_rate(self) -> float:
        """The probability of being answered at all."""
        return 1 - self.p_abandon

    @property
    def occupancy(self) -> float:
        """The part of its time that a seat is busy."""
        return self.offered_erlangs * self.answer_rate / self.seats

    def service_level(self, formula: FormulaName, threshold_s: float, short_s: float) -> float | None:
        """Return the service level by a formula of the reports, from 0 to 1; None of nothing."""
        abandoned = round(_CALLERS * self.p_abandon)
        counts = Counts(
            offered=_CALLERS,
            answered=_CALLERS - abandoned,
            abandoned=abandoned,
            answered_within=round(_CALLERS * self.answered_within(threshold_s)),
            abandoned_within=round(_CALLERS * self.abandoned_within(threshold_s)),
            short_abandoned=round(_CALLERS * self.abandoned_within(short_s)),
        )
        return FORMULAS[formula].rate(counts).value

    def service_levels(self, threshold_s: float, short_s: float) -> Mapping[FormulaName, float | None]:
        """Return the service level by every formula of the reports."""
        return {formula: self.service_level(formula, threshold_s, short_s) for formula in FORMULAS}


def erlang_b(traffic: Traffic, seats: int) -> Steady:
    """Return how seats without a queue fare: who finds none free is lost, as if he gave up after 0 s."""
    lost = 1 / (1 + _before_full(traffic.erlangs, seats))
    return Steady(
        model="b",
        seats=seats,
        offered_erlangs=traffic.erlangs,
        p_wait=lost,
        p_abandon=lost,
        asa_s=0.0,
        mean_wait_s=0.0,
        answered_within=lambda _: 1 - lost,
        abandoned_within=lambda _: lost,
    )


def erlang_c(traffic: Traffic, seats: int) -> Steady:
    """Return how seats fare whose callers wait for as long as it takes. Raises `Overloaded`."""
    erlangs = traffic.erlangs
    if seats < traffic.least_seats:
        raise Overloaded(erlangs, seats, traffic.least_seats)
    p_wait = 1 / (1 + _before_full(erlangs, seats) * (1 - erlangs / seats))
    drain = (seats - erlangs) / traffic.aht_s  # the waits of those who wait are exponential, of this rate
    return Steady(
        model="c",
        seats=seats,
        offered_erlangs=erlangs,
        p_wait=p_wait,
        p_abandon=0.0,
        asa_s=p_wait / drain,
        mean_wait_s=p_wait / drain,
        answered_within=lambda s: 1 - p_wait * math.exp(-drain * s),
        abandoned_within=lambda _: 0.0,
    )


def erlang_a(traffic: Traffic, seats: int, patience_s: float) -> Steady:
    """Return how seats fare whose callers give up after ``patience_s`` seconds on average.

    Counted in mean patiences, the seats answer ``service`` calls and ``arrivals`` come in one. Who finds j waiting
    before him moves up at the rates service + j + 1, service + j …, himself among those who may give up.
    """
    if not 0 < patience_s < math.inf:
        raise ValueError("patience is a length of time")
    service, arrivals = seats * patience_s / traffic.aht_s, traffic.rate * patience_s
    waiting = line(service, arrivals)
    every = math.fsum(waiting.weights)
    p_wait = 1 / (1 + _before_full(traffic.erlangs, seats) * math.exp(-waiting.log_sum))
    gave_up, served, took = [], [], []
    mean_wait = harmonic(service, waiting.first)
    for place, weight in enumerate(waiting.weights, waiting.first + 1):
        mean_wait += 1 / (service + place)  # of those served from this place
        gave_up.append(weight * place / (service + place))
        served.append(weight * service / (service + place))
        took.append(served[-1] * mean_wait)
    p_abandon = p_wait * math.fsum(gave_up) / every
    of_waiting = math.fsum(served) / every
    p_answered = 1 - p_wait + p_wait * of_waiting
    answered_line = line(service + 1, arrivals)

    def tail(rate: float, log_sum: float, seconds: float) -> float:
        """Return how much of the virtual wait's integral lies beyond a moment; it is an incomplete gamma function."""
        came = -arrivals * math.expm1(-seconds / patience_s)
        log_rest = line(rate, arrivals * math.exp(-seconds / patience_s)).log_sum - log_sum
        return math.exp(min(0.0, came - rate * seconds / patience_s + log_rest))

    def answered_within(seconds: float) -> float:
        late = tail(service + 1, answered_line.log_sum, seconds)
        return 1 - p_wait + p_wait * of_waiting * (1 - late)

    def abandoned_within(seconds: float) -> float:
        still_there = p_wait * tail(service, waiting.log_sum, seconds) * math.exp(-seconds / patience_s)
        return min(p_abandon, max(0.0, 1 - still_there - answered_within(seconds)))

    return Steady(
        model="a",
        seats=seats,
        offered_erlangs=traffic.erlangs,
        p_wait=p_wait,
        p_abandon=p_abandon,
        asa_s=p_wait * patience_s * math.fsum(took) / every / p_answered,
        mean_wait_s=p_abandon * patience_s,
        answered_within=answered_within,
        abandoned_within=abandoned_within,
    )


def _before_full(erlangs: float, seats: int) -> float:
    """Return how much likelier a free seat is than all being busy and nobody waiting: 1/B - 1."""
    if seats < 1:
        raise ValueError("it takes a seat to answer a call")
    ratio = 0.0
    for busy in range(1, seats + 1):
        ratio = (1 + ratio) * busy / erlangs
    return ratio
