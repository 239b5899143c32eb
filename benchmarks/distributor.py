"""How long the distributor takes to decide, however many wait and serve, beside a plain scan of all pairs."""

from __future__ import annotations

import gc
import random
import time
from collections import deque
from collections.abc import Iterator

from rich.console import Console

from acd.distributor import Distributor
from acd.messages import Answered, Ended, Enter, Leave, Offer, PhoneSeen, Ringing, SignIn, Tick
from acd.plan import Plan, QueuePlan
from benchmarks.report import Aim, Report
from hotline.asterisk.prefix import Toolbox

WAITING = (10, 1_000, 100_000)
SEATS = (10, 1_000, 20_000)
SKILLS = (5, 50, 200)
EVENTS = 20_000
SCANNED_PAIRS = 4_000_000  # a plain scan is measured over so many pairs, or one whole scan
PRIORITIES = (0, 0, 0, 5)
LEAVES = 0.05  # the share of callers who give up
AIM_PER_S = 100_000
AIM_RATIO = 2.0


class Centre:
    """A contact centre in full swing: all seats talk, and as many callers as asked for wait for ever.

    Each skill has a queue. Teams of seats have three skills of their own each; callers need one, and one in four a
    language besides, which half the teams speak.
    """

    def __init__(self, waiting: int, seats: int, skills: int) -> None:
        self.dice = random.Random(1)
        self.waiting = waiting
        self.skills = [f"s{n}" for n in range(skills)]
        teams = max(1, min(2 * skills, seats // 5))
        abilities = [
            {
                **{skill: self.dice.randint(1, 5) for skill in self._skills_of(team)},
                **({"en": 3} if team % 2 else {}),
            }
            for team in range(teams)
        ]
        self.plan = Plan(
            queues={skill: QueuePlan(skill, {skill: 1}, wrap_up_ms=0) for skill in self.skills},
            seats={f"a{n}": abilities[n % teams] for n in range(seats)},
            ageing_ms=60_000,
        )
        self.asked = [  # what callers need: something that somebody can do
            (skill, needs)
            for skill in self.skills
            for needs in ({}, {}, {}, {"en": 2})
            if any(skill in one and needs.keys() <= one.keys() for one in abilities)
        ]
        self.callers = 0
        self.now = 0
        self.distributor = Distributor(self.plan)
        self.talking: deque[str] = deque()
        self.line: list[str] = []
        for n in range(seats):
            self.distributor.handle(0, PhoneSeen(f"p{n}", reachable=True))
            self.distributor.handle(0, SignIn(f"a{n}", f"p{n}"))
        self._fill()

    def _skills_of(self, team: int) -> list[str]:
        return [self.skills[(3 * team + n) % len(self.skills)] for n in range(3)]

    def _fill(self) -> None:
        while len(self.distributor.visits) < self.waiting:
            for decision in self.distributor.handle(self.now, self.enter()):
                if isinstance(decision, Offer):
                    self.distributor.handle(self.now, Answered(decision.offer))
                    self.talking.append(decision.offer)

    def enter(self) -> Enter:
        """Return a caller more."""
        self.callers += 1
        skill, needs = self.dice.choice(self.asked)
        self.line.append(f"{self.callers}/1")
        return Enter(f"{self.callers}/1", skill, self.now, needs, self.dice.choice(PRIORITIES))

    def run(self, events: int) -> Iterator[float]:
        """Let a conversation end, its seat take the next caller, and others come; yield each event's time, s."""
        handle, clock = self.distributor.handle, time.perf_counter
        done = 0
        while done < events:
            self.now += 7
            happens: deque[object] = deque([Ended(self.talking.popleft())]) if self.talking else deque()
            happens.extend(self.enter() for _ in range(self.waiting - len(self.distributor.visits)))
            if self.dice.random() < LEAVES:
                happens.append(Leave(self.dice.choice(self.line)))
            while happens:
                event = happens.popleft()
                begun = clock()
                decisions = handle(self.now, event)  # type: ignore[arg-type]  # only events are in there
                yield clock() - begun
                done += 1
                for decision in decisions:
                    if isinstance(decision, Offer):
                        happens += (Ringing(decision.offer), Answered(decision.offer))
                        self.talking.append(decision.offer)
            if (due := self.distributor.due()) is not None and due <= self.now:
                handle(self.now, Tick())

    def scan(self) -> float:
        """Return how long a plain scan of all seats and callers takes for one decision, s."""
        seats = list(self.plan.seats.values())
        callers = [
            (-visit.priority, visit.arrived, visit.sequence, {**visit.queue.skills, **visit.skills})
            for visit in self.distributor.visits.values()
        ]
        few = callers[: max(1, SCANNED_PAIRS // len(seats))]
        best = None
        begun = time.perf_counter()
        for skills in seats:
            for caller in few:
                if all(skill in skills and skills[skill] >= level for skill, level in caller[3].items()) and (
                    best is None or caller < best
                ):
                    best = caller
        return (time.perf_counter() - begun) * len(callers) / len(few)


async def distributor(_: Toolbox, console: Console) -> Report:
    """Measure; Asterisk has no part in it."""
    rows, figures, aims = [], {}, []
    for skills in SKILLS:
        for seats in SEATS:
            cost = {}
            for waiting in WAITING:
                console.print(f"  {waiting:,} waiting, {seats:,} seats, {skills} skills", highlight=False)
                centre = Centre(waiting, seats, skills)
                gc.collect()
                gc.freeze()  # what stands does not belong to the cost of an event
                times = sorted(centre.run(EVENTS))
                gc.unfreeze()
                cost[waiting] = mean = sum(times) / len(times)
                key = f"{waiting}_waiting_{seats}_seats_{skills}_skills"
                figures[f"{key}_us"] = mean * 1e6
                rows.append(
                    (
                        f"{waiting:,} x {seats:,} x {skills}",
                        f"{1 / mean:,.0f}",
                        f"{mean * 1e6:.1f}",
                        f"{times[len(times) * 99 // 100] * 1e6:.1f}",
                        f"{centre.scan() * 1e6:,.0f}",
                    )
                )
            ratio = cost[WAITING[-1]] / cost[WAITING[-2]]
            what = f"{seats:,} seats, {skills} skills: time at {WAITING[-1]:,} waiting to that at {WAITING[-2]:,}"
            aims.append(Aim(what, ratio, AIM_RATIO, most=True))
    slowest = max(figures.values())
    aims.append(Aim("events each second, where slowest", 1e6 / slowest, AIM_PER_S))
    columns = (
        "waiting x seats x skills",
        "events/s",
        "mean, us",
        "p99, us",
        "plain scan for one decision, us",
    )
    return Report("The distributor", columns, rows, figures, aims)
