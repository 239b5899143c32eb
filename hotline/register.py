"""What happens in queues and at seats, as events: each is recorded before its effect."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias

import structlog

from acd.messages import MissedOutcome, Offer, SeatChange
from hotline.chronicle import Chronicle
from hotline.clock import Clock
from hotline.customers import Standing
from hotline.memory import OpenCall
from ivr.door import CallbackWish, Wish
from ledger.events import (
    CallbackAsked,
    ConversationEnded,
    Healed,
    HealingKind,
    OfferEnded,
    OfferMade,
    RingEnded,
    RingOutcome,
    SeatChanged,
    VisitBegan,
    VisitEnded,
    VisitKind,
    VisitOutcome,
)

log = structlog.get_logger(__name__)

EndedBy: TypeAlias = Literal["caller", "seat", "unknown"]


class Register:
    """Writes down visits, offers, conversations and seats. Times are UTC ms; where none is given it is now."""

    def __init__(self, chronicle: Chronicle, clock: Clock) -> None:
        self._chronicle = chronicle
        self._clock = clock

    def visit_began(
        self,
        call: OpenCall,
        wish: Wish,
        skills: Mapping[str, int],
        standing: Standing,
        kind: VisitKind = "call",
    ) -> None:
        """A call begins to wait in a queue, for one who has the skills. What it has waited before counts."""
        self._chronicle.record(
            VisitBegan(
                at=self._clock.now(),
                call=wish.call,
                visit=f"{wish.call}/{call.visits + 1}",
                queue=wish.queue,
                skills=skills,
                priority=wish.priority,
                attributes=dict(wish.attributes),
                seat=wish.seat,
                credit_ms=standing.credit_ms + call.waited_before_ms,
                tier=standing.tier,
                owner=standing.owner,
                visit_kind=kind,
            )
        )

    def visit_over(
        self,
        call: OpenCall,
        outcome: VisitOutcome,
        reason: str | None,
        at: int | None = None,
        seat: str | None = None,
    ) -> None:
        """The visit that a call is in, if any, is over."""
        visit = call.visit
        if visit is None:
            return
        at = max(visit.at, self._clock.now() if at is None else at)
        self._chronicle.record(
            VisitEnded(
                at=at,
                call=visit.call,
                visit=visit.visit,
                outcome=outcome,
                wait_ms=at - visit.at,
                seat=seat,
                reason=reason,
            )
        )

    def callback_asked(self, call: OpenCall, wish: CallbackWish) -> str:
        """A caller asks to be called; return the id of his request."""
        callback = f"{wish.call}/cb{call.callbacks + 1}"
        self._chronicle.record(
            CallbackAsked(
                at=self._clock.now(),
                call=wish.call,
                callback=callback,
                queue=wish.queue,
                number=wish.number,
                language=wish.language,
                skills=dict(wish.skills),
                priority=wish.priority,
                due=wish.due,
                visit=call.visit.visit if call.visit is not None else None,
                since=call.visit.at - call.waited_before_ms if call.visit is not None else None,
                dnis=call.began.dnis,
            )
        )
        return callback

    def offer_made(self, call: str, offer: Offer) -> None:
        """The distributor has joined a visit to a seat."""
        self._chronicle.record(
            OfferMade(
                at=self._clock.now(),
                call=call,
                visit=offer.visit,
                offer=offer.offer,
                seat=offer.seat,
                phone=offer.phone,
                why=offer.why,
                rings=dict(offer.rings) if len(offer.rings) > 1 else {},
            )
        )

    def offer_answered(self, made: OfferMade, over: Collection[str], at: int, seat: str) -> None:
        """A seat answered. ``over`` are the seats of a ring group that ring no more; the others fall silent now."""
        for other in made.rings:
            if other != seat and other not in over:
                self._ring_ended(made, other, "cancelled")
        self._offer_ended(made, seat, "answered", at=at)

    def offer_over(
        self,
        made: OfferMade,
        over: Collection[str],
        outcome: MissedOutcome,
        cause: int | None = None,
        tech_cause: str | None = None,
    ) -> None:
        """An offer came to nothing, at all its seats but those that are ``over`` already."""
        *others, last = [seat for seat in made.rings if seat not in over] or [made.seat]
        for seat in others:
            self._ring_ended(made, seat, outcome, cause, tech_cause)
        self._offer_ended(made, last, outcome, cause, tech_cause)

    def ring_over(
        self,
        made: OfferMade,
        over: Collection[str],
        seat: str,
        outcome: MissedOutcome,
        cause: int | None = None,
        tech_cause: str | None = None,
    ) -> None:
        """One phone of a ring group came to nothing; with the last of them the offer has."""
        if set(made.rings) - set(over) == {seat}:
            self._offer_ended(made, seat, outcome, cause, tech_cause)
        else:
            self._ring_ended(made, seat, outcome, cause, tech_cause)

    def _ring_ended(
        self,
        made: OfferMade,
        seat: str,
        outcome: MissedOutcome,
        cause: int | None = None,
        tech_cause: str | None = None,
    ) -> None:
        self._chronicle.record(
            RingEnded(
                at=self._clock.now(),
                call=made.call,
                visit=made.visit,
                offer=made.offer,
                ring=_ring(made, seat),
                seat=seat,
                outcome=outcome,
                cause=cause,
                tech_cause=tech_cause,
            )
        )

    def _offer_ended(
        self,
        made: OfferMade,
        seat: str,
        outcome: RingOutcome,
        cause: int | None = None,
        tech_cause: str | None = None,
        at: int | None = None,
    ) -> None:
        self._chronicle.record(
            OfferEnded(
                at=self._clock.now() if at is None else at,
                call=made.call,
                visit=made.visit,
                offer=made.offer,
                seat=seat,
                outcome=outcome,
                ring=_ring(made, seat),
                cause=cause,
                tech_cause=tech_cause,
            )
        )

    def talked(self, offer: OfferMade, seat: str, began: int, ended: int, ended_by: EndedBy) -> None:
        """A conversation with a seat is over."""
        self._chronicle.record(
            ConversationEnded(
                at=ended,
                call=offer.call,
                visit=offer.visit,
                offer=offer.offer,
                seat=seat,
                talk_ms=ended - began,
                ended_by=ended_by,
            )
        )

    def seat_changed(self, change: SeatChange) -> None:
        """A seat went from one state to another."""
        log.info("seat", seat=change.seat, change=f"{change.was} -> {change.event} -> {change.now}")
        self._chronicle.record(
            SeatChanged(
                at=self._clock.now(),
                seat=change.seat,
                phone=change.phone,
                was=change.was,
                event=change.event,
                now=change.now,
                reason=change.reason,
                offer=change.offer,
                until=change.until,
            )
        )

    def healed(self, what: HealingKind, subject: str, cause: str) -> None:
        """What the engine and Asterisk did not agree on was put right."""
        log.warning("healed", what=what, subject=subject, cause=cause)
        self._chronicle.record(Healed(at=self._clock.now(), what=what, subject=subject, cause=cause))

    def vanished(self, last: SeatChanged) -> None:
        """The site no longer has a seat, or its phone, that was signed in when the last engine ended."""
        self._chronicle.record(
            SeatChanged(
                at=self._clock.now(),
                seat=last.seat,
                phone=last.phone,
                was=last.now,
                event="vanish",
                now="signed-out",
            )
        )


def _ring(made: OfferMade, seat: str) -> str:
    seats = list(made.rings)
    return f"{made.offer}/{seats.index(seat) + 1 if seat in seats else 1}"
