"""What the engine hears of Asterisk by AMI: legs that ring and end, phones that come and go, and the whole truth."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from acd.ami import AmiClient, AmiError, ChannelSnapshot, Event
from acd.messages import (
    Answered,
    Ended,
    Hold,
    Missed,
    NotReady,
    PhoneSeen,
    Refused,
    Release,
    RestoreSeat,
    SignIn,
    SignOut,
)
from hotline.calls import Calls
from hotline.clock import Clock
from hotline.legs import SeatLegs
from hotline.memory import Memory, call_of
from hotline.site import Site
from hotline.switchboard import Switchboard
from ivr.agi.call import MARK
from ivr.agi.legs import LegEnd

log = structlog.get_logger(__name__)

VARIABLES = ("HOTLINE_CALL", "HOTLINE_OFFER", "HOTLINE_LINE", "HOTLINE_ANSWERED", "HOTLINE_UNTIL")
RETURN_MS = 3_000  # callers come back one by one after a restart; so long is no seat offered
WATCH_S = 30.0  # the whole list of a thousand channels costs the engine some 200 ms
LOOK_S = 0.1  # devices often come in crowds: one look for all of them


class Ear:
    """Listens to Asterisk for the whole engine, and checks at times that both mean the same."""

    def __init__(
        self,
        site: Site,
        calls: Calls,
        switchboard: Switchboard,
        legs: SeatLegs,
        clock: Clock,
        phone_of: Mapping[str, str],
    ) -> None:
        self.client: AmiClient | None = None
        self.in_step = asyncio.Event()  # set once the engine knows what Asterisk knows
        self._site = site
        self._calls = calls
        self._switchboard = switchboard
        self._legs = legs
        self._clock = clock
        self._phone_of = phone_of  # PJSIP endpoint to phone
        self._asked_to_end: set[str] = set()  # callers' channels whose far end hung up
        self._awaited: set[str] = set()
        self._doubted: set[str] = set()
        self._errands: set[asyncio.Task[None]] = set()
        self._look: asyncio.TimerHandle | None = None
        self._seen: Mapping[str, bool] = {}  # which endpoints could be reached when we last looked
        calls.on_return = self._returned

    @property
    def _memory(self) -> Memory:
        return self._switchboard.memory

    # --- events

    async def on_event(self, event: Event) -> None:
        """Take in one event, in Asterisk's order."""
        match event.name:
            case "DialBegin":
                self._dialled(event)
            case "DialState" if event.headers.get("DialStatus") == "RINGING":
                self._dialled(event)
                self._of_offer(event, lambda offer, _call: self._switchboard.ringing(offer))
            case "DialEnd" if event.headers.get("DialStatus") == "ANSWER":
                at = self._moment(event)
                self._calls.keys.answered(event.headers.get("Uniqueid", ""))
                self._of_offer(event, lambda offer, call: self._switchboard.answered(call, offer, at))
            case "DTMFEnd" if event.headers.get("Direction") == "Received":
                self._calls.keys.pressed(event.headers.get("Uniqueid", ""), event.headers.get("Digit", ""))
            case "UserEvent" if event.headers.get("UserEvent") == MARK:
                self._calls.keys.marked(event.headers.get("Uniqueid", ""), event.headers.get("Mark", ""))
            case "HangupRequest":
                self._asked_to_end.add(event.headers.get("Uniqueid", ""))
            case "Hangup":
                self._hangup(event)
            case "ContactStatus":
                self._contact(event)
            case _:
                pass

    def _dialled(self, event: Event) -> None:
        leg = _leg_of(event.variables_of("Dest"))
        if leg:
            headers = event.headers
            self._legs.began(leg, headers.get("DestUniqueid", ""), headers.get("DestChannel", ""))

    def _of_offer(self, event: Event, act: Callable[[str, str], object]) -> None:
        offer = event.variables_of("Dest").get("HOTLINE_OFFER")
        if offer:
            act(offer, call_of(offer))

    def _moment(self, event: Event) -> int:
        stamp = event.headers.get("Timestamp")
        return self._clock.of_wall(int(float(stamp) * 1000)) if stamp else self._clock.now()

    def _hangup(self, event: Event) -> None:
        uniqueid = event.headers.get("Uniqueid", "")
        call, offer = event.variables.get("HOTLINE_CALL"), event.variables.get("HOTLINE_OFFER")
        leg = _leg_of(event.variables)
        if call == uniqueid:
            self._calls.hung_up(call)
        elif leg:
            end = LegEnd(int(event.headers.get("Cause") or 0), event.headers.get("TechCause", ""))
            self._legs.ended(leg, uniqueid, end)
            if offer and not self._legs.channels(offer):
                self._leg_gone(offer, self._moment(event))
        self._asked_to_end.discard(uniqueid)

    def _leg_gone(self, offer: str, at: int) -> None:
        call = call_of(offer)
        known = self._memory.calls.get(call)
        if known is None or known.offer is None or known.offer.offer != offer:
            self._switchboard.missed(call, offer, "cancelled")  # its caller had left; now its seat is free
        elif known.answered is not None:
            self._switchboard.talk_over(call, offer, at, "caller" if call in self._asked_to_end else "seat")
        elif not self._calls.has_session(call):
            self._switchboard.missed(call, offer, "cancelled")

    def _contact(self, event: Event) -> None:
        """A device came, went, or changed."""
        phone = self._phone_of.get(event.headers.get("EndpointName", ""))
        if phone is None:
            return
        if event.headers.get("ContactStatus") in ("NonQualified", "Reachable"):
            self._switchboard.tell(PhoneSeen(phone, reachable=True))
            return
        if self._look is None:  # another device may still be registered as this phone
            self._look = asyncio.get_running_loop().call_later(LOOK_S, self._look_at_phones)

    def _look_at_phones(self) -> None:
        self._look = None
        self._do(self._see_phones())

    def stop_ringing(self, offer: str) -> None:
        """Let the phone of an offer fall silent."""
        if self.client is not None:
            for channel in self._legs.channels(offer):
                self._do(self.client.hangup(channel))

    def _do(self, errand: Awaitable[object]) -> None:
        task = asyncio.ensure_future(self._run(errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _run(self, errand: Awaitable[object]) -> None:
        try:
            await errand
        except AmiError as error:
            log.warning("asterisk did not do it", reason=str(error))

    # --- the whole truth

    async def on_lost(self, reason: AmiError) -> None:
        """Wait: sessions end by themselves, and the next connection tells who is still there."""

    async def on_connected(self, client: AmiClient) -> None:
        """Bring the engine in step with Asterisk, at the start and after every loss of the connection."""
        self.client = client
        channels = await client.channels(VARIABLES)
        self._calls.keys.caught_up()
        if self.in_step.is_set():
            self._compare(channels, first=False)
            await self._see_phones()
            return
        now = self._clock.now()
        self._awaited = self._compare(channels, first=True)
        self._switchboard.tell(Hold(now + RETURN_MS))
        await self._see_phones()
        self._restore_seats()
        self._tell_phones()
        self._sign_in()
        self._release_when_all_are_back()
        self.in_step.set()

    async def watch(self) -> None:
        """Compare with Asterisk's truth for ever: what both knew gone twice is gone."""
        while True:
            await asyncio.sleep(WATCH_S)
            if self.client is None or not self.in_step.is_set():
                continue
            try:
                channels = await self.client.channels(VARIABLES)
                await self._see_phones()
            except AmiError:
                continue
            self._compare(channels, first=False, twice=True)

    def _compare(self, channels: list[ChannelSnapshot], *, first: bool, twice: bool = False) -> set[str]:
        """End what has no channel any more; return the calls that live and should come back to us."""
        now = self._clock.now()
        living = {c.uniqueid for c in channels}
        legs: set[str] = set()
        outside: set[str] = set()
        for c in channels:
            leg = _leg_of(c.variables)
            if leg and c.uniqueid != c.variables.get("HOTLINE_CALL"):
                legs.add(leg)
                self._legs.began(leg, c.uniqueid, c.channel)
                if not c.variables.get("HOTLINE_OFFER"):
                    outside.add(call_of(leg))
        by_call = {c.uniqueid: c for c in channels}
        awaited, doubted = set(), set()
        for call, known in list(self._memory.calls.items()):
            if call not in living and not self._calls.has_session(call):
                if not twice or call in self._doubted:
                    log.warning("a call has no channel any more", call=call)
                    self._calls.over(call, now, "asterisk-died")
                doubted.add(call)
            if call not in living:
                continue
            variables = by_call[call].variables
            self._calls.heard_of(call, variables)
            if known.offer is not None and known.offer.offer not in legs:
                key = known.offer.offer
                if not twice or key in self._doubted:
                    self._without_leg(call, key, now)
                doubted.add(key)
            if first and known.offer is None and call not in outside:
                awaited.add(call)  # who is with a number outside comes back when that is over
        self._doubted = doubted
        return awaited

    def _without_leg(self, call: str, offer: str, now: int) -> None:
        if self._calls.has_session(call):
            return  # the session's own Dial will tell
        if self._memory.calls[call].answered is not None:
            self._switchboard.talk_over(call, offer, now, "unknown")
        else:
            self._switchboard.missed(call, offer, "cancelled")

    def _restore_seats(self) -> None:
        s = self._site.settings
        for seat, last in list(self._memory.seats.items()):
            if last.now == "signed-out":
                continue
            if seat not in s.agents or last.phone not in s.phones:
                self._switchboard.vanished(last)
                continue
            offer = last.offer
            call = self._memory.calls.get(call_of(offer)) if offer is not None else None
            queue = call.queue if call is not None else None
            self._switchboard.tell(
                RestoreSeat(seat, last.phone, last.now, last.at, last.reason, offer, queue, last.until)
            )
            if offer is None:
                continue
            if call is None or call.offer is None or call.offer.offer != offer:
                over = Ended(offer) if last.now == "talking" else Missed(offer, "cancelled")
                self._switchboard.tell(over)
            elif call.answered is not None:
                self._switchboard.tell(Answered(offer))
            self._wish_again(seat)

    def _wish_again(self, seat: str) -> None:
        wished = self._memory.wishes.get(seat)
        if wished is not None and wished.wish == "sign-out":
            self._switchboard.tell(SignOut(seat))
        elif wished is not None and wished.wish == "not-ready":
            self._switchboard.tell(NotReady(seat, wished.reason or ""))

    def _sign_in(self) -> None:
        """Sign in those whom the site seats at a phone, unless they have signed themselves in or out before."""
        for name, agent in self._site.settings.agents.items():
            if agent.phone is not None and self._memory.is_new(name):
                try:
                    self._switchboard.tell(SignIn(name, agent.phone))
                except Refused as refused:
                    log.warning("agent not signed in", seat=name, reason=str(refused))

    async def _see_phones(self) -> None:
        if self.client is None:
            return
        self._seen = await self.client.phones()
        self._tell_phones()

    def _tell_phones(self) -> None:
        for endpoint, phone in self._phone_of.items():
            self._switchboard.tell(PhoneSeen(phone, reachable=self._seen.get(endpoint, False)))

    def _returned(self, call: str) -> None:
        if call in self._awaited:
            self._awaited.discard(call)
            # it is at its node and enters its queue in this turn of the loop: release after that
            asyncio.get_running_loop().call_soon(self._release_when_all_are_back)

    def _release_when_all_are_back(self) -> None:
        if not self._awaited:
            self._switchboard.tell(Release())


def _leg_of(variables: Mapping[str, str]) -> str | None:
    """Return what a channel was dialled for: an offer, else a line outside; None for neither."""
    return variables.get("HOTLINE_OFFER") or variables.get("HOTLINE_LINE") or None
