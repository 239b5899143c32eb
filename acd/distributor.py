"""The distributor: told the time and what happened, it says who rings for whom.

It is pure: no I/O, no clock, no await, no chance. The same code runs live, in a test of a million random
events and in a simulation. It keeps one promise after every event: no seat is ready while a caller waits
whom it could serve (unless the house holds its offers after a restart, or that seat just missed that call).
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from acd.lines import Lines, VisitState
from acd.messages import (
    Answered,
    Cancel,
    Close,
    CloseReason,
    Decision,
    Dialling,
    Ended,
    Enter,
    Event,
    Hold,
    Leave,
    Missed,
    MissedOutcome,
    NotReady,
    Offer,
    PhoneSeen,
    Ready,
    Refused,
    Release,
    RestoreSeat,
    Ringing,
    SignIn,
    SignOut,
    Tick,
)
from acd.plan import Plan, QueuePlan
from acd.policy import can_serve, longest_idle, needs
from acd.seating import Seating, SeatStatus


@dataclass(slots=True, eq=False)
class LiveOffer:
    """An offer under way. ``visit`` is None once its caller is gone, or answered, or not yet back."""

    id: str
    seat: str
    queue: QueuePlan | None
    visit: VisitState | None
    deadline: int | None


class Distributor:
    """Joins callers to seats by skill, in order, each to at most one other."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._now = 0
        self._sequence = 0
        self._held_until: int | None = None
        self._visits: dict[str, VisitState] = {}
        self._lines = Lines()
        self._offers: dict[str, LiveOffer] = {}
        self._seating = Seating(
            plan.seats,
            changed=lambda change: self._decisions.append(change),
            alarm=lambda at, seat: self._set_timer(at, "seat", seat),
        )
        self._timers: list[tuple[int, int, Literal["seat", "visit", "offer", "retry"], str]] = []
        self._decisions: list[Decision] = []

    @property
    def seats(self) -> Mapping[str, SeatStatus]:
        """The seats as they stand, by name. To be read, never written."""
        return self._seating.all

    @property
    def visits(self) -> Mapping[str, VisitState]:
        """The callers in queues, waiting or being offered, by visit. To be read, never written."""
        return self._visits

    @property
    def offers(self) -> Mapping[str, LiveOffer]:
        """The offers under way, ringing or talking. To be read, never written."""
        return self._offers

    def due(self) -> int | None:
        """Return the time at which the distributor wants a `Tick`, or None."""
        return self._timers[0][0] if self._timers else None

    def handle(self, now: int, event: Event) -> list[Decision]:
        """Return what follows from the event at the time ``now`` (ms; never taken as before the last).

        Events about offers and visits that are over are ignored: news of them may be late. Raises `Refused`
        for a wish of a person that cannot be met; then nothing has changed.
        """
        self._now = max(now, self._now)
        decisions: list[Decision] = []
        self._decisions = decisions
        self._pass_time()
        match event:
            case Enter():
                self._enter(event)
            case Leave(visit):
                self._leave(visit)
            case Dialling(offer):
                if (dialled := self._offers.get(offer)) is not None and dialled.visit is not None:
                    dialled.deadline = None
            case Ringing(offer):
                self._ringing(offer)
            case Answered(offer):
                self._answered(offer)
            case Missed(offer, outcome):
                self._missed(offer, outcome)
            case Ended(offer):
                self._ended(offer)
            case SignIn(seat, phone):
                self._sign_in(self._seating.named(seat), phone)
            case SignOut(seat):
                self._sign_out(self._seating.named(seat), event)
            case Ready(seat):
                self._make_ready(self._seating.named(seat))
            case NotReady(seat, reason):
                self._make_not_ready(self._seating.named(seat), reason, event)
            case PhoneSeen(phone, reachable):
                self._phone_seen(phone, reachable)
            case Hold(until):
                self._held_until = until
                self._set_timer(until, "retry", "")
            case Release():
                self._held_until = None
                self._serve_all()
            case RestoreSeat():
                self._restore(event)
            case Tick():
                pass
        return decisions

    # --- callers

    def _enter(self, event: Enter) -> None:
        if event.visit in self._visits:
            return
        queue = self._plan.queues[event.queue]
        for offer in [o for o in self._offers.values() if o.id.rpartition("/")[0] == event.visit]:
            self._missed(offer.id, "cancelled")  # its caller is back, so its ringing is over
        self._sequence += 1
        visit = VisitState(
            id=event.visit,
            queue=queue,
            needs=needs(queue.skills, event.skills),
            priority=queue.priority + event.priority,
            arrived=event.arrived,
            sequence=self._sequence,
            offers=event.offers,
        )
        if not self._seating.somebody_on_duty(visit.needs):
            self._close(visit, "no_agents")
            return
        waiting = sum(v.queue.name == queue.name and v.offer is None for v in self._visits.values())
        self._visits[visit.id] = visit
        self._lines.add(visit)
        self._serve_visit(visit)
        full = queue.capacity is not None and waiting >= queue.capacity
        if visit.offer is None and full and not event.returning:
            self._remove(visit)
            self._close(visit, "full")
        elif queue.longest_wait_ms is not None:
            self._set_timer(visit.arrived + queue.longest_wait_ms, "visit", visit.id)

    def _leave(self, visit_id: str) -> None:
        visit = self._visits.get(visit_id)
        if visit is None:
            return
        self._remove(visit)
        if visit.offer is not None:
            self._offers[visit.offer].visit = None
            self._cancel(self._offers[visit.offer])

    def _remove(self, visit: VisitState) -> None:
        del self._visits[visit.id]
        if visit.offer is None:
            self._lines.remove(visit)

    def _close(self, visit: VisitState, reason: CloseReason) -> None:
        self._decisions.append(Close(visit.id, reason))

    # --- offers

    def _serve_visit(self, visit: VisitState) -> None:
        if self._held():
            return
        seat = longest_idle(
            s
            for s in self._seating.ready.values()
            if can_serve(s.skills, visit.needs) and not self._avoids(visit, s.name)
        )
        if seat is not None:
            self._offer(visit, seat)

    def _serve_seat(self, seat: SeatStatus) -> None:
        if self._held() or seat.state != "ready":
            return
        visit = self._lines.first_for(seat.skills, lambda visit: not self._avoids(visit, seat.name))
        if visit is not None:
            self._offer(visit, seat)

    def _serve_all(self) -> None:
        if self._held() or not self._seating.ready:
            return
        for visit in self._lines:
            if not self._seating.ready:
                return
            self._serve_visit(visit)

    def _offer(self, visit: VisitState, seat: SeatStatus) -> None:
        visit.offers += 1
        offer_id = f"{visit.id}/{visit.offers}"
        why = self._explain(visit, seat)
        self._lines.remove(visit)
        visit.offer = offer_id
        deadline = self._now + visit.queue.ring_ms + self._plan.grace_ms
        self._offers[offer_id] = LiveOffer(offer_id, seat.name, visit.queue, visit, deadline)
        self._set_timer(deadline, "offer", offer_id)
        self._seating.change(seat, "reserve", self._now, offer=offer_id)
        phone = seat.phone
        if phone is None:
            raise AssertionError(f"seat {seat.name} is ready at no phone")
        self._decisions.append(Offer(offer_id, visit.id, seat.name, phone, visit.queue.ring_ms, why))

    def _explain(self, visit: VisitState, seat: SeatStatus) -> dict[str, Any]:
        return {
            "needs": dict(visit.needs),
            "seat_skills": {skill: seat.skills[skill] for skill, _ in visit.needs},
            "waited_ms": self._now - visit.arrived,
            "priority": visit.priority,
            "seat_rule": "longest-idle",
            "idle_ms": self._now - seat.idle_since,
            "seats_ready": len(self._seating.ready),
            "callers_waiting": len(self._lines),
        }

    def _ringing(self, offer_id: str) -> None:
        offer = self._offers.get(offer_id)
        if offer is not None and self._seating.all[offer.seat].state == "reserved":
            self._seating.change(self._seating.all[offer.seat], "ring", self._now, offer=offer_id)

    def _answered(self, offer_id: str) -> None:
        offer = self._offers.get(offer_id)
        if offer is None or self._seating.all[offer.seat].state == "talking":
            return
        if offer.visit is not None:
            del self._visits[offer.visit.id]
        offer.visit = None
        offer.deadline = None
        seat = self._seating.all[offer.seat]
        seat.misses = 0
        self._seating.change(seat, "answer", self._now, offer=offer_id)

    def _missed(self, offer_id: str, outcome: MissedOutcome) -> None:
        offer = self._offers.get(offer_id)
        if offer is None or self._seating.all[offer.seat].state == "talking":
            return
        del self._offers[offer_id]
        seat = self._seating.all[offer.seat]
        self._after_missed(seat, outcome)
        visit = offer.visit
        if visit is not None:
            visit.offer = None
            if outcome != "cancelled":
                visit.avoid[seat.name] = self._now + self._plan.refused_pause_ms
                self._set_timer(visit.avoid[seat.name], "retry", "")
            self._lines.add(visit)
        self._serve_seat(seat)  # first, for an older call may be due there
        if visit is not None and visit.offer is None:
            self._serve_visit(visit)

    def _after_missed(self, seat: SeatStatus, outcome: MissedOutcome) -> None:
        if seat.after is not None:
            self._do_after(seat)
        elif outcome == "cancelled":
            self._seating.free(seat, "spare", self._now)
        elif outcome == "unreachable":
            self._seating.change(
                seat, "phone-lost", self._now, until=self._now + self._plan.unreachable_pause_ms
            )
        elif outcome == "busy":
            self._seating.change(
                seat, "miss", self._now, reason="phone-busy", until=self._now + self._plan.busy_pause_ms
            )
        else:
            seat.misses += 1
            if seat.misses < self._plan.misses_allowed:
                self._seating.free(seat, "spare", self._now)
            else:
                seat.misses = 0
                reason = "missed" if outcome == "no-answer" else outcome
                self._seating.change(
                    seat, "miss", self._now, reason=reason, until=self._now + self._plan.missed_pause_ms
                )

    def _ended(self, offer_id: str) -> None:
        offer = self._offers.get(offer_id)
        if offer is None or self._seating.all[offer.seat].state != "talking":
            return
        del self._offers[offer_id]
        seat = self._seating.all[offer.seat]
        if seat.after is not None:
            self._do_after(seat)
            return
        wrap_up = offer.queue.wrap_up_ms if offer.queue is not None else 0
        self._seating.change(seat, "end", self._now, until=self._now + wrap_up)
        self._pass_time()

    def _cancel(self, offer: LiveOffer) -> None:
        """Ask that the ringing stop. The offer is over only when that is told, or at the deadline."""
        if self._seating.all[offer.seat].state == "talking":
            return
        offer.deadline = min(offer.deadline or self._now, self._now) + self._plan.grace_ms
        self._set_timer(offer.deadline, "offer", offer.id)
        self._decisions.append(Cancel(offer.id, "cancelled"))

    # --- seats

    def _sign_in(self, seat: SeatStatus, phone: str) -> None:
        self._seating.sit_down(seat, phone, self._now)
        self._serve_seat(seat)

    def _sign_out(self, seat: SeatStatus, wish: SignOut) -> None:
        if seat.state == "signed-out":
            return
        if seat.offer is not None:
            self._ask_for_after(seat, wish)
            return
        self._gone_home(seat)

    def _gone_home(self, seat: SeatStatus) -> None:
        self._seating.leave(seat, self._now)
        for required, visits in self._lines.served_by(seat.skills).items():
            if not self._seating.somebody_on_duty(required):
                for visit in visits:
                    self._remove(visit)
                    self._close(visit, "no_agents")

    def _make_ready(self, seat: SeatStatus) -> None:
        seat.after = None
        if seat.state == "signed-out":
            raise Refused(f"{seat.name} is not signed in")
        if seat.state in ("wrap-up", "not-ready"):
            seat.misses = 0
            self._seating.free(seat, "ready", self._now)
            self._serve_seat(seat)
        elif seat.state == "unreachable":
            raise Refused(f"phone {seat.phone} cannot be reached; is it switched on and registered?")

    def _make_not_ready(self, seat: SeatStatus, reason: str, wish: NotReady) -> None:
        if seat.state == "signed-out":
            raise Refused(f"{seat.name} is not signed in")
        if seat.offer is not None:
            self._ask_for_after(seat, wish)
        else:
            self._seating.change(seat, "not-ready", self._now, reason=reason)

    def _ask_for_after(self, seat: SeatStatus, wish: SignOut | NotReady) -> None:
        seat.after = wish
        if seat.offer is not None:
            self._cancel(self._offers[seat.offer])

    def _do_after(self, seat: SeatStatus) -> None:
        wish, seat.after = seat.after, None
        if isinstance(wish, NotReady):
            self._seating.change(seat, "not-ready", self._now, reason=wish.reason)
        else:
            self._gone_home(seat)

    def _phone_seen(self, phone: str, reachable: bool) -> None:
        seat = self._seating.phone_seen(phone, reachable, self._now)
        if seat is not None:
            self._serve_seat(seat)

    def _restore(self, event: RestoreSeat) -> None:
        seat = self._seating.restore(event)
        if event.offer is None:
            return
        queue = self._plan.queues.get(event.queue) if event.queue is not None else None
        deadline = None
        if event.state != "talking":
            ring_ms = queue.ring_ms if queue is not None else 0
            deadline = self._now + ring_ms + self._plan.grace_ms
            self._set_timer(deadline, "offer", event.offer)
        self._offers[event.offer] = LiveOffer(event.offer, seat.name, queue, None, deadline)

    # --- time

    def _pass_time(self) -> None:
        while self._timers and self._timers[0][0] <= self._now:
            _, _, kind, subject = heapq.heappop(self._timers)
            match kind:
                case "seat":
                    self._seat_time_over(self._seating.all.get(subject))
                case "visit":
                    self._waited_too_long(self._visits.get(subject))
                case "offer":
                    self._offer_unheard_of(self._offers.get(subject))
                case "retry":
                    if self._held_until is not None and self._held_until <= self._now:
                        self._held_until = None
                    self._serve_all()

    def _seat_time_over(self, seat: SeatStatus | None) -> None:
        if seat is None or seat.until is None or seat.until > self._now:
            return
        self._seating.free(seat, "wrap-up-over" if seat.state == "wrap-up" else "pause-over", self._now)
        self._serve_seat(seat)

    def _waited_too_long(self, visit: VisitState | None) -> None:
        if visit is not None and visit.offer is None:
            self._remove(visit)
            self._close(visit, "timeout")
        elif visit is not None:  # an offer may still be answered: look again when it is over
            self._set_timer(self._now + 1000, "visit", visit.id)

    def _offer_unheard_of(self, offer: LiveOffer | None) -> None:
        if offer is None or offer.deadline is None or offer.deadline > self._now:
            return
        self._decisions.append(Cancel(offer.id, "no-answer" if offer.visit is not None else "cancelled"))
        self._missed(offer.id, "no-answer" if offer.visit is not None else "cancelled")

    def _set_timer(self, at: int, kind: Literal["seat", "visit", "offer", "retry"], subject: str) -> None:
        self._sequence += 1
        heapq.heappush(self._timers, (at, self._sequence, kind, subject))

    def _held(self) -> bool:
        return self._held_until is not None and self._held_until > self._now

    def _avoids(self, visit: VisitState, seat: str) -> bool:
        return visit.avoid.get(seat, 0) > self._now
