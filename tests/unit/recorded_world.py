"""A random world that is written down as the engine writes, so that the ledger can be asked about it."""

from __future__ import annotations

import random
from contextlib import closing, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from acd.distributor import Distributor
from acd.messages import (
    Answered,
    CallbackFailed,
    Cancel,
    Close,
    Decision,
    Enter,
    Leave,
    Missed,
    Offer,
    Reconfigure,
    Refused,
    SeatChange,
    Tick,
)
from acd.messages import Event as Told
from acd.plan import Plan
from ledger.events import (
    CallbackTried,
    CallBegan,
    EngineStarted,
    Event,
    OfferEnded,
    OfferMade,
    PlanAdopted,
    RingEnded,
    SeatChanged,
    VisitBegan,
    VisitEnded,
)
from ledger.journal import Journal
from ledger.writer import LedgerWriter
from tests.unit.random_world import PLAN, Witness, World

BEGAN = 1_800_000_000_000
SITE = "random"


class FreshCallers(World):
    """A world whose callers come when they enter, and have waited elsewhere by credit alone."""

    def enter(self, now: int) -> Enter:
        """Let somebody come."""
        entered = super().enter(now)
        waited = now - entered.arrived
        return replace(entered, arrived=now, credit_ms=entered.credit_ms + waited)


class Recorder:
    """Writes down what a distributor is told and what it decides. ``events`` may be added to."""

    def __init__(self, plan: Plan = PLAN) -> None:
        self.distributor = Distributor(plan)
        self.events: list[Event] = [
            EngineStarted(at=BEGAN, version="1"),
            PlanAdopted(at=BEGAN, plan=asdict(plan)),
        ]
        self.entered: dict[str, Enter] = {}
        self.made: dict[str, OfferMade] = {}  # by offer, as long as it rings
        self.over: dict[str, set[str]] = {}
        self.tries = 0

    def happen(self, now: int, event: Told) -> list[Decision]:
        """Let something happen, after what was due before it. Raises `Refused`."""
        while (due := self.distributor.due()) is not None and due < now:
            self.decided(due, self.distributor.handle(due, Tick()))
        self.told(now, event)
        decisions = self.distributor.handle(now, event)
        self.decided(now, decisions)
        return decisions

    def told(self, now: int, event: Told) -> None:
        """Write down what happened, before the distributor hears of it."""
        match event:
            case Enter():
                self.entered[event.visit] = event
                call = event.visit.rpartition("/")[0]
                self.events += (
                    CallBegan(
                        at=now, call=call, ani="13812341234", dnis="1", trunk="t", flow="f",
                        flow_version="1", language="en",
                    ),
                    VisitBegan(
                        at=now, call=call, visit=event.visit, queue=event.queue, skills=event.skills,
                        priority=event.priority, credit_ms=event.credit_ms, tier=event.tier, owner=event.owner,
                        visit_kind=event.kind,
                    ),
                )  # fmt: skip
            case Leave(visit) if visit in self.entered:
                self._left(now, visit, "abandoned")
            case CallbackFailed(visit, again) if visit in self.entered:
                offer = next((made.offer for made in self.made.values() if made.visit == visit), None)
                if offer is not None:
                    self.tries += 1
                    self.events.append(
                        CallbackTried(
                            at=now,
                            callback="c/cb1",
                            attempt=self.tries,
                            offer=offer,
                            outcome="no-answer",
                            again=again,
                        )
                    )
                    self._missed(now, offer, "cancelled", None)
            case Answered(offer, seat) if offer in self.made:
                made = self.made[offer]
                winner = seat or made.seat
                for other in made.rings:
                    if other != winner and other not in self.over[offer]:
                        self._ring_over(now, made, other, "cancelled")
                self._offer_over(now, made, winner, "answered")
                if made.visit in self.entered:
                    self._left(now, made.visit, "answered", winner)
            case Missed(offer, outcome, seat) if offer in self.made:
                self._missed(now, offer, "cancelled" if outcome == "no-customer" else outcome, seat)
            case Reconfigure(plan):
                self.events.append(PlanAdopted(at=now, plan=asdict(plan)))
            case _:
                pass

    def decided(self, now: int, decisions: list[Decision]) -> None:
        """Write down what the distributor decided."""
        for one in decisions:
            match one:
                case SeatChange():
                    self.events.append(SeatChanged(at=now, **{f: getattr(one, f) for f in one.__slots__}))
                case Offer():
                    rings = dict(one.rings) if len(one.rings) > 1 else {}
                    made = OfferMade(
                        at=now, call=one.visit.rpartition("/")[0], visit=one.visit, offer=one.offer, seat=one.seat,
                        phone=one.phone, why=one.why, rings=rings,
                    )  # fmt: skip
                    self.made[one.offer], self.over[one.offer] = made, set()
                    self.events.append(made)
                case Close(visit, reason):
                    self._left(now, visit, "overflowed", reason=reason)
                case Cancel(offer, outcome, None) if outcome != "cancelled" and offer in self.made:
                    self._missed(now, offer, outcome, None)
                case _:
                    pass

    def store(self, folder: Path) -> str:
        """Put it all into a ledger; return its URL."""
        url = f"sqlite:///{folder}/ledger.sqlite"
        with closing(Journal(folder / "journal")) as journal:
            writer = LedgerWriter(url, journal, site=SITE, node=SITE)
            writer.start()
            for event in self.events:
                writer.write(journal.append(event), event)
            assert writer.close(60.0)
        return url

    def _left(
        self, now: int, visit: str, outcome: str, seat: str | None = None, reason: str | None = None
    ) -> None:
        entered = self.entered.pop(visit)
        self.events.append(
            VisitEnded(
                at=now, call=visit.rpartition("/")[0], visit=visit, outcome=outcome,  # type: ignore[arg-type]
                wait_ms=now - entered.arrived, seat=seat, reason=reason,
            )
        )  # fmt: skip

    def _missed(self, now: int, offer: str, outcome: str, seat: str | None) -> None:
        made = self.made[offer]
        seats = set(made.rings or [made.seat])
        for one in sorted(seats - self.over[offer] if seat is None else seats & {seat} - self.over[offer]):
            if self.over[offer] | {one} == seats:
                self._offer_over(now, made, one, outcome)
            else:
                self._ring_over(now, made, one, outcome)

    def _ring_over(self, now: int, made: OfferMade, seat: str, outcome: str) -> None:
        self.over[made.offer].add(seat)
        self.events.append(RingEnded(ring=_ring(made, seat), **_of(now, made, seat, outcome)))

    def _offer_over(self, now: int, made: OfferMade, seat: str, outcome: str) -> None:
        del self.made[made.offer]
        self.events.append(OfferEnded(ring=_ring(made, seat), **_of(now, made, seat, outcome)))


def _ring(made: OfferMade, seat: str) -> str:
    seats = list(made.rings or [made.seat])
    return f"{made.offer}/{seats.index(seat) + 1}"


def _of(now: int, made: OfferMade, seat: str, outcome: str) -> dict[str, Any]:
    whose = {"call": made.call, "visit": made.visit, "offer": made.offer}
    return {"at": now, **whose, "seat": seat, "outcome": outcome}


def live_and_record(events: int, seed: int) -> Recorder:
    """Let so many events happen, each in a millisecond of its own; return the record of them."""
    recorder, witness, dice = Recorder(), Witness(PLAN), random.Random(seed)
    distributor = recorder.distributor
    world = FreshCallers(distributor, witness, dice)
    now = BEGAN

    def happen(at: int, event: Told) -> None:
        witness.before(at, event)
        with suppress(Refused):
            witness.after(at, recorder.happen(at, event))

    for _ in range(events):
        now += dice.choice([1, 20, 300, 300, 2000, 30_000])
        while (due := distributor.due()) is not None and due <= now:
            happen(due, Tick())
            now = max(now, due + 1)
        happen(now, world.next(now))
    return recorder
