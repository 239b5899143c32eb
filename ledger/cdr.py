"""Asterisk's own records of calls, ``Master.csv`` as cdr_csv writes it with ``loguniqueid``: call by call."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from pathlib import Path

from ledger.errors import LedgerError

OUR_CONTEXT = "hotline-call"  # where the dialplan makes a call ours
_UNIQUEID = re.compile(r"(?:.*?-)?(\d{9,10})\.\d+(?:-cb\d+)?")
_LEAST_FIELDS = 17


class CdrUnreadable(LedgerError):
    """A file of Asterisk's records that cannot be read."""

    def __init__(self, file: Path, reason: str) -> None:
        self.file, self.reason = file, reason
        super().__init__(
            f"The call records {file} cannot be read: {reason}. "
            "Name an Asterisk's Master.csv, and let this user read it; .gz will do, too."
        )


@dataclass(slots=True)
class CdrCall:
    """All records of one channel, in whole seconds, UTC ms.

    ``ours``: the dialplan took it for a call of the hotline. ``talked``: it was with somebody who was dialled.
    """

    call: str
    began: int
    ended: int
    ours: bool = False
    talked: bool = False
    records: int = 0


@dataclass(slots=True)
class Cdr:
    """The calls in files of records, by the Uniqueid of their channel.

    ``first_ended`` is the end of the oldest record, UTC ms; ``unreadable`` the places of lines that are none.
    """

    calls: dict[str, CdrCall] = field(default_factory=dict)
    records: int = 0
    first_ended: int | None = None
    unreadable: list[str] = field(default_factory=list)


def read_cdr(files: Iterable[Path], zone: tzinfo) -> Cdr:
    """Read files in any order. ``zone`` is where times without ``usegmtime`` are local.

    A last line without an end is being written, and left out. Raises `CdrUnreadable`.
    """
    cdr = Cdr()
    for file in files:
        try:
            for number, line in _lines(file):
                _take(cdr, line, f"{file}:{number}", zone)
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise CdrUnreadable(file, getattr(error, "strerror", None) or str(error)) from error
    return cdr


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    open_ = gzip.open if file.suffix == ".gz" else open
    with open_(file, "rt", encoding="utf-8", errors="replace") as text:
        for number, line in enumerate(text, 1):
            if line.endswith("\n"):
                yield number, line


def _take(cdr: Cdr, line: str, place: str, zone: tzinfo) -> None:
    try:
        (fields,) = csv.reader([line], strict=True)
        context, peer, application, uniqueid = fields[3], fields[6], fields[7], fields[16]
        near = int(_UNIQUEID.sub(r"\1", uniqueid)) * 1_000
        began, ended = _moments(fields[9], fields[11], near, zone)
    except (csv.Error, ValueError, IndexError):
        cdr.unreadable.append(place)
        return
    cdr.first_ended = ended if cdr.first_ended is None else min(cdr.first_ended, ended)
    cdr.records += 1
    call = cdr.calls.setdefault(uniqueid, CdrCall(uniqueid, began, ended))
    call.began, call.ended = min(call.began, began), max(call.ended, ended)
    call.talked = call.talked or (bool(peer) and application == "Dial" and fields[14] == "ANSWERED")
    call.ours = call.ours or context == OUR_CONTEXT
    call.records += 1


def _moments(began: str, ended: str, near: int, zone: tzinfo) -> tuple[int, int]:
    """Return a record's moments, UTC ms: in UTC or local time, whichever is nearer to that in its Uniqueid."""
    starts = {(where, fold): _moment(began, where, fold) for where in (UTC, zone) for fold in (0, 1)}
    (where, fold), start = min(starts.items(), key=lambda item: abs(item[1] - near))
    end = _moment(ended, where, fold)
    return start, end if end >= start else _moment(ended, where, 1)  # the hour that comes twice


@lru_cache(maxsize=4_096)
def _moment(text: str, zone: tzinfo, fold: int) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp() * 1_000)
