"""Seats at work: each talks for a short time, hangs up, and is free until it is rung again."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator

from benchmarks.phones import Phone, Phones
from benchmarks.report import NotMeasured

TALK_S = (1.5, 2.5)


class Shift:
    """What the seats of a house do while they are `working`, by ``time.perf_counter``."""

    def __init__(self) -> None:
        self._free: dict[str, float] = {}  # phone: since when
        self._rung: list[tuple[float, float]] = []  # when it fell free, when it was rung

    def rung(self, since: float) -> list[float]:
        """Return how long, in ms, the seats that were rung since a moment had been free."""
        return [1000 * (rung - free) for free, rung in self._rung if rung >= since]

    def still_free(self) -> list[float]:
        """Return how long, in ms, the seats that are free have been so."""
        now = time.perf_counter()
        return [1000 * (now - free) for free in self._free.values()]

    async def work(self, phone: Phone, phones: Phones) -> None:
        """Take call after call, for ever. The times talked are the phone's own, the same in every house."""
        times = random.Random(phone.number)
        while True:
            await phone.invited.wait()
            if phone.number in self._free:
                self._rung.append((self._free.pop(phone.number), phone.invited_at))
            await asyncio.sleep(times.uniform(*TALK_S))
            self._free[phone.number] = phones.hang_up(phone)


@contextlib.asynccontextmanager
async def working(phones: Phones) -> AsyncIterator[Shift]:
    """Let every phone take calls. Raises `NotMeasured` where a call was ended by anybody else."""
    shift = Shift()
    try:
        async with asyncio.TaskGroup() as tasks:
            seats = [tasks.create_task(shift.work(phone, phones)) for phone in phones.phones.values()]
            yield shift
            for seat in seats:
                seat.cancel()
    except* NotMeasured as several:
        raise NotMeasured(str(several.exceptions[0])) from several
