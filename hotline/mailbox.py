"""Where recordings are kept: a folder for each box and month, for this user alone."""

from __future__ import annotations

import asyncio
import os
import re
from datetime import datetime, timedelta
from pathlib import Path

from ivr.facts import RecordingKind
from ivr.house import Clock, Room

FOLDER = "voicemail"  # in the data folder
UNSAFE = re.compile(r"[^\w-]")


class SiteMailbox:
    """Keeps recordings as ``folder/BOX/YYYY-MM/DD-HHMMSS-CALL.wav``; what they are and whose, the ledger knows.

    A recording's id is its call's with ``/rDDHHMMSS``. Box and call are made safe for a file's name.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    async def room(self, call: str, kind: RecordingKind, box: str) -> Room:  # noqa: ARG002 a box holds both kinds
        """Return a place for one more recording, its file there and empty. Raises `OSError`."""
        return await asyncio.to_thread(self._take, call, box, self._clock.local())

    async def discard(self, room: Room) -> None:
        """Remove what was recorded there, if anything was. Raises `OSError`."""
        await asyncio.to_thread(room.file.unlink, missing_ok=True)

    def _take(self, call: str, box: str, at: datetime) -> Room:
        place = Path(_safe(box), f"{at:%Y-%m}")
        folder = self._folder / place
        for made in (self._folder, folder.parent, folder):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            name = f"{at:%d-%H%M%S}-{_safe(call)}.wav"
            try:
                # The empty file takes the name, and gives its mode to what Asterisk writes there.
                os.close(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                at += timedelta(seconds=1)  # two of one call within a second
            else:
                return Room(f"{call}/r{at:%d%H%M%S}", folder / name, str(place / name))


def _safe(name: str) -> str:
    """Return one part of a path, whatever ``name`` is. Asterisk takes what follows a dot for a format."""
    return UNSAFE.sub("_", name) or "_"
