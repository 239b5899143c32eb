"""The journal: every event as one line of a file, written before its effect.

A line is JSON: the event's id, then ``events.to_data``. Lines are in segments, ``journal-000001.jsonl`` …;
the first line of each is a snapshot of the engine's own state, so that a restart reads one segment, not all.
Each opening begins a new segment with its first event: what a dead engine wrote is never written to again,
and the ids of lines that a power cut took with it are not given out a second time.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from ledger.errors import JournalInUse, write_error
from ledger.events import Event, from_data, to_data
from ledger.lock import Held, take
from ledger.segment import Segment, Torn, lines, mend

_log = structlog.get_logger()
_NAME = re.compile(r"journal-(\d{6,})\.jsonl")
_SNAPSHOT = "Snapshot"


class EventId(NamedTuple):
    """Where an event stands in the journal: its segment, and its offset there. Later ones are greater."""

    segment: int
    offset: int

    def __str__(self) -> str:
        return f"{self.segment}:{self.offset}"


class Journal:
    """The events of one engine, in the files of one folder (mode 0700, files 0600).

    ``snapshot`` returns, as plain data, the engine's state after all events appended so far and before the
    one being appended: keep that state by folding the same events as they are appended. Appending is for one
    thread; reading is for any. ``torn`` says what an engine that died in the middle of a line left behind.

    Raises ``JournalInUse``, ``JournalFull`` or ``JournalUnwritable``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        snapshot: Callable[[], Mapping[str, Any]] = dict,
        segment_bytes: int = 16 * 1024 * 1024,
    ) -> None:
        self.folder = folder
        self._snapshot = snapshot
        self._segment_bytes = segment_bytes
        self._lock = _lock(folder)
        self._segment: Segment | None = None
        try:
            segments = self._segments()
            self.torn: tuple[Torn, ...] = tuple(torn for path in segments.values() if (torn := mend(path)))
        except BaseException:
            os.close(self._lock)
            raise
        self._number = max(segments, default=0)
        headers = (_header(path) for path in segments.values())
        self.identity: str = next((h["journal"] for h in headers if h), None) or secrets.token_hex(8)

    @property
    def end(self) -> EventId:
        """The place after the last event."""
        if self._segment is not None:
            return EventId(self._number, self._segment.size)
        path = self._segments().get(self._number)
        return EventId(self._number, path.stat().st_size if path else 0)

    def append(self, event: Event) -> EventId:
        """Write an event and return its id. One write; does not wait for the disk.

        Raises ``JournalFull`` or ``JournalUnwritable``; then the journal has nothing of the event.
        """
        segment = self._segment
        if segment is None or segment.size >= self._segment_bytes:
            segment = self._turn()
        event_id = EventId(self._number, segment.size)
        segment.append(_line(event_id, to_data(event)))
        return event_id

    def replay(self) -> tuple[Mapping[str, Any] | None, Iterator[tuple[EventId, Event]]]:
        """Return the last snapshot (None in a new journal) and the events after it."""
        for number, path in reversed(self._segments().items()):
            if header := _header(path):
                return header["state"], self.read_from(EventId(number, 0))
        return None, self.read_from(None)

    def read_from(self, position: EventId | None) -> Iterator[tuple[EventId, Event]]:
        """Yield the events after ``position``, or all of them, over all segments.

        A line that cannot be understood is skipped, and logged by its place.
        """
        after = position or EventId(0, 0)
        for number, path in self._segments().items():
            if number < after.segment:
                continue
            start = after.offset if number == after.segment else 0
            for offset, line in lines(path, start):
                event_id = EventId(number, offset)
                if event_id > after and (event := _event(event_id, line)):
                    yield event_id, event

    def prune(self, position: EventId, *, keep: int = 0) -> list[Path]:
        """Delete the segments that neither the ledger nor a restart needs, but for the last ``keep`` of them.

        ``position`` is the last event that the ledger has taken. Returns what was deleted.
        """
        segments = self._segments()
        last = max((number for number, path in segments.items() if _header(path)), default=0)
        spare = [path for number, path in segments.items() if number < min(position.segment, last)]
        spare = spare[: max(0, len(spare) - keep)]
        for path in spare:
            path.unlink()
        return spare

    def sync(self) -> None:
        """Wait until all events are on the disk."""
        if self._segment is not None:
            self._segment.sync()

    def settle(self) -> None:
        """Wait until the names of all segments are on the disk. For a thread that may wait.

        A ledger that has taken events from a segment must not outlive the segment's name: its number, and so
        its ids, would be given out again.
        """
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Let go of the files and the lock. Does not wait for the disk: call ``sync`` before."""
        if self._segment is not None:
            self._segment.close()
            self._segment = None
        os.close(self._lock)

    def _turn(self) -> Segment:
        number = self._number + 1
        header = {"kind": _SNAPSHOT, "journal": self.identity, "state": self._snapshot()}
        segment = Segment(self.folder / f"journal-{number:06}.jsonl")
        try:
            segment.append(_line(EventId(number, 0), header))
        except BaseException:
            segment.discard()
            raise
        if self._segment is not None:
            self._segment.close()
        self._segment, self._number = segment, number
        return segment

    def _segments(self) -> dict[int, Path]:
        found = ((_NAME.fullmatch(path.name), path) for path in self.folder.iterdir())
        return dict(sorted((int(name[1]), path) for name, path in found if name))


def _lock(folder: Path) -> int:
    path = folder / "journal.lock"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
        return take(path)
    except Held as held:
        raise JournalInUse(folder, held.process, held.since) from held
    except OSError as error:
        raise write_error(path, error) from error


def _line(event_id: EventId, data: Mapping[str, Any]) -> bytes:
    text = json.dumps({"id": str(event_id), **data}, ensure_ascii=False, separators=(",", ":"), default=dict)
    return text.encode("utf-8", "replace") + b"\n"


def _header(path: Path) -> Mapping[str, Any] | None:
    for _, line in lines(path):
        data = _data(line)
        return data if data is not None and data.get("kind") == _SNAPSHOT else None
    return None


def _event(event_id: EventId, line: bytes) -> Event | None:
    data = _data(line)
    if data is not None and data.get("kind") == _SNAPSHOT:
        return None
    try:
        return from_data(data or {})
    except (KeyError, TypeError):
        _log.error("journal line not understood, skipped", event_id=str(event_id))
        return None


def _data(line: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
