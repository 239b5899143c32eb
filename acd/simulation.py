"""A centre on a virtual clock: callers who come, wait, give up and talk, around the distributor that runs live.

Nothing is decided here, and nothing is left to chance: who calls, for how long and how patiently, is given. So a day
can be run again with other seats or other rules, and a queueing formula can be held against what the distributor does.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from operator import itemgetter
from typing import Literal, TypeAlias

from acd.distributor import Distributor
from acd.messages import (
    Answered,
    Cancel,
    Close,
    CloseReason,
    Ended,
    Enter,
    Event,
    Leave,
    Missed,
    Offer,
    PhoneSeen,
    SignIn,
    Tick,
)
from acd.plan import Plan


@dataclass(frozen=True, slots=True)
class Caller:
    """A call to come at ``at``: it will talk for ``talk_ms``, and wait for ``patience_ms`` at most (None: for ever).

    The rest is what `Enter` says of a visit.
    """

    at: int
    queue: str
    talk_ms: int
    patience_ms: int | None = None
    skills: Mapping[str, int] = field(default_factory=dict)
    priority: int = 0
    credit_ms: int = 0
    tier: int = 0
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """A caller came for whom nobody was ready; he waits."""

    visit: str
    caller: Caller


@dataclass(frozen=True, slots=True)
class Outcome:
    """A stay in a queue is over, after ``waited_ms``. ``seat`` is who answered.

    Those who still wait when the simulation ends come last, as ``waiting``.
    """

    visit: str
    caller: Caller
    how: Literal["answered", "abandoned", "waiting"] | CloseReason
    waited_ms: int
    seat: str | None = None


Fact: TypeAlias = Queued | Outcome


def all_at_work(plan: Plan) -> list[tuple[int, Event]]:
    """Return what makes every seat of a plan ready at 0, each at a phone of its own name."""
    return [
        (0, event) for seat in plan.seats for event in (PhoneSeen(seat, reachable=True), SignIn(seat, seat))
    ]


class Simulation:
    """Runs a plan with callers, and with people who do ``people`` says (default: all are at work from 0 on).

    Callers and people's events are read when their time comes, and must be in the order of time (ms). A phone is
    answered after ``answer_ms``; a ring that is cancelled stops at once. Callers whom a limit sends on are gone: where
    to is the flow's business.
    """

    def __init__(
        self,
        plan: Plan,
        callers: Iterable[Caller],
        people: Iterable[tuple[int, Event]] | None = None,
        *,
        answer_ms: int = 0,
    ) -> None:
        self.distributor = Distributor(plan)
        self.now = 0
        self.events = 0
        self._script = heapq.merge(
            ((at, event, None) for at, event in (all_at_work(plan) if people is None else people)),
            _arrivals(callers),
            key=itemgetter(0),
        )
        self._answer_ms = answer_ms
        self._agenda: list[tuple[int, int, Event]] = []  # what follows from what the distributor decided
        self._number = count()
        self._present: dict[str, Caller] = {}

    def run(self, until: int | None = None) -> Iterator[Fact]:
        """Yield what becomes of callers, in the order of time, to the end of all calls, or to ``until`` (ms).

        Between two facts the distributor stands as it stood at that moment, and can be asked. It ends by itself only if
        every caller is served, gives up, or is sent on at last. Raises `Refused` where people wish what cannot be.
        """
        script, agenda, present = self._script, self._agenda, self._present
        step = next(script, None)
        while step is not None or agenda or present:
            due = self.distributor.due()
            at = agenda[0][0] if agenda else None
            if step is not None and (at is None or step[0] < at):
                at = step[0]
            if due is not None and (at is None or due < at):
                at = due
            if at is None or (until is not None and at > until):
                break
            self.now = max(at, self.now)
            self.events += 1
            if agenda and agenda[0][0] == at:
                yield from self._follow(heapq.heappop(agenda)[2])
            elif step is not None and step[0] == at:
                yield from self._perform(step[1], step[2])
                step = next(script, None)
            else:
                yield from self._tell(Tick())
        self.now = max(self.now, until or 0)
        for visit, caller in present.items():
            yield Outcome(visit, caller, "waiting", self.now - caller.at)

    def _perform(self, event: Event, caller: Caller | None) -> Iterator[Fact]:
        """Let a caller come, or one of the people do what the script says."""
        if not isinstance(event, Enter) or caller is None:
            yield from self._tell(event)
            return
        self._present[event.visit] = caller
        yield from self._tell(event)
        if event.visit in self._present:
            if caller.patience_ms is not None:
                self._after(caller.patience_ms, Leave(event.visit))
            if self.distributor.visits[event.visit].offer is None:
                yield Queued(event.visit, caller)

    def _follow(self, event: Event) -> Iterator[Fact]:
        """Let a caller give up, a phone be answered, or a conversation end; unless something else came before."""
        if isinstance(event, Leave):
            if (caller := self._present.pop(event.visit, None)) is not None:
                yield from self._tell(event)
                yield Outcome(event.visit, caller, "abandoned", self.now - caller.at)
        elif isinstance(event, Answered):
            offer = self.distributor.offers.get(event.offer)
            if offer is not None and (caller := self._present.pop(offer.of, None)) is not None:
                yield from self._tell(event)
                self._after(caller.talk_ms, Ended(event.offer))
                yield Outcome(offer.of, caller, "answered", self.now - caller.at, offer.seat)
        else:
            yield from self._tell(event)

    def _tell(self, event: Event) -> Iterator[Fact]:
        """Tell the distributor, and note what follows from its decisions."""
        for decision in self.distributor.handle(self.now, event):
            if isinstance(decision, Offer):
                self._after(self._answer_ms, Answered(decision.offer))
            elif isinstance(decision, Cancel):
                self._after(0, Missed(decision.offer, decision.outcome, decision.seat))
            elif isinstance(decision, Close):
                caller = self._present.pop(decision.visit)
                yield Outcome(decision.visit, caller, decision.reason, self.now - caller.at)

    def _after(self, delay_ms: int, event: Event) -> None:
        heapq.heappush(self._agenda, (self.now + delay_ms, next(self._number), event))


def _arrivals(callers: Iterable[Caller]) -> Iterator[tuple[int, Event, Caller | None]]:
    for number, one in enumerate(callers, 1):
        enter = Enter(
            f"{number}/1",
            one.queue,
            one.at,
            one.skills,
            one.priority,
            credit_ms=one.credit_ms,
            tier=one.tier,
            owner=one.owner,
        )
        yield one.at, enter, one
