"""Where recordings are kept: a folder for each box and month, for this user alone."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from ivr.facts import RecordingKind
from ivr.house import Clock, Room

FOLDER = "voicemail"  # in the data folder
LEAST_FREE = 10_000_000  # bytes: the longest recording, ten minutes at 16,000 a second
UNSAFE = re.compile(r"[^\w-]")


class SiteMailbox:
    """Keeps recordings as ``folder/BOX/YYYY-MM/DD-HHMMSS-CALL.wav``; what they are and whose, the ledger knows.

    A recording's id is its call's with ``/rDDHHMMSS``. Box and call are made safe for a file's name.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    async def room(self, call: str, kind: RecordingKind, box: str) -> Room:  # noqa: ARG002 a box holds both kinds
        """Return a place for one more recording, its file there and empty. Raises `OSError`.

        It does so on a full disk too: Asterisk does not tell that it writes nothing, and the caller would take his
        message for kept.
        """
        return await asyncio.to_thread(self._take, call, box, self._clock.local())

    async def discard(self, room: Room) -> None:
        """Remove what was recorded there, if anything was. Raises `OSError`."""
        await asyncio.to_thread(room.file.unlink, missing_ok=True)

    async def of_call(self, call: str, box: str) -> list[Room]:
        """Return every place that a call has had in a box, the oldest first. Raises `OSError`."""
        return await asyncio.to_thread(self._taken, call, box)

    def _taken(self, call: str, box: str) -> list[Room]:
        files = sorted((self._folder / _safe(box)).glob(f"????-??/??-??????-{_safe(call)}.wav"))
        return [self._room(call, file.relative_to(self._folder)) for file in files]

    def _room(self, call: str, place: Path) -> Room:
        day, moment, *_ = place.name.split("-")
        return Room(f"{call}/r{day}{moment}", self._folder / place, str(place))

    def _take(self, call: str, box: str, at: datetime) -> Room:
        place = Path(_safe(box), f"{at:%Y-%m}")
        folder = self._folder / place
        for made in (self._folder, folder.parent, folder):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < LEAST_FREE:
            raise OSError(errno.ENOSPC, "the disk is too full for a recording; make room there", str(folder))
        while True:
            name = f"{at:%d-%H%M%S}-{_safe(call)}.wav"
            try:
                # The empty file takes the name, and gives its mode to what Asterisk writes there.
                os.close(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                at += timedelta(seconds=1)  # two of one call within a second
            else:
                return self._room(call, place / name)


def _safe(name: str) -> str:
    """Return one part of a path, whatever ``name`` is. Asterisk takes what follows a dot for a format."""
    return UNSAFE.sub("_", name) or "_"
