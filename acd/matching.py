"""Joins callers and seats: the choice made, the seats reserved, the offer told."""

from __future__ import annotations

from typing import Any

from acd.choice import BY_SEAT, precedence
from acd.floor import Floor, LiveOffer
from acd.lines import VisitState
from acd.messages import Cancel, Offer
from acd.policy import can_serve
from acd.pools import abilities_of
from acd.seating import SeatStatus
from acd.seats import RINGING


class Matching:
    """Keeps the promise: no seat stays ready while a caller waits whom it could serve and may have."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def serve_visit(self, visit: VisitState) -> None:
        """Offer a caller in line the best seat that is ready for him, or as many as his queue rings at once."""
        if self._floor.is_held() or visit.line is None:
            return
        seat = self._best_for(visit)
        if seat is not None:
            self._offer(visit, seat)

    def serve_seat(self, seat: SeatStatus) -> None:
        """Offer a ready seat the caller whose turn it is there; and what its return makes free of a reserve."""
        floor = self._floor
        if floor.is_held() or seat.state != "ready" or not len(floor.lines):
            return
        self._serve_one(seat)
        if seat.state == "ready" and seat.profile.reserves:
            kin = [p for p in floor.pools.profiles if set(p.reserves) & set(seat.profile.reserves)]
            for other in [other for profile in kin for other in profile.bench]:
                if other.state == "ready":
                    self._serve_one(other)

    def serve_all(self) -> None:
        """Offer all callers, in the order of their turn, what is ready."""
        if self._floor.is_held() or not self._floor.seating.ready:
            return
        for visit in self._floor.lines.all(self._floor.now):
            if not self._floor.seating.ready:
                return
            self.serve_visit(visit)

    def cancel(self, offer: LiveOffer, seat: str | None = None) -> None:
        """Ask that the ringing stop, of all or of one seat. It is over only when that is told, or at the deadline."""
        if offer.talking:
            return
        floor = self._floor
        if seat is None or offer.seats == [seat]:
            seat = None
            offer.deadline = min(offer.deadline or floor.now, floor.now) + floor.plan.grace_ms
            floor.alarm(offer.deadline, "offer", offer.id)
        floor.decisions.append(Cancel(offer.id, "cancelled", seat))

    def may_have(self, seat: SeatStatus, visit: VisitState) -> bool:
        """Tell whether a ready seat is free for this caller: not one that just missed him, nor one kept for others."""
        return not visit.avoids(seat.name, self._floor.now) and self.reserved_for(seat, visit.tier) is None

    def reserved_for(self, seat: SeatStatus, tier: int) -> int | None:
        """Return the tier for which a ready seat is kept in reserve, if callers of this tier may not have it."""
        for n in seat.profile.reserves:
            reserve = self._floor.plan.reserves[n]
            if tier < reserve.tier and self._floor.pools.reserve_ready[n] <= reserve.keep:
                return reserve.tier
        return None

    def _serve_one(self, seat: SeatStatus) -> None:
        floor = self._floor
        barred = (
            (lambda tier: self.reserved_for(seat, tier) is not None) if seat.profile.reserves else _nobody
        )
        visit = floor.lines.first_for(seat, floor.now, barred)
        if visit is not None:
            self._offer(visit, seat)

    def _best_for(self, visit: VisitState) -> SeatStatus | None:
        now, queue = self._floor.now, visit.queue
        found: list[tuple[Any, SeatStatus]] = []
        for profile in visit.pool.profiles:
            if not len(profile.bench):
                continue
            suit = visit.pool.suit(queue, profile)
            if queue.seat_order in BY_SEAT:
                seats = [seat for seat in profile.bench if self.may_have(seat, visit)]
            else:
                first = profile.bench.first()
                if first is not None and not self.may_have(first, visit):
                    first = profile.bench.first(lambda seat: self.may_have(seat, visit))
                seats = [first] if first is not None else []
            found.extend(((suit, precedence(queue, seat, now)), seat) for seat in seats)
        found.extend(
            ((visit.pool.suit(queue, seat.profile), precedence(queue, seat, now)), seat)
            for seat in visit.pool.named
            if seat.state == "ready" and self.may_have(seat, visit)
        )
        return min(found, key=lambda one: one[0])[1] if found else None

    def _offer(self, visit: VisitState, seat: SeatStatus) -> None:
        floor, queue = self._floor, visit.queue
        visit.offers += 1
        offer_id = f"{visit.id}/{visit.offers}"
        why = self._why(visit, seat)
        floor.lines.remove(visit)
        visit.offer = offer_id
        rings = [self._reserve(seat, visit, offer_id)]
        while len(rings) < queue.ring_all and (another := self._best_for(visit)) is not None:
            rings.append(self._reserve(another, visit, offer_id))
        deadline = floor.now + queue.ring_ms + floor.plan.grace_ms
        names = [name for name, _ in rings]
        floor.offers[offer_id] = LiveOffer(offer_id, visit.id, seat.name, names, queue, visit, deadline)
        floor.offer_of[visit.id] = offer_id
        floor.alarm(deadline, "offer", offer_id)
        name, phone = rings[0]
        callback = visit.kind == "callback"
        floor.decisions.append(
            Offer(offer_id, visit.id, name, phone, queue.ring_ms, why, tuple(rings), callback)
        )
        floor.pools.close(visit.pool)

    def _reserve(self, seat: SeatStatus, visit: VisitState, offer: str) -> tuple[str, str]:
        self._floor.seating.change(seat, "reserve", self._floor.now, offer=offer)
        seat.turns[visit.queue.name] = self._floor.next_number()
        if seat.phone is None:
            raise AssertionError(f"seat {seat.name} is ready at no phone")
        return seat.name, seat.phone

    def _why(self, visit: VisitState, seat: SeatStatus) -> dict[str, Any]:
        floor = self._floor
        abilities = abilities_of(seat)
        met = next(required for required in visit.pool.ways if can_serve(abilities, required))
        why: dict[str, Any] = {
            "needs": dict(met),
            "seat_skills": {skill: abilities[skill] for skill, _ in met},
            "waited_ms": floor.now - visit.arrived,
            "priority": visit.priority,
            "seat_rule": visit.queue.seat_order if visit.waits_for is None else "owner",
            "idle_ms": floor.now - seat.idle_since,
            "seats_ready": len(floor.seating.ready),
            "callers_waiting": len(floor.lines),
        }
        if visit.stage.after_ms:
            why["widened_after_ms"] = visit.stage.after_ms
        return why


def _nobody(_tier: int) -> bool:
    return False


def ringing(floor: Floor, offer: LiveOffer, seat: str | None = None) -> list[SeatStatus]:
    """Return the seats of an offer that ring, or will; only the one named, where one is."""
    seats = [floor.seating.all[name] for name in offer.seats if seat in (None, name)]
    return [one for one in seats if one.state in RINGING]
