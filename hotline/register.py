"""What happens in queues and at seats, as events: each is recorded before its effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import structlog

from acd.messages import MissedOutcome, Offer, SeatChange
from hotline.chronicle import Chronicle
from hotline.clock import Clock
from hotline.memory import OpenCall
from ivr.door import CallbackWish, Wish
from ledger.events import (
    CallbackAsked,
    ConversationEnded,
    OfferEnded,
    OfferMade,
    SeatChanged,
    VisitBegan,
    VisitEnded,
    VisitOutcome,
)

log = structlog.get_logger(__name__)

EndedBy: TypeAlias = Literal["caller", "seat", "unknown"]


class Register:
    """Writes down visits, offers, conversations and seats. Times are UTC ms; where none is given it is now."""

    def __init__(self, chronicle: Chronicle, clock: Clock) -> None:
        self._chronicle = chronicle
        self._clock = clock

    def visit_began(self, call: OpenCall, wish: Wish, skills: Mapping[str, int]) -> None:
        """A call begins to wait in a queue, for one who has the skills."""
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

    def callback_asked(self, call: OpenCall, wish: CallbackWish) -> None:
        """A caller asks to be called."""
        self._chronicle.record(
            CallbackAsked(
                at=self._clock.now(),
                call=wish.call,
                callback=f"{wish.call}/cb{call.callbacks + 1}",
                queue=wish.queue,
                number=wish.number,
                language=wish.language,
                skills=dict(wish.skills),
                priority=wish.priority,
                due=wish.due,
                visit=call.visit.visit if call.visit is not None else None,
            )
        )

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
            )
        )

    def offer_answered(self, made: OfferMade, at: int) -> None:
        """The seat answered."""
        self._chronicle.record(
            OfferEnded(
                at=at,
                call=made.call,
                visit=made.visit,
                offer=made.offer,
                seat=made.seat,
                outcome="answered",
            )
        )

    def offer_over(
        self,
        made: OfferMade,
        outcome: MissedOutcome,
        cause: int | None = None,
        tech_cause: str | None = None,
    ) -> None:
        """An offer came to nothing."""
        self._chronicle.record(
            OfferEnded(
                at=self._clock.now(),
                call=made.call,
                visit=made.visit,
                offer=made.offer,
                seat=made.seat,
                outcome=outcome,
                cause=cause,
                tech_cause=tech_cause,
            )
        )

    def talked(self, offer: OfferMade, began: int, ended: int, ended_by: EndedBy) -> None:
        """A conversation is over."""
        self._chronicle.record(
            ConversationEnded(
                at=ended,
                call=offer.call,
                visit=offer.visit,
                offer=offer.offer,
                seat=offer.seat,
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
