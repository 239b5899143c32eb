"""A caller who waits for a person: with music, spoken for by the distributor, free to press a key."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ivr.call import CallLost, Rang, Ring
from ivr.door import Leave, Place, Stay, Wish
from ivr.here import Here
from ivr.language.prompt import Phrase

PATIENCE = "patience"
PLACE = (
    "place",
    "wait_from",
    "wait_to",
)  # the variables that stand for a caller's place, and minutes to wait
MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Telling:
    """When a waiting caller is told his place, in seconds from now and between, and in what words."""

    after: float
    every: float
    place: Phrase
    wait: Phrase


async def wait_for_person(
    here: Here, wish: Wish, *, keys: str = "", seconds: float | None = None, telling: Telling | None = None
) -> str:
    """Wait until the call leaves the queue, and return how: the queue's own exit, a key, or `PATIENCE`.

    A key keeps the caller's place: he goes on with this visit if he comes back to the queue. After ``seconds``
    he leaves it for good. Raises `CallLost`; then, and when cancelled, the door is told that he is out of reach.
    """
    return await wait(here, here.house.door.enter(wish), keys=keys, seconds=seconds, telling=telling)


async def wait(
    here: Here, stay: Stay, *, keys: str = "", seconds: float | None = None, telling: Telling | None = None
) -> str:
    """Wait as `wait_for_person` does, in a stay that has begun."""
    here.heard = True
    visit = _Visit(here, stay, keys, seconds, telling)
    try:
        return await visit.run()
    finally:
        await visit.close()


class _Visit:
    """One stay, and all that is awaited meanwhile: each at most once, and none lost between two rounds."""

    def __init__(
        self, here: Here, stay: Stay, keys: str, seconds: float | None, telling: Telling | None
    ) -> None:
        self._here = here
        self._call = here.call
        self._stay = stay
        self._keys = keys
        self._telling = telling
        self._said: str | None = None  # a key that was pressed into what he was told
        self._over = False
        self._gone = asyncio.ensure_future(self._call.gone())
        self._key = asyncio.ensure_future(self._call.pressed(keys)) if keys else None
        self._patience = asyncio.ensure_future(here.rest(seconds)) if seconds is not None else None
        self._due = asyncio.ensure_future(here.rest(telling.after)) if telling is not None else None

    async def run(self) -> str:
        await self._call.music(True, listen=bool(self._keys))
        while True:
            ordered = asyncio.ensure_future(self._stay.next())
            try:
                await self._first(ordered, self._gone, self._key, self._patience, self._due)
                if self._is_due(ordered):
                    await self._tell(ordered)
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
                    await self._call.music(True, listen=bool(self._keys))
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

    def _is_due(self, ordered: asyncio.Future[Any]) -> bool:
        """Tell whether the caller is to be told his place now, and nothing else has happened."""
        others = (ordered, self._gone, self._key, self._patience)
        return (
            self._due is not None
            and self._due.done()
            and not any(one is not None and one.done() for one in others)
        )

    async def _tell(self, ordered: asyncio.Future[Any]) -> None:
        """Tell the caller his place. It ends at once when a seat is found for him."""
        telling, place = self._telling, self._stay.place()
        if telling is None:
            raise AssertionError("there is nothing to tell")
        self._due = asyncio.ensure_future(self._here.rest(telling.every))
        if place is None:
            return
        phrase = self._words(telling, place)
        saying = asyncio.ensure_future(self._here.say(phrase, self._keys))
        try:
            await self._first(saying, ordered, self._gone)
            if not saying.done() and not self._gone.done():
                await self._call.hush()
            self._said = await saying
        finally:
            await _cancelled(saying)
        self._stay.told(place)
        if not ordered.done():
            await self._call.music(True, listen=bool(self._keys))

    def _words(self, telling: Telling, place: Place) -> Phrase:
        values: dict[str, Any] = {"place": place.position}
        if place.low_ms is not None and place.high_ms is not None:
            low = max(1, round(place.low_ms / MINUTE_MS))
            values |= {"wait_from": low, "wait_to": max(low + 1, -(-place.high_ms // MINUTE_MS))}
        self._here.variables.update(values)
        return (*telling.place, *(telling.wait if "wait_from" in values else ()))

    async def _left(self) -> str | None:
        """Return how the caller leaves of himself, if he does."""
        if self._said is not None:
            left = self._said
        elif self._key is not None and self._key.done():
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
            await _cancelled(self._gone, self._key, self._patience, self._due)
        finally:
            self._out_of_reach()


async def _cancelled(*waits: asyncio.Future[Any] | None) -> None:
    given: Collection[asyncio.Future[Any]] = [wait for wait in waits if wait is not None]
    for wait in given:
        wait.cancel()
    await asyncio.gather(*given, return_exceptions=True)
