"""Many callers wait while every seat talks: what the waiting costs, and how soon a seat that falls free is rung."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Literal

from rich.console import Console

from benchmarks.caller import Caller
from benchmarks.house import STRAIGHT, House, opened, write_site
from benchmarks.phones import Phone, Phones
from benchmarks.report import Aim, NotMeasured, Report
from hotline.asterisk.prefix import Toolbox

SEATS = 100
ARRIVALS = 40.0  # a second
SETTLE_S = 3.0
IDLE_S = 30.0  # two of the engine's rounds of comparing itself with Asterisk
PACE_S = 0.12
SAMPLES = 100


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many callers who wait at once, and what they hear."""

    name: str
    waiting: int
    music: Literal["music", "silence"]


CROWDS = (Crowd("music", 300, "music"), Crowd("silence", 1_000, "silence"))


@dataclass(frozen=True, slots=True)
class Found:
    """What one crowd cost. CPU in % of a core, memory in MB, times in ms."""

    engine_cpu: float
    asterisk_cpu: float
    engine_memory: float
    memory_per_caller_kb: float
    after_bye: list[float]
    after_ready: list[float]


async def waiting(toolbox: Toolbox, console: Console) -> Report:
    """Measure the waiting. Takes about four minutes."""
    found = {crowd: await _measure(crowd, toolbox, console) for crowd in CROWDS}
    rows, figures, aims = [], dict[str, float](), list[Aim]()
    for crowd, f in found.items():
        name = f"{crowd.waiting} on {crowd.name}"
        bye, ready = _p99(f.after_bye), _p99(f.after_ready)
        rows.append(
            (
                name,
                f"{f.engine_cpu:.2f} %",
                f"{f.asterisk_cpu:.0f} %",
                f"{f.engine_memory:.0f} MB",
                f"{median(f.after_bye):.1f} / {bye:.1f}",
                f"{median(f.after_ready):.1f} / {ready:.1f}",
            )
        )
        figures |= {
            f"{crowd.name}_engine_cpu_percent": f.engine_cpu,
            f"{crowd.name}_asterisk_cpu_percent": f.asterisk_cpu,
            f"{crowd.name}_engine_mb": f.engine_memory,
            f"{crowd.name}_engine_kb_per_caller": f.memory_per_caller_kb,
            f"{crowd.name}_bye_to_invite_ms": median(f.after_bye),
            f"{crowd.name}_bye_to_invite_p99_ms": bye,
            f"{crowd.name}_ready_to_invite_ms": median(f.after_ready),
            f"{crowd.name}_ready_to_invite_p99_ms": ready,
        }
        aims += [
            Aim(f"{name}: engine's CPU while nothing happens", f.engine_cpu, 1, " %", most=True),
            Aim(f"{name}: hang-up to INVITE, median", median(f.after_bye), 20, " ms", most=True),
            Aim(f"{name}: hang-up to INVITE, p99", bye, 20, " ms", most=True),
            Aim(f"{name}: ready to INVITE, p99", ready, 20, " ms", most=True),
        ]
    columns = (
        "waiting", "engine idle", "Asterisk", "engine memory", "BYE to INVITE ms", "ready to INVITE ms"
    )  # fmt: skip
    return Report(f"{SEATS} seats talk, callers wait (ms: median / p99)", columns, rows, figures, aims)


async def _measure(crowd: Crowd, toolbox: Toolbox, console: Console) -> Found:
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        site = write_site(Path(folder), seats=SEATS, music=crowd.music)
        async with opened(site, toolbox) as house:
            phones = Phones(site.settings.ports.sip, house.secrets.phones)
            await phones.open()
            empty = house.engine.memory()
            try:
                async with _callers(crowd, house):
                    engine, asterisk = house.engine.cpu(), house.asterisk.cpu()
                    await asyncio.sleep(IDLE_S)
                    if phones.left:
                        raise NotMeasured(f"{phones.left} conversations ended while nothing should happen")
                    found = Found(
                        100 * (house.engine.cpu() - engine) / IDLE_S,
                        100 * (house.asterisk.cpu() - asterisk) / IDLE_S,
                        house.engine.memory() / 2**20,
                        (house.engine.memory() - empty) / 2**10 / (crowd.waiting + SEATS),
                        [],
                        [],
                    )
                    console.print(
                        f"  {crowd.waiting} on {crowd.name}: engine {found.engine_cpu:.2f} %,"
                        f" Asterisk {found.asterisk_cpu:.0f} % of a core",
                        highlight=False,
                    )
                    for phone in _in_turn(phones, SAMPLES):
                        await asyncio.sleep(PACE_S)
                        found.after_bye.append(await _after_bye(phones, phone))
                        found.after_ready.append(await _after_ready(phones, phone, house))
            finally:
                phones.close()
    return found


@contextlib.asynccontextmanager
async def _callers(crowd: Crowd, house: House) -> AsyncIterator[None]:
    """Let the seats talk and the crowd wait; whoever is served is followed by the next caller."""
    caller = Caller(house)
    calling = asyncio.create_task(
        caller.call(
            STRAIGHT,
            "waiting_call",
            calls=crowd.waiting + SEATS + 3 * SAMPLES,
            at_once=crowd.waiting + SEATS,
            rate=ARRIVALS,
            slow_ms=32_000,
            longest=600,
        )
    )
    try:
        async with asyncio.timeout((crowd.waiting + SEATS) / ARRIVALS * 2 + 30):
            while True:
                floor = await house.control.ask("floor")
                talking = sum(seat["state"] == "talking" for seat in floor["seats"].values())
                waits = floor["queues"]["service"]["waiting"]
                if (talking, waits) == (SEATS, crowd.waiting):
                    break
                if calling.done():
                    raise NotMeasured(f"the callers have given up: {calling.result()}")
                await asyncio.sleep(0.5)
        await asyncio.sleep(SETTLE_S)
        yield
    finally:
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)


def _in_turn(phones: Phones, count: int) -> list[Phone]:
    everybody = list(phones.phones.values())
    return [everybody[n % len(everybody)] for n in range(count)]


async def _after_bye(phones: Phones, phone: Phone) -> float:
    hung_up = phones.hang_up(phone)
    return 1000 * (await phones.invited(phone) - hung_up)


async def _after_ready(phones: Phones, phone: Phone, house: House) -> float:
    await asyncio.sleep(PACE_S)
    await house.control.ask("not-ready", seat=f"a{phone.number}", reason="measured")
    phones.hang_up(phone)
    await asyncio.sleep(PACE_S)
    ready = time.perf_counter()
    await house.control.ask("ready", seat=f"a{phone.number}")
    return 1000 * (await phones.invited(phone) - ready)


def _p99(sample: list[float]) -> float:
    return quantiles(sample, n=100, method="inclusive")[98]
