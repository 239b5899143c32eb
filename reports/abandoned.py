"""The report of callers who gave up: who, when, after how long, and whether they got through later."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ledger.reader import LedgerReader
from ledger.returns import Abandon, Answer, abandons, answers
from ledger.snapshot import snapshot
from reports.about import about, times
from reports.document import Cell, Column, Report, Table, Words
from reports.figures import QUEUE, START, seconds
from reports.number import names_a_caller, number_shown
from reports.query import Query, moment
from reports.queues import check_queue, which_of

TITLE = Words("Callers who gave up", "放弃来电报表")
LATER_MS = 86_400_000
Later: TypeAlias = Literal["called-again", "called-back", "not-yet", "no-number"]

_NUMBER = Column("number", Words("number", "主叫号码"), "text")
_WAIT = Column("wait_s", Words("waited", "等待时长"), "seconds")
_ABANDONED = (
    START,
    _NUMBER,
    Column("dnis", Words("dialled", "被叫号码"), "text"),
    QUEUE,
    _WAIT,
    Column("short", Words("short", "短时放弃"), "flag"),
    Column("later", Words("later", "后续"), "text"),
    Column("later_at", Words("got through", "接通时间"), "moment"),
    Column("call", Words("call", "来电标识"), "text"),
)
_TO_CALL = (
    _NUMBER,
    QUEUE,
    Column("times", Words("gave up", "放弃次数"), "count"),
    Column("last", Words("last", "最近一次"), "moment"),
    Column("longest_wait_s", Words("longest wait", "最长等待"), "seconds"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a caller who gave up; ``at`` is when he got through, UTC ms, if he did."""

    later: Later
    at: int | None = None


def abandoned_report(ledger: LedgerReader, query: Query) -> Report:
    """Return who gave up waiting, and, of those who did not get through within 24 hours, the list to call back.

    Raises `UnknownQueue`.
    """
    with snapshot(ledger) as now:
        which = which_of(now, query)
        gone = abandons(now, query.began, query.ended, which)
        reached = _by_number(list(answers(now, query.began, query.ended + LATER_MS, site=which.site)))
        if not gone:
            check_queue(now, query)
    came = [(each, _outcome(each, reached)) for each in gone]
    open_ = [each for each, outcome in came if outcome.later == "not-yet"]
    through = sum(outcome.at is not None for _, outcome in came)
    return Report(
        name="abandoned",
        title=TITLE,
        definition=about(query) | {"short_abandon_s": query.definition.short},
        tables=[
            Table("abandoned", TITLE, _ABANDONED, [_row(query, each, outcome) for each, outcome in came]),
            Table("to_call", Words("To call back", "待回访名单"), _TO_CALL, _to_call(query, open_)),
        ],
        headline=[
            (Words("gave up", "放弃量"), len(came), "count"),
            (Words("got through later", "后续接通"), through, "count"),
            (Words("not yet", "仍未接通"), len(open_), "count"),
            (Words("without a number", "无主叫号码"), len(came) - through - len(open_), "count"),
        ],
        notes=[
            Words(
                "Got through later: the same number was answered within 24 hours of giving up, because it called again "
                "or was called back. Who shows no number cannot be called, and is counted apart.",
                "后续接通：放弃后 24 小时内同一号码再次来电或经回拨接通。无主叫号码者无法回访，单独计数。",
            ),
            Words(
                f"Short: gave up within {query.definition.short} s. Numbers are shown in full with --numbers.",
                f"短时放弃：{query.definition.short} 秒内放弃。加 --numbers 显示完整号码。",
            ),
            times(query),
        ],
    )


def _by_number(found: Sequence[Answer]) -> Mapping[str, list[Answer]]:
    numbers: dict[str, list[Answer]] = defaultdict(list)
    for answer in found:
        numbers[answer.ani].append(answer)
    return numbers


def _outcome(gone: Abandon, reached: Mapping[str, list[Answer]]) -> Outcome:
    if not names_a_caller(gone.ani):
        return Outcome("no-number")
    later = reached.get(gone.ani, [])
    first = bisect_left(later, gone.left, key=lambda answer: answer.at)
    if first == len(later) or later[first].at > gone.left + LATER_MS:
        return Outcome("not-yet")
    return Outcome("called-back" if later[first].callback else "called-again", later[first].at)


def _row(query: Query, gone: Abandon, outcome: Outcome) -> list[Cell]:
    return [
        moment(gone.arrived, query.zone),
        number_shown(gone.ani, query.numbers),
        gone.dnis,
        gone.queue,
        seconds(gone.wait_ms),
        gone.wait_ms <= 1_000 * query.definition.short,
        outcome.later,
        None if outcome.at is None else moment(outcome.at, query.zone),
        gone.call,
    ]


def _to_call(query: Query, open_: Sequence[Abandon]) -> list[list[Cell]]:
    """Return each number once, by when it gave up last, the longest ago first."""
    numbers: dict[str, list[Abandon]] = defaultdict(list)
    for each in open_:
        numbers[each.ani].append(each)
    rows: list[list[Cell]] = []
    for ani, gone in sorted(numbers.items(), key=lambda item: (item[1][-1].left, item[0])):
        longest = max(each.wait_ms for each in gone)
        last = gone[-1]
        shown = number_shown(ani, query.numbers)
        rows.append([shown, last.queue, len(gone), moment(last.arrived, query.zone), seconds(longest)])
    return rows
