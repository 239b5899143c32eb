"""What the engine hears of Asterisk by AMI: legs that ring and end, phones that come and go, and the whole truth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

import structlog

from acd.ami import AmiClient, AmiError, ChannelSnapshot, Event
from acd.messages import (
    Ended,
    Hold,
    Missed,
    PhoneBusy,
    PhoneSeen,
    PutOnHold,
    Release,
    TakenOffHold,
)
from hotline.calls import Calls
from hotline.clock import Clock
from hotline.hands import Hands
from hotline.legs import SeatLegs
from hotline.memory import Memory, call_of
from hotline.offers import seat_at
from hotline.reseating import restore_seats, sign_in
from hotline.site import Site
from hotline.switchboard import Switchboard
from ivr.agi.call import MARK
from ivr.agi.legs import LegEnd, classify
from ledger.events import HealingKind

log = structlog.get_logger(__name__)

VARIABLES = (
    *("HOTLINE_CALL", "HOTLINE_OFFER", "HOTLINE_LINE", "HOTLINE_PHONE"),
    *("HOTLINE_ANSWERED", "HOTLINE_UNTIL"),
)
IN_USE = "hotline-in-use"  # the dialplan's UserEvents: a phone has a call that is not the distributor's;
WHISPERED = "hotline-whispered"  # an agent has heard the announcement, and is joined with the caller
RETURN_MS = 3_000  # callers come back one by one after a restart; so long is no seat offered
WATCH_S = 30.0  # the whole list of a thousand channels costs the engine some 200 ms
ANSWERED_ELSEWHERE = 26  # Q.850's cause of a ring that another phone of its group has ended
LOOK_S = 0.1  # devices often come in crowds: one look for all of them


class Ear:
    """Listens to Asterisk for the whole engine, and checks at times that both mean the same."""

    def __init__(
        self,
        site: Site,
        calls: Calls,
        switchboard: Switchboard,
        legs: SeatLegs,
        hands: Hands,
        clock: Clock,
        phone_of: Mapping[str, str],
    ) -> None:
        self.hands = hands
        self.on_in_step: Callable[[Collection[str]], object] = lambda _living: None
        self.on_originated: Callable[[str, bool], object] = lambda _call, _success: None
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
        self._private: dict[str, str] = {}  # channels of private calls, and their phones
        self._look: asyncio.TimerHandle | None = None
        self._seen: Mapping[str, bool] = {}  # which endpoints could be reached when we last looked
        calls.on_return = self._returned
        calls.stop_playback = hands.stop_playback

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
                self._ringing(event.variables_of("Dest"))
            case "DialEnd" if event.headers.get("DialStatus") == "ANSWER":
                if not event.variables_of("Dest").get("HOTLINE_WHISPER"):
                    self._calls.keys.answered(event.headers.get("Uniqueid", ""))
                    self._answered(event.variables_of("Dest"), self._moment(event))
            case "UserEvent" if event.headers.get("UserEvent") == WHISPERED:
                self._answered(event.variables, self._moment(event))
            case "UserEvent" if event.headers.get("UserEvent") == IN_USE:
                self._in_use(event.headers.get("Uniqueid", ""), event.variables.get("HOTLINE_PHONE", ""))
            case "Hold" | "Unhold":
                self._held(event.headers.get("Uniqueid", ""), event.variables, on=event.name == "Hold")
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
            case "OriginateResponse":
                success = event.headers.get("Response") == "Success"
                self.on_originated(event.headers.get("Uniqueid", ""), success)
            case _:
                pass

    def _dialled(self, event: Event) -> None:
        variables, headers = event.variables_of("Dest"), event.headers
        leg = _leg_of(variables)
        if leg:
            phone = variables.get("HOTLINE_PHONE", "")
            self._legs.began(leg, headers.get("DestUniqueid", ""), headers.get("DestChannel", ""), phone)

    def _ringing(self, variables: Mapping[str, str]) -> None:
        if offer := variables.get("HOTLINE_OFFER"):
            self._switchboard.offers.ringing(offer, self._seat_of(offer, variables))

    def _answered(self, variables: Mapping[str, str], at: int) -> None:
        if offer := variables.get("HOTLINE_OFFER"):
            seat = self._seat_of(offer, variables)
            self._switchboard.offers.answered(call_of(offer), offer, at, seat)

    def _held(self, uniqueid: str, variables: Mapping[str, str], *, on: bool) -> None:
        """A phone has put its caller on hold, or taken him back. What a caller's own phone does is no matter."""
        offer = variables.get("HOTLINE_OFFER")
        if offer and variables.get("HOTLINE_PHONE") and variables.get("HOTLINE_CALL") != uniqueid:
            self._switchboard.tell(PutOnHold(offer) if on else TakenOffHold(offer))

    def _seat_of(self, offer: str, variables: Mapping[str, str]) -> str | None:
        """Return the seat of a ring group to which a channel belongs; None where only one rings."""
        known = self._memory.calls.get(call_of(offer))
        if known is None or known.offer is None or known.offer.offer != offer:
            return None
        return seat_at(known.offer.rings, variables.get("HOTLINE_PHONE", ""))

    def _in_use(self, uniqueid: str, phone: str) -> None:
        if phone:
            self._private[uniqueid] = phone
            self._switchboard.tell(PhoneBusy(phone, busy=True))

    def _no_longer_in_use(self, uniqueid: str) -> None:
        phone = self._private.pop(uniqueid, None)
        if phone is not None and phone not in self._private.values():
            self._switchboard.tell(PhoneBusy(phone, busy=False))

    def _moment(self, event: Event) -> int:
        stamp = event.headers.get("Timestamp")
        return self._clock.of_wall(int(float(stamp) * 1000)) if stamp else self._clock.now()

    def _hangup(self, event: Event) -> None:
        uniqueid = event.headers.get("Uniqueid", "")
        call, offer = event.variables.get("HOTLINE_CALL"), event.variables.get("HOTLINE_OFFER")
        leg = _leg_of(event.variables)
        end = LegEnd(int(event.headers.get("Cause") or 0), event.headers.get("TechCause", ""))
        if call == uniqueid:
            self._calls.hung_up(call, end)
        elif leg:
            self._legs.ended(leg, uniqueid, end)
            if offer:
                seat, phone = self._seat_of(offer, event.variables), event.variables.get("HOTLINE_PHONE")
                if seat is not None and not self._legs.channels(offer, phone):
                    self._ring_gone(offer, seat, self._moment(event), end)
                elif not self._legs.channels(offer):
                    self._leg_gone(offer, self._moment(event))
        self._asked_to_end.discard(uniqueid)
        self._no_longer_in_use(uniqueid)

    def _leg_gone(self, offer: str, at: int) -> None:
        call, offers = call_of(offer), self._switchboard.offers
        known = self._memory.calls.get(call)
        if known is None or known.offer is None or known.offer.offer != offer:
            offers.missed(call, offer, "cancelled")  # its caller had left; now its seat is free
        elif known.answered is not None:
            offers.talk_over(call, offer, at, "caller" if call in self._asked_to_end else "seat")
        elif not self._calls.has_session(call):
            offers.missed(call, offer, "cancelled")

    def _ring_gone(self, offer: str, seat: str, at: int, end: LegEnd) -> None:
        """One phone of a ring group is silent: its own doing is told at once, that of time by the caller's session."""
        call, offers = call_of(offer), self._switchboard.offers
        known = self._memory.calls[call]
        outcome = classify("NOANSWER", end)
        if known.answered is not None and known.answered.seat == seat:
            offers.talk_over(call, offer, at, "caller" if call in self._asked_to_end else "seat")
        elif (
            known.answered is not None or offers.was_silenced(offer, seat) or end.cause == ANSWERED_ELSEWHERE
        ):
            offers.ring_over(call, offer, seat, "cancelled")
        elif outcome in ("refused", "busy", "unreachable"):
            offers.ring_over(call, offer, seat, outcome, end.cause, end.tech_cause)
        elif not self._legs.channels(offer) and not self._calls.has_session(call):
            offers.missed(call, offer, "cancelled")

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
        self.hands.do(self._see_phones())

    # --- the whole truth

    async def on_lost(self, reason: AmiError) -> None:
        """Wait: sessions end by themselves, and the next connection tells who is still there."""

    async def on_connected(self, client: AmiClient) -> None:
        """Bring the engine in step with Asterisk, at the start and after every loss of the connection."""
        self.hands.client = client
        channels = await client.channels(VARIABLES)
        self._calls.keys.caught_up()
        if self.in_step.is_set():
            self._compare(channels, first=False)
            await self._see_phones()
            return
        now = self._clock.now()
        for known in self._memory.calls.values():
            self._switchboard.offers.finish(known)
        self._awaited = self._compare(channels, first=True)
        self._switchboard.tell(Hold(now + RETURN_MS))
        await self._see_phones()
        restore_seats(self._site.settings, self._switchboard)
        self._tell_phones()
        sign_in(self._site.settings, self._switchboard)
        self.on_in_step({channel.uniqueid for channel in channels})
        self._release_when_all_are_back()
        self.in_step.set()

    async def watch(self) -> None:
        """Compare with Asterisk's truth for ever: what both knew gone twice is gone."""
        while True:
            await asyncio.sleep(WATCH_S)
            if self.hands.client is None or not self.in_step.is_set():
                continue
            try:
                channels = await self.hands.client.channels(VARIABLES)
                await self._see_phones()
            except AmiError:
                continue
            self._compare(channels, first=False, twice=True)

    def _compare(self, channels: list[ChannelSnapshot], *, first: bool, twice: bool = False) -> set[str]:
        """End what has no channel any more; return the calls that live and should come back to us."""
        now = self._clock.now()
        by_call = {c.uniqueid: c for c in channels}
        legs, outside = self._legs_of(channels)
        awaited, doubted = set(), set()
        for call, known in list(self._memory.calls.items()):
            if known.began.call_kind == "callback" and not (
                call in by_call if first else self._calls.on_the_line(call)
            ):
                continue  # it waits to be rung, or is being rung: who rings it watches over it
            if call not in by_call and not self._calls.has_session(call):
                if not twice or call in self._doubted:
                    self._heal("call-without-channel", call, "its channel is gone", first=first)
                    self._calls.over(call, now, "asterisk-died")
                doubted.add(call)
            if call not in by_call:
                continue
            self._calls.heard_of(call, by_call[call].variables)
            if known.offer is not None and known.offer.offer not in legs:
                key = known.offer.offer
                if not twice or key in self._doubted:
                    self._without_leg(call, key, now, first=first)
                doubted.add(key)
            if first and known.offer is None and call not in outside:
                awaited.add(call)  # who is with a number outside comes back when that is over
        doubted |= self._seats_without_call(twice=twice, first=first)
        self._doubted = doubted
        return awaited

    def _seats_without_call(self, *, twice: bool, first: bool) -> set[str]:
        """Free seats that ring or talk for a call which knows nothing of it; return what is doubted."""
        doubted: set[str] = set()
        for seat in list(self._switchboard.distributor.seats.values()):
            offer = seat.offer
            call = self._memory.calls.get(call_of(offer)) if offer is not None else None
            if offer is None or (call is not None and call.offer is not None and call.offer.offer == offer):
                continue
            key = f"{seat.name} {offer}"
            doubted.add(key)
            if twice and key in self._doubted:
                self._heal("seat-without-call", seat.name, f"it was {seat.state} for nobody", first=first)
                talking = seat.state in ("talking", "hold")
                self._switchboard.tell(Ended(offer) if talking else Missed(offer, "cancelled"))
        return doubted

    def _legs_of(self, channels: list[ChannelSnapshot]) -> tuple[set[str], set[str]]:
        """Return the legs that live, and the calls that are with a number outside; take in which phones are in use."""
        legs: set[str] = set()
        outside: set[str] = set()
        private: dict[str, str] = {}
        for c in channels:
            leg, phone = _leg_of(c.variables), c.variables.get("HOTLINE_PHONE", "")
            if leg and c.uniqueid != c.variables.get("HOTLINE_CALL"):
                legs.add(leg)
                self._legs.began(leg, c.uniqueid, c.channel, phone)
                if not c.variables.get("HOTLINE_OFFER"):
                    outside.add(call_of(leg))
            elif phone:
                private[c.uniqueid] = phone
        for uniqueid in self._private.keys() - private.keys():
            self._no_longer_in_use(uniqueid)
        for uniqueid, phone in private.items():
            self._in_use(uniqueid, phone)
        return legs, outside

    def _without_leg(self, call: str, offer: str, now: int, *, first: bool) -> None:
        if self._calls.has_session(call):
            return  # the session's own Dial will tell
        if self._memory.calls[call].answered is not None:
            self._heal("conversation-without-leg", call, "no phone is in it any more", first=first)
            self._switchboard.offers.talk_over(call, offer, now, "unknown")
        else:
            self._heal("ring-without-leg", call, "no phone rings for it", first=first)
            self._switchboard.offers.missed(call, offer, "cancelled")

    def _heal(self, what: HealingKind, subject: str, cause: str, *, first: bool) -> None:
        """Note what is put right. What an engine finds changed when it comes is no fault of its own."""
        if not first:
            self._switchboard.register.healed(what, subject, cause)

    def plan_changed(self) -> None:
        """Seat those whom a changed site seats at a phone, and tell of its phones."""
        if self.in_step.is_set():
            self._tell_phones()
            sign_in(self._site.settings, self._switchboard)

    async def _see_phones(self) -> None:
        if self.hands.client is None:
            return
        self._seen = await self.hands.client.phones()
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
