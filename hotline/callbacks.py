"""Call-backs: each waits in its queue as its customer would; when a seat is reserved for it, the customer is rung."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from acd.ami import AmiError
from acd.messages import Dialling, Offer
from acd.messages import Leave as LeaveQueue
from hotline.chronicle import Chronicle
from hotline.clock import Clock
from hotline.memory import Memory, OpenCall, call_of, call_of_callback, callback_of_call
from hotline.site import Site
from hotline.switchboard import QueueStay, Switchboard
from ivr.agi.legs import LegEnd, classify
from ivr.call import RingOutcome, Sound
from ivr.door import Wish
from ivr.house import Numbers
from ledger.events import CallbackAsked, CallbackEnded, CallbackOutcome, CallbackTried, CallBegan, Event

log = structlog.get_logger(__name__)

PATIENCE_S = 10.0  # after its ringing time a call out of which nothing was heard has come to nothing


class Line(Protocol):
    """The way out, by AMI."""

    async def call_out(self, offer: str, call: str, number: str, shown: str, seconds: float) -> str:
        """Begin to ring a customer; return the action's id. Raises `AmiError`."""

    def hang_up(self, call: str) -> None:
        """Let go of the customer's channel."""


class Callbacks:
    """Every open request to be called, from its beginning or the engine's to its end.

    While the site has no outbound trunk, or says so, requests are only kept for people to call. ``greeting`` returns
    what a customer hears, in his language.
    """

    def __init__(
        self,
        site: Site,
        switchboard: Switchboard,
        chronicle: Chronicle,
        clock: Clock,
        numbers: Numbers,
        line: Line,
        greeting: Callable[[str], list[Sound]],
    ) -> None:
        self.greeting = greeting
        self._site = site
        self._switchboard = switchboard
        self._chronicle = chronicle
        self._clock = clock
        self._numbers = numbers
        self._line = line
        self._timers: dict[str, asyncio.TimerHandle] = {}  # by call-back
        self._dialled: set[str] = set()  # calls whose customer is being rung
        self._actions: dict[str, str] = {}  # AMI's ids of these, and their calls
        self._ends: dict[str, LegEnd] = {}  # how a customer's channel ended, by call
        self._reached: set[str] = set()  # calls whose customer is on the line
        self._errands: set[asyncio.Task[None]] = set()

    @property
    def _memory(self) -> Memory:
        return self._chronicle.memory

    @property
    def automatic(self) -> bool:
        """Whether the hotline itself calls."""
        settings = self._site.settings
        return settings.callbacks.automatic and settings.outbound.trunk is not None

    # --- their way

    def asked(self, callback: str) -> None:
        """Take up a request: now, or when its time comes."""
        request = self._memory.callbacks.get(callback)
        if request is None or not self.automatic:
            return
        begins = self._next_window(max(request.due or 0, self._clock.now()))
        if begins <= self._clock.now():
            self._begin(request)
        else:
            self._at(callback, begins, lambda: self.asked(callback))

    def restore(self, on_the_line: Collection[str]) -> None:
        """Take up what an earlier engine knew of. Customers who are on the line come back by themselves."""
        for callback in list(self._memory.callbacks):
            call = self._memory.calls.get(call_of_callback(callback))
            if call is None:
                self.asked(callback)
            elif call.began.call in on_the_line:
                continue
            elif call.visit is None:  # he was talked with while no engine was there
                self._close(call.began.call, "answered")
            else:
                tried = self._memory.tried.get(callback)
                self._switchboard.take_up(
                    call, returning=True, aside_until=tried.again if tried is not None else None
                )

    def heard(self, event: Event) -> None:
        """Notice a request that a person closes."""
        if isinstance(event, CallbackEnded) and event.by:
            call = self._memory.calls.get(call_of_callback(event.callback))
            if call is not None:
                self._over(call, event.outcome)
            self._forget(event.callback)

    def _begin(self, request: CallbackAsked) -> None:
        now, asking = self._clock.now(), self._memory.calls.get(request.call)
        call = call_of_callback(request.callback)
        self._chronicle.record(
            CallBegan(
                at=now,
                call=call,
                ani=request.number,
                dnis=asking.began.dnis if asking is not None else request.dnis,
                trunk=self._site.settings.outbound.trunk or "",
                flow="",
                flow_version="",
                language=request.language,
                call_kind="callback",
            )
        )
        since = request.due or request.since or request.at
        wish = Wish(call, request.queue, dict(request.skills), request.priority, request.language)
        begun = self._switchboard.begin_callback(wish, waited_ms=max(0, now - since))
        self._switchboard.take_up(begun, returning=False)

    # --- one attempt

    def dial(self, offer: Offer) -> None:
        """Ring the customer for whom a seat has been reserved; not after hours, nor where it is not allowed."""
        call = call_of(offer.offer)
        if call in self._reached:
            return  # he is on the line already, and the seat's phone rings
        request = self._memory.callbacks.get(callback_of_call(call))
        now = self._clock.now()
        if request is None:
            return
        begins = self._next_window(now)
        if begins > now:
            self._switchboard.offers.customer_missed(call, offer.visit, begins)
            return
        if self._numbers.refuses(request.number) is not None:
            self._not_reached(call, "refused")
            return
        self._numbers.called(request.number)
        self._switchboard.tell(Dialling(offer.offer))
        self._dialled.add(call)
        self._ends.pop(call, None)
        ring_s = self._site.settings.callbacks.ring / 1000
        self._at(
            request.callback,
            now + round(1000 * (ring_s + PATIENCE_S)),
            lambda: self._not_reached(call, "no-answer"),
        )
        self._do(self._ring(request, offer.offer, call, ring_s))

    async def _ring(self, request: CallbackAsked, offer: str, call: str, ring_s: float) -> None:
        shown = self._memory.calls[call].began.dnis
        try:
            action = await self._line.call_out(offer, call, request.number, shown, ring_s)
        except AmiError as error:
            log.warning("a call-back was not dialled", call=call, reason=str(error))
            self._not_reached(call, "unreachable")
        else:
            self._actions[action] = call

    def reached(self, call: str) -> QueueStay | None:
        """The customer is on the line; return the stay that his session shall lead. None: nobody waits for him."""
        known = self._memory.calls.get(call)
        self._dialled.discard(call)
        self._forget_timer(callback_of_call(call))
        if known is None or known.visit is None:
            return None
        self._reached.add(call)
        stay = self._switchboard.stay_of(known.visit.visit)
        return stay if stay is not None else self._switchboard.take_up(known, returning=True)

    def originated(self, action: str, success: bool) -> None:
        """Asterisk has an answer to an `Originate`: the customer took the call, or the attempt is over."""
        call = self._actions.pop(action, None)
        if call is None or success or call not in self._dialled:
            return
        end = self._ends.pop(call, None)
        outcome = classify("NOANSWER", end) if end is not None else "unreachable"
        self._not_reached(call, "no-answer" if outcome == "cancelled" else outcome)

    def hung_up(self, call: str, end: LegEnd | None) -> None:
        """The customer's channel is gone. News of it may come twice."""
        known = self._memory.calls.get(call)
        if known is None:
            return
        if known.visit is None:  # he has talked with an agent
            if known.offer is not None and known.answered is not None:
                self._switchboard.offers.talk_over(call, known.offer.offer, self._clock.now(), "caller")
            self._close(call, "answered")
        elif call in self._reached:
            self._reached.discard(call)
            stay = self._switchboard.stay_of(known.visit.visit)
            if stay is not None:
                stay.left()
            self._tried(known, "cancelled")
        elif call in self._dialled:
            if end is not None:
                self._ends[call] = end
        elif self._switchboard.stay_of(known.visit.visit) is None:  # an earlier engine rang him
            self._tried(known, "no-answer")

    def _not_reached(self, call: str, outcome: RingOutcome) -> None:
        """The customer did not answer, or could not be called."""
        known = self._memory.calls.get(call)
        self._dialled.discard(call)
        self._forget_timer(callback_of_call(call))
        if known is not None and known.visit is not None:
            self._tried(known, outcome)

    def _tried(self, call: OpenCall, outcome: RingOutcome) -> None:
        """An attempt is over. It is tried again, in its window and so often as the site says."""
        call_id, visit = call.began.call, call.visit
        callback = callback_of_call(call_id)
        asked = self._memory.callbacks.get(callback)
        if asked is None or visit is None:
            return
        settings, now = self._site.settings.callbacks, self._clock.now()
        last = self._memory.tried.get(callback)
        attempt = last.attempt + 1 if last is not None else 1
        again = self._next_window(now + settings.retry)
        given_up = attempt >= settings.attempts or again > max(asked.at, asked.due or 0) + settings.longest
        self._chronicle.record(
            CallbackTried(
                at=now,
                callback=callback,
                attempt=attempt,
                offer=call.offer.offer if call.offer is not None else f"{visit.visit}/{call.offers}",
                outcome=outcome,
                again=None if given_up else again,
            )
        )
        if self._switchboard.stay_of(visit.visit) is not None:
            self._switchboard.offers.customer_missed(call_id, visit.visit, again)
        elif not given_up:
            self._switchboard.take_up(call, returning=True, aside_until=again)
        if given_up:
            self._close(call_id, "failed")

    # --- its end

    def talked(self, call: str) -> None:
        """The conversation is over, and the customer still on the line: he is let go."""
        self._close(call, "answered")

    def failed(self, call: str) -> None:
        """Nobody can serve the request any more: its queue is gone."""
        self._close(call, "failed")

    def _close(self, call_id: str, outcome: CallbackOutcome) -> None:
        callback = callback_of_call(call_id)
        known = self._memory.calls.get(call_id)
        if callback in self._memory.callbacks:
            self._chronicle.record(
                CallbackEnded(at=self._clock.now(), callback=callback, outcome=outcome, by="")
            )
        if known is not None:
            self._over(known, outcome)
        self._forget(callback)

    def _over(self, call: OpenCall, outcome: CallbackOutcome) -> None:
        call_id = call.began.call
        if call.visit is not None:
            self._switchboard.tell(LeaveQueue(call.visit.visit))
        if call_id in self._dialled:
            self._line.hang_up(call_id)
        why_not = None if outcome == "answered" else outcome
        self._switchboard.callback_over(call_id, self._clock.now(), why_not)

    def _forget(self, callback: str) -> None:
        call = call_of_callback(callback)
        self._forget_timer(callback)
        self._dialled.discard(call)
        self._ends.pop(call, None)
        self._reached.discard(call)

    # --- time

    def _next_window(self, at: int) -> int:
        """Return when customers may be called, from a time on, UTC ms."""
        hours = self._site.settings.callbacks.hours
        if hours is None:
            return at
        local = datetime.fromtimestamp(at / 1000, UTC).astimezone(self._site.zone)
        if hours.state(local) == "open":
            return at
        opens = hours.next_open(local)
        return round((opens if opens is not None else local + timedelta(days=1)).timestamp() * 1000)

    def _at(self, callback: str, at: int, act: Callable[[], None]) -> None:
        self._forget_timer(callback)
        delay = max(0, at - self._clock.now()) / 1000
        self._timers[callback] = asyncio.get_running_loop().call_later(delay, act)

    def _forget_timer(self, callback: str) -> None:
        timer = self._timers.pop(callback, None)
        if timer is not None:
            timer.cancel()

    def _do(self, errand: Awaitable[None]) -> None:
        task = asyncio.ensure_future(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def close(self) -> None:
        """Stop the timers. The journal has what the next engine needs."""
        for timer in self._timers.values():
            timer.cancel()
        for errand in self._errands:
            errand.cancel()
