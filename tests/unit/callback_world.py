"""A house that calls back, without telephones: its engine may be killed at any line of its journal and begun anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acd.ami_message import ChannelSnapshot, Event, Headers
from hotline.callbacks import Callbacks
from hotline.calls import AnsweredLeg, Calls
from hotline.ear import Ear
from hotline.hands import Hands
from hotline.legs import SeatLegs
from hotline.memory import Memory, call_of
from hotline.numbers import AllowedNumbers
from hotline.settings import Callbacks as CallbackSettings
from hotline.settings import Outbound
from hotline.switchboard import QueueStay
from ivr.call import Rang, Ring
from ivr.door import CallbackWish, Leave
from ledger.events import Event as Fact
from ledger.events import from_data, to_data
from ledger.journal import EventId
from tests.unit.house_of_cards import Cards, ListJournal, VirtualClock

MINUTE = 60_000
CUSTOMER = "13900000001"
RING_MS = 30_000
PHONES = {"e61": "61", "e62": "62"}


class Killed(Exception):
    """The engine dies with the line of its journal that it has just written."""


class MortalJournal(ListJournal):
    """A journal after whose line the engine dies, when a test says after how many."""

    def __init__(self, events: list[Fact]) -> None:
        super().__init__()
        self.events = events
        self.lines_left: int | None = None
        self.dead = False

    def append(self, event: Fact) -> EventId:
        """Keep an event, and die if that was the last."""
        if self.dead:
            raise Killed
        kept = super().append(event)
        if self.lines_left is not None:
            self.lines_left -= 1
            self.dead = self.lines_left <= 0
        if self.dead:
            raise Killed
        return kept


@dataclass(eq=False)
class Timer:
    """Something that is due."""

    at: float
    act: Callable[[], object]

    def cancel(self) -> None:
        """Let it not happen."""
        self.act = lambda: None


@dataclass
class Timers:
    """The loop's `call_later`, on the virtual clock."""

    clock: VirtualClock
    all: list[Timer] = field(default_factory=list)

    def call_later(self, delay: float, act: Callable[..., object], *given: Any) -> Timer:
        """Note what is due later."""
        timer = Timer(self.clock.time + 1000 * delay, lambda: act(*given))
        self.all.append(timer)
        return timer

    def next_due(self, end: int) -> bool:
        """Let what is due first happen, if anything is due until then."""
        first = min(self.all, key=lambda timer: timer.at, default=None)
        if first is None or first.at > end:
            return False
        self.all.remove(first)
        self.clock.time = max(self.clock.time, round(first.at + 0.5))
        first.act()
        return True


class Line:
    """The way out, and who is on it: customers' channels by call, each ``ringing``, ``up`` or ``talking``.

    ``disturbed`` are those who were rung wrongly: at another number, or while they were on the line.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.rung: list[str] = []
        self.since: dict[str, int] = {}
        self.channels: dict[str, str] = {}
        self.let_go: list[str] = []
        self.disturbed: list[str] = []
        self.error: Exception | None = None

    async def call_out(self, call: str, number: str, shown: str, seconds: float) -> None:
        """Ring a customer."""
        self.rung.append(call)
        if (number[:3], shown) != ("139", "10000") or seconds <= 0 or call in self.channels:
            self.disturbed.append(call)
        if self.error is not None:
            raise self.error
        self.channels[call] = "ringing"
        self.since[call] = self.clock.time

    def ring_out(self) -> None:
        """Let phones fall silent that have rung for so long as they may."""
        for call, at in self.since.items():
            if self.channels.get(call) == "ringing" and at <= self.clock.time - RING_MS:
                del self.channels[call]

    def hang_up(self, call: str) -> None:
        """Note who is to be let go."""
        self.let_go.append(call)


class Ami:
    """What the engine asks of Asterisk."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def channels(self, *_: object) -> list[ChannelSnapshot]:
        """Return the customers' channels, and those of the seats who talk with them."""
        return self._engine.snapshots()

    async def phones(self) -> dict[str, bool]:
        """Say that both phones can be reached."""
        return dict.fromkeys(PHONES, True)

    async def hangup(self, channel: str) -> None:
        """Note a phone that is to fall silent."""
        self._engine.silenced.append(channel)


@dataclass
class World:
    """What outlives an engine: the journal, the clock, and who is on the line."""

    folder: Path
    clock: VirtualClock = field(default_factory=VirtualClock)
    facts: list[Fact] = field(default_factory=list)
    talks: dict[str, tuple[Ring, int]] = field(default_factory=dict)  # by call: with whom, and since when

    def __post_init__(self) -> None:
        self.line = Line(self.clock)


class Engine:
    """One engine's life in a world, joined as `hotline.engine` joins it."""

    def __init__(self, world: World, *, outbound: Outbound | None = None, **settings: Any) -> None:
        self.world = world
        memory = Memory()
        for fact in world.facts:
            memory.apply(from_data(to_data(fact)))
        self.cards = cards = Cards(world.folder, memory)
        cards.clock.time = world.clock.time
        world.clock = world.line.clock = cards.clock
        self.journal = cards.chronicle._journal = MortalJournal(world.facts)  # type: ignore[assignment]
        cards.journal = self.journal
        self.timers = Timers(cards.clock)
        asyncio.get_running_loop().call_later = self.timers.call_later  # type: ignore[method-assign,assignment]
        cards.site.settings = cards.site.settings.model_copy(
            update={
                "outbound": outbound or Outbound(trunk="line", allow=("139XXXXXXXX",), per_number_daily=99),
                "callbacks": CallbackSettings.model_validate({"attempts": 3, "retry": "10m", **settings}),
            }
        )
        self.silenced: list[str] = []
        self.board, self.line = cards.board, world.line
        legs = SeatLegs()
        self.calls = Calls(
            cards.site, None, None, cards.board, cards.chronicle, legs, cards.clock, str  # type: ignore[arg-type]
        )  # fmt: skip
        self.ear = Ear(
            cards.site, self.calls, cards.board, legs, Hands(cards.site, legs), cards.clock, PHONES
        )
        numbers = AllowedNumbers(cards.site.settings.outbound, cards.clock, cards.site.zone)
        self.callbacks = Callbacks(
            cards.site, cards.board, cards.chronicle, cards.clock, numbers, world.line, lambda _: []
        )
        cards.board._chronicle = cards.chronicle
        self.calls.callbacks = self.callbacks
        cards.board.callback_asked = self.callbacks.asked
        cards.board.callback_closed = self.callbacks.failed
        cards.board.offers.call_back = self.callbacks.dial
        cards.board.offers._stop_ringing = self.ear.hands.stop_ringing
        cards.chronicle.listeners.append(self.callbacks.heard)
        self.ear.on_in_step = self.callbacks.restore
        self.ear.on_originated = self.callbacks.originated

    @property
    def memory(self) -> Memory:
        """The calls and seats that are live."""
        return self.cards.memory

    async def begin(self) -> None:
        """Come into step with Asterisk, as at the start."""
        await self.ear.on_connected(Ami(self))  # type: ignore[arg-type]
        await self.settle()

    async def settle(self) -> None:
        """Let tasks run."""
        for _ in range(6):
            await asyncio.sleep(0)
        if self.journal.dead:
            raise Killed

    async def pass_time(self, ms: int) -> None:
        """Let time pass, and what is due in it happen."""
        end = self.cards.clock.time + ms
        while self.timers.next_due(end):
            self.line.ring_out()
            await self.settle()
        self.cards.clock.time = max(self.cards.clock.time, end)
        self.line.ring_out()
        await self.settle()

    async def watch(self) -> None:
        """Compare with Asterisk's truth, as the watchdog does: twice."""
        for _ in range(2):
            self.ear._compare(self.snapshots(), first=False, twice=True)
        await self.settle()

    async def reconnect(self) -> None:
        """Lose AMI and find it again."""
        await self.ear.on_connected(Ami(self))  # type: ignore[arg-type]
        await self.settle()

    def snapshots(self) -> list[ChannelSnapshot]:
        """Return the channels that live."""
        found = []
        for call in self.line.channels:
            variables = {"HOTLINE_CALL": call}
            if talk := self.world.talks.get(call):
                ring, since = talk
                variables["HOTLINE_ANSWERED"] = f"{ring.offer} {since} {ring.phone}"
                found.append(
                    _channel(
                        leg_of(ring), HOTLINE_CALL=call, HOTLINE_OFFER=ring.offer, HOTLINE_PHONE=ring.phone
                    )
                )
            found.append(_channel(call, **variables))
        return found

    def ask(
        self, call: str = "c", queue: str = "billing", *, number: str = CUSTOMER, due: int | None = None
    ) -> str:
        """Let a caller ask to be called; return the call by which he will be."""
        if call not in self.memory.calls:
            self.cards.call(call)
        wish = CallbackWish(call, queue, number, {}, 0, "en", due=due)
        assert self.board.call_back(wish) == "taken"
        name = f"{call}-cb{self.memory.calls[call].callbacks}"
        self.calls.over(call, self.cards.clock.time, "flow-ended")
        return name

    # --- what customers do

    async def answers(self, call: str) -> QueueStay | None:
        """The customer takes the call: his session begins, or comes back."""
        self.line.channels[call] = "up"
        self.calls._sessions.add(call)
        stay = self.callbacks.reached(call)
        await self.ear.on_event(ami_event("OriginateResponse", Uniqueid=call, Response="Success"))
        await self.settle()
        return stay

    async def hangs_up(self, call: str, cause: str = "16", tech: str = "") -> None:
        """The customer's channel ends, says AMI."""
        self.line.channels.pop(call, None)
        self.world.talks.pop(call, None)
        self.calls._sessions.discard(call)
        of = {"HOTLINE_CALL": call}
        await self.ear.on_event(ami_event("Hangup", of=of, Uniqueid=call, Cause=cause, TechCause=tech))
        await self.settle()

    async def not_originated(self, call: str) -> None:
        """Asterisk says that a customer was not reached."""
        await self.ear.on_event(ami_event("OriginateResponse", Uniqueid=call, Response="Failure"))
        await self.settle()

    # --- what his session, and the seat's phone, do

    async def take(self, stay: QueueStay) -> Ring | None:
        """Let a session carry out its order: ring, or let its customer go."""
        order = await stay.next()
        if isinstance(order, Leave):
            self.callbacks.failed(stay.call)
            await self.hangs_up(stay.call)
            return None
        dest = {"HOTLINE_CALL": stay.call, "HOTLINE_OFFER": order.offer, "HOTLINE_PHONE": order.phone}
        for name, status in (("DialBegin", ""), ("DialState", "RINGING")):
            await self.ear.on_event(
                ami_event(
                    name, dest=dest, DialStatus=status, DestUniqueid=leg_of(order), DestChannel=order.offer
                )
            )
        return order

    async def seat_answers(self, ring: Ring) -> None:
        """The seat takes the call."""
        call = call_of(ring.offer)
        self.line.channels[call] = "talking"
        self.world.talks[call] = ring, self.cards.clock.time
        dest = {"HOTLINE_CALL": call, "HOTLINE_OFFER": ring.offer, "HOTLINE_PHONE": ring.phone}
        await self.ear.on_event(ami_event("DialEnd", dest=dest, DialStatus="ANSWER", Uniqueid=call))
        await self.settle()

    async def seat_ends(self, stay: QueueStay, ring: Ring) -> None:
        """The seat hangs up after the conversation, and the customer is let go."""
        _, since = self.world.talks[stay.call]
        del self.world.talks[stay.call]
        await self._leg_ends(ring, "16", "")
        stay.rang(Rang(ring.offer, "answered", since, self.cards.clock.time, seat=ring.seat))
        self.callbacks.talked(stay.call)
        await self.hangs_up(stay.call)

    async def seat_misses(self, stay: QueueStay, ring: Ring, outcome: Any, tech: str = "487") -> None:
        """The seat's phone falls silent."""
        await self._leg_ends(ring, "0", tech)
        stay.rang(Rang(ring.offer, outcome))
        await self.settle()

    async def _leg_ends(self, ring: Ring, cause: str, tech: str) -> None:
        of = {"HOTLINE_CALL": call_of(ring.offer), "HOTLINE_OFFER": ring.offer, "HOTLINE_PHONE": ring.phone}
        await self.ear.on_event(
            ami_event("Hangup", of=of, Uniqueid=leg_of(ring), Cause=cause, TechCause=tech)
        )

    async def back_after_talk(self, call: str) -> None:
        """A customer whose conversation went on without an engine is back, since the seat has hung up."""
        ring, since = self.world.talks.pop(call)
        answered = AnsweredLeg(ring.offer, since, ring.phone)
        self.calls.conversation(call, answered, self.cards.clock.time)
        assert await self.answers(call) is None
        self.callbacks.talked(call)
        await self.hangs_up(call)


def leg_of(ring: Ring) -> str:
    """Return the Uniqueid of a seat's channel."""
    return f"leg-{ring.offer}"


def _channel(uniqueid: str, **variables: str) -> ChannelSnapshot:
    return ChannelSnapshot(uniqueid, uniqueid, f"PJSIP/{uniqueid}", "Up", "", "", "", "", 1, variables)


def ami_event(
    name: str, *, dest: dict[str, str] | None = None, of: dict[str, str] | None = None, **headers: str
) -> Event:
    """Return an event of Asterisk's; ``of`` and ``dest`` are the variables of its channels."""
    written: list[tuple[str, str | list[str]]] = [("Event", name), *headers.items()]
    for key, values in (("ChanVariable", of), ("DestChanVariable", dest)):
        written.append((key, [f"{n}={v}" for n, v in (values or {}).items()]))
    return Event(name, Headers(written))
