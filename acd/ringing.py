"""Offers under way: they ring, are answered or missed, are talked through, and end."""

from __future__ import annotations

from acd.callers import Callers
from acd.floor import Floor, LiveOffer
from acd.matching import Matching, ringing
from acd.messages import (
    Answered,
    CallbackFailed,
    Cancel,
    Dialling,
    Ended,
    Missed,
    MissedOutcome,
    NoCustomer,
    PutOnHold,
    Ringing,
    TakenOffHold,
)
from acd.people import People
from acd.seating import SeatStatus


class Offers:
    """What becomes of offers. News of those that are over is ignored: it may be late."""

    def __init__(self, floor: Floor, matching: Matching, callers: Callers, people: People) -> None:
        self._floor = floor
        self._matching = matching
        self._callers = callers
        self._people = people

    def dialling(self, event: Dialling) -> None:
        """Take in that somebody will tell the end of this offer."""
        offer = self._floor.offers.get(event.offer)
        if offer is not None and offer.visit is not None:
            offer.deadline = None

    def rings(self, event: Ringing) -> None:
        """Take in that a phone has begun to ring."""
        offer = self._floor.offers.get(event.offer)
        if offer is None:
            return
        for seat in ringing(self._floor, offer, event.seat):
            if seat.state == "reserved":
                self._floor.seating.change(seat, "ring", self._floor.now, offer=offer.id)

    def answered(self, event: Answered) -> None:
        """Join the visit and the seat that was first; the other phones of a ring group fall silent."""
        floor = self._floor
        offer = floor.offers.get(event.offer)
        if offer is None or offer.talking:
            return
        winners = ringing(floor, offer, event.seat)
        if not winners:
            return
        seat = winners[0]
        if offer.visit is not None:
            floor.forget(offer.visit, "answered")
        offer.visit = offer.deadline = None
        offer.talking, offer.seat = True, seat.name
        seat.misses = 0
        floor.seating.change(seat, "answer", floor.now, offer=offer.id)
        for loser in ringing(floor, offer):
            floor.decisions.append(Cancel(offer.id, "cancelled", loser.name))
            offer.deadline = floor.now + floor.plan.grace_ms
        if offer.deadline is not None:
            floor.alarm(offer.deadline, "offer", offer.id)

    def missed(self, event: Missed) -> None:
        """Free the seats of an offer that came to nothing; its caller is back in his place."""
        offer = self._floor.offers.get(event.offer)
        if offer is not None:
            self._missed(offer, event.outcome, event.seat)

    def cancelled(self, visit: str) -> None:
        """End the offer that a visit had before its caller came back: his ringing is over."""
        offer = self._floor.offers.get(self._floor.offer_of.get(visit, ""))
        if offer is not None and not offer.talking:
            self._missed(offer, "cancelled", None)

    def callback_failed(self, event: CallbackFailed) -> None:
        """Free the seat that was reserved for a call-back, and put that aside."""
        visit = self._floor.visits.get(event.visit)
        if visit is not None and visit.offer is not None:
            self._missed(self._floor.offers[visit.offer], "no-customer", None)
        self._callers.callback_failed(event)

    def ended(self, event: Ended) -> None:
        """End a conversation; the seat wraps up, for its own time or its queue's."""
        floor = self._floor
        offer = floor.offers.get(event.offer)
        if offer is None or not offer.talking:
            return
        seat = floor.seating.all[offer.seat]
        self._drop(offer, [seat])
        offer.talking = False
        if self._people.do_after(seat):
            return
        wrap_up = floor.plan.wrap_ups.get(seat.name, offer.queue.wrap_up_ms if offer.queue is not None else 0)
        floor.seating.change(seat, "end", floor.now, until=floor.now + wrap_up)

    def on_hold(self, event: PutOnHold) -> None:
        """Note that the caller hears music."""
        seat = self._talker(event.offer)
        if seat is not None and seat.state == "talking":
            self._floor.seating.change(seat, "hold", self._floor.now, offer=event.offer)

    def off_hold(self, event: TakenOffHold) -> None:
        """Note that the two talk again."""
        seat = self._talker(event.offer)
        if seat is not None and seat.state == "hold":
            self._floor.seating.change(seat, "unhold", self._floor.now, offer=event.offer)

    # --- what is due

    def unheard_of(self, offer: LiveOffer) -> None:
        """Give up an offer of which nothing was heard; or the losers of a ring group, who need no telling again."""
        floor = self._floor
        if offer.deadline is None or offer.deadline > floor.now:
            return
        outcome: MissedOutcome = "no-answer" if offer.visit is not None else "cancelled"
        if not offer.talking:
            floor.decisions.append(Cancel(offer.id, outcome))
        self._missed(offer, outcome, None)

    # --- the parts

    def _talker(self, offer_id: str) -> SeatStatus | None:
        offer = self._floor.offers.get(offer_id)
        return self._floor.seating.all[offer.seat] if offer is not None and offer.talking else None

    def _missed(self, offer: LiveOffer, outcome: MissedOutcome | NoCustomer, only: str | None) -> None:
        floor = self._floor
        seats = ringing(floor, offer, only)
        if not seats:
            return
        self._drop(offer, seats)
        visit = offer.visit
        if visit is not None and outcome not in ("cancelled", "no-customer"):
            again = floor.now + floor.plan.refused_pause_ms
            visit.avoid.update(dict.fromkeys((seat.name for seat in seats), again))
            floor.alarm(again, "retry", visit.id)
        if visit is not None and not offer.seats:
            offer.visit = None
            if outcome == "no-customer" and visit.kind == "callback":
                self._callers.put_aside(visit, floor.now + floor.plan.callback_retry_ms)
            for seat in seats:
                self._consequence(seat, outcome)
            if visit.id in floor.visits:
                self._callers.back_in_line(visit)
        else:
            for seat in seats:
                self._consequence(seat, outcome)
        for seat in seats:  # first, for an older call may be due there
            self._matching.serve_seat(seat)
        if visit is not None and visit.id in floor.visits:
            self._matching.serve_visit(visit)

    def _drop(self, offer: LiveOffer, seats: list[SeatStatus]) -> None:
        for seat in seats:
            offer.seats.remove(seat.name)
        if not offer.seats:
            del self._floor.offers[offer.id]
            if self._floor.offer_of.get(offer.of) == offer.id:
                del self._floor.offer_of[offer.of]

    def _consequence(self, seat: SeatStatus, outcome: MissedOutcome | NoCustomer) -> None:
        """Let a seat bear what it did, and no more: spare, lost, busy, or not ready after too many misses."""
        plan, now, change = self._floor.plan, self._floor.now, self._floor.seating.change
        if self._people.do_after(seat):
            return
        if outcome in ("cancelled", "no-customer"):
            self._floor.seating.free(seat, "spare", now)
        elif outcome == "unreachable":
            change(seat, "phone-lost", now, until=now + plan.unreachable_pause_ms)
        elif outcome == "busy":
            change(seat, "miss", now, reason="phone-busy", until=now + plan.busy_pause_ms)
        else:
            seat.misses += 1
            if seat.misses < plan.misses_allowed:
                self._floor.seating.free(seat, "spare", now)
            else:
                seat.misses = 0
                reason = "missed" if outcome == "no-answer" else outcome
                change(seat, "miss", now, reason=reason, until=now + plan.missed_pause_ms)
