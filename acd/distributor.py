"""The distributor: told the time and what happened, it says who rings for whom.

It is pure: no I/O, no clock, no await, no chance. The same code runs live, in a test of a million random
events and in a simulation. It keeps one promise after every event: no seat is ready while a caller waits
whom it could serve (unless the house holds its offers after a restart, that seat just missed that call, or is
kept in reserve, or the call waits for its owner).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Any

from acd import explain
from acd.callers import Callers
from acd.estimate import Accuracy, Estimate
from acd.explain import Idle, Waits
from acd.floor import Alarm, Floor, LiveOffer
from acd.lines import VisitState
from acd.matching import Matching
from acd.messages import (
    Answered,
    CallbackFailed,
    Decision,
    Dialling,
    Ended,
    Enter,
    Event,
    ExtendWrapUp,
    Hold,
    Leave,
    Missed,
    NotReady,
    PhoneBusy,
    PhoneSeen,
    PutOnHold,
    Ready,
    Reconfigure,
    Release,
    RestoreSeat,
    Ringing,
    SignIn,
    SignOut,
    TakenOffHold,
    Tick,
)
from acd.people import People
from acd.plan import Plan
from acd.ringing import Offers
from acd.seating import SeatStatus


class Distributor:
    """Joins callers to seats by skill, in order, each to at most one other."""

    def __init__(self, plan: Plan) -> None:
        self._floor = floor = Floor(plan)
        self._matching = matching = Matching(floor)
        self._callers = callers = Callers(floor, matching)
        self._people = people = People(floor, matching, callers)
        self._offers = offers = Offers(floor, matching, callers, people)
        self._on: Mapping[type[Any], Callable[[Any], None]] = {
            Enter: self._enter,
            Leave: callers.leave,
            CallbackFailed: offers.callback_failed,
            Dialling: offers.dialling,
            Ringing: offers.rings,
            Answered: offers.answered,
            Missed: offers.missed,
            PutOnHold: offers.on_hold,
            TakenOffHold: offers.off_hold,
            Ended: offers.ended,
            SignIn: people.sign_in,
            SignOut: people.sign_out,
            Ready: people.make_ready,
            NotReady: people.make_not_ready,
            ExtendWrapUp: people.extend_wrap_up,
            PhoneSeen: people.phone_seen,
            PhoneBusy: people.phone_busy,
            RestoreSeat: people.restore,
            Hold: self._hold,
            Release: self._release,
            Reconfigure: self._reconfigure,
            Tick: lambda _: None,
        }
        self._due: Mapping[Alarm, tuple[Mapping[str, Any], Callable[[Any], None]]] = {
            "seat": (floor.seating.all, people.time_over),
            "off-duty": (floor.seating.all, people.lost_for_long),
            "limit": (floor.visits, callers.limit_reached),
            "estimate": (floor.visits, callers.estimate_due),
            "needs": (floor.visits, callers.again),
            "retry": (floor.visits, callers.retry_due),
            "aside": (floor.visits, callers.aside_over),
            "offer": (floor.offers, offers.unheard_of),
        }

    @property
    def seats(self) -> Mapping[str, SeatStatus]:
        """The seats as they stand, by name. To be read, never written."""
        return self._floor.seating.all

    @property
    def visits(self) -> Mapping[str, VisitState]:
        """The callers in queues, waiting or being offered, by visit. To be read, never written."""
        return self._floor.visits

    @property
    def offers(self) -> Mapping[str, LiveOffer]:
        """The offers under way, ringing or talking. To be read, never written."""
        return self._floor.offers

    @property
    def plan(self) -> Plan:
        """The plan that holds now."""
        return self._floor.plan

    @property
    def accuracy(self) -> Mapping[str, Accuracy]:
        """How good each queue's estimates were: see `Accuracy.announceable`. To be read, never written."""
        return self._floor.rates.accuracy

    def due(self) -> int | None:
        """Return the time at which the distributor wants a `Tick`, or None."""
        if self._floor.decisions:
            return self._floor.now
        return self._floor.timers[0][0] if self._floor.timers else None

    def handle(self, now: int, event: Event) -> list[Decision]:
        """Return what follows from the event at the time ``now`` (ms; never taken as before the last).

        Events about offers and visits that are over are ignored: news of them may be late. Raises `Refused`
        for a wish of a person that cannot be met; then that has changed nothing, and what was due by now comes with
        the next call, for which `due` asks at once.
        """
        floor = self._floor
        floor.now = max(now, floor.now)
        self._pass_time()
        self._on[type(event)](event)
        self._pass_time()
        decisions, floor.decisions = floor.decisions, []
        return decisions

    def estimate(self, visit: str) -> Estimate | None:
        """Return how long a waiting caller still has to wait, as of the last event; None where nothing is known."""
        waiting = self._floor.visits.get(visit)
        if waiting is None or waiting.line is None:
            return None
        return self._floor.rates.estimate(waiting, self._floor.lines, self._floor.now)

    def forecast(self, queue: str) -> Estimate | None:
        """Return how long a caller would wait who came to a queue now, as of the last event. Raises `KeyError`."""
        return self._callers.forecast(queue)

    def position(self, visit: str) -> int | None:
        """Return a waiting caller's place among those of his queue, from 1; None while he is offered or put aside."""
        waiting = self._floor.visits.get(visit)
        if waiting is None or waiting.line is None:
            return None
        return self._floor.lines.position(waiting, self._floor.now)

    def explain(self, visit: str, now: int) -> Waits:
        """Return why a caller waits: what he needs, who is before him, what rules out each seat. Raises `KeyError`."""
        return explain.visit(self._floor, self._matching, self._floor.visits[visit], now)

    def explain_seat(self, seat: str, now: int) -> Idle:
        """Return why a seat is idle: its state, and what keeps each waiting caller from it. Raises `KeyError`."""
        return explain.seat(self._floor, self._matching, self._floor.seating.all[seat], now)

    # --- what concerns all

    def _enter(self, event: Enter) -> None:
        self._offers.cancelled(event.visit)
        self._callers.enter(event)

    def _hold(self, event: Hold) -> None:
        self._floor.held_until = event.until
        self._floor.alarm(event.until, "hold")

    def _release(self, _: Release) -> None:
        self._floor.held_until = None
        self._matching.serve_all()

    def _reconfigure(self, event: Reconfigure) -> None:
        floor, plan = self._floor, event.plan
        floor.rearrange(plan)
        for visit in list(floor.visits.values()):
            self._callers.move_to(visit, plan.queues.get(visit.queue.name))
        for seat in [seat for name, seat in floor.seating.all.items() if name not in plan.seats]:
            self._people.remove(seat)
        self._matching.serve_all()

    def _pass_time(self) -> None:
        floor = self._floor
        while floor.timers and floor.timers[0][0] <= floor.now:
            _, _, kind, subject = heapq.heappop(floor.timers)
            if kind == "hold":
                if floor.held_until is not None and not floor.is_held():
                    floor.held_until = None
                    self._matching.serve_all()
                continue
            known, act = self._due[kind]
            if (found := known.get(subject)) is not None:
                act(found)
