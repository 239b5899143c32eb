"""The report of call-backs: who asked to be called, whether he was, and how long that took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger.promises import Promise, left_while_away, promises
from ledger.reader import LedgerReader
from ledger.snapshot import snapshot
from reports.about import about, times
from reports.document import Cell, Column, Report, Table, Words
from reports.figures import QUEUE, seconds
from reports.measures import Rate, SumsDiffer
from reports.query import BadQuery, Query
from reports.queues import check_queue, which_of

TITLE = Words("Call-backs", "回拨报表")
GRACE_MS = 900_000
OUTCOMES = ("answered", "called", "failed", "withdrawn")

_ANSWER_RATE = Column("answer_rate", Words("answer rate", "接通率"), "rate")
_KEPT_RATE = Column("kept_rate", Words("appointments kept", "预约兑现率"), "rate")
_COLUMNS = (
    QUEUE,
    Column("asked", Words("asked", "请求量"), "count"),
    Column("answered", Words("answered", "接通量"), "count"),
    Column("called", Words("called by hand", "人工已回"), "count"),
    Column("failed", Words("failed", "失败"), "count"),
    Column("withdrawn", Words("withdrawn", "撤销"), "count"),
    Column("open", Words("open", "未了结"), "count"),
    _ANSWER_RATE,
    Column("tries", Words("tries", "拨打次数"), "count"),
    Column("tries_each", Words("tries each", "平均拨打"), "number"),
    Column("mean_s", Words("mean time to answer", "平均兑现时长"), "seconds"),
    Column("max_s", Words("longest", "最长兑现时长"), "seconds"),
    Column("appointments", Words("appointments", "预约数"), "count"),
    Column("kept", Words("kept", "按时拨打"), "count"),
    _KEPT_RATE,
)
_TRIES = (
    Column("attempt", Words("try", "第几次"), "count"),
    Column("outcome", Words("outcome", "结果"), "text"),
    Column("tries", Words("tries", "拨打次数"), "count"),
    Column("share", Words("share", "占比"), "rate"),
)
_NOTES = (
    Words(
        "A request belongs to the moment at which the caller asked. Answered: he and an agent spoke; called by hand: a "
        "person closed it as done. Answer rate = answered / (asked - open - withdrawn). None of these is an answered "
        "call of a queue.",
        "请求按用户提出的时间统计。接通：用户与座席通话；人工已回：由人员标记完成。"
        "接通率 = 接通量 /（请求量 - 未了结 - 撤销）。回拨接通不计入队列接通量。",
    ),
    Words(
        "Time to answer is from asking, or from the time named, until the customer answered. An appointment is kept if "
        f"he is first rung at its time or within {GRACE_MS // 60_000} minutes after it; one not due yet is in no rate.",
        "兑现时长：自提出（预约者自约定时间）至用户接听。"
        f"预约在约定时间起 {GRACE_MS // 60_000} 分钟内首次拨打即为按时；未到期的不计入比率。",
    ),
)


@dataclass(slots=True)
class _Tally:
    asked: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    tries: int = 0
    timed: int = 0
    took_ms: int = 0
    longest_ms: int = 0
    appointments: int = 0
    due: int = 0
    kept: int = 0

    def take(self, promise: Promise, as_of: int) -> None:
        self.asked += 1
        self.outcomes[promise.outcome or "open"] += 1
        self.tries += len(promise.tries)
        answered = next((each for each in promise.tries if each.outcome == "answered"), None)
        if promise.outcome == "answered" and answered is not None:
            took = max(0, answered.ended - (promise.asked if promise.due is None else promise.due))
            self.timed += 1
            self.took_ms += took
            self.longest_ms = max(self.longest_ms, took)
        if promise.due is not None:
            self.appointments += 1
            first = promise.tries[0].began if promise.tries else None
            if first is not None and first <= promise.due + GRACE_MS:
                self.due += 1
                self.kept += 1
            elif promise.outcome != "withdrawn" and as_of > promise.due + GRACE_MS:
                self.due += 1

    def cells(self) -> list[Cell]:
        parts = [self.outcomes[outcome] for outcome in OUTCOMES]
        open_ = self.outcomes["open"]
        if sum(parts) + open_ != self.asked:
            raise SumsDiffer(self.asked, self.outcomes)
        wanted = self.asked - open_ - self.outcomes["withdrawn"]
        mean = Rate(self.took_ms, self.timed).value
        return [
            self.asked,
            *parts,
            open_,
            Rate(self.outcomes["answered"], wanted).value,
            self.tries,
            Rate(self.tries, self.asked).value,
            None if mean is None else round(mean) / 1_000,
            seconds(self.longest_ms if self.timed else None),
            self.appointments,
            self.kept,
            Rate(self.kept, self.due).value,
        ]


def callbacks_report(ledger: LedgerReader, query: Query) -> Report:
    """Return what came of the requests to be called, by queue, and of every try.

    Raises `BadQuery` for a seat, `UnknownQueue`, and `SumsDiffer` where the ledger holds what is no outcome.
    """
    if query.seat is not None:
        raise BadQuery("a request to be called belongs to a queue and to no seat; leave out --seat")
    whole, queues, tries = _Tally(), {queue: _Tally() for queue in query.queues}, Counter[tuple[int, str]]()
    with snapshot(ledger) as now:
        which = which_of(now, query)
        for promise in promises(now, query.began, query.ended, which):
            for tally in (whole, queues.setdefault(promise.queue, _Tally())):
                tally.take(promise, query.as_of)
            tries.update((each.attempt, each.outcome) for each in promise.tries)
        away = left_while_away(now, query.began, query.ended, site=which.site)
        if not whole.asked:
            check_queue(now, query)
    if which.queue is not None:
        queues = {which.queue: queues.get(which.queue, _Tally())}
    total: list[Cell] = [None, *whole.cells()]
    return Report(
        name="callbacks",
        title=TITLE,
        definition=about(query),
        tables=[
            Table("queues", TITLE, _COLUMNS, [[name, *queues[name].cells()] for name in queues], total),
            Table("tries", Words("Tries", "各次拨打"), _TRIES, _tries(tries)),
        ],
        headline=[
            (Words("asked", "请求量"), whole.asked, "count"),
            (_ANSWER_RATE.title, total[_COLUMNS.index(_ANSWER_RATE)], "rate"),
            (Words("open", "未了结"), whole.outcomes["open"], "count"),
            (Words("left while the engine was away", "引擎离线时留号"), away, "count"),
        ],
        notes=[*_NOTES, times(query)],
        data={"left_while_away": away},
    )


def _tries(tries: Mapping[tuple[int, str], int]) -> list[list[Cell]]:
    of_attempt: Counter[int] = Counter()
    for (attempt, _), count in tries.items():
        of_attempt[attempt] += count
    return [
        [attempt, outcome, count, Rate(count, of_attempt[attempt]).value]
        for (attempt, outcome), count in sorted(tries.items())
    ]
