"""Whether the ledger keeps up: so many calls a second told to the journal and its writer, and how late the loop is.

``HOTLINE_WRITER_SECONDS`` says for how long (60); the whole run that the aim is about takes 600.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from rich.console import Console

from benchmarks.report import Aim, Report
from hotline.asterisk.prefix import Toolbox
from hotline.chronicle import Chronicle
from hotline.clock import SystemClock
from hotline.live.lag import LoopLag
from hotline.memory import Memory
from ledger.events import (
    CallBegan,
    CallEnded,
    ConversationEnded,
    Event,
    NodeEntered,
    NodeLeft,
    OfferEnded,
    OfferMade,
    SeatChanged,
    VisitBegan,
    VisitEnded,
)
from ledger.journal import Journal
from ledger.writer import LedgerWriter

CALLS_A_SECOND = 200
LAG_MS = 10.0
STEP_S = 0.02
SEATS = 100
WAIT_MS, TALK_MS = 4_000, 60_000


async def writer(_: Toolbox, console: Console) -> Report:
    """Tell the events of calls at their pace, then count the rows. Asterisk has no part in it."""
    seconds = int(os.environ.get("HOTLINE_WRITER_SECONDS", "60"))
    console.print(f"  {CALLS_A_SECOND} calls/s for {seconds} s", highlight=False)
    with tempfile.TemporaryDirectory(prefix="hotline-writer-") as folder:
        return await _measured(Path(folder), seconds)


async def _measured(folder: Path, seconds: int) -> Report:
    memory, lates = Memory(), list[float]()
    database = folder / "ledger.sqlite"
    with closing(Journal(folder / "journal", snapshot=memory.snapshot)) as journal:
        ledger = LedgerWriter(f"sqlite:///{database}", journal, site="bench", node="bench")
        ledger.start()
        chronicle = Chronicle(journal, memory, ledger.write)
        lag = LoopLag(lates.append)
        watching = asyncio.create_task(lag.run())
        before = resource.getrusage(resource.RUSAGE_SELF)
        told, events = await _tell(chronicle, seconds)
        most_behind = ledger.statistics().behind_ms
        watching.cancel()
        began = time.monotonic()
        stored = await asyncio.to_thread(ledger.close, 120.0)
        catching_up = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_SELF)
    with closing(sqlite3.connect(database)) as rows:
        ended = rows.execute("select count(*) from calls where ended is not null").fetchone()[0]
        visits = rows.execute("select count(*) from visits where outcome = 'answered'").fetchone()[0]
    lost = told - min(ended, visits)
    p99 = 1_000 * sorted(lates)[len(lates) * 99 // 100]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    table = [
        ("calls told, ended, answered in the ledger", f"{told:,} / {ended:,} / {visits:,}"),
        ("events a second", f"{events / seconds:,.0f}"),
        ("loop lag: median, p99, worst, ms", f"{_ms(lates, 50)} / {p99:.1f} / {1_000 * max(lates):.1f}"),
        ("the ledger behind the journal at the end, ms", f"{most_behind:,}"),
        ("seconds to store what was left", f"{catching_up:.1f}"),
        ("CPU time of a call, ms", f"{1_000 * cpu / told:.2f}"),
        ("peak memory, MB", f"{after.ru_maxrss / 1024:.0f}"),
    ]
    figures = {"lost": float(lost), "lag_p99_ms": p99, "cpu_ms_per_call": 1_000 * cpu / told}
    aims = [
        Aim("calls lost:", float(lost if stored else told), 0.0, most=True),
        Aim("loop lag, p99:", p99, LAG_MS, " ms", most=True),
    ]
    return Report(f"The ledger's writer at {CALLS_A_SECOND} calls/s", ("", ""), table, figures, aims)


def _ms(lates: list[float], percent: int) -> str:
    return f"{1_000 * sorted(lates)[len(lates) * percent // 100]:.1f}"


async def _tell(chronicle: Chronicle, seconds: int) -> tuple[int, int]:
    """Tell the calls, each at its time; return how many they were, and how many events."""
    clock, loop = SystemClock(), asyncio.get_running_loop()
    began, told, events = loop.time(), 0, 0
    while (passed := loop.time() - began) < seconds:
        while told < passed * CALLS_A_SECOND:
            for event in call(told, clock.now()):
                chronicle.record(event)
                events += 1
            told += 1
        await asyncio.sleep(STEP_S)
    return told, events


def call(number: int, now: int) -> Iterator[Event]:
    """Yield the events of one call through a menu to an agent; it has just ended."""
    id_, seat, phone = f"bench-{number}.1", f"seat{number % SEATS}", f"{6000 + number % SEATS}"
    visit, offer = f"{id_}/1", f"{id_}/1/1"
    answered = now - TALK_MS
    entered = answered - WAIT_MS
    yield CallBegan(
        at=entered - 9_000, call=id_, ani="13900000001", dnis="10000", trunk="line", flow="bench",
        flow_version="1", language="zh",
    )  # fmt: skip
    for step, node in enumerate(("welcome", "main", "transferring", "queue")):
        at = entered - 9_000 + 3_000 * step
        yield NodeEntered(at=at, call=id_, flow="bench", node=node, language="zh")
        if node != "queue":
            yield NodeLeft(at=at + 2_900, call=id_, exit="next")
    yield VisitBegan(
        at=entered, call=id_, visit=visit, queue="faults", skills={"faults": 2, "mandarin": 3}, priority=0
    )
    why = {"needs": {"faults": 2}, "waited_ms": WAIT_MS, "seat_rule": "longest-idle", "idle_ms": 1_234}
    yield OfferMade(at=answered - 2_000, call=id_, visit=visit, offer=offer, seat=seat, phone=phone, why=why)
    for was, event, state in (
        ("ready", "reserve", "reserved"),
        ("reserved", "ring", "ringing"),
        ("ringing", "answer", "talking"),
    ):
        yield _seat(seat, phone, was, event, state, answered, offer)
    yield OfferEnded(at=answered, call=id_, visit=visit, offer=offer, seat=seat, outcome="answered")
    yield VisitEnded(at=answered, call=id_, visit=visit, outcome="answered", wait_ms=WAIT_MS, seat=seat)
    yield ConversationEnded(
        at=now, call=id_, visit=visit, offer=offer, seat=seat, talk_ms=TALK_MS, ended_by="seat"
    )
    yield _seat(seat, phone, "talking", "end", "wrap-up", now, None)
    yield _seat(seat, phone, "wrap-up", "wrap-up-over", "ready", now, None)
    yield NodeLeft(at=now, call=id_, exit="answered")
    yield CallEnded(at=now, call=id_, outcome="flow-ended")


def _seat(seat: str, phone: str, was: str, event: str, now: str, at: int, offer: str | None) -> SeatChanged:
    return SeatChanged(at=at, seat=seat, phone=phone, was=was, event=event, now=now, offer=offer)  # type: ignore[arg-type]
