"""The report that a run ends with: its busy hour, measured visit by visit, as a table in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ledger.records import Visit
from ledger.tally import QUARTER_MS
from reports.busiest import CHOICES, HOUR_MS, busiest
from reports.measures import Counts, Definition, Stay, count, stays_by_queue, stays_of_calls, within

OneHour: TypeAlias = Literal["sliding", "clock", "half-hours"]


@dataclass(frozen=True, slots=True)
class BusyHour:
    """The busy hour of a period, and the figures of each queue in it and of all together.

    ``recorded_ms`` is how much of it lies in the period: less than an hour when the period is shorter, or cuts
    the hour. Moments are UTC milliseconds; the figures are as of ``as_of``.
    """

    name: OneHour
    definition: Definition
    zone: ZoneInfo
    began: int
    ended: int
    recorded_ms: int
    as_of: int
    queues: Mapping[str, Counts]
    all: Counts


def busy_hour(
    visits: Sequence[Visit],
    began: int,
    ended: int,
    zone: ZoneInfo,
    *,
    as_of: int,
    name: OneHour = "sliding",
    definition: Definition | None = None,
    queues: Iterable[str] = (),
) -> BusyHour:
    """Find the busy hour of the period from ``began`` to ``ended`` and measure it.

    ``visits`` are all visits of the calls of the period (``LedgerReader.visits_of_calls``); the hour is chosen by
    the calls offered, each counted once. A period shorter than an hour is measured whole. Of equally busy hours
    the one that is recorded longest is taken, then the earliest. ``queues`` are shown even when nobody came.

    Raises ``SumsDiffer``, and ``ValueError`` for a period that ends before it begins.
    """
    if ended < began:
        raise ValueError("a period cannot end before it begins")
    definition = definition or Definition()
    calls = within(stays_of_calls(visits, as_of), began, ended)
    offered = Counter(call.arrived // QUARTER_MS * QUARTER_MS for call in calls)
    (hour,) = busiest(offered, began, ended, zone, name)
    start, end = hour.began, hour.ended
    from_, to = max(start, began), min(end, ended)
    stays = {queue: list[Stay]() for queue in queues} | stays_by_queue(visits, as_of)
    return BusyHour(
        name=name,
        definition=definition,
        zone=zone,
        began=start,
        ended=end,
        recorded_ms=hour.recorded_ms,
        as_of=as_of,
        queues={queue: count(within(each, from_, to), definition) for queue, each in stays.items()},
        all=count(within(calls, from_, to), definition),
    )


def render(result: BusyHour, console: Console) -> None:
    """Print a busy hour as a table, with the definitions of all its figures."""
    begin, end, as_of = (_local(moment, result.zone) for moment in (result.began, result.ended, result.as_of))
    console.print(Text(f"Busy hour {begin:%Y-%m-%d %H:%M:%S} – {end:%H:%M:%S}", style="bold"))
    if result.recorded_ms < HOUR_MS:
        recorded = _duration(result.recorded_ms)
        console.print(Text(f"Not a full hour: the record holds {recorded} of it.", style="yellow"))
    console.print(_table(result))
    for line in (
        f"{result.definition}.",
        f"Answer rate = answered / (offered - waiting). “{result.name}” busy hour: {CHOICES[result.name].text.en}.",
        "The row “all” counts each call once, by its first arrival and final outcome.",
        f"Times are in {result.zone.key}; figures as of {as_of:%Y-%m-%d %H:%M:%S}.",
    ):
        console.print(Text(line, style="dim"))


def _table(result: BusyHour) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)  # fits into 80 columns
    table.add_column("queue", overflow="fold", min_width=6)
    for head in (
        "offer-\ned",
        "an-\nswered",
        "aband.\n(short)",
        "over-\nflow",
        "call-\nback",
        "other",
        "wait-\ning",
        "answer\nrate %",
        f"in\n{result.definition.threshold} s",
        "ASA",
        "max.\nwait",
    ):
        table.add_column(head, justify="right", no_wrap=True)
    for queue, counts in result.queues.items():
        table.add_row(Text(queue), *_cells(result, counts))
    table.add_section()
    table.add_row(Text("all"), *_cells(result, result.all), style="bold")
    return table


def _cells(result: BusyHour, counts: Counts) -> list[str]:
    return [
        str(counts.offered),
        str(counts.answered),
        f"{counts.abandoned} ({counts.short_abandoned})",
        str(counts.overflowed),
        str(counts.called_back),
        str(counts.other),
        str(counts.waiting),
        str(counts.answer_rate),
        str(result.definition.service_level(counts)),
        "–" if counts.asa_ms is None else _duration(counts.asa_ms),
        _duration(counts.longest_wait_ms),
    ]


def _local(moment: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment / 1_000, zone)


def _duration(ms: int) -> str:
    seconds = ms // 1_000
    if seconds < 60:
        return f"{seconds}.{ms % 1_000 // 100} s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
