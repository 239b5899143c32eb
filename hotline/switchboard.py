"""Joins the flows' door to the distributor: carries out its decisions, and records each before its effect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Literal

import structlog

from acd.distributor import Distributor
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
    Leave,
    Missed,
    MissedOutcome,
    NotReady,
    Offer,
    Ready,
    Ringing,
    SeatChange,
    SignIn,
    SignOut,
    Tick,
)
from acd.plan import own_skill
from hotline.chronicle import Chronicle
from hotline.clock import Clock
from hotline.customers import standing_of
from hotline.memory import Memory, call_of
from hotline.register import EndedBy, Register
from hotline.site import Site
from ivr.call import Rang, Ring
from ivr.door import CallbackAnswer, CallbackWish, QueueExit, Wish
from ivr.door import Leave as LeaveQueue
from ledger.events import (
    OfferMade,
    SeatChanged,
    SeatWished,
)

log = structlog.get_logger(__name__)

EXITS: Mapping[CloseReason, QueueExit] = {
    "full": "full",
    "no_agents": "no_agents",
    "timeout": "timeout",
    "long_wait": "long_wait",
    "queue-removed": "no_agents",
}


class QueueStay:
    """One session's part of a visit: instructions to it, news from it."""

    def __init__(self, board: Switchboard, call: str, visit: str) -> None:
        self.call = call
        self.visit = visit
        self.orders: asyncio.Queue[Ring | LeaveQueue] = asyncio.Queue()
        self._board = board

    async def next(self) -> Ring | LeaveQueue:
        """Wait for the next instruction. Cancelling loses none."""
        order = await self.orders.get()
        if isinstance(order, Ring):
            self._board.tell(Dialling(order.offer))
        return order

    def rang(self, rang: Rang) -> None:
        """Tell how the ring that `next` ordered ended."""
        self._board.rang(self.call, rang)

    def left(self) -> None:
        """Tell that this session no longer reaches the call, which keeps its place."""
        self._board.session_lost(self)

    def leave(self, reason: str) -> None:
        """Tell that the call goes elsewhere."""
        self._board.went_on(self.call, self.visit, reason)


class Switchboard:
    """The distributor's hands. One for the engine; everything here runs on the event loop, nothing waits.

    ``stop_ringing`` is called with the offer whose phone shall fall silent.
    """

    def __init__(
        self,
        site: Site,
        distributor: Distributor,
        chronicle: Chronicle,
        clock: Clock,
        stop_ringing: Callable[[str], None],
    ) -> None:
        self.distributor = distributor
        self._site = site
        self._chronicle = chronicle
        self._register = Register(chronicle, clock)
        self._clock = clock
        self._stop_ringing = stop_ringing
        self._stays: dict[str, QueueStay] = {}
        self._silenced: set[str] = (
            set()
        )  # offers whose ringing we have stopped, until their session tells its end
        self._given_up: dict[
            str, OfferMade
        ] = {}  # offers of which nothing was heard, until their call is over
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: int | None = None

    @property
    def memory(self) -> Memory:
        """The calls and seats that are live."""
        return self._chronicle.memory

    # --- from the flows

    def enter(self, wish: Wish) -> QueueStay:
        """Begin the call's visit in a queue, or go on with the one that it is in after a restart."""
        call = self.memory.calls[wish.call]
        returning = call.visit is not None and (call.visit.queue, call.visit.seat) == (wish.queue, wish.seat)
        if not returning:
            if call.visit is not None:  # he left it by a key of his, or an admin has moved the node meanwhile
                self._register.visit_over(call, "overflowed", "another-queue")
            skills = dict(wish.skills)
            for skill, level in self._site.settings.languages.get(wish.language, {}).items():
                skills[skill] = max(level, skills.get(skill, 0))
            self._register.visit_began(call, wish, skills)
        visit = call.visit
        if visit is None:
            raise AssertionError(f"visit of {wish.call} was not remembered")
        standing = standing_of(self._site.settings, call.began.ani, self.memory.served_last)
        stay = QueueStay(self, wish.call, visit.visit)
        self._stays[visit.visit] = stay
        if call.offer is not None:  # it rang when the session was lost, and that ring is over
            self.missed(wish.call, call.offer.offer, "cancelled")
        self.tell(
            Enter(
                visit.visit,
                visit.queue,
                visit.at,
                {**visit.skills, **({own_skill(visit.seat): 1} if visit.seat is not None else {})},
                visit.priority,
                offers=call.offers,
                returning=returning,
                credit_ms=standing.credit_ms,
                tier=standing.tier,
                owner=standing.owner,
            )
        )
        return stay

    def went_on(self, call_id: str, visit: str, reason: str) -> None:
        """A call that left a queue goes on elsewhere: it will not be back in its place."""
        call = self.memory.calls.get(call_id)
        if call is not None and call.visit is not None and call.visit.visit == visit:
            self._register.visit_over(call, "overflowed", reason)

    def call_back(self, wish: CallbackWish) -> CallbackAnswer:
        """Note that a caller wants to be called; his visit, if any, is over as called back."""
        if any((o.number, o.queue) == (wish.number, wish.queue) for o in self.memory.callbacks.values()):
            return "open-already"
        call = self.memory.calls[wish.call]
        visit = call.visit
        self._register.callback_asked(call, wish)
        if visit is not None:
            self._register.visit_over(call, "called-back", "asked")
        return "taken"

    def rang(self, call_id: str, rang: Rang) -> None:
        """Take in how a ring ended, as its session saw it."""
        if rang.outcome == "answered":
            now = self._clock.now()
            if not self._answered_after_all(call_id, rang):
                self.answered(call_id, rang.offer, rang.answered_at or now)
                self.talk_over(call_id, rang.offer, rang.ended_at or now, "seat")
        else:
            outcome: MissedOutcome = "cancelled" if rang.offer in self._silenced else rang.outcome
            self.missed(call_id, rang.offer, outcome, rang.cause, rang.tech_cause)

    def _answered_after_all(self, call_id: str, rang: Rang) -> bool:
        """Take in that an offer was answered that had been given up; return whether it was so.

        The visit was answered there, whatever the distributor has done with it since.
        """
        call = self.memory.calls.get(call_id)
        given_up = self._given_up.pop(rang.offer, None)
        if call is None or call.visit is None or given_up is None or given_up.visit != call.visit.visit:
            return False
        log.warning("an offer that was given up was answered after all", offer=rang.offer)
        visit, now = call.visit, self._clock.now()
        at = max(visit.at, rang.answered_at or now)
        ended = max(at, rang.ended_at or now)
        self.tell(Leave(visit.visit))
        if call.offer is not None:
            self.missed(call_id, call.offer.offer, "cancelled")
        self._stays.pop(visit.visit, None)
        self._register.visit_over(call, "answered", None, at, seat=given_up.seat)
        self._register.talked(given_up, at, ended, "seat")
        return True

    def session_lost(self, stay: QueueStay) -> None:
        """A session can no longer reach its call, which may be back in its old place, or its end be told."""
        if self._stays.get(stay.visit) is stay:
            self.tell(Leave(stay.visit))
            del self._stays[stay.visit]

    # --- from the telephone network

    def vanished(self, last: SeatChanged) -> None:
        """The site no longer has a seat, or its phone, that was signed in when the last engine ended."""
        self._register.vanished(last)

    def ringing(self, offer: str) -> None:
        """The phone of an offer rings."""
        self.tell(Ringing(offer))

    def answered(self, call_id: str, offer: str, at: int) -> None:
        """The seat answered, UTC ms. News of it may come twice."""
        now = self._pass_time()
        call = self.memory.calls.get(call_id)
        if call is None or call.offer is None or call.offer.offer != offer or call.answered is not None:
            return
        made, visit = call.offer, call.visit
        at = max(at, made.at)
        self._register.offer_answered(made, at)
        if visit is not None:
            self._register.visit_over(call, "answered", None, at, seat=made.seat)
            self._stays.pop(visit.visit, None)
        self._carry_out(self.distributor.handle(now, Answered(offer)))

    def talk_over(self, call_id: str, offer: str, at: int, ended_by: EndedBy) -> None:
        """A conversation is over, UTC ms. News of it may come twice."""
        call = self.memory.calls.get(call_id)
        if call is None or call.offer is None or call.offer.offer != offer or call.answered is None:
            return
        self._register.talked(call.offer, call.answered.at, max(at, call.answered.at), ended_by)
        self.tell(Ended(offer))

    def missed(
        self,
        call_id: str,
        offer: str,
        outcome: MissedOutcome,
        cause: int | None = None,
        tech_cause: str | None = None,
    ) -> None:
        """An offer came to nothing. News of it may come twice."""
        now = self._pass_time()
        call = self.memory.calls.get(call_id)
        if call is not None and call.offer is not None and call.offer.offer == offer:
            if call.answered is not None:
                return
            self._silenced.discard(offer)
            self._register.offer_over(call.offer, outcome, cause, tech_cause)
        self._carry_out(self.distributor.handle(now, Missed(offer, outcome)))

    def call_over(self, call_id: str, at: int, why_not: str | None = None) -> None:
        """A call is over, UTC ms, and with it whatever it was in: by the caller's doing, or for the reason given."""
        call = self.memory.calls[call_id]
        for offer in [o for o in self._given_up if call_of(o) == call_id]:
            del self._given_up[offer]
        if call.offer is not None and call.answered is not None:
            self.talk_over(call_id, call.offer.offer, at, "caller" if why_not is None else "unknown")
        if call.visit is not None:
            visit = call.visit.visit
            self.tell(Leave(visit))
            ringing = call.offer
            if ringing is not None:
                self.missed(call_id, ringing.offer, "cancelled")
            self._register.visit_over(call, "abandoned" if why_not is None else "other", why_not, at)
            self._stays.pop(visit, None)

    def called_back(self, call_id: str, at: int) -> None:
        """A caller who was in a queue left his number to be called back, UTC ms."""
        call = self.memory.calls.get(call_id)
        if call is not None and call.visit is not None:
            self.tell(Leave(call.visit.visit))
            self._register.visit_over(call, "called-back", "engine-away", at)

    # --- from the seats

    def ask(self, wish: SignIn | SignOut | Ready | NotReady) -> None:
        """Carry out what a person asks of a seat, at once or after the call. Raises `Refused`."""
        self.tell(wish)
        in_a_call = self.distributor.seats[wish.seat].offer is not None
        if in_a_call and not isinstance(wish, SignIn):
            kind: Literal["sign-out", "not-ready", "ready"] = "ready"
            if isinstance(wish, SignOut | NotReady):
                kind = "sign-out" if isinstance(wish, SignOut) else "not-ready"
            reason = wish.reason if isinstance(wish, NotReady) else None
            self._chronicle.record(SeatWished(at=self._clock.now(), seat=wish.seat, wish=kind, reason=reason))

    # --- the distributor

    def tell(self, event: Event) -> None:
        """Tell the distributor what happened, and carry out what it decides. Raises `Refused`."""
        self._carry_out(self.distributor.handle(self._clock.now(), event))

    def _carry_out(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            match decision:
                case SeatChange():
                    self._register.seat_changed(decision)
                case Offer():
                    self._offered(decision)
                case Cancel(offer, outcome):
                    self._silence(offer, outcome)
                case Close(visit, reason):
                    self._closed(visit, reason)
        self._set_timer()

    def _offered(self, offer: Offer) -> None:
        call = offer.visit.rpartition("/")[0]
        self._register.offer_made(call, offer)
        order = Ring(offer.offer, offer.seat, offer.phone, offer.ring_ms / 1000, self._shown(call))
        self._stays[offer.visit].orders.put_nowait(order)

    def _shown(self, call_id: str) -> str:
        """Return what the phone shows of a call that rings there: its queue, its language, how long it has waited."""
        call = self.memory.calls[call_id]
        if call.visit is None:
            return ""
        language = call.node.language if call.node is not None else call.began.language
        waited = (self._clock.now() - call.visit.at) // 1000
        return f"{call.visit.queue} {language} {waited // 60}:{waited % 60:02}"

    def _silence(self, offer: str, outcome: MissedOutcome) -> None:
        self._silenced.add(offer)
        self._stop_ringing(offer)
        call = self.memory.calls.get(call_of(offer))
        if outcome == "cancelled" or call is None or call.offer is None or call.answered is not None:
            return
        if call.offer.offer == offer:
            log.warning("offer given up: nothing was heard of it", offer=offer)
            self._given_up[offer] = call.offer
            self._silenced.discard(offer)
            self._register.offer_over(call.offer, outcome)

    def _closed(self, visit_id: str, reason: CloseReason) -> None:
        call = self.memory.calls.get(visit_id.rpartition("/")[0])
        if call is None or call.visit is None or call.visit.visit != visit_id:
            return
        self._register.visit_over(call, "overflowed", reason)
        stay = self._stays.pop(visit_id, None)
        if stay is not None:
            stay.orders.put_nowait(LeaveQueue(EXITS[reason]))

    # --- time

    def _set_timer(self) -> None:
        due = self.distributor.due()
        if due == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at = due
        if due is not None:
            delay = max(0, due - self._clock.now()) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _pass_time(self) -> int:
        """Carry out what is due by now, so that what is recorded next is recorded after it; return now, UTC ms."""
        now = self._clock.now()
        self._carry_out(self.distributor.handle(now, Tick()))
        return now

    def _tick(self) -> None:
        self._timer = self._timer_at = None
        self.tell(Tick())

    def close(self) -> None:
        """Stop the timer. Nothing is told to anybody."""
        if self._timer is not None:
            self._timer.cancel()
