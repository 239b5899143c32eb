"""The calls: each AGI session in its role, each call's beginning, return and end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from hotline.callbacks import Callbacks
from hotline.chronicle import Chronicle
from hotline.clock import Clock
from hotline.facts import event_of
from hotline.keys import Keys
from hotline.legs import SeatLegs
from hotline.memory import OpenCall, call_of
from hotline.offers import seat_at
from hotline.settings import Entry
from hotline.site import Site
from hotline.switchboard import Switchboard
from ivr.agi.call import AgiCall, Outside
from ivr.agi.legs import LegEnd
from ivr.agi.session import AgiSession
from ivr.call import CallLost
from ivr.facts import Fact
from ivr.here import Here, Prompts
from ivr.house import Caller, House
from ivr.language.flow import FlowSet
from ivr.run import FlowRun, Position
from ivr.verbs.waiting import wait
from ledger.events import CallBegan, CallEnded, CallOutcome, NodeEntered, NodeLeft

log = structlog.get_logger(__name__)

NOTHING = FlowSet("", {}, {})  # what a call-back runs on: it has no menus
GRACE_S = 1.0  # between a channel's hang-up by AMI and the dialplan's own word of it, which knows more


class Shelf(Protocol):
    """The versions of the flows: which one a call runs on."""

    @property
    def prompts(self) -> Prompts:
        """The sounds of all of them."""

    def choose(self, flow: str, caller: str) -> Served | None:
        """Return what a new call of this caller runs on; None where no such flow is live."""

    def kept(self, flow: str, version: str) -> Served | None:
        """Return the version of a flow that a call began on, if it is still there; else the live one, if any."""


@dataclass(frozen=True, slots=True)
class Served:
    """A version of a flow, within the set that it went live with."""

    flow: str
    version: str
    set: FlowSet


@dataclass(frozen=True, slots=True)
class AnsweredLeg:
    """Which offer, or line outside, was answered, when (UTC ms), and at which phone if that is told."""

    leg: str
    at: int
    phone: str | None = None

    @classmethod
    def of(cls, text: str, clock: Clock) -> AnsweredLeg | None:
        """Return it out of ``HOTLINE_ANSWERED``, or None when there is none."""
        leg, moment, phone = [*text.strip().split(" "), "", "", ""][:3]
        return cls(leg, clock.of_wall(int(moment)), phone or None) if moment.isdigit() else None


@dataclass(frozen=True, slots=True)
class CallerArguments:
    """What the dialplan tells of a caller: see ``extensions.conf``. Times are UTC ms; ``lost``: it waited for us."""

    call: str
    arrived: int
    dnis: str
    trunk: str
    lost: bool
    answered: AnsweredLeg | None
    until: int | None
    connected: AnsweredLeg | None
    phone: str

    @classmethod
    def of(cls, session: AgiSession, clock: Clock) -> CallerArguments:
        """Return them out of a session's environment. Raises `ValueError` where they are not ours."""
        said = [session.environment.get(f"agi_arg_{n}", "") for n in range(1, 9)]
        return cls(
            call=session.rest[0],
            arrived=clock.of_wall(int(said[0])),
            dnis=said[1],
            trunk=said[2],
            lost=said[3] != "",
            answered=AnsweredLeg.of(said[4], clock),
            until=clock.of_wall(int(said[5])) if said[5] else None,
            connected=AnsweredLeg.of(said[6], clock),
            phone=said[7],
        )


def _since(answered: AnsweredLeg | None, call: str, at: int) -> bool:
    """Tell whether an offer, or a line outside, of this call was answered since a time, UTC ms."""
    return answered is not None and call_of(answered.leg) == call and at <= answered.at


class CallTrace:
    """Records which way one call takes."""

    def __init__(
        self, call: str, chronicle: Chronicle, clock: Clock, on_place: Callable[[str], None]
    ) -> None:
        self._call = call
        self._on_place = on_place
        self._chronicle = chronicle
        self._clock = clock

    def entered(
        self, flow: str, node: str, language: str, stack: tuple[str, ...], variables: Mapping[str, Any]
    ) -> None:
        """Record that the call is at a node."""
        self._chronicle.record(
            NodeEntered(
                at=self._clock.now(),
                call=self._call,
                flow=flow,
                node=node,
                language=language,
                stack=stack,
                variables=dict(variables),
            )
        )
        self._on_place(self._call)

    def left(self, exit: str) -> None:  # noqa: A002 - the language's own word
        """Record by which exit it left."""
        self._chronicle.record(NodeLeft(at=self._clock.now(), call=self._call, exit=exit))

    def noted(self, fact: Fact) -> None:
        """Record what the flow learnt or did."""
        self._chronicle.record(event_of(fact, self._call, self._clock.now()))


class Calls:
    """Serves the AGI sessions, and knows when a call begins, comes back and ends."""

    def __init__(
        self,
        site: Site,
        shelf: Shelf,
        house: House,
        switchboard: Switchboard,
        chronicle: Chronicle,
        legs: SeatLegs,
        clock: Clock,
        endpoint_of: Callable[[str], str],
    ) -> None:
        self.on_return: Callable[[str], None] = lambda _call: None
        self.before_end: Callable[[], object] = lambda: None  # what else may tell of a call that ends
        self.unheard: Callable[[str], object] = lambda _call: (
            None
        )  # a call that no engine had is back, or over
        self.callbacks: Callbacks | None = None
        self.stop_playback: Callable[[str], None] = lambda _channel: None
        self.keys = Keys()
        self._site = site
        self._shelf = shelf
        self._house = house
        self._switchboard = switchboard
        self._chronicle = chronicle
        self._legs = legs
        self._clock = clock
        self._endpoint_of = endpoint_of
        self._ending: dict[str, asyncio.TimerHandle] = {}
        self._sessions: set[str] = set()

    async def serve(self, session: AgiSession) -> None:
        """Serve one AGI session in the role that its path names."""
        match session.role, session.rest:
            case "caller", (_,):
                await self._caller(session)
            case "ended", (call,):
                await self._ended(session, call)
            case _:
                log.warning("agi session in no known role", role=session.role)

    def hung_up(self, call: str, end: LegEnd | None = None) -> None:
        """A caller's channel is gone, says AMI. The dialplan may yet tell more."""
        known = self._chronicle.memory.calls.get(call)
        if known is not None and known.began.call_kind == "callback":
            self._callback_hung_up(call, end)
            return
        if call in self._chronicle.memory.calls and call not in self._ending:
            loop = asyncio.get_running_loop()
            self._ending[call] = loop.call_later(
                GRACE_S, self.over, call, self._clock.now(), "caller-hung-up"
            )

    def over(self, call: str, at: int, outcome: CallOutcome, detail: str | None = None) -> None:
        """A call is over, UTC ms. Does nothing when that is known."""
        timer = self._ending.pop(call, None)
        if timer is not None:
            timer.cancel()
        known = self._chronicle.memory.calls.get(call)
        if known is None:
            return
        if known.began.call_kind == "callback":
            self._callback_hung_up(call, None)
            return
        self.unheard(call)
        at = max(at, known.began.at)
        by_caller = outcome in ("caller-hung-up", "engine-away")
        self._switchboard.call_over(call, at, None if by_caller else outcome)
        self._chronicle.record(CallEnded(at=at, call=call, outcome=outcome, detail=detail))

    def _callback_hung_up(self, call: str, end: LegEnd | None) -> None:
        if self.callbacks is not None:
            self.callbacks.hung_up(call, end)

    def left_number(self, call: str, at: int) -> None:
        """A caller left his number while the engine was away, UTC ms: so he left the queue he was in."""
        self._switchboard.called_back(call, at)

    def conversation(self, call: str, answered: AnsweredLeg | None, until: int | None) -> None:
        """Take in, late, a conversation that the engine did not see: who was answered when, and until when."""
        if answered is None:
            return
        known = self._chronicle.memory.calls.get(call)
        rings = known.offer.rings if known is not None and known.offer is not None else {}
        seat = seat_at(rings, answered.phone) if answered.phone is not None else None
        self._switchboard.offers.answered(call, answered.leg, answered.at, seat)
        if until is not None:
            self._switchboard.offers.talk_over(call, answered.leg, until, "seat")

    def is_known(self, call: str) -> bool:
        """Tell whether a call is live, or was until a while ago."""
        memory = self._chronicle.memory
        return call in memory.calls or call in memory.lately_over

    def on_the_line(self, call: str) -> bool:
        """Tell whether a live call-back is one whose customer is on the line: it has a channel, or should have."""
        return self.callbacks is not None and self.callbacks.on_the_line(call)

    def has_session(self, call: str) -> bool:
        """Tell whether a session with the caller's channel is open."""
        return call in self._sessions

    def heard_of(self, call: str, variables: Mapping[str, str]) -> None:
        """Take in the channel variables of a call that lived on while the engine was away."""
        until = variables.get("HOTLINE_UNTIL", "")
        answered = AnsweredLeg.of(variables.get("HOTLINE_ANSWERED", ""), self._clock)
        ended = self._clock.of_wall(int(until)) if until.isdigit() else None
        self.conversation(call, answered, ended)

    async def _caller(self, session: AgiSession) -> None:
        try:
            said = CallerArguments.of(session, self._clock)
        except ValueError:
            log.warning("caller session with unusable arguments", uniqueid=session.uniqueid)
            await session.set_variable("HOTLINE_DONE", "1")
            return
        known = self._chronicle.memory.calls.get(said.call)
        if known is None and self.is_known(said.call):  # the engine was killed just when it was done with it
            await session.set_variable("HOTLINE_DONE", "1")
            return
        position = None
        if known is None:
            entry = self._entry(said.dnis)
            served = (
                self._shelf.choose(entry.flow, session.caller_id or said.call) if entry is not None else None
            )
            if entry is None or served is None:
                log.warning("call to a number that leads nowhere", call=said.call)
                await session.set_variable("HOTLINE_DONE", "1")
                return
            known = self._begin(said, session, served, entry.language)
        else:
            self.unheard(said.call)
            self.conversation(said.call, said.answered, said.until or self._clock.now())
            served = self._shelf.kept(known.began.flow, known.began.flow_version) or self._of_number(known)
            position = self._position(known, said, served)
        call = AgiCall(
            said.call,
            session,
            self._legs,
            self.keys.of(said.call),
            self._endpoint_of,
            music="hotline-music" if self._site.settings.music == "music" else None,
            outside=self._outside(said.dnis),
            clock=self._clock,
            stop_playback=lambda channel: self.stop_playback(channel),
        )
        self._sessions.add(said.call)
        try:
            if said.lost:  # it has waited for us with music
                await session.set_music(False)
                await session.set_variable("HOTLINE_LOST", "")
                await session.set_variable("__HOTLINE_WHISPER", "")
            if known.began.call_kind == "callback":
                await self._call_back(call, known, greet=not said.lost)
            else:
                await self._run(call, known, served, position, said.phone)
        finally:
            self._sessions.discard(said.call)
            self.on_return(said.call)  # one that is lost again is not waited for

    def _outside(self, dnis: str) -> Outside | None:
        trunk = self._site.settings.outbound.trunk
        return Outside(f"trunk-{trunk}", shown=dnis) if trunk is not None else None

    def _begin(self, said: CallerArguments, session: AgiSession, served: Served, language: str) -> OpenCall:
        self._chronicle.record(
            CallBegan(
                at=said.arrived,
                call=said.call,
                ani=session.caller_id or "",
                dnis=said.dnis,
                trunk=said.trunk,
                flow=served.flow,
                flow_version=served.version,
                language=language,
                call_kind="service" if said.dnis in self._site.settings.codes else "caller",
            )
        )
        return self._chronicle.memory.calls[said.call]

    def _position(self, known: OpenCall, said: CallerArguments, served: Served | None) -> Position | None:
        """Return where a call that came back goes on; None where its node is gone: from its flow's start, then."""
        node = known.node
        if node is None or served is None or node.flow not in served.set.flows:
            return None
        return Position(
            flow=node.flow,
            node=node.node,
            language=node.language,
            stack=node.stack,
            variables=node.variables,
            talked=(known.visit is None and _since(said.answered, said.call, node.at))
            or _since(said.connected, said.call, node.at),
        )

    async def _run(
        self, call: AgiCall, known: OpenCall, served: Served | None, position: Position | None, phone: str
    ) -> None:
        if served is None:  # it and its number were taken from the site while the engine was away
            self.over(call.id, self._clock.now(), "error", "its flow is gone")
            await call.hang_up()
            return
        run = FlowRun(
            served.set,
            position.flow if position is not None else served.flow,
            call,
            self._house,
            self._shelf.prompts,
            CallTrace(call.id, self._chronicle, self._clock, self.on_return),
            Caller(known.began.ani, known.began.dnis, known.began.trunk, phone),
            language=known.began.language,
            at=position,
        )
        try:
            end = await run.run()
        except CallLost:
            return  # whether the call is over, its channel will tell
        self.over(call.id, self._clock.now(), end)

    async def _call_back(self, call: AgiCall, known: OpenCall, *, greet: bool) -> None:
        """Put a customer through who has answered his call-back; one who comes back to us is not greeted again."""
        callbacks = self.callbacks
        if callbacks is None:
            raise AssertionError("a call-back was dialled by nobody")
        stay = callbacks.reached(call.id)
        here = Here(
            live=NOTHING,
            call=call,
            caller=Caller(known.began.ani, known.began.dnis, known.began.trunk),
            house=self._house,
            prompts=self._shelf.prompts,
            notes=CallTrace(call.id, self._chronicle, self._clock, self.on_return),
            flow="",
            node="",
            language=known.began.language,
        )
        try:
            if stay is None:
                callbacks.talked(call.id)
            else:
                if greet:
                    await here.play(callbacks.greeting(known.began.language))
                answered = await wait(here, stay) == "answered"
                (callbacks.talked if answered else callbacks.failed)(call.id)
            await call.hang_up()
        except CallLost:
            if stay is not None:
                stay.left()  # it may have been lost in the greeting; whether he is gone, its channel will tell

    def _entry(self, dnis: str) -> Entry | None:
        """Return what a number, or a code of the site's own phones, leads to."""
        settings = self._site.settings
        return settings.numbers.get(dnis) or settings.codes.get(dnis)

    def _of_number(self, known: OpenCall) -> Served | None:
        entry = self._entry(known.began.dnis)
        return (
            self._shelf.choose(entry.flow, known.began.ani or known.began.call) if entry is not None else None
        )

    async def _ended(self, session: AgiSession, call: str) -> None:
        try:
            said = [session.environment.get(f"agi_arg_{n}", "") for n in range(1, 5)]
            ended, answered = self._clock.of_wall(int(said[0])), AnsweredLeg.of(said[2], self._clock)
            until = self._clock.of_wall(int(said[3])) if said[3] else None
        except ValueError:
            log.warning("end of a call with unusable arguments", uniqueid=session.uniqueid)
            return
        if not self.is_known(call):
            return  # it began while we were away: the dialplan shall write its end down beside its beginning
        self.before_end()
        self.conversation(call, answered, until)
        self.over(call, ended, "caller-hung-up")
        await session.set_variable("HOTLINE_DONE", "1")
