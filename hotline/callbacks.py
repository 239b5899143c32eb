"""Call-backs: each waits in its queue as its customer would; when a seat is reserved for it, the customer is rung."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

import structlog

from acd.ami import ActionTimedOut, AmiError, ConnectionLost
from acd.messages import CallbackFailed, Dialling, Offer
from hotline.chronicle import Chronicle
from hotline.clock import Clock
from hotline.memory import Memory, OpenCall, call_of, call_of_callback, callback_of_call
from hotline.site import Site
from hotline.switchboard import QueueStay, Switchboard
from ivr.agi.legs import LegEnd, classify
from ivr.call import RingOutcome, Sound
from ivr.door import Leave, Wish
from ivr.house import Numbers
from ledger.events import (
    CallbackAsked,
    CallbackEnded,
    CallbackOutcome,
    CallbackTried,
    CallBegan,
    Event,
    Intervened,
)

log = structlog.get_logger(__name__)

PATIENCE_MS = 10_000  # after its ringing time a call out of which nothing was heard has come to nothing
NEWS_MS = 500  # that a call out failed is told before its channel's end, which tells why


class Line(Protocol):
    """The way out, by AMI."""

    async def call_out(self, call: str, number: str, shown: str, seconds: float) -> None:
        """Begin to ring a customer. Raises `AmiError`."""

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
        self._take_up_new()
        for known in list(self._memory.calls.values()):
            if known.began.call_kind == "callback" and known.began.call not in on_the_line:
                self._restore(known)

    def _restore(self, call: OpenCall) -> None:
        """Go on with a call-back where the last engine was killed: between any two lines of the journal."""
        call_id = call.began.call
        callback = callback_of_call(call_id)
        request, tried = self._memory.callbacks.get(callback), self._memory.tried.get(callback)
        if request is None:  # it was closed, but its call was not
            self._over(call, "failed" if call.visit is not None else None)
        elif not call.visits:
            self._wait(request)
        elif call.visit is None:  # he was talked with while no engine was there
            self._close(call_id, "answered")
        elif tried is not None and tried.again is None:
            self._close(call_id, "failed")
        elif call.offer is not None and (tried is None or tried.offer != call.offer.offer):
            self._tried(call, "no-answer")  # he was being rung
        else:
            again = tried.again if tried is not None else None
            self._switchboard.take_up(call, returning=True, aside_until=again)

    def heard(self, event: Event) -> None:
        """Notice a request that a person closes, and a site that has changed."""
        match event:
            case CallbackEnded() if event.by:
                self._closed_by_person(event)
            case Intervened() if event.action == "reload":
                self._take_up_new()
            case _:
                pass

    def _closed_by_person(self, event: CallbackEnded) -> None:
        call = self._memory.calls.get(call_of_callback(event.callback))
        if call is not None and call.visit is None:
            return  # the two talk: the call is over when they have done
        if call is not None:
            self._over(call, event.outcome)
        self._forget(event.callback)

    def _take_up_new(self) -> None:
        for callback in list(self._memory.callbacks):
            if call_of_callback(callback) not in self._memory.calls:
                self.asked(callback)

    def _begin(self, request: CallbackAsked) -> None:
        asking = self._memory.calls.get(request.call)
        self._chronicle.record(
            CallBegan(
                at=self._clock.now(),
                call=call_of_callback(request.callback),
                ani=request.number,
                dnis=asking.began.dnis if asking is not None else request.dnis,
                trunk=self._site.settings.outbound.trunk or "",
                flow="",
                flow_version="",
                language=request.language,
                call_kind="callback",
            )
        )
        self._wait(request)

    def _wait(self, request: CallbackAsked) -> None:
        call = call_of_callback(request.callback)
        since = request.due or request.since or request.at
        wish = Wish(call, request.queue, dict(request.skills), request.priority, request.language)
        begun = self._switchboard.begin_callback(wish, waited_ms=max(0, self._clock.now() - since))
        self._switchboard.take_up(begun, returning=False)

    # --- one attempt

    def dial(self, offer: Offer) -> None:
        """Ring the customer for whom a seat has been reserved; not after hours, nor where it is not allowed."""
        call = call_of(offer.offer)
        if call in self._reached or call in self._dialled:  # an earlier seat has gone: this one is for him
            self._switchboard.tell(Dialling(offer.offer))
            return
        request = self._memory.callbacks.get(callback_of_call(call))
        if request is None:
            return
        now, refusal = self._clock.now(), self._numbers.refuses(request.number)
        begins = self._may_be_rung(now, day_is_over=refusal == "limit")
        if refusal == "not-allowed" or (refusal == "limit" and begins > self._deadline(request)):
            self._close(call, "failed")
            return
        if begins > now:
            self._switchboard.offers.customer_missed(call, begins)
            return
        self._numbers.called(request.number)
        self._switchboard.tell(Dialling(offer.offer))
        self._dialled.add(call)
        ring_ms = self._site.settings.callbacks.ring
        self._at(request.callback, now + ring_ms + PATIENCE_MS, lambda: self._not_reached(call, "no-answer"))
        self._do(self._ring(call, request.number, self._memory.calls[call].began.dnis, ring_ms / 1000))

    async def _ring(self, call: str, number: str, shown: str, seconds: float) -> None:
        if call not in self._dialled:
            return  # it was closed in this very moment
        try:
            await self._line.call_out(call, number, shown, seconds)
        except (
            ActionTimedOut,
            ConnectionLost,
        ) as error:  # it may ring all the same: his answer, or time, will tell
            log.warning("it is not known whether a call-back was dialled", call=call, reason=str(error))
        except AmiError as error:
            log.warning("a call-back was not dialled", call=call, reason=str(error))
            self._not_reached(call, "unreachable")

    def reached(self, call: str) -> QueueStay | None:
        """The customer is on the line; return the stay that his session shall lead. None: nobody waits for him."""
        known = self._memory.calls.get(call)
        self._dialled.discard(call)
        self._forget_timer(callback_of_call(call))
        if known is None or known.visit is None:
            return None
        self._reached.add(call)
        visit = known.visit.visit
        stay = self._switchboard.stay_of(visit)
        if stay is None:
            return self._switchboard.take_up(known, returning=True)
        if known.offer is None:  # he was given up too early, or his seat has gone: he is in his place at once
            self._switchboard.tell(CallbackFailed(visit, self._clock.now()))
        return stay

    def on_the_line(self, call: str) -> bool:
        """Tell whether a live call-back is one whose customer this engine, or an earlier one, has on the line."""
        visit = self._memory.calls[call].visit
        return visit is None or call in self._reached or self._switchboard.stay_of(visit.visit) is None

    def originated(self, call: str, success: bool) -> None:
        """Asterisk has an answer to an `Originate`: the customer took the call, or the attempt is over."""
        if not success and call in self._dialled:
            ends = self._clock.now() + NEWS_MS
            self._at(callback_of_call(call), ends, lambda: self._not_reached(call, "unreachable"))

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
            outcome = classify("NOANSWER", end) if end is not None else "no-answer"
            self._not_reached(call, "no-answer" if outcome == "cancelled" else outcome)
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
            self._over(call, "failed")  # it was closed meanwhile
            return
        settings, now = self._site.settings.callbacks, self._clock.now()
        last = self._memory.tried.get(callback)
        if last is not None and last.again is None:  # the engine was killed before it gave him up
            self._close(call_id, "failed")
            return
        attempt = last.attempt + 1 if last is not None else 1
        again = self._next_window(now + settings.retry)
        given_up = attempt >= settings.attempts or again > self._deadline(asked)
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
            self._switchboard.offers.customer_missed(call_id, again)
        elif not given_up:
            self._switchboard.take_up(call, returning=True, aside_until=again)
        if given_up:
            self._close(call_id, "failed")

    # --- its end

    def talked(self, call: str) -> None:
        """The conversation is over, and the customer still on the line: he is let go."""
        self._close(call, "answered")

    def failed(self, call: str, why: str = "failed") -> None:
        """Nobody can serve the request any more: its queue is gone."""
        self._close(call, "failed", why)

    def _close(self, call_id: str, outcome: CallbackOutcome, why: str | None = None) -> None:
        callback = callback_of_call(call_id)
        known = self._memory.calls.get(call_id)
        if callback in self._memory.callbacks:
            self._chronicle.record(
                CallbackEnded(at=self._clock.now(), callback=callback, outcome=outcome, by="")
            )
        if known is not None:
            self._over(known, None if outcome == "answered" else why or outcome)
        self._forget(callback)

    def _over(self, call: OpenCall, why_not: str | None) -> None:
        call_id = call.began.call
        stay = self._switchboard.stay_of(call.visit.visit) if call.visit is not None else None
        if call_id in self._dialled:
            self._line.hang_up(call_id)
        self._switchboard.callback_over(call_id, self._clock.now(), why_not)
        if stay is not None:  # if he is on the line he is let go
            stay.orders.put_nowait(Leave("closed"))

    def _forget(self, callback: str) -> None:
        call = call_of_callback(callback)
        self._forget_timer(callback)
        self._dialled.discard(call)
        self._reached.discard(call)

    # --- time

    def _may_be_rung(self, at: int, *, day_is_over: bool) -> int:
        """Return when a customer may be rung, from a time on, UTC ms; not to-day where no more may be called then."""
        if not self.automatic:  # any more: it is looked at again later
            return at + self._site.settings.callbacks.retry
        if day_is_over:
            tomorrow = self._local(at).date() + timedelta(days=1)
            at = _ms(datetime.combine(tomorrow, time(), self._site.zone))
        return self._next_window(at)

    def _deadline(self, request: CallbackAsked) -> int:
        return max(request.at, request.due or 0) + self._site.settings.callbacks.longest

    def _next_window(self, at: int) -> int:
        """Return when customers may be called, from a time on, UTC ms."""
        hours = self._site.settings.callbacks.hours
        if hours is None:
            return at
        local = self._local(at)
        if hours.state(local) == "open":
            return at
        opens = hours.next_open(local)
        return _ms(opens if opens is not None else local + timedelta(days=1))

    def _local(self, at: int) -> datetime:
        return datetime.fromtimestamp(at / 1000, UTC).astimezone(self._site.zone)

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


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
