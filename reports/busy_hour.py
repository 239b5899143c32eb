"""The report of the busy hour: the hour that a hotline is judged by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from ledger import schema
from ledger.presence import presence, talking
from ledger.reader import LedgerReader
from ledger.rollups import arrivals, tallies
from ledger.snapshot import Snapshot, snapshot
from ledger.tally import Tally
from ledger.tallying import Filter
from reports import presets
from reports.busiest import CHOICES, HOUR_MS, Hour, busiest
from reports.curve import curve
from reports.document import Cell, Column, Kind, Report, Table, Words
from reports.figures import QUEUE, START, cells, columns, named, seconds
from reports.measures import Rate, count_tally
from reports.notes import notes
from reports.query import ALL, EACH, Query, moment
from reports.queues import check_queue, in_order, which_of
from reports.waits import waits_chart, waits_table

TITLE = Words("Busy hour", "忙时报表")
WEEKS = 4
_AT_WORK = ("ringing", "talking", "hold", "wrap-up")

_ERLANGS = Column("erlangs", Words("Erlangs carried", "完成话务量 (Erl)"), "number")
_LOAD = (
    _ERLANGS,
    Column("seats_present", Words("seats present", "在席座席"), "number"),
    Column("occupancy", Words("occupancy", "座席占用率"), "rate"),
)


@dataclass(frozen=True, slots=True)
class _Measured:
    """The hour, or several together: the calls, the visits of each queue, and the time that seats spent."""

    length_ms: int
    calls: Tally
    queues: Mapping[str, Tally]
    talking: Mapping[str, int]
    states: Mapping[str, int]

    def load(self) -> list[Cell]:
        signed_in = sum(self.states.values())
        at_work = sum(self.states.get(state, 0) for state in _AT_WORK)
        return [
            self.erlangs(sum(self.talking.values())),
            Rate(signed_in, self.length_ms).value if signed_in else None,
            Rate(at_work, signed_in - self.states.get("not-ready", 0)).value,
        ]

    def erlangs(self, talking_ms: int) -> float:
        return Rate(talking_ms, self.length_ms).value or 0.0


def busy_hour_report(ledger: LedgerReader, query: Query) -> Report:
    """Return the figures of the busy hour, by the definition that was chosen, and of the queues in it.

    What lies after the report's moment is no part of the period. Raises `BadQuery` for what cannot be asked, and
    `SumsDiffer` where the ledger does not reconcile.
    """
    began, ended = query.began, max(query.began, min(query.ended, query.as_of))
    with snapshot(ledger) as now:
        which = which_of(now, query)
        flow = arrivals(now, began, ended, query.as_of, which=which)
        if not flow:
            check_queue(now, query)
        offered = {at: counts.offered for at, counts in flow.items()}
        hours = busiest(offered, began, ended, query.zone, query.busy_hour, query.fixed)
        measured = [_measure(now, query, which, hour, began, ended) for hour in hours]
        daily = CHOICES[query.busy_hour].daily
        before = [] if daily else _weeks_before(now, query, which, hours[0])
    whole = _together(measured)
    tables = [
        _hours(query, hours, measured, whole),
        _side_by_side(query, whole),
        *([_compared(query, before)] if before else []),
        waits_table(query, whole.calls),
    ]
    if query.preset is not None:
        chosen = presets.preset(query.preset)
        tables.append(presets.verdicts(chosen, whole.calls, flow, began, ended))
    return Report(
        name="busy-hour",
        title=TITLE,
        definition=query.definitions(),
        tables=tables,
        charts=[curve(query, flow, hours, ended), waits_chart(query, whole.calls)],
        headline=_headline(query, hours, whole),
        notes=[*_notes(query, hours), *notes(query)],
        data={"busy_hour": _data(query, hours, measured, whole)},
    )


def _measure(now: Snapshot, query: Query, which: Filter, hour: Hour, began: int, ended: int) -> _Measured:
    start, end = max(hour.began, began), min(hour.ended, ended)
    queues: dict[str, Tally] = {}
    for _, queue, tally in tallies(now, start, end, query.as_of, each=True, which=which):
        queues.setdefault(queue, Tally()).add(tally)
    calls = _calls(now, query, which, start, end) if which.queue is None else _sum(queues.values())
    return _Measured(
        end - start,
        calls,
        queues,
        talking(now, start, end, query.as_of, which),
        presence(now, start, end, query.as_of).states,
    )


def _calls(now: Snapshot, query: Query, which: Filter, start: int, end: int) -> Tally:
    each = which.queue is not None
    return _sum(tally for _, _, tally in tallies(now, start, end, query.as_of, each=each, which=which))


def _sum(parts: Iterable[Tally]) -> Tally:
    whole = Tally()
    for part in parts:
        whole.add(part)
    return whole


def _together(parts: Sequence[_Measured]) -> _Measured:
    queues: dict[str, Tally] = {}
    talked: Counter[str] = Counter()
    states: Counter[str] = Counter()
    for part in parts:
        for queue, tally in part.queues.items():
            queues.setdefault(queue, Tally()).add(tally)
        talked.update(part.talking)
        states.update(part.states)
    return _Measured(
        sum(part.length_ms for part in parts), _sum(part.calls for part in parts), queues, talked, states
    )


def _weeks_before(now: Snapshot, query: Query, which: Filter, hour: Hour) -> list[tuple[int, Tally]]:
    """Return the same hour of the weeks before, as far back as there is anything on record."""
    first = now.connection.scalar(select(func.min(schema.visits.c.arrived)))
    found = []
    for weeks in range(1, WEEKS + 1):
        local = moment(hour.began, query.zone) - timedelta(weeks=weeks)
        start = round(local.timestamp() * 1_000)
        end = start + hour.ended - hour.began
        if first is not None and end > first:
            found.append((start, _calls(now, query, which, start, end)))
    return found


def _figures(query: Query, tally: Tally) -> list[Cell]:
    return cells(count_tally(tally, query.definition), query.definition, query.all_formulas)


def _hours(query: Query, hours: Sequence[Hour], measured: Sequence[_Measured], whole: _Measured) -> Table:
    rows = [
        [moment(hour.began, query.zone), *_figures(query, part.calls), *part.load()]
        for hour, part in zip(hours, measured, strict=True)
    ]
    heads = [START, *columns(query.all_formulas), *_LOAD]
    total: list[Cell] = [None, *_figures(query, whole.calls), *whole.load()]
    return Table("hours", TITLE, heads, rows, total if CHOICES[query.busy_hour].daily else None)


def _side_by_side(query: Query, whole: _Measured) -> Table:
    names = in_order(query, list(whole.queues)) if query.queue in (ALL, EACH) else [query.queue]
    rows = [
        [name, *_figures(query, whole.queues.get(name, Tally())), whole.erlangs(whole.talking.get(name, 0))]
        for name in names
    ]
    total = [query.queue if query.queue != EACH else ALL, *_figures(query, whole.calls), whole.load()[0]]
    heads = [QUEUE, *columns(query.all_formulas), _ERLANGS]
    return Table("queues", Words("Queues", "各队列"), heads, rows, total)


def _compared(query: Query, before: Sequence[tuple[int, Tally]]) -> Table:
    rows = [[moment(start, query.zone), *_figures(query, tally)] for start, tally in before]
    return Table(
        "weeks_before",
        Words("The same hour of the weeks before", "前几周同一时段"),
        [START, *columns(query.all_formulas)],
        rows,
    )


def _start(query: Query, hours: Sequence[Hour]) -> Cell:
    """Return when the busy hour begins: a moment, or the hour of day that all its days share."""
    if query.busy_hour == "adph" or (query.busy_hour == "tcbh" and not hours):
        return None
    if query.fixed is not None:
        return f"{query.fixed:%H:%M}"
    local = moment(hours[0].began, query.zone)
    return f"{local:%H:%M}" if query.busy_hour == "tcbh" else local


def _data(
    query: Query, hours: Sequence[Hour], measured: Sequence[_Measured], whole: _Measured
) -> dict[str, Any]:
    def figures(part: _Measured) -> dict[str, Cell]:
        counts = count_tally(part.calls, query.definition)
        load = dict(zip((column.name for column in _LOAD), part.load(), strict=True))
        return named(counts, query.definition, query.all_formulas) | load

    told: dict[str, Any] = {"name": query.busy_hour, "start": _start(query, hours)}
    if not CHOICES[query.busy_hour].daily:
        (hour,) = hours
        told |= {"end": moment(hour.ended, query.zone), "recorded_s": seconds(hour.recorded_ms)}
        return told | figures(whole)
    starts = [moment(hour.began, query.zone) for hour in hours]
    told["days"] = [f"{start:%Y-%m-%d}" for start in starts]
    told["mean_offered"] = Rate(whole.calls.offered, len(hours)).value
    rows = [{"start": start, **figures(part)} for start, part in zip(starts, measured, strict=True)]
    return told | figures(whole) | {"rows": rows}


def _headline(query: Query, hours: Sequence[Hour], whole: _Measured) -> list[tuple[Words, Cell, Kind]]:
    counts = count_tally(whole.calls, query.definition)
    start = _start(query, hours)
    _, present, occupancy = whole.load()
    told: list[tuple[Words, Cell, Kind]] = [
        (Words("busy hour from", "忙时起点"), start, "text" if isinstance(start, str) else "moment"),
    ]
    if CHOICES[query.busy_hour].daily:
        mean = Rate(counts.offered, len(hours)).value
        told.append((Words("offered, mean of its days", "日均忙时呼入量"), mean, "number"))
    told += [
        (Words("offered", "呼入量"), counts.offered, "count"),
        (Words("answer rate", "接通率"), counts.answer_rate.value, "rate"),
        (Words("service level", "服务水平"), query.definition.service_level(counts).value, "rate"),
        (Words("ASA", "平均应答时长"), seconds(counts.asa_ms), "seconds"),
        (Words("seats present", "在席座席"), present, "number"),
        (Words("occupancy", "座席占用率"), occupancy, "rate"),
    ]
    return told


def _notes(query: Query, hours: Sequence[Hour]) -> list[Words]:
    choice = CHOICES[query.busy_hour].text
    told = [Words(f"“{query.busy_hour}” busy hour: {choice.en}.", f"忙时“{query.busy_hour}”：{choice.zh}。")]
    if any(hour.recorded_ms < HOUR_MS for hour in hours):
        minutes = min(hour.recorded_ms for hour in hours) // 60_000
        told.append(
            Words(
                f"Not a full hour: the period holds {minutes} min of it.",
                f"不足一小时：统计期内仅含 {minutes} 分钟。",
            )
        )
    told.append(
        Words(
            "Erlangs carried: how many talked at the same time, on average. Seats present: signed in, on average. "
            "Occupancy = (ringing + talking + hold + wrap-up) / (signed in - not ready), of all seats.",
            "完成话务量：平均同时通话数。在席座席：平均签入数。"
            "占用率 =（振铃+通话+保持+整理）/（签入-示忙），按全部座席计。",
        )
    )
    return told
