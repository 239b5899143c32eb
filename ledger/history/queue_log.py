"""The lines of Asterisk's ``queue_log``: ``time|call|queue|agent|KIND|more…``, as app_queue has written them since 1.2.

https://docs.asterisk.org/Operation/Logging/Queue-Logs/
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from sys import intern
from typing import NamedTuple

from ledger.history.source import Watcher, files_of
from ledger.history.tally import Tally

CALL_KINDS = frozenset(
    {"ABANDON", "AGENTDUMP", "ATTENDEDTRANSFER", "BLINDTRANSFER", "CLOSED", "COMPLETEAGENT", "COMPLETECALLER"}
    | {"CONNECT", "DID", "ENTERQUEUE", "EXITEMPTY", "EXITWITHKEY", "EXITWITHTIMEOUT", "FULL", "JOINEMPTY"}
    | {"JOINUNAVAIL", "RINGCANCELED", "RINGNOANSWER", "SYSCOMPAT", "TRANSFER", "WITHDRAW"}
)
SEAT_KINDS = frozenset(
    {
        "ADDMEMBER",
        "AGENTCALLBACKLOGIN",
        "AGENTCALLBACKLOGOFF",
        "AGENTLOGIN",
        "AGENTLOGOFF",
        "PAUSE",
        "PAUSEALL",
    }
    | {"PAUSEREASON", "REMOVEMEMBER", "UNPAUSE", "UNPAUSEALL"}
)
_UNUSED_KINDS = frozenset(
    {"CALLSTATUS", "CONFIGRELOAD", "INFO", "OUTCALL", "PENALTY", "QUEUESTART", "RINGINUSE"}
)
_KINDS = {kind: kind for kind in CALL_KINDS | SEAT_KINDS | _UNUSED_KINDS}
_NOBODY = frozenset(("", "NONE", "REALTIME", "MANAGER", "CLI"))
_WORD = re.compile("[A-Z_]{1,40}")
_LAST_SECOND = 1 << 33  # the year 2242: what is later is no time of a call


class Line(NamedTuple):
    """One event of app_queue. ``at`` is UTC ms, of whole seconds; ``call`` the caller's Uniqueid."""

    at: int
    call: str
    queue: str
    agent: str
    kind: str
    more: tuple[str, ...]
    file: str
    number: int

    def figure(self, place: int) -> int | None:
        """Return the number at a place of ``more``, counted from the end if negative; None if there is none."""
        try:
            text = self.more[place]
        except IndexError:
            return None
        return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def read(files: Sequence[str], tally: Tally, watcher: Watcher) -> list[Line]:
    """Return the lines of one Asterisk's logs in the order of time; those of one second as they were written.

    Files may be rotated, overlap, and come in any order: what stands in several counts once, and as often as in
    that one which has it most often. Raises `HistoryUnreadable` and `TwiceFromStdin`.
    """
    logs: list[list[tuple[int, Line]]] = []
    for file, told in files_of(files, tally, watcher):
        parsed = ((hash(text), parse(text, file, number, tally)) for number, text in told)
        if log := [(text, line) for text, line in parsed if line is not None]:
            logs.append(log)
    logs.sort(key=lambda log: min(line.at for _, line in log))
    merged = _each_once(logs, tally) if len(logs) > 1 else [line for log in logs for _, line in log]
    merged.sort(key=lambda line: line.at)
    return merged


def parse(text: str, file: str, number: int, tally: Tally) -> Line | None:
    """Return the event of a line; or None, with the reason in the tally."""
    parts = text.split("|")
    if len(parts) < 5:
        tally.skip(file, number, f"{len(parts)} of at least 5 fields: not whole, or no line of a queue_log")
        return None
    time, call, queue, agent, told, *more = parts
    if not (time.isascii() and time.isdigit() and 0 < int(time[:20]) < _LAST_SECOND):
        tally.skip(file, number, "its first field is no time in seconds since 1970")
        return None
    kind = _KINDS.get(told)
    if kind is None:
        named = f"{told} is no kind" if _WORD.fullmatch(told) else "its fifth field names no kind"
        tally.skip(file, number, f"{named} of event that app_queue writes")
        return None
    if kind in _UNUSED_KINDS:
        tally.unused[kind] += 1
        return None
    if kind in CALL_KINDS and call in _NOBODY:
        tally.skip(file, number, f"{kind} without a call's id")
        return None
    if kind in SEAT_KINDS and agent in _NOBODY:
        tally.skip(file, number, f"{kind} without an agent")
        return None
    while more and not more[-1]:  # databases pad the line to five of them
        more.pop()
    return Line(int(time) * 1_000, call, intern(queue), intern(agent), kind, tuple(more), file, number)


def _each_once(logs: Sequence[Sequence[tuple[int, Line]]], tally: Tally) -> list[Line]:
    taken: dict[int, int] = {}
    merged = []
    for log in logs:
        here: dict[int, int] = {}
        for text, line in log:
            here[text] = count = here.get(text, 0) + 1
            if count > taken.get(text, 0):
                taken[text] = count
                merged.append(line)
            else:
                tally.repeated += 1
    return merged
