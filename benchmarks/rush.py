"""A full queue: every seat is busy, so many callers wait, and whoever is served is followed by the next."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from benchmarks.caller import Caller, CallFigures
from benchmarks.house import STRAIGHT, House
from benchmarks.meter import Meter, Usage
from benchmarks.phones import Phones
from benchmarks.report import NotMeasured
from benchmarks.rivals.queue import tune
from benchmarks.shift import working

ARRIVALS = 40.0  # a second, more than the seats can serve: whoever leaves is followed at once
SETTLE_S = 5.0
WINDOW_S = 20.0
PATIENCE_S = 40.0
SATURATED = 90.0  # % of the machine: above it calls wait for the processor, and no longer for the queue


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen for a while: how long seats were free, in ms, those rung and those that still were; the cost."""

    seconds: float
    free: list[float]
    still_free: list[float]
    usage: Usage

    @property
    def saturated(self) -> bool:
        """Tell whether the machine had no time left."""
        return self.usage.busy > SATURATED


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to serve the queue: a house, who calls there, its phones; app_queue's settings where it is that."""

    name: str
    house: House
    caller: Caller
    phones: Phones
    tuning: Mapping[str, object] | None = None

    async def measure(self, waiting: int) -> Window:
        """Let so many wait while every seat is busy, and watch. Leaves nobody behind."""
        if self.tuning is not None:
            await tune(self.house, self.tuning)
        try:
            async with self._callers(waiting), working(self.phones) as shift:
                await asyncio.sleep(SETTLE_S)
                meter = Meter(self.house)
                began, before = time.perf_counter(), meter.read()
                await asyncio.sleep(WINDOW_S)
                usage, seconds = meter.read() - before, time.perf_counter() - began
                rung = shift.rung(began)
                if len(rung) < 2:
                    raise NotMeasured(f"{self.name} rang hardly a seat in {seconds:.0f} s")
                return Window(seconds, rung, shift.still_free(), usage)
        finally:
            await self._empty()

    @contextlib.asynccontextmanager
    async def _callers(self, waiting: int) -> AsyncIterator[None]:
        """Keep as many callers in the house as fill the seats and the queue."""
        full = len(self.phones.phones) + waiting
        calling = asyncio.create_task(
            self.caller.call(
                STRAIGHT,
                "waiting_call",
                calls=100_000,
                at_once=full,
                rate=ARRIVALS,
                slow_ms=32_000,
                longest=600,
            )
        )
        try:
            await self._full(full, calling)
            yield
        finally:
            await self._hang_up()  # while they can still say goodbye
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)

    async def _full(self, callers: int, calling: asyncio.Task[CallFigures]) -> None:
        patience = callers / ARRIVALS + PATIENCE_S
        try:
            async with asyncio.timeout(patience):
                while await self._calls() < callers:
                    if calling.done():
                        raise NotMeasured(f"{self.name}: the callers have given up: {calling.result()}")
                    await asyncio.sleep(0.5)
        except TimeoutError:
            raise NotMeasured(f"{self.name} had not taken {callers} calls after {patience:.0f} s") from None

    async def _empty(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while await self._calls() or self.phones.talking():
                    await self._hang_up()
                    await asyncio.sleep(0.5)
        except TimeoutError:
            raise NotMeasured(
                f"{self.name}: calls were left after {PATIENCE_S:.0f} s of hanging up"
            ) from None

    async def _calls(self) -> int:
        calls = await asyncio.to_thread(self.house.supervisor.asterisk.calls)
        if calls is None:
            raise NotMeasured(f"{self.name}: Asterisk does not say how many calls it has")
        return calls

    async def _hang_up(self) -> None:
        await asyncio.to_thread(self.house.supervisor.asterisk.ask, "channel request hangup all")
