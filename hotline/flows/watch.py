"""Watches the flows' folder, and tells when what it holds has changed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import structlog
from watchfiles import awatch

log = structlog.get_logger(__name__)

QUIET_MS = 200  # a save is over after so long without a further write: editors and git write in several steps
LONGEST_MS = 1_000  # however much is written, look after so long
LOOK_MS = 5_000  # look without being told, too: network file systems do not tell
AGAIN_S = 1.0

Stamp: TypeAlias = Mapping[str, tuple[int, int, int]]


class Watch:
    """Calls ``changed`` after each change since the watch was made.

    A further change while that works cancels it, and it is called anew.
    """

    def __init__(self, folder: Path, changed: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._folder = folder
        self._changed = changed
        self._seen = stamp_of(folder)
        self._work: asyncio.Task[None] | None = None
        self._unwatched = False

    async def run(self) -> None:
        """Watch until cancelled. A folder that is away, or that cannot be watched, is looked at now and then."""
        try:
            while True:
                try:
                    await self._watch()
                except (OSError, RuntimeError) as error:  # away, or the system has no more watches to give
                    self._tell(error)
                    await self._look()
                    await asyncio.sleep(AGAIN_S)
        finally:
            await self._stop_work()

    async def _watch(self) -> None:
        """Watch for as long as the folder's name is that of the same folder."""
        watched = await asyncio.to_thread(os.stat, self._folder)
        await self._look()
        async for _ in awatch(
            self._folder, step=QUIET_MS, debounce=LONGEST_MS, rust_timeout=LOOK_MS, yield_on_timeout=True
        ):
            self._unwatched = False
            await self._look()
            if (await asyncio.to_thread(os.stat, self._folder)).st_ino != watched.st_ino:
                return

    async def _look(self) -> None:
        stamp = await asyncio.to_thread(stamp_of, self._folder)
        if stamp != self._seen:
            self._seen = stamp
            await self._stop_work()
            self._work = asyncio.create_task(self._changed())

    async def _stop_work(self) -> None:
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])

    def _tell(self, error: Exception) -> None:
        if not self._unwatched:
            log.warning("the flows' folder cannot be watched", folder=str(self._folder), reason=str(error))
        self._unwatched = True


def stamp_of(folder: Path) -> Stamp:
    """Return what changes when a file of the folder does: YAML at its top, recordings anywhere in it. Blocks."""
    found = {}
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            file = Path(here, name)
            is_flow = file.suffix in (".yaml", ".yml")
            if name.startswith(".") or name.endswith("~") or (is_flow and file.parent != folder):
                continue
            try:
                state = file.stat()
            except OSError:  # gone meanwhile
                continue
            found[str(file)] = (state.st_mtime_ns, state.st_size, state.st_ino)
    return found
