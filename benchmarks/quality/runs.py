"""Many independent runs of a simulation, until what they tell is known narrowly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from multiprocessing import get_context

from acd.plan import Plan
from acd.simulation import Fact, Simulation
from benchmarks.quality.exact import erlang_c, erlang_c_over
from benchmarks.quality.interval import Interval, interval
from benchmarks.quality.traffic import TALK, Calls, plain_waits
from benchmarks.report import Aim

ROUND = 20  # so many runs; rounds follow until every interval is narrow enough
NARROW = 0.02  # of the mean, to each side
MOST_RUNS = 200


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain system near to a centre: one line, the oldest first.

    How it does on the same calls narrows the intervals, since what it does on average is known: its mean wait, and how
    many wait for longer than each of ``over`` (s).
    """

    servers: int
    erlangs: float
    over: tuple[float, ...] = (0.0,)

    def missed(self, calls: Calls, edge: int) -> list[float]:
        """Return by how much it misses those averages on these calls, without the first and the last ``edge``."""
        waits = plain_waits(calls, self.servers)[edge : len(calls.queues) - edge] / 1000
        load = (self.servers, self.erlangs, TALK)
        mean = float(waits.mean()) - erlang_c(*load).wait
        return [mean, *(float((waits > over).mean()) - erlang_c_over(*load, over) for over in self.over)]


@dataclass(frozen=True, slots=True)
class Run:
    """What one run found: figures by name, by how much its controls missed their means, and what it cost."""

    figures: Mapping[str, float]
    controls: Sequence[float]
    events: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Study:
    """What is known after so many runs."""

    found: Mapping[str, Interval]
    runs: int
    events_per_s: float

    def narrow(self, what: str) -> Aim:
        """Return whether all that was found is known as narrowly as it should be."""
        widest = max(one.relative for one in self.found.values())
        return Aim(f"{what}: widest interval, ±", 100 * widest, 100 * NARROW, " %", most=True)


@dataclass(frozen=True, slots=True)
class Told:
    """What a simulation told of the calls that are judged, and what it cost."""

    facts: Sequence[Fact]
    events: int
    seconds: float


def study(run: Callable[[int], Run], executor: Executor) -> Study:
    """Run with the seeds 1, 2, 3 …, until all figures are known narrowly, or ``MOST_RUNS`` are made."""
    runs: list[Run] = []
    found: dict[str, Interval] = {}
    seeds = count(1)
    while len(runs) < MOST_RUNS and not (found and all(one.relative <= NARROW for one in found.values())):
        runs += executor.map(run, islice(seeds, ROUND))
        controls = [one.controls for one in runs]
        found = {name: interval([one.figures[name] for one in runs], controls) for name in runs[0].figures}
    return Study(found, len(runs), sum(one.events for one in runs) / sum(one.seconds for one in runs))


def tell(plan: Plan, calls: Calls, edge: int = 0) -> Told:
    """Let the calls come. The first and the last ``edge`` are not judged: the centre begins empty, and ends so."""
    simulation = Simulation(plan, calls)
    begun = time.process_time()
    facts = list(simulation.run())
    seconds = time.process_time() - begun
    judged = range(edge, len(calls.queues) - edge)
    return Told([fact for fact in facts if number_of(fact.visit) in judged], simulation.events, seconds)


def number_of(visit: str) -> int:
    """Return the number of a simulated call, the first being 0."""
    return int(visit.partition("/")[0]) - 1


@contextmanager
def processes() -> Iterator[Executor]:
    """Give a process for each core. They are started anew, for the one that measures may have threads."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as executor:
        yield executor
