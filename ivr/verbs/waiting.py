"""A caller who waits for a person: with music, spoken for by the distributor, free to press a key."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from ivr.call import CallLost, Rang, Ring
from ivr.door import Leave, Stay, Wish
from ivr.here import Here

PATIENCE = "patience"


async def wait_for_person(here: Here, wish: Wish, *, keys: str = "", seconds: float | None = None) -> str:
    """Wait until the call leaves the queue, and return how: the queue's own exit, a key, or `PATIENCE`.

    A key keeps the caller's place: he goes on with this visit if he comes back to the queue. After ``seconds``
    he leaves it for good. Raises `CallLost`; then, and when cancelled, the door is told that he is out of reach.
    """
    here.heard = True
    visit = _Visit(here, wish, keys, seconds)
    try:
        return await visit.run()
    finally:
        await visit.close()


class _Visit:
    """One stay, and all that is awaited meanwhile: each at most once, and none lost between two rounds."""

    def __init__(self, here: Here, wish: Wish, keys: str, seconds: float | None) -> None:
        self._here = here
        self._call = here.call
        self._stay: Stay = here.house.door.enter(wish)
        self._over = False
        self._gone = asyncio.ensure_future(self._call.gone())
        self._key = asyncio.ensure_future(self._call.pressed(keys)) if keys else None
        self._patience = asyncio.ensure_future(here.rest(seconds)) if seconds is not None else None

    async def run(self) -> str:
        await self._call.music(True)
        while True:
            ordered = asyncio.ensure_future(self._stay.next())
            try:
                await self._first(ordered, self._gone, self._key, self._patience)
                if self._gone.done():
                    self._gone.result()
                    raise CallLost
                if ordered.done():
                    order = ordered.result()
                    if isinstance(order, Leave):
                        self._over = True
                        await self._call.music(False)
                        return order.exit
                    rang = await self._ring(order)
                    if rang.outcome == "answered":
                        self._over = True
                        return "answered"
                left = await self._left()
                if left is not None:
                    return left
                if ordered.done():
                    await self._call.music(True)
            finally:
                await _cancelled(ordered)

    async def _ring(self, order: Ring) -> Rang:
        ringing = asyncio.ensure_future(self._call.ring(order))
        try:
            await self._first(ringing, self._key, self._patience)
            if not ringing.done():
                self._out_of_reach()  # and it falls silent; it may be answered all the same, in this very moment
            rang = await ringing
        finally:
            await _cancelled(ringing)
        self._stay.rang(rang)
        return rang

    async def _left(self) -> str | None:
        """Return how the caller leaves of himself, if he does."""
        if self._key is not None and self._key.done():
            self._here.pressed = True
            left = self._key.result()
        elif self._patience is not None and self._patience.done():
            left = PATIENCE
        else:
            return None
        self._out_of_reach()
        if left == PATIENCE:
            self._stay.leave(PATIENCE)
        await self._call.music(False)
        return left

    def _out_of_reach(self) -> None:
        if not self._over:
            self._over = True
            self._stay.left()

    async def _first(self, *waits: asyncio.Future[Any] | None) -> None:
        await asyncio.wait([wait for wait in waits if wait is not None], return_when=asyncio.FIRST_COMPLETED)

    async def close(self) -> None:
        try:
            await _cancelled(self._gone, self._key, self._patience)
        finally:
            self._out_of_reach()


async def _cancelled(*waits: asyncio.Future[Any] | None) -> None:
    given: Collection[asyncio.Future[Any]] = [wait for wait in waits if wait is not None]
    for wait in given:
        wait.cancel()
    await asyncio.gather(*given, return_exceptions=True)
