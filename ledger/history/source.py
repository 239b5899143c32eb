"""Files of lines, as other programs leave them: growing, rotated, compressed, or piped in."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from stat import S_ISDIR
from typing import IO, Protocol, cast

from ledger.errors import LedgerError
from ledger.history.tally import Tally

STDIN = "-"
_GZIP = b"\x1f\x8b"


class Watcher(Protocol):
    """Who is told how far the reading and the storing have come."""

    def begin(self, step: str, total: float) -> None:
        """Begin the next step; it is done at ``total``, in units of its own."""

    def reached(self, done: float) -> None:
        """Tell how far the step has come."""


class HistoryUnreadable(LedgerError):
    """A file that was named does not open, or stops being readable."""

    def __init__(self, file: str, reason: str) -> None:
        self.file, self.reason = file, reason
        super().__init__(
            f"{file} cannot be read: {reason}. See that it is there and that this user may read it."
        )


class TwiceFromStdin(LedgerError):
    """Standard input was named more than once; it can be read only once."""

    def __init__(self) -> None:
        super().__init__(
            f"{STDIN!r} (standard input) was named twice; name it once, and other files by name."
        )


def files_of(
    files: Sequence[str], tally: Tally, watcher: Watcher
) -> Iterator[tuple[str, Iterator[tuple[int, str]]]]:
    """Yield each file with its lines, which are to be read before the next file is asked for.

    Raises `HistoryUnreadable` and `TwiceFromStdin`, for what is amiss with any of them before the first is read.
    """
    if list(files).count(STDIN) > 1:
        raise TwiceFromStdin
    sizes = [0 if file == STDIN else _size(file) for file in files]
    watcher.begin("reading", sum(sizes))
    for place, file in enumerate(files):
        before = sum(sizes[:place])

        def reached(offset: int, before: int = before) -> None:
            watcher.reached(before + offset)

        yield file, lines(file, tally, reached)


def lines(file: str, tally: Tally, reached: Callable[[int], None]) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file with their numbers, without the line's end; empty ones are left out.

    ``reached`` is told the bytes read. A last line without an end is yielded and noted as an assumption; a
    compressed file that breaks off, and a line with NUL bytes, as a power cut leaves them, are noted as skipped.
    Raises `HistoryUnreadable`.
    """
    number = 0
    with ExitStack() as open_files:
        try:
            raw = sys.stdin.buffer if file == STDIN else open_files.enter_context(Path(file).open("rb"))
            start = cast("BufferedReader", raw).peek(2)[:2]
            text = cast("IO[bytes]", gzip.GzipFile(fileobj=raw) if start == _GZIP else raw)
            has_places = raw.seekable()
            for number, line in enumerate(text, 1):
                if has_places and not number % 1024:
                    reached(raw.tell())
                tally.lines += 1
                if b"\0" in line:
                    tally.skip(file, number, "holds NUL bytes: the file was torn")
                elif told := line.decode(errors="replace").rstrip("\r\n"):
                    if not line.endswith(b"\n"):
                        tally.assume(file, number, "the last line has no end; taken as it stands")
                    yield number, told
                else:
                    tally.unused["empty line"] += 1
        except (EOFError, zlib.error, gzip.BadGzipFile):
            tally.skip(file, number + 1, "the compressed file breaks off here")
        except OSError as error:
            raise HistoryUnreadable(file, error.strerror or str(error)) from error


def _size(file: str) -> int:
    try:
        found = Path(file).stat()
    except OSError as error:
        raise HistoryUnreadable(file, error.strerror or str(error)) from error
    if S_ISDIR(found.st_mode):
        raise HistoryUnreadable(file, "it is a folder")
    return found.st_size
