"""One file of the journal: whole lines, each appended by one write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import JournalFull, write_error

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Torn:
    """The unfinished last line of a segment: cut off it, ``size`` bytes, and ``kept`` beside it."""

    segment: Path
    kept: Path
    size: int


class Segment:
    """A new file for lines, open for appending.

    Raises ``JournalFull`` or ``JournalUnwritable``, here and from ``append``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._dirty = False
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as error:
            raise write_error(path, error) from error

    def append(self, line: bytes) -> None:
        """Write one whole line, or nothing. Does not wait for the disk."""
        try:
            if self._dirty:
                self._cut()
            written = os.write(self._file, line)
            if written < len(line):
                self._cut()
        except OSError as error:
            raise write_error(self.path, error) from error
        if written < len(line):
            raise JournalFull(self.path, "only a part of the last line fitted")
        self.size += written

    def sync(self) -> None:
        """Wait until all lines are on the disk."""
        os.fsync(self._file)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def discard(self) -> None:
        """Close the file and remove it."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _cut(self) -> None:
        self._dirty = True
        os.ftruncate(self._file, self.size)
        self._dirty = False


def mend(path: Path) -> Torn | None:
    """Cut an unfinished last line off a segment that nobody writes, and keep it aside as ``.torn``.

    Raises ``JournalFull`` or ``JournalUnwritable``.
    """
    try:
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            whole = _after_last_newline(file.fileno(), size)
            if whole == size:
                return None
            file.seek(whole)
            kept = path.with_name(path.name + ".torn")
            kept.touch(mode=0o600)
            kept.write_bytes(file.read())
            file.truncate(whole)
            os.fsync(file.fileno())
    except OSError as error:
        raise write_error(path, error) from error
    return Torn(path, kept, size - whole)


def lines(path: Path, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield each whole line from the offset ``start`` on, with its own offset."""
    with path.open("rb") as file:
        offset = file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield offset, line
            offset += len(line)


def _after_last_newline(file: int, size: int) -> int:
    end = size
    while end:
        begin = max(0, end - _CHUNK)
        found = os.pread(file, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0
