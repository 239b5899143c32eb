"""How good the estimated waits are, beside what others announce, for callers who had to wait and were answered."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from heapq import merge
from operator import itemgetter

from rich.console import Console

from acd.estimate import Estimate, head_of_line
from acd.messages import Event, NotReady, Ready
from acd.plan import Plan
from acd.simulation import Queued, Simulation, all_at_work
from benchmarks.quality.interval import interval
from benchmarks.quality.models import models, n_design, two_priorities
from benchmarks.quality.runs import number_of, processes
from benchmarks.quality.skills import ERLANGS, KINDS, PAIRS, designs
from benchmarks.quality.traffic import Traffic, calls
from benchmarks.report import Aim, Report
from hotline.asterisk.prefix import Toolbox

RUNS = 10
CALLS = 15_000  # in a run, of which the first third is not judged
LAST = 200  # answers of which others take the mean
PERIOD_MS, LUNCH_MS = 4 * 3_600_000, 3_600_000
WAIT = "mean wait, s"
OURS, BIAS = "our error, s", "too long by, s"
HEAD, MEAN, APP_QUEUE = "head of line's, s", f"mean of the last {LAST}'s, s", "app_queue's average's, s"
COVERED, HEAD_COVERED = "in our range", "in the head's range"
SECONDS, SHARES = (WAIT, OURS, BIAS, HEAD, MEAN, APP_QUEUE), (COVERED, HEAD_COVERED)


@dataclass(frozen=True, slots=True)
class Centre:
    """A centre and who calls it. ``lunch``: so many of its seats are away for an hour in four.

    ``judged`` is the queue of the callers who are judged (None: all).
    """

    name: str
    plan: Plan
    traffic: Traffic
    lunch: int = 0
    judged: str | None = None

    def people(self, last: int) -> Iterator[tuple[int, Event]]:
        """Iterate over what the people do, up to a time."""
        seats = list(self.plan.seats)[: self.lunch]
        begins = range(PERIOD_MS, last, PERIOD_MS)
        away: list[tuple[int, Event]] = [(at, NotReady(seat, "lunch")) for at in begins for seat in seats]
        back: list[tuple[int, Event]] = [(at + LUNCH_MS, Ready(seat)) for at in begins for seat in seats]
        return merge(all_at_work(self.plan), away, back, key=itemgetter(0))


class Queue:
    """What rivals know of a queue: who stands in line, and how long those waited who were answered."""

    def __init__(self) -> None:
        self.line: dict[str, int] = {}
        self.last: deque[int] = deque(maxlen=LAST)
        self.average = 0

    def answered(self, waited_ms: int) -> None:
        """Take in a wait."""
        self.last.append(waited_ms)
        # app_queue.c, recalc_holdtime: in whole seconds, the last wait counts a quarter.
        self.average = (3 * self.average + waited_ms // 1000) >> 2

    @property
    def mean(self) -> float:
        """The mean of those waits, ms."""
        return sum(self.last) / len(self.last) if self.last else 0.0

    def head(self, now: int) -> Estimate:
        """Return how long the first in line has waited; where nobody stands there, how long the last answered had."""
        first = next(iter(self.line.values()), None)
        waited = now - first if first is not None else self.last[-1] if self.last else 0
        return head_of_line(waited, 0)


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller could be told when he came, ms: by us and by the head of the line a range, by others a mean."""

    ours: Estimate
    head: Estimate
    mean: float
    average: float

    def judged(self, waited_ms: int) -> dict[str, float]:
        """Return how far each was off, s, and whether the truth was in the ranges."""
        return {
            WAIT: waited_ms / 1000,
            OURS: abs(self.ours.expected - waited_ms) / 1000,
            BIAS: (self.ours.expected - waited_ms) / 1000,
            HEAD: abs(self.head.expected - waited_ms) / 1000,
            MEAN: abs(self.mean - waited_ms) / 1000,
            APP_QUEUE: abs(self.average - waited_ms) / 1000,
            COVERED: float(self.ours.low <= waited_ms <= self.ours.high),
            HEAD_COVERED: float(self.head.low <= waited_ms <= self.head.high),
        }


def centres() -> list[Centre]:
    """Return the centres."""
    alike = [
        Centre(model.name, model.plan, model.traffic) for model in models() if len(model.traffic.erlangs) == 1
    ]
    ranked, by_age = two_priorities(), n_design("oldest first, longest idle", 1, 1)
    return [
        *alike,
        *(
            Centre(f"{ranked.name}, {kind}", ranked.plan, ranked.traffic, judged=kind)
            for kind in ranked.traffic.erlangs
        ),
        Centre(by_age.name, by_age.plan, by_age.traffic),
        Centre(
            f"six kinds of {ERLANGS:g} Erlangs, 90 seats, two skills each",
            designs()[PAIRS],
            Traffic(dict.fromkeys(KINDS, ERLANGS)),
        ),
        *(
            replace(one, name=f"{one.name}, five at lunch for an hour in four", lunch=5)
            for one in alike
            if one.traffic.patience == 300
        ),
    ]


async def estimates(_: Toolbox, console: Console) -> Report:
    """Measure; Asterisk has no part in it."""
    rows, aims = [], []
    figures: dict[str, float] = {}
    with processes() as executor:
        for centre in centres():
            console.print(f"  {centre.name}", highlight=False)
            runs = list(executor.map(partial(run, centre, CALLS), range(1, RUNS + 1)))
            found = {name: interval([one[name] for one in runs]) for name in runs[0]}
            times = [f"{found[name].mean:.1f} ± {found[name].half:.1f}" for name in SECONDS]
            shares = [f"{100 * found[name].mean:.0f} %" for name in SHARES]
            rows.append((centre.name, *times, *shares))
            figures |= {f"{centre.name}: {name}": one.mean for name, one in found.items()}
            best = min(found[name].mean for name in (HEAD, MEAN, APP_QUEUE))
            aims.append(
                Aim(f"{centre.name}: our error to the best rival's", found[OURS].mean / best, 1, most=True)
            )
    columns = ("centre", *SECONDS, *SHARES)
    return Report("Estimated waits: mean absolute error", columns, rows, figures, aims)


def run(centre: Centre, number: int, seed: int) -> dict[str, float]:
    """Let calls come once; return the mean absolute errors, s, and how often the truth was in the ranges."""
    coming = calls(centre.traffic, number, seed)
    simulation = Simulation(centre.plan, coming, centre.people(int(coming.at[-1])))
    queues: dict[str, Queue] = defaultdict(Queue)
    told: dict[str, Told] = {}
    sums: dict[str, float] = defaultdict(float)
    judged = 0
    for fact in simulation.run():
        queue = queues[fact.caller.queue]
        if isinstance(fact, Queued):
            if number_of(fact.visit) >= number // 3 and centre.judged in (None, fact.caller.queue):
                head = queue.head(simulation.now)
                ours = simulation.distributor.estimate(fact.visit) or head
                told[fact.visit] = Told(ours, head, queue.mean, 1000 * queue.average)
            queue.line[fact.visit] = fact.caller.at
            continue
        queue.line.pop(fact.visit, None)
        if fact.how != "answered":
            continue
        queue.answered(fact.waited_ms)
        if fact.visit in told:
            judged += 1
            for name, value in told.pop(fact.visit).judged(fact.waited_ms).items():
                sums[name] += value
    return {name: value / judged for name, value in sums.items()}
