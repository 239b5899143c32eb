"""The report of seats: a scorecard for each, and where its signed-in time went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from ledger.events import SeatState
from ledger.reader import LedgerReader
from ledger.scorecards import RINGING, Scorecard, scorecards
from ledger.shifts import Shift, shifts
from ledger.snapshot import snapshot
from reports.about import about, times
from reports.document import Cell, Column, Report, Table, Words
from reports.figures import seconds
from reports.measures import Rate, SumsDiffer
from reports.query import Query
from reports.queues import check_queue, which_of
from reports.stars import RULE, Standing, stars

TITLE = Words("Seats", "座席报表")
MISSED = ("no-answer", "refused", "busy", "unreachable")
STATES = tuple(state for state in get_args(SeatState) if state != "signed-out")
_BUSY = ("ringing", "talking", "hold", "wrap-up")

_SEAT = Column("seat", Words("seat", "座席"), "text")
_SIGNED_IN = Column("signed_in_s", Words("signed in", "签入时长"), "seconds")
_OFFERED = Column("offered", Words("offered", "振铃量"), "count")
_ANSWER_RATE = Column("answer_rate", Words("answer rate", "接通率"), "rate")
_OCCUPANCY = Column("occupancy", Words("occupancy", "占用率"), "rate")
_COLUMNS = (
    _SEAT,
    _OFFERED,
    Column("answered", Words("answered", "接通量"), "count"),
    Column("no_answer", Words("no answer", "无应答"), "count"),
    Column("refused", Words("refused", "拒接"), "count"),
    Column("busy", Words("busy", "占线"), "count"),
    Column("unreachable", Words("unreachable", "不可达"), "count"),
    Column("cancelled", Words("ended before", "振铃中取消"), "count"),
    Column("ringing", Words("ringing now", "正在振铃"), "count"),
    _ANSWER_RATE,
    Column("handled", Words("handled", "处理量"), "count"),
    Column("aht_s", Words("AHT", "平均处理时长"), "seconds"),
    Column("talk_s", Words("mean talk", "平均通话"), "seconds"),
    Column("hold_s", Words("of it hold", "其中保持"), "seconds"),
    Column("wrap_up_s", Words("mean wrap-up", "平均整理"), "seconds"),
    Column("passed_on", Words("passed on", "转出"), "count"),
    Column("callbacks", Words("call-backs", "回拨"), "count"),
    _OCCUPANCY,
    _SIGNED_IN,
    Column("not_ready_s", Words("not ready", "示忙时长"), "seconds"),
    Column("scores", Words("marks", "评价数"), "count"),
    Column("score", Words("survey score", "满意度"), "number"),
    Column("stars", Words("stars", "星级"), "count"),
)
_STATE_TITLES: Mapping[str, Words] = {
    "unreachable": Words("unreachable", "不可达"),
    "ready": Words("ready", "空闲"),
    "reserved": Words("reserved", "预占"),
    "ringing": Words("ringing", "振铃"),
    "talking": Words("talking", "通话"),
    "hold": Words("hold", "保持"),
    "wrap-up": Words("wrap-up", "话后整理"),
    "not-ready": Words("not ready", "示忙"),
}
_REASONS = (
    _SEAT,
    Column("reason", Words("reason", "示忙原因"), "text"),
    Column("times", Words("times", "次数"), "count"),
    Column("lasted_s", Words("lasted", "时长"), "seconds"),
    Column("share", Words("of signed in", "占签入时长"), "rate"),
)
_NOTES = (
    Words(
        "Offered: rings of this seat's phone for callers; of a ring group each phone counts. Answer rate = answered / "
        "(offered - ended before - ringing now): a caller who gave up, or was answered by another, was not missed.",
        "振铃量：来电在本座席的振铃次数，群呼时每部话机各计一次。接通率 = 接通量 /（振铃量 - 振铃中取消 - 正在振铃）。",
    ),
    Words(
        "AHT = talk with hold, and wrap-up, over the conversations with callers that began in the period and are over. "
        "Call-backs are counted apart.",
        "平均处理时长 = 通话（含保持）与话后整理，按本期开始且已结束的来电通话计。回拨单独统计。",
    ),
    Words(
        "Occupancy = (ringing + talking + hold + wrap-up) / (signed in - not ready). States are cut at the period's "
        "edges; they add up to the signed-in time exactly. A queue asked for narrows the calls, not the states.",
        "占用率 =（振铃 + 通话 + 保持 + 话后整理）/（签入时长 - 示忙）。各状态在统计期边界截断，合计等于签入时长。"
        "指定队列只筛选来电，不影响状态时长。",
    ),
    Words(
        "Passed on: after the conversation the same call waited for another person, or was put through outside.",
        "转出：通话后同一来电再次排队或转接外线。",
    ),
)


def seats_report(ledger: LedgerReader, query: Query) -> Report:
    """Return a scorecard of each seat, with the time that it spent in each state and for each not-ready reason.

    Raises `UnknownQueue`; `StatesOverlap` or `SumsDiffer` where the ledger does not reconcile.
    """
    with snapshot(ledger) as now:
        which = which_of(now, query)
        cards = scorecards(now, query.began, query.ended, which)
        worked = shifts(now, query.began, query.ended, query.as_of, site=which.site, seat=query.seat)
        if not cards:
            check_queue(now, query)
    names = sorted({*cards, *worked})
    whole, time = Scorecard(), Shift()
    for card in cards.values():
        whole.add(card)
    for shift in worked.values():
        time.add(shift)
    each = [(name, cards.get(name, Scorecard()), worked.get(name, Shift())) for name in names]
    total = _card(None, whole, time, starred=False)
    return Report(
        name="seats",
        title=TITLE,
        definition=about(query),
        tables=[
            Table("seats", TITLE, _COLUMNS, [_card(*seat) for seat in each], total),
            _states([(name, shift) for name, _, shift in each], time),
            _reasons([(name, shift) for name, _, shift in each]),
        ],
        headline=[
            (Words("seats", "座席数"), len(names), "count"),
            (_ANSWER_RATE.title, total[_COLUMNS.index(_ANSWER_RATE)], "rate"),
            (_OCCUPANCY.title, total[_COLUMNS.index(_OCCUPANCY)], "rate"),
        ],
        notes=[*_NOTES, RULE, times(query)],
    )


def _card(name: str | None, card: Scorecard, shift: Shift, *, starred: bool = True) -> list[Cell]:
    rings = card.rings
    offered = sum(rings.values())
    answered, cancelled, ringing = (rings.get(outcome, 0) for outcome in ("answered", "cancelled", RINGING))
    missed = [rings.get(outcome, 0) for outcome in MISSED]
    if offered != answered + cancelled + ringing + sum(missed):
        raise SumsDiffer(offered, rings)
    answer_rate = Rate(answered, offered - cancelled - ringing).value
    occupancy = Rate(sum(map(shift.of, _BUSY)), shift.signed_in_ms - shift.of("not-ready")).value
    score = Rate(card.marks_sum, card.marks).value
    return [
        name,
        offered,
        answered,
        *missed,
        cancelled,
        ringing,
        answer_rate,
        card.handled,
        _mean(card.talk_ms + card.wrap_up_ms, card.handled),
        _mean(card.talk_ms, card.handled),
        _mean(card.hold_ms, card.handled),
        _mean(card.wrap_up_ms, card.handled),
        card.passed_on,
        card.callbacks,
        occupancy,
        seconds(shift.signed_in_ms),
        seconds(shift.of("not-ready")),
        card.marks,
        score,
        stars(Standing(offered, score, answer_rate, occupancy)) if starred else None,
    ]


def _states(seats: Sequence[tuple[str, Shift]], time: Shift) -> Table:
    columns = [Column(f"{state.replace('-', '_')}_s", _STATE_TITLES[state], "seconds") for state in STATES]

    def row(name: str | None, shift: Shift) -> list[Cell]:
        spent = {state: shift.of(state) for state in STATES}
        if sum(spent.values()) != shift.signed_in_ms:
            raise SumsDiffer(shift.signed_in_ms, shift.states)
        return [name, seconds(shift.signed_in_ms), *map(seconds, spent.values())]

    rows = [row(*seat) for seat in seats]
    title = Words("Time by state", "各状态时长")
    return Table("states", title, [_SEAT, _SIGNED_IN, *columns], rows, row(None, time))


def _reasons(seats: Sequence[tuple[str, Shift]]) -> Table:
    rows: list[list[Cell]] = [
        [name, reason, shift.pauses[reason], seconds(spent), Rate(spent, shift.signed_in_ms).value]
        for name, shift in seats
        for reason, spent in sorted(shift.reasons.items())
    ]
    return Table("reasons", Words("Not ready, by reason", "示忙原因"), _REASONS, rows)


def _mean(total_ms: int, number: int) -> float | None:
    mean = Rate(total_ms, number).value
    return None if mean is None else round(mean) / 1_000
