"""The curve of arrivals over a day, with the busy hour marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time

from ledger.rollups import Arrivals
from ledger.tally import QUARTER_MS
from reports.busiest import CHOICES, Hour
from reports.document import Chart, Series, Words
from reports.period import days
from reports.query import Query, moment

_TITLE = Words("Arrivals by quarter-hour", "每刻钟呼入量")


def curve(query: Query, flow: Mapping[int, Arrivals], hours: Sequence[Hour], ended: int) -> Chart:
    """Return the day of the busy hour; where that is one of each day, the mean of all days of the period."""
    if CHOICES[query.busy_hour].daily:
        return _mean_day(query, flow, hours, ended)
    (hour,) = hours
    day = next(days(hour.began, hour.began + 1, query.zone))
    quarters = range(day[1], day[2], QUARTER_MS)
    title = Words(f"{_TITLE.en}, {day[0]}", f"{_TITLE.zh}，{day[0]}")
    counts = [flow.get(at, Arrivals()) for at in quarters]
    marked = tuple(number for number, at in enumerate(quarters) if hour.began <= at < hour.ended)
    labels = [f"{moment(at, query.zone):%H:%M}" for at in quarters]
    return _chart(title, labels, counts, 1, marked)


def _mean_day(query: Query, flow: Mapping[int, Arrivals], hours: Sequence[Hour], ended: int) -> Chart:
    clocks = [time(number // 4, number % 4 * 15) for number in range(96)]
    sums = dict.fromkeys(clocks, Arrivals())
    for at, counts in flow.items():
        local = moment(at, query.zone)
        sums[time(local.hour, local.minute // 15 * 15)] += counts
    number = sum(1 for _ in days(query.began, ended, query.zone))
    title = Words(f"{_TITLE.en}, mean of {number} days", f"{_TITLE.zh}，{number} 日平均")
    marked: tuple[int, ...] = ()
    if hours and query.busy_hour != "adph":  # whose days each have an hour of their own
        first = moment(hours[0].began, query.zone)
        step = (60 * first.hour + first.minute) // 15
        marked = tuple(range(step, min(step + 4, len(clocks))))
    return _chart(
        title, [f"{clock:%H:%M}" for clock in clocks], [sums[clock] for clock in clocks], number, marked
    )


def _chart(
    title: Words, labels: Sequence[str], counts: Sequence[Arrivals], number: int, marked: tuple[int, ...]
) -> Chart:
    answered = [part.answered / max(1, number) for part in counts]
    rest = [(part.offered - part.answered) / max(1, number) for part in counts]
    series = [
        Series(Words("answered", "接通"), answered),
        Series(Words("not answered", "未接通"), rest),
    ]
    return Chart("curve", title, "stacked", labels, series, marked=marked)
