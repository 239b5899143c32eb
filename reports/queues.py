"""The report of queues: what became of the callers, interval by interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from sqlalchemy import select

from ledger import schema
from ledger.reader import LedgerReader
from ledger.rollups import arrivals, tallies
from ledger.snapshot import Snapshot, snapshot
from ledger.tally import Tally
from ledger.tallying import ALL_CALLS, Dimension, Filter, by_queue, of_calls
from reports import presets
from reports.document import Cell, Chart, Column, Report, Series, Table, Words
from reports.figures import QUEUE, START, cells, columns
from reports.measures import count_tally
from reports.notes import notes
from reports.period import Cut, cut
from reports.query import ALL, EACH, DimensionName, IntervalName, Query, UnknownQueue, moment

TITLE = Words("Queues", "队列报表")
WEEKDAYS = ("Mon 周一", "Tue 周二", "Wed 周三", "Thu 周四", "Fri 周五", "Sat 周六", "Sun 周日")
_MOST_BARS = 400  # more would be a grey band

_DIMENSIONS: Mapping[DimensionName, tuple[Dimension, Column]] = {
    "dnis": ("dnis", Column("dnis", Words("dialled", "被叫号码"), "text")),
    "tag": ("tag", Column("tag", Words("tag", "标签"), "text")),
    "seat": ("seat", Column("seat", Words("seat", "座席"), "text")),
    "flow-version": ("flow_version", Column("flow_version", Words("flow version", "流程版本"), "text")),
}
_WEEKDAY = Column("weekday", Words("weekday", "星期"), "text")

_Found: TypeAlias = Mapping[tuple[int | str, str], Tally]


def queues_report(ledger: LedgerReader, query: Query) -> Report:
    """Return what became of the visits to queues, or of all calls, by interval or by another fact of the calls.

    Raises `BadQuery` for what cannot be asked, and `SumsDiffer` where the ledger does not reconcile.
    """
    with snapshot(ledger) as now:
        which = which_of(now, query)
        if query.by in _DIMENSIONS:
            found = _by_dimension(now, query, which)
            made = _Rows.of_dimension(query, found)
        else:
            parts = cut(query.began, query.ended, cast("IntervalName", query.by), query.zone)
            found = _by_interval(now, query, which, parts)
            made = _Rows.of_intervals(query, found, parts)
        total = _total(now, query, which, found)
        if not total.waits:
            check_queue(now, query)
        targets = []
        if query.preset is not None:
            flow = arrivals(now, query.began, query.ended, query.as_of, which=which)
            targets.append(
                presets.verdicts(presets.preset(query.preset), total, flow, query.began, query.ended)
            )
    heads = [*made.heads, *columns(query.all_formulas)]
    counts = count_tally(total, query.definition)
    blank: list[Cell] = [ALL if column is QUEUE else None for column in made.heads]
    last = [*blank, *cells(counts, query.definition, query.all_formulas)]
    return Report(
        name="queues",
        title=TITLE,
        definition=query.definitions() | {"by": query.by},
        tables=[Table("queues", TITLE, heads, made.rows, last), *targets],
        charts=made.charts,
        headline=[
            (Words("offered", "呼入量"), counts.offered, "count"),
            (Words("answer rate", "接通率"), counts.answer_rate.value, "rate"),
            (Words("service level", "服务水平"), query.definition.service_level(counts).value, "rate"),
        ],
        notes=notes(query),
    )


def which_of(now: Snapshot, query: Query) -> Filter:
    """Return which visits a query asks for."""
    return Filter(
        site=query.site if query.site is not None else now.site,
        queue=query.queue if query.queue not in (ALL, EACH) else None,
        dnis=query.dnis,
        seat=query.seat,
        flow_version=query.flow_version,
        tags=tuple(query.tags.items()),
    )


def check_queue(now: Snapshot, query: Query) -> None:
    """See that a queue without calls is one at all. Raises `UnknownQueue`."""
    if query.queue in (ALL, EACH, *query.queues):
        return
    visits = schema.visits.c
    question = select(visits.queue).distinct()
    if now.site is not None:
        question = question.where(visits.site == now.site)
    known = sorted({*query.queues, *now.connection.scalars(question)})
    if query.queue not in known:
        raise UnknownQueue(query.queue, tuple(known))


def in_order(query: Query, found: Sequence[str]) -> list[str]:
    """Return the site's queues in its order, then the others that were found."""
    return [*query.queues, *sorted(set(found) - set(query.queues))]


@dataclass(frozen=True, slots=True)
class _Rows:
    heads: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    charts: Sequence[Chart]

    @staticmethod
    def of_intervals(query: Query, found: _Found, parts: Cut) -> _Rows:
        weekdays = query.by == "weekday"
        each = query.queue == EACH
        names = in_order(query, [queue for _, queue in found]) if each else [_name(query)]
        rows = []
        for number, part in enumerate(parts.rows):
            for queue in names:
                row: list[Cell] = [moment(part.began, query.zone)]
                if part.weekday is not None:
                    row.append(WEEKDAYS[part.weekday])
                if each:
                    row.append(queue)
                rows.append([*row, *_cells(query, found.get((number, queue)))])
        heads = [START, *([_WEEKDAY] if weekdays else []), *([QUEUE] if each else [])]
        labels = [_label(query, part.began, part.weekday) for part in parts.rows]
        return _Rows(heads, rows, [] if len(labels) > _MOST_BARS else [_chart(query, labels, names, found)])

    @staticmethod
    def of_dimension(query: Query, found: _Found) -> _Rows:
        each = query.queue == EACH
        start = moment(query.began, query.zone)
        rows = [
            [start, label, *([queue] if each else []), *_cells(query, tally)]
            for (label, queue), tally in sorted(found.items(), key=lambda item: (str(item[0][0]), item[0][1]))
        ]
        head = _DIMENSIONS[cast("DimensionName", query.by)][1]
        return _Rows([START, head, *([QUEUE] if each else [])], rows, [])


def _by_interval(now: Snapshot, query: Query, which: Filter, parts: Cut) -> _Found:
    found: dict[tuple[int | str, str], Tally] = defaultdict(Tally)
    each = query.queue != ALL
    for at, queue, tally in tallies(now, query.began, query.ended, query.as_of, each=each, which=which):
        found[parts.row(at), queue].add(tally)
    return found


def _by_dimension(now: Snapshot, query: Query, which: Filter) -> _Found:
    dimension, _ = _DIMENSIONS[cast("DimensionName", query.by)]
    read = of_calls if query.queue == ALL else by_queue
    found: dict[tuple[int | str, str], Tally] = defaultdict(Tally)
    for place, tally in read(now.connection, query.began, query.ended, query.as_of, which, dimension).items():
        found[place.label, place.queue].add(tally)
    return found


def _total(now: Snapshot, query: Query, which: Filter, found: _Found) -> Tally:
    """Return the tally of the whole: of all calls, each once, even where one stands in several rows."""
    total = Tally()
    if query.by in _DIMENSIONS or query.queue == EACH:
        each = query.queue not in (ALL, EACH)
        for _, _, tally in tallies(now, query.began, query.ended, query.as_of, each=each, which=which):
            total.add(tally)
        return total
    for tally in found.values():
        total.add(tally)
    return total


def _name(query: Query) -> str:
    return ALL_CALLS if query.queue == ALL else query.queue


def _cells(query: Query, tally: Tally | None) -> list[Cell]:
    return cells(count_tally(tally or Tally(), query.definition), query.definition, query.all_formulas)


def _label(query: Query, at: int, weekday: int | None) -> str:
    if weekday is not None:
        return WEEKDAYS[weekday]
    local = moment(at, query.zone)
    if query.by == "month":
        return f"{local:%Y-%m}"
    if query.by in ("day", "week"):
        return f"{local:%m-%d}"
    return f"{local:%m-%d %H:%M}" if query.ended - query.began > 90_000_000 else f"{local:%H:%M}"


def _chart(query: Query, labels: Sequence[str], names: Sequence[str], found: _Found) -> Chart:
    def values(queue: str, *outcomes: str) -> list[float | None]:
        none = Tally()
        rows = (found.get((number, queue), none) for number in range(len(labels)))
        return [
            sum(tally.of(outcome).count for outcome in outcomes) if outcomes else tally.offered
            for tally in rows
        ]

    if query.queue == EACH:
        series = [Series(Words(name, name), values(name)) for name in names]
        return Chart("offered", Words("Offered", "呼入量"), "lines", labels, series)
    (name,) = names
    rest = ("abandoned", "overflowed", "called-back", "other", "waiting")
    series = [
        Series(Words("answered", "接通"), values(name, "answered")),
        Series(Words("not answered", "未接通"), values(name, *rest)),
    ]
    return Chart("offered", Words("Offered", "呼入量"), "stacked", labels, series)
