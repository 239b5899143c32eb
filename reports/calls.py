"""The report of calls: those that are looked for, one line each, the latest first."""

from __future__ import annotations

import re
from typing import get_args

from ledger.events import CallOutcome, VisitOutcome
from ledger.reader import LedgerReader
from ledger.searching import Found, Search, search
from ledger.snapshot import snapshot
from reports.about import about, times
from reports.document import Cell, Column, Report, Table, Words
from reports.figures import START, seconds
from reports.number import number_shown
from reports.query import BadQuery, Query, moment
from reports.queues import check_queue, which_of

TITLE = Words("Calls", "来电查询")
OUTCOMES = (*get_args(VisitOutcome), "waiting", *get_args(CallOutcome))
_NUMBER = re.compile(r"\+?[0-9*#]+")

_COLUMNS = (
    START,
    Column("call", Words("call", "来电标识"), "text"),
    Column("wait_s", Words("waited", "等待时长"), "seconds"),
    Column("lasted_s", Words("lasted", "总时长"), "seconds"),
    Column("number", Words("number", "主叫号码"), "text"),
    Column("queues", Words("queues", "队列"), "text"),
    Column("answer", Words("of the wait", "排队结果"), "text"),
    Column("seats", Words("answered by", "接听座席"), "text"),
    Column("ended", Words("how it ended", "结束方式"), "text"),
    Column("kind", Words("kind", "类型"), "text"),
    Column("dnis", Words("dialled", "被叫号码"), "text"),
    Column("flow", Words("flow", "流程"), "text"),
    Column("tags", Words("tags", "标签"), "text"),
)


class NoNumber(BadQuery):
    """What was written for a number holds what no number has."""

    def __init__(self, written: str) -> None:
        self.written = written
        super().__init__(f"--number {written!r} is no number; write it whole, or its last digits: 5678")


class UnknownOutcome(BadQuery):
    """An outcome that neither a wait nor a call can have."""

    def __init__(self, written: str) -> None:
        self.written = written
        super().__init__(f"--outcome {written!r} is none of: {', '.join(OUTCOMES)}")


def calls_report(ledger: LedgerReader, query: Query) -> Report:
    """Return the calls of a period that are looked for, the latest first, and how many more there are.

    Raises `NoNumber`, `UnknownOutcome` and `UnknownQueue`.
    """
    if query.number is not None and not _NUMBER.fullmatch(query.number):
        raise NoNumber(query.number)
    if query.outcome is not None and query.outcome not in OUTCOMES:
        raise UnknownOutcome(query.outcome)
    with snapshot(ledger) as now:
        wanted = Search(
            began=query.began,
            ended=query.ended,
            as_of=query.as_of,
            which=which_of(now, query),
            number=query.number,
            outcome=query.outcome,
            longer_than_ms=query.longer_than_ms,
        )
        found, number = search(now, wanted, query.limit)
        if not found:
            check_queue(now, query)
    more = number - len(found)
    left_out = Words(
        f"… and {more:,} more: narrow the search, or list more with --limit.",
        f"……另有 {more:,} 条：请缩小范围，或用 --limit 列出更多。",
    )
    return Report(
        name="calls",
        title=TITLE,
        definition=about(query) | _looked_for(query),
        tables=[Table("calls", TITLE, _COLUMNS, [_row(query, call) for call in found])],
        headline=[(Words("calls found", "查到来电"), number, "count")],
        notes=[
            *([left_out] if more else []),
            Words(
                "One call with everything that happened in it: hotline call ID, with the beginning of its id.",
                "查看单个来电全过程：hotline call 来电标识（可只写开头）。",
            ),
            times(query),
        ],
        data={"found": number, "more": more},
    )


def _looked_for(query: Query) -> dict[str, Cell]:
    waited = None if query.longer_than_ms is None else query.longer_than_ms / 1_000
    number = None if query.number is None else number_shown(query.number, query.numbers)
    asked: dict[str, Cell] = {"number": number, "outcome": query.outcome, "longer_than_s": waited}
    return {name: value for name, value in asked.items() if value is not None}


def _row(query: Query, call: Found) -> list[Cell]:
    return [
        moment(call.began, query.zone),
        call.call,
        seconds(call.wait_ms),
        seconds(None if call.ended is None else call.ended - call.began),
        number_shown(call.ani, query.numbers),
        " › ".join(call.queues),
        call.answer,
        ", ".join(call.seats),
        call.outcome,
        call.call_kind,
        call.dnis,
        call.flow,
        ", ".join(f"{name}={value}" for name, value in call.tags.items()),
    ]
