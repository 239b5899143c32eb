"""A number taken out of what is written: out of plain data, out of the journal, and out of other programs' files.

A line of a file keeps its length, and so every other line its place: whoever is reading or appending goes on.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ledger.errors import write_error

# Shorter ones stand in ids, dates and lengths by chance: of those only a whole field is the number.
_LONG = 7
_FREE = frozenset(("ani", "number", "value", "variables", "attributes", "detail"))
_BY_NUMBER = "served_last"  # in a snapshot of the engine's state: who spoke last with whom


def without(data: Any, number: str) -> Any:
    """Return plain data without a number: a text that is the number becomes empty, and so do its keys."""
    match data:
        case str():
            if data == number:
                return ""
            return number_pattern(number).sub("", data) if len(number) >= _LONG else data
        case dict():
            return {without(key, number): without(part, number) for key, part in data.items()}
        case list() | tuple():
            return [without(part, number) for part in data]
        case _:
            return data


def scrub_journal(folder: Path, number: str) -> int:
    """Take a number out of all segments of a journal, under its engine's hands; return how many lines held it.

    Raises ``JournalFull`` or ``JournalUnwritable``.
    """
    needle = number.encode()

    def event(line: bytes) -> bytes:
        if needle not in line:
            return line
        try:
            data = json.loads(line)
        except ValueError:
            return _scrubbed(line, number)
        left = json.dumps(_journalled(data, number), ensure_ascii=False, separators=(",", ":")).encode()
        end = line[len(line.rstrip(b"\n")) :]
        return left.ljust(len(line) - len(end)) + end  # blanks after it are nothing to JSON

    return sum(_rewrite(file, event) for file in sorted(folder.glob("journal-*.jsonl*")))


def scrub_text(file: Path, number: str) -> int:
    """Write x for each digit of a number in a text file; return how many lines held it. Raises as `scrub_journal`."""
    return _rewrite(file, lambda line: _scrubbed(line, number))


def _journalled(data: Any, number: str) -> Any:
    """Take it out of what is said of persons; ids and moments may hold the same digits."""
    if isinstance(data, list):
        return [_journalled(part, number) for part in data]
    if not isinstance(data, dict):
        return data
    return {
        key: without(part, number) if key in _FREE or key == _BY_NUMBER else _journalled(part, number)
        for key, part in data.items()
    }


def _scrubbed(line: bytes, number: str) -> bytes:
    if number.encode() not in line:
        return line
    text = line.decode("latin-1")  # byte by byte, whatever it is
    return number_pattern(number).sub("x" * len(number), text).encode("latin-1")


def number_pattern(number: str) -> re.Pattern[str]:
    """Return what finds a number in a text of another program."""
    if len(number) >= _LONG:  # not within a longer number, and not the first part of a channel's id
        return re.compile(rf"(?<![0-9]){re.escape(number)}(?![0-9]|\.[0-9])")
    return re.compile(rf'(?<=["|=<:]){re.escape(number)}(?=["|>@])')


def _rewrite(file: Path, change: Callable[[bytes], bytes]) -> int:
    changed = 0
    try:
        with file.open("r+b", buffering=0) as raw, os.fdopen(os.dup(raw.fileno()), "rb") as lines:
            place = 0
            for line in lines:
                left = change(line)
                if left != line:
                    os.pwrite(raw.fileno(), left, place)
                    changed += 1
                place += len(line)
            if changed:
                os.fsync(raw.fileno())
    except OSError as error:
        raise write_error(file, error) from error
    return changed
