"""Offers under way, as the house has them: they ring, are answered, missed or given up, and talked through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import structlog

from acd.messages import (
    Answered,
    CallbackFailed,
    Cancel,
    Dialling,
    Ended,
    Event,
    Leave,
    Missed,
    MissedOutcome,
    Ringing,
)
from acd.messages import Offer as Decided
from hotline.chronicle import Chronicle
from hotline.clock import Clock
from hotline.memory import Memory, OpenCall, call_of
from hotline.register import EndedBy, Register
from ivr.call import Rang, Ring
from ledger.events import OfferMade

log = structlog.get_logger(__name__)


class Stays(Protocol):
    """The sessions that wait in queues, by visit."""

    def order(self, visit: str, ring: Ring) -> None:
        """Have a session ring."""

    def withdraw(self, offer: str, seat: str | None) -> bool:
        """Take back the order to ring for an offer, or one seat of a group; False where its session has begun."""

    def forget(self, visit: str) -> None:
        """Let go of a session whose visit is over."""


class Offers:
    """What becomes of offers. News of the same may come twice and by several ways: each is taken in once.

    ``tell`` tells the distributor; ``pass_time`` lets it do what is due, and returns now. ``stop_ringing`` is called
    with an offer whose phones, or whose one phone, shall fall silent. ``call_back`` rings the customer of a call-back
    for whom a seat was reserved; ``whisper`` returns what an agent hears of a queue's call in a language.
    """

    def __init__(
        self,
        chronicle: Chronicle,
        register: Register,
        clock: Clock,
        stays: Stays,
        tell: Callable[[Event], None],
        pass_time: Callable[[], int],
        stop_ringing: Callable[[str, str | None], None],
    ) -> None:
        self.call_back: Callable[[Decided], None] = lambda _offer: None
        self.whisper: Callable[[str, str], Path | None] = lambda _queue, _language: None
        self._chronicle = chronicle
        self._register = register
        self._clock = clock
        self._stays = stays
        self._tell = tell
        self._pass_time = pass_time
        self._stop_ringing = stop_ringing
        # Offers, or rings of a group, that we have stopped, until their end is told.
        self._silenced: set[tuple[str, str | None]] = set()
        self._given_up: dict[str, OfferMade] = {}  # nothing was heard of them; until their call is over

    @property
    def _memory(self) -> Memory:
        return self._chronicle.memory

    # --- what the distributor decides

    def made(self, offer: Decided) -> None:
        """Ring the phones of an offer, or first the customer of a call-back."""
        call = call_of(offer.offer)
        self._register.offer_made(call, offer)
        rings = offer.rings if len(offer.rings) > 1 else ()
        ring = Ring(offer.offer, offer.seat, offer.phone, offer.ring_ms / 1000, *self._told(call), rings)
        self._stays.order(offer.visit, ring)
        if offer.callback:
            self.call_back(offer)

    def cancel(self, cancel: Cancel) -> None:
        """Let phones fall silent: of an offer that is over, or given up; or one of a group."""
        offer, seat = cancel.offer, cancel.seat
        if self._stays.withdraw(offer, seat) and cancel.outcome == "cancelled":
            self._not_begun(offer, seat)
            return
        self._silenced.add((offer, seat))
        call = self._memory.calls.get(call_of(offer))
        made = call.offer if call is not None and call.offer is not None else None
        if made is None or made.offer != offer:
            made = None
        phone = made.rings.get(seat) if made is not None and seat is not None else None
        self._stop_ringing(offer, phone)
        if cancel.outcome == "cancelled" or made is None or call is None or call.answered is not None:
            return
        self._register.healed("offer-past-deadline", offer, "nothing was heard of it")
        self._given_up[offer] = made
        self._silenced.discard((offer, None))
        self._register.offer_over(made, call.rings_over, cancel.outcome)

    def _not_begun(self, offer: str, seat: str | None) -> None:
        """No phone has rung, and none will: nobody else tells the end."""
        if seat is None:
            self.missed(call_of(offer), offer, "cancelled")
        else:
            self.ring_over(call_of(offer), offer, seat, "cancelled")

    # --- what the caller's session tells

    def dialling(self, offer: str) -> None:
        """The caller's session rings the phones: it will tell the end."""
        self._tell(Dialling(offer))

    def rang(self, call_id: str, rang: Rang) -> None:
        """Take in how a ring ended, as its session saw it."""
        for seat in rang.unreachable:
            self.ring_over(call_id, rang.offer, seat, "unreachable")
        if rang.outcome == "answered":
            now = self._clock.now()
            if not self._answered_after_all(call_id, rang):
                self.answered(call_id, rang.offer, rang.answered_at or now, rang.seat)
                self.talk_over(call_id, rang.offer, rang.ended_at or now, "seat")
        else:
            silenced = (rang.offer, None) in self._silenced
            outcome: MissedOutcome = "cancelled" if silenced else rang.outcome
            self.missed(call_id, rang.offer, outcome, rang.cause, rang.tech_cause)

    # --- what Asterisk tells

    def ringing(self, offer: str, seat: str | None = None) -> None:
        """A phone of an offer rings."""
        self._tell(Ringing(offer, seat))

    def answered(self, call_id: str, offer: str, at: int, seat: str | None = None) -> None:
        """A seat answered, UTC ms; where none is named, the one that alone rang."""
        self._pass_time()
        call = self._live(call_id, offer)
        if call is not None:
            self.finish(call)
        if call is None or call.offer is None or call.answered is not None:
            return
        made, visit = call.offer, call.visit
        winner = seat if seat is not None and seat in made.rings else made.seat
        at = max(at, made.at)
        self._register.offer_answered(made, call.rings_over, at, winner)
        if visit is not None:
            self._register.visit_over(call, "answered", None, at, seat=winner)
            self._stays.forget(visit.visit)
        self._tell(Answered(offer, winner))

    def finish(self, call: OpenCall) -> None:
        """End a visit with its offer's answer, where the last engine was killed between the two."""
        if call.taken is not None and call.visit is not None:
            self._register.visit_over(call, "answered", None, call.taken.at, seat=call.taken.seat)

    def talk_over(self, call_id: str, offer: str, at: int, ended_by: EndedBy) -> None:
        """A conversation is over, UTC ms."""
        call = self._live(call_id, offer)
        if call is None or call.offer is None or call.answered is None:
            return
        winner = call.answered.seat or call.offer.seat
        self._register.talked(call.offer, winner, call.answered.at, max(at, call.answered.at), ended_by)
        self._tell(Ended(offer))

    def missed(
        self,
        call_id: str,
        offer: str,
        outcome: MissedOutcome,
        cause: int | None = None,
        tech_cause: str | None = None,
    ) -> None:
        """An offer came to nothing."""
        self._pass_time()
        call = self._live(call_id, offer)
        if call is not None and call.offer is not None:
            if call.answered is not None:
                return
            self._silenced.discard((offer, None))
            self._register.offer_over(call.offer, call.rings_over, outcome, cause, tech_cause)
        self._tell(Missed(offer, outcome))

    def ring_over(
        self,
        call_id: str,
        offer: str,
        seat: str,
        outcome: MissedOutcome,
        cause: int | None = None,
        tech_cause: str | None = None,
    ) -> None:
        """One phone of a ring group no longer rings. The last one's end is the offer's."""
        self._pass_time()
        call = self._live(call_id, offer)
        if call is None or call.offer is None:
            return
        made = call.offer
        by_us = (offer, seat) in self._silenced or (offer, None) in self._silenced
        self._silenced.discard((offer, seat))
        if call.answered is not None:
            self._tell(Missed(offer, "cancelled", seat))
            return
        if seat not in made.rings or seat in call.rings_over:
            return
        outcome = "cancelled" if by_us else outcome
        self._register.ring_over(made, call.rings_over, seat, outcome, cause, tech_cause)
        self._tell(Missed(offer, outcome, seat))

    def was_silenced(self, offer: str, seat: str) -> bool:
        """Tell whether we ourselves had one phone of a group fall silent."""
        return (offer, seat) in self._silenced

    # --- ends

    def customer_missed(self, call_id: str, until: int) -> None:
        """Free the seat that waited for the customer of a call-back; that is put aside until then, UTC ms."""
        call = self._memory.calls[call_id]
        made = call.offer
        if made is not None and call.answered is None:
            self._register.offer_over(made, call.rings_over, "cancelled")
            self._stays.withdraw(made.offer, None)
        if call.visit is not None:
            self._tell(CallbackFailed(call.visit.visit, until))

    def call_over(self, call_id: str) -> None:
        """Forget what was given up of a call that is over."""
        for offer in [offer for offer in self._given_up if call_of(offer) == call_id]:
            del self._given_up[offer]
        self._silenced = {one for one in self._silenced if call_of(one[0]) != call_id}

    def _answered_after_all(self, call_id: str, rang: Rang) -> bool:
        """Take in that an offer was answered that had been given up; return whether it was so.

        The visit was answered there, whatever the distributor has done with it since.
        """
        call = self._memory.calls.get(call_id)
        given_up = self._given_up.pop(rang.offer, None)
        if call is None or call.visit is None or given_up is None or given_up.visit != call.visit.visit:
            return False
        log.warning("an offer that was given up was answered after all", offer=rang.offer)
        visit, now = call.visit, self._clock.now()
        at = max(visit.at, rang.answered_at or now)
        ended = max(at, rang.ended_at or now)
        seat = rang.seat or given_up.seat
        self._tell(Leave(visit.visit))
        if call.offer is not None:
            self.missed(call_id, call.offer.offer, "cancelled")
        self._stays.forget(visit.visit)
        self._register.visit_over(call, "answered", None, at, seat=seat)
        self._register.talked(given_up, seat, at, ended, "seat")
        return True

    def _live(self, call_id: str, offer: str) -> OpenCall | None:
        """Return the call if this offer is the one that it has now."""
        call = self._memory.calls.get(call_id)
        return call if call is not None and call.offer is not None and call.offer.offer == offer else None

    def _told(self, call_id: str) -> tuple[str, Path | None]:
        """Return what an agent is told of a call: on his phone its queue, language and wait; and what he hears."""
        call = self._memory.calls[call_id]
        if call.visit is None:
            return "", None
        queue = call.visit.queue
        language = call.node.language if call.node is not None else call.began.language
        waited = (self._clock.now() - call.visit.at + call.waited_before_ms) // 1000
        return f"{queue} {language} {waited // 60}:{waited % 60:02}", self.whisper(queue, language)


def seat_at(rings: Mapping[str, str], phone: str) -> str | None:
    """Return the seat of a ring group that sits at a phone."""
    return next((seat for seat, at in rings.items() if at == phone), None)
