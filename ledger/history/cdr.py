"""Asterisk's ``Master.csv``, as cdr_csv writes it, and the calls that its records come to.

The records' sixteen fields are followed by the Uniqueid and the user field where ``cdr.conf`` asks for them, and by
the peer's account, the Linkedid and a sequence with ``newcdrcolumns``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from ledger.history.source import Watcher, files_of
from ledger.history.story import FROM_CDR, Rang, Stay, Story, in_order, union
from ledger.history.tally import Tally

_FIELDS = 16
_NEW_COLUMNS = 3
_UNIQUEID = re.compile(r"(?:.*-)?(\d{9,10})\.\d+")
_CHANNEL_NUMBER = re.compile(r"-[0-9a-f]{8}(;[12])?$|<ZOMBIE>$|<MASQ>$")
_RING_OUTCOME = {"ANSWERED": "answered", "NO ANSWER": "no-answer", "BUSY": "busy"}


@dataclass(frozen=True, slots=True)
class Record:
    """One record of ``Master.csv``. ``call`` is what all records of one call share. Moments are UTC ms."""

    call: str
    source: str
    destination: str
    peer: str
    application: str
    data: str
    began: int
    answered: int | None
    ended: int
    disposition: str

    @property
    def queue(self) -> str | None:
        """The queue that the caller was in, where the record names one."""
        if self.application.lower() != "queue":
            return None
        return re.split("[,|]", self.data, maxsplit=1)[0] or None

    @property
    def is_talk(self) -> bool:
        """Tell whether the caller talked with somebody; answered alone may have been a menu."""
        return bool(self.peer) and self.answered is not None and self.disposition == "ANSWERED"


def read(files: Sequence[str], zone: ZoneInfo, tally: Tally, watcher: Watcher) -> list[Record]:
    """Return the records of one Asterisk by their beginning; what stands in several files counts once.

    ``zone`` is where the files' times are local: UTC for those written with ``usegmtime``.
    Raises `HistoryUnreadable` and `TwiceFromStdin`.
    """
    taken: set[Record] = set()
    for file, told in files_of(files, tally, watcher):
        for number, text in told:
            record = parse(text, zone, file, number, tally)
            if record in taken:
                tally.repeated += 1
            elif record is not None:
                taken.add(record)
    return sorted(taken, key=lambda record: (record.began, record.ended, record.peer))


def parse(text: str, zone: ZoneInfo, file: str, number: int, tally: Tally) -> Record | None:
    """Return the record of a line; or None, with the reason in the tally."""
    try:
        (fields,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError):
        tally.skip(file, number, "a quotation mark is not closed: not whole")
        return None
    if not _FIELDS <= len(fields) <= _FIELDS + 2 + _NEW_COLUMNS:
        tally.skip(
            file, number, f"{len(fields)} fields where cdr_csv writes 16 to 21: not whole, or no Master.csv"
        )
        return None
    uniqueid, linkedid = _ids(fields)
    _, source, destination, _, _, channel, peer, application, data, began, answered, ended, *_ = fields
    near = _UNIQUEID.fullmatch(uniqueid)
    try:
        start, answer, end = _moments(began, answered, ended, zone, int(near[1]) if near else None)
    except ValueError:
        tally.skip(file, number, "of its fields 10 to 12 one is no time as 2026-11-22 20:00:00")
        return None
    call = linkedid or uniqueid or f"{channel}@{start // 1_000}"
    peer = _CHANNEL_NUMBER.sub("", peer)
    return Record(call, source, destination, peer, application, data, start, answer, end, fields[14])


def stories(records: Iterable[Record]) -> Iterator[Story]:
    """Yield the calls that records come to, from records in the order of time.

    Records that share a Linkedid, or a Uniqueid, are one call. Those with Queue as last application are a stay in
    that queue; its wait counts from the first record's beginning, menus included, for no record tells when the
    caller came to the queue. Whoever talked with nobody there has abandoned.
    """
    of_call: dict[str, list[Record]] = {}
    for record in records:
        of_call.setdefault(record.call, []).append(record)
    for call, parts in of_call.items():
        last = max(parts, key=lambda part: part.ended)
        story = Story(call, parts[0].began, last.ended, ani=parts[0].source, dnis=parts[0].destination)
        in_queue: dict[str, list[Record]] = {}
        for part in parts:
            if part.queue is not None:
                in_queue.setdefault(part.queue, []).append(part)
        story.stays = [_stay(queue, part) for queue, part in in_queue.items()]
        yield story


def completed(kept: Story, told: Story) -> Story:
    """Return a call of the ledger with what its records add. Of its stays in queues a ``queue_log`` knows more."""
    stays = kept.stays
    if all(stay.reason == FROM_CDR for stay in stays):
        earlier = {stay.queue: stay for stay in stays}
        later = {stay.queue: stay for stay in told.stays}
        stays = [
            _joined(earlier[queue], later[queue]) if queue in earlier and queue in later else stay
            for queue, stay in (earlier | later).items()
        ]
        stays.sort(key=lambda stay: stay.arrived)
    return replace(
        kept,
        began=min(kept.began, told.began),
        ended=max(kept.ended, told.ended),
        ani=told.ani or kept.ani,
        dnis=told.dnis or kept.dnis,
        stays=stays,
    )


def _stay(queue: str, parts: Sequence[Record]) -> Stay:
    stay = Stay(queue, parts[0].began, arrival_told=True, heard=parts[-1].ended)
    for part in parts:
        outcome = "answered" if part.is_talk else _RING_OUTCOME.get(part.disposition, "unreachable")
        if part.peer and (part.is_talk or part.disposition != "ANSWERED"):
            # How long it rang no record tells.
            at = part.answered if part.is_talk and part.answered is not None else part.ended
            stay.rings.append(Rang(part.peer, at, at, outcome))
    stay.rings = in_order(stay.rings)
    talk = next((part for part in parts if part.is_talk), None)
    if talk is None or talk.answered is None:
        stay.left, stay.outcome = max(part.ended for part in parts), "abandoned"
    else:
        stay.left, stay.outcome, stay.seat = talk.answered, "answered", talk.peer
        stay.talk_ended, stay.talk_ms, stay.ended_by = talk.ended, talk.ended - talk.answered, "unknown"
    stay.reason, stay.wait_ms = FROM_CDR, stay.left - stay.arrived
    return stay


def _joined(kept: Stay, told: Stay) -> Stay:
    """Return one stay whose records stood in two files."""
    arrived = min(kept.arrived, told.arrived)
    talks = sorted(
        (stay for stay in (kept, told) if stay.talk_ms is not None), key=lambda stay: stay.left or 0
    )
    end = talks[0] if talks else max(kept, told, key=lambda stay: stay.left or 0)
    wait_ms = (end.left or arrived) - arrived
    return replace(end, arrived=arrived, wait_ms=wait_ms, rings=union(kept.rings, told.rings))


def _ids(fields: Sequence[str]) -> tuple[str, str]:
    """Return the Uniqueid and the Linkedid, each empty where the file has none."""
    more = list(fields[_FIELDS:])
    linkedid = ""
    if len(more) >= _NEW_COLUMNS and more[-1].isdigit():
        linkedid = more[-2]
        more = more[:-_NEW_COLUMNS]
    uniqueid = more[0] if more and (len(more) > 1 or _UNIQUEID.fullmatch(more[0])) else ""
    return uniqueid, linkedid


def _moments(
    began: str, answered: str, ended: str, zone: ZoneInfo, near: int | None
) -> tuple[int, int | None, int]:
    """Return the moments of a record. In the hour that comes twice its Uniqueid, made at ``near``, tells which it is.

    Raises ``ValueError`` for what is no time.
    """
    starts = [_moment(began, zone, fold) for fold in (0, 1)]
    start = starts[0] if near is None else min(starts, key=lambda moment: abs(moment - 1_000 * near))

    def after(text: str) -> int:
        first, second = (_moment(text, zone, fold) for fold in (0, 1))
        return first if first >= start else second

    return start, after(answered) if answered else None, after(ended)


@lru_cache(maxsize=4_096)
def _moment(text: str, zone: ZoneInfo, fold: int) -> int:
    if len(text) != len("2026-11-22 20:00:00"):
        raise ValueError(text)
    local = datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)
    return round(local.timestamp() * 1_000)
