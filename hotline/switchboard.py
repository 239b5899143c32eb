"""Joins the flows' door to the distributor: carries out its decisions, and records each before its effect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import structlog

from acd.distributor import Distributor
from acd.messages import (
    Cancel,
    Close,
    CloseReason,
    Decision,
    Enter,
    Event,
    ExtendWrapUp,
    Leave,
    NotReady,
    Offer,
    Ready,
    Refused,
    SeatChange,
    SignIn,
    SignOut,
    Tick,
)
from acd.plan import own_skill
from hotline.chronicle import Chronicle
from hotline.clock import Clock
from hotline.customers import standing_of
from hotline.memory import Memory, OpenCall
from hotline.offers import Offers
from hotline.register import EndedBy, Register
from hotline.site import Site
from ivr.call import Rang, Ring
from ivr.door import CallbackAnswer, CallbackWish, Place, QueueExit, Wish
from ivr.door import Leave as LeaveQueue
from ledger.events import CallEnded, CallOutcome, SeatChanged, SeatWished, VisitBegan, VisitKind, WaitTold

log = structlog.get_logger(__name__)

EXITS: Mapping[CloseReason, QueueExit] = {
    "full": "full",
    "no_agents": "no_agents",
    "closed": "closed",
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
            self._board.offers.dialling(order.offer)
        return order

    def withdraw(self, offer: str, seat: str | None) -> bool:
        """Take back an order to ring, or one seat of its group; False where `next` has given it away."""
        taken = False
        for order in [self.orders.get_nowait() for _ in range(self.orders.qsize())]:
            if not isinstance(order, Ring) or order.offer != offer:
                self.orders.put_nowait(order)
                continue
            taken = True
            if seat is not None:
                left = tuple(ring for ring in order.rings if ring[0] != seat)
                self.orders.put_nowait(replace(order, seat=left[0][0], phone=left[0][1], rings=left))
        return taken

    def place(self) -> Place | None:
        """Return the caller's place, and how long he may yet wait; None while he is being offered."""
        return self._board.place(self.visit)

    def told(self, place: Place) -> None:
        """Tell that the caller has been told his place."""
        self._board.told(self.call, self.visit, place)

    def rang(self, rang: Rang) -> None:
        """Tell how the ring that `next` ordered ended."""
        self._board.offers.rang(self.call, rang)

    def left(self) -> None:
        """Tell that this session no longer reaches the call, which keeps its place."""
        self._board.session_lost(self)

    def leave(self, reason: str) -> None:
        """Tell that the call goes elsewhere."""
        self._board.went_on(self.call, self.visit, reason)


@dataclass(frozen=True, slots=True)
class Stays:
    """The sessions that wait in queues, by visit."""

    by_visit: dict[str, QueueStay]

    def order(self, visit: str, ring: Ring) -> None:
        """Have a session ring."""
        self.by_visit[visit].orders.put_nowait(ring)

    def withdraw(self, offer: str, seat: str | None) -> bool:
        """Take back the order to ring for an offer, or one seat of a group; False where its session has begun."""
        stay = self.by_visit.get(offer.rpartition("/")[0])
        return stay is not None and stay.withdraw(offer, seat)

    def forget(self, visit: str) -> None:
        """Let go of a session whose visit is over."""
        self.by_visit.pop(visit, None)


class Switchboard:
    """The distributor's hands. One for the engine; everything here runs on the event loop, nothing waits.

    ``stop_ringing`` is called with the offer whose phone shall fall silent, and which phone if not all.
    """

    def __init__(
        self,
        site: Site,
        distributor: Distributor,
        chronicle: Chronicle,
        clock: Clock,
        stop_ringing: Callable[[str, str | None], None],
    ) -> None:
        self.distributor = distributor
        self.register = Register(chronicle, clock)
        self._site = site
        self._chronicle = chronicle
        self._clock = clock
        self._stays = Stays({})
        self.offers = Offers(
            chronicle, self.register, clock, self._stays, self.tell, self._pass_time, stop_ringing
        )
        self.callback_asked: Callable[[str], None] = lambda _callback: None
        self.callback_closed: Callable[[str, str], None] = lambda _call, _why: None
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
        returning = (
            call.visit is not None
            and wish.queue in (call.visit.queue, call.moved_from)
            and call.visit.seat == wish.seat
        )
        if not returning:
            if call.visit is not None:  # he left it by a key of his, or an admin has moved the node meanwhile
                self.register.visit_over(call, "overflowed", "another-queue")
            self._begin(call, wish)
        return self.take_up(call, returning=returning)

    def take_up(self, call: OpenCall, *, returning: bool, aside_until: int | None = None) -> QueueStay:
        """Let a session have the visit that its call is in, and the distributor know of it."""
        visit = call.visit
        if visit is None:
            raise AssertionError(f"visit of {call.began.call} was not remembered")
        stay = self._stays.by_visit[visit.visit] = QueueStay(self, call.began.call, visit.visit)
        if call.offer is not None:  # it rang when the session was lost, and that ring is over
            self.offers.missed(call.began.call, call.offer.offer, "cancelled")
        self.admit(call, visit, returning=returning, aside_until=aside_until)
        return stay

    def stay_of(self, visit: str) -> QueueStay | None:
        """Return the session's part of a visit, if it has one."""
        return self._stays.by_visit.get(visit)

    def admit(
        self, call: OpenCall, visit: VisitBegan, *, returning: bool, aside_until: int | None = None
    ) -> None:
        """Tell the distributor of a visit. Its queue may be gone from the site, since the call's flow was read."""
        if visit.queue not in self._site.settings.queues:
            self._closed(visit.visit, "queue-removed")
            return
        own = {own_skill(visit.seat): 1} if visit.seat is not None else {}
        self.tell(
            Enter(
                visit.visit,
                visit.queue,
                visit.at,
                {**visit.skills, **own},
                visit.priority,
                offers=call.offers,
                returning=returning,
                credit_ms=visit.credit_ms,
                tier=visit.tier,
                owner=visit.owner,
                kind=visit.visit_kind,
                aside_until=aside_until,
            )
        )

    def _begin(self, call: OpenCall, wish: Wish, kind: VisitKind = "call", waited_ms: int = 0) -> None:
        settings = self._site.settings
        skills = dict(wish.skills)
        for skill, level in settings.languages.get(wish.language, {}).items():
            skills[skill] = max(level, skills.get(skill, 0))
        entry = settings.numbers.get(call.began.dnis)
        standing = standing_of(
            settings,
            call.began.ani,
            self.memory.served_last,
            tiers=(wish.tier, entry.tier if entry is not None else None),
            owner=wish.owner,
        )
        standing = replace(standing, credit_ms=standing.credit_ms + waited_ms)
        self.register.visit_began(call, wish, skills, standing, kind)

    def begin_callback(self, wish: Wish, *, waited_ms: int) -> OpenCall:
        """Begin the visit of a call-back: it waits as its customer would, who has waited so long already."""
        call = self.memory.calls[wish.call]
        self._begin(call, wish, "callback", waited_ms)
        return call

    def callback_over(self, call_id: str, at: int, why_not: str | None) -> None:
        """The call by which a request was to be met is over, UTC ms: it was (None), or for this reason was not."""
        self.call_over(call_id, at, why_not)
        outcome: CallOutcome = "flow-ended" if why_not is None else "not-reached"
        self._chronicle.record(CallEnded(at=at, call=call_id, outcome=outcome, detail=why_not))

    def move(self, call_id: str, queue: str) -> None:
        """Let a waiting call wait in another queue, with what it has waited. Raises `Refused`."""
        call = self.memory.calls.get(call_id)
        if call is None or call.visit is None or call.visit.visit_kind == "callback":
            raise Refused(f"no call {call_id!r} waits in a queue; see: hotline calls")
        if call.offer is not None:
            raise Refused(f"{call_id} is ringing at {call.offer.seat} just now; try again in a moment")
        if queue == call.visit.queue:
            raise Refused(f"{call_id} waits in {queue} already")
        old = call.visit
        stay = self._stays.by_visit.pop(old.visit, None)
        self.tell(Leave(old.visit))
        self.register.visit_over(call, "overflowed", "moved")
        language = call.node.language if call.node is not None else call.began.language
        self._begin(call, Wish(call_id, queue, {}, old.priority, language, attributes=old.attributes))
        if call.visit is None:
            raise AssertionError(f"visit of {call_id} was not remembered")
        if stay is not None:
            stay.visit = call.visit.visit
            self._stays.by_visit[stay.visit] = stay
            self.admit(call, call.visit, returning=False)

    def went_on(self, call_id: str, visit: str, reason: str) -> None:
        """A call that left a queue goes on elsewhere: it will not be back in its place."""
        call = self.memory.calls.get(call_id)
        if call is not None and call.visit is not None and call.visit.visit == visit:
            self.register.visit_over(call, "overflowed", reason)

    def call_back(self, wish: CallbackWish) -> CallbackAnswer:
        """Note that a caller wants to be called; his visit, if any, is over as called back."""
        call = self.memory.calls[wish.call]
        visit = call.visit
        for one in self.memory.callbacks.values():
            if (one.number, one.queue) == (wish.number, wish.queue):
                if visit is None or one.visit != visit.visit:
                    return "open-already"
                self.register.visit_over(call, "called-back", "asked")  # the engine was killed in between
                return "taken"
        callback = self.register.callback_asked(call, wish)
        if visit is not None:
            self.register.visit_over(call, "called-back", "asked")
        self.callback_asked(callback)
        return "taken"

    def session_lost(self, stay: QueueStay) -> None:
        """A session can no longer reach its call, which may be back in its old place, or its end be told."""
        if self._stays.by_visit.get(stay.visit) is stay:
            self.tell(Leave(stay.visit))
            self._stays.forget(stay.visit)

    def place(self, visit: str) -> Place | None:
        """Return a waiting caller's place; with a range of waits, ms, where estimates of his queue have proved good."""
        position = self.distributor.position(visit)
        if position is None:
            return None
        waiting = self.distributor.visits[visit]
        accuracy = self.distributor.accuracy.get(waiting.queue.name)
        estimate = self.distributor.estimate(visit)
        if accuracy is None or not accuracy.announceable or estimate is None:
            return Place(position)
        return Place(position, round(estimate.low), round(estimate.high))

    def told(self, call: str, visit: str, place: Place) -> None:
        """A caller has been told his place."""
        self._chronicle.record(
            WaitTold(
                at=self._clock.now(),
                call=call,
                visit=visit,
                position=place.position,
                low_ms=place.low_ms,
                high_ms=place.high_ms,
            )
        )

    # --- from the telephone network

    def vanished(self, last: SeatChanged) -> None:
        """The site no longer has a seat, or its phone, that was signed in when the last engine ended."""
        self.register.vanished(last)

    def call_over(self, call_id: str, at: int, why_not: str | None = None) -> None:
        """A call is over, UTC ms, and with it whatever it was in: by the caller's doing, or for the reason given."""
        call = self.memory.calls[call_id]
        self.offers.finish(call)
        if call.offer is not None and call.answered is not None:
            ended_by: EndedBy = "caller" if why_not is None else "unknown"
            self.offers.talk_over(call_id, call.offer.offer, at, ended_by)
        if call.visit is not None:
            visit = call.visit.visit
            self.tell(Leave(visit))
            ringing = call.offer
            if ringing is not None:
                self.offers.missed(call_id, ringing.offer, "cancelled")
            self.register.visit_over(call, "abandoned" if why_not is None else "other", why_not, at)
            self._stays.forget(visit)
        self.offers.call_over(call_id)

    def called_back(self, call_id: str, at: int) -> None:
        """A caller who was in a queue left his number to be called back, UTC ms."""
        call = self.memory.calls.get(call_id)
        if call is not None and call.visit is not None:
            self.tell(Leave(call.visit.visit))
            self.register.visit_over(call, "called-back", "engine-away", at)

    # --- from the seats

    def ask(self, wish: SignIn | SignOut | Ready | NotReady | ExtendWrapUp) -> None:
        """Carry out what a person asks of a seat, at once or after the call. Raises `Refused`."""
        self.tell(wish)
        if self.distributor.seats[wish.seat].offer is None:
            return
        at = self._clock.now()
        match wish:
            case SignOut():
                self._chronicle.record(SeatWished(at=at, seat=wish.seat, wish="sign-out"))
            case NotReady():
                self._chronicle.record(
                    SeatWished(at=at, seat=wish.seat, wish="not-ready", reason=wish.reason)
                )
            case Ready():
                self._chronicle.record(SeatWished(at=at, seat=wish.seat, wish="ready"))
            case _:
                pass

    # --- the distributor

    def tell(self, event: Event) -> None:
        """Tell the distributor what happened, and carry out what it decides. Raises `Refused`."""
        self._carry_out(self.distributor.handle(self._clock.now(), event))

    def _carry_out(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            match decision:
                case SeatChange():
                    self.register.seat_changed(decision)
                case Offer():
                    self.offers.made(decision)
                case Cancel():
                    self.offers.cancel(decision)
                case Close(visit, reason):
                    self._closed(visit, reason)
        self._set_timer()

    def _closed(self, visit_id: str, reason: CloseReason) -> None:
        call = self.memory.calls.get(visit_id.rpartition("/")[0])
        if call is None or call.visit is None or call.visit.visit != visit_id:
            return
        if call.visit.visit_kind == "callback":  # its request is closed first, and it with that
            self.callback_closed(call.began.call, reason)
            return
        self.register.visit_over(call, "overflowed", reason)
        stay = self._stays.by_visit.pop(visit_id, None)
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
