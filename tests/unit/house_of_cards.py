"""A switchboard without telephones: a virtual clock, a journal that is a list, and a small site."""

from __future__ import annotations

from pathlib import Path

from acd.distributor import Distributor
from acd.messages import PhoneSeen, SignIn
from hotline.chronicle import Chronicle
from hotline.memory import Memory
from hotline.plan import plan_of
from hotline.site import Site, load_site
from hotline.switchboard import QueueStay, Switchboard
from ivr.door import Wish
from ledger.errors import JournalFull
from ledger.events import CallBegan, Event
from ledger.journal import EventId

CONFIG = """\
site: cards
numbers: {"10000": {flow: main, language: en}}
skills: [billing, english]
languages: {en: {english: 1}}
queues:
  billing: {skills: {billing: 2}, wrap_up: 1s, capacity: 4, longest_wait: 10m}
  vip: {skills: {billing: 1}, wrap_up: 1s, priority: 3}
agents:
  ann: {name: Ann, phone: "61", skills: {billing: 3, english: 3}}
  bob: {name: Bob, phone: "62", skills: {billing: 1, english: 3}}
phones: {"61": {}, "62": {}}
trunks: {line: {address: [127.0.0.1]}}
"""


class VirtualClock:
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.time = 1_000_000

    def now(self) -> int:
        """Return the time, UTC ms."""
        return self.time

    def of_wall(self, ms: int) -> int:
        """Return the same: the machine's clock was not set."""
        return ms


class ListJournal:
    """A journal in memory; ``full`` makes it refuse, as a full disk does."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.full = False

    def append(self, event: Event) -> EventId:
        """Keep an event."""
        if self.full:
            raise JournalFull(Path("journal"), "No space left on device")
        self.events.append(event)
        return EventId(1, len(self.events))


class Cards:
    """The switchboard and all that it stands on; ``memory`` is what the last engine left."""

    def __init__(self, folder: Path, memory: Memory | None = None) -> None:
        self.site = site(folder)
        self.clock = VirtualClock()
        self.journal = ListJournal()
        self.told: list[Event] = []
        self.silenced: list[str] = []
        self.memory = memory or Memory()
        self.chronicle = Chronicle(
            self.journal,  # type: ignore[arg-type]  # as much of a journal as a chronicle needs
            self.memory,
            lambda _id, event: self.told.append(event),
        )
        self.distributor = Distributor(plan_of(self.site.settings))
        self.board = Switchboard(
            self.site,
            self.distributor,
            self.chronicle,
            self.clock,
            lambda offer, _phone: self.silenced.append(offer),
        )

    def sign_in(self, *seats: str) -> None:
        """Seat people at phones that can be reached."""
        for seat in seats:
            phone = self.site.settings.agents[seat].phone
            assert phone is not None
            self.board.tell(PhoneSeen(phone, reachable=True))
            self.board.tell(SignIn(seat, phone))

    def call(self, call: str) -> None:
        """Let a call begin."""
        self.chronicle.record(
            CallBegan(
                at=self.clock.now(), call=call, ani="139", dnis="10000", trunk="line",
                flow="main", flow_version="1", language="en",
            )
        )  # fmt: skip

    def enter(self, call: str, queue: str = "billing") -> QueueStay:
        """Let a call ask for a person, beginning it where it is new."""
        if call not in self.memory.calls:
            self.call(call)
        return self.board.enter(Wish(call, queue, {}, 0, "en"))

    def kinds(self) -> list[str]:
        """The kinds of events so far, but for the seats'."""
        names = [type(event).__name__ for event in self.journal.events]
        return [name for name in names if name != "SeatChanged"]


def site(folder: Path) -> Site:
    """The small site."""
    file = folder / "config.yaml"
    file.write_text(CONFIG)
    return load_site(file)
