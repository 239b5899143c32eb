"""The answers of staffing as plain data for programs, and as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.measures import FORMULAS, Definition
from reports.staffing.demand import Need
from reports.staffing.erlang import Steady
from reports.staffing.patience import Patience
from reports.staffing.search import Model, Target, scheduled

MODELS = {
    "b": "Erlang B: who finds no seat free is lost",
    "c": "Erlang C: nobody gives up",
    "a": "Erlang A: callers give up after their patience",
}
CURVE_S = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: a model, a target (None for given seats), a shrinkage, and how service is measured."""

    model: Model
    target: Target | None
    shrinkage: Fraction
    definition: Definition

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "model": self.model.name,
            "patience_s": self.model.patience_s if self.model.name == "a" else None,
            "formula": self.definition.formula,
            "threshold": self.definition.threshold,
            "short_abandon_s": self.definition.short,
            "target": None
            if self.target is None
            else {
                "measure": "answer-rate" if self.target.formula is None else "service-level",
                "share": float(self.target.share),
            },
            "shrinkage": float(self.shrinkage),
        }


@dataclass(frozen=True, slots=True)
class Period:
    """The days of a question to the ledger, UTC ms, the queue (or ``all``), and what the days say of callers."""

    began: int
    ended: int
    zone: ZoneInfo
    queue: str
    aht_s: float | None
    patience: Patience


def answer_data(steady: Steady, question: Question) -> dict[str, Any]:
    """Return how seats fare as plain data."""
    told = _figures(steady, question) | {"definition": question.as_data()}
    return told | {"p_blocked": steady.p_abandon} if steady.model == "b" else told


def show_answer(steady: Steady, question: Question, console: Console) -> None:
    """Print how seats fare."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    rows = [
        ("seats", f"{steady.seats:,}"),
        (f"scheduled, at {_percent(float(question.shrinkage))} shrinkage", f"{_people(steady, question):,}"),
        ("offered, Erlangs", f"{steady.offered_erlangs:,.2f}"),
        ("occupancy", _percent(steady.occupancy)),
        ("find no seat free", _percent(steady.p_wait)),
        ("lost" if steady.model == "b" else "abandon", _percent(steady.p_abandon)),
        ("answer rate", _percent(steady.answer_rate)),
        ("ASA (of the answered)", f"{steady.asa_s:,.1f} s"),
        ("mean wait of all", f"{steady.mean_wait_s:,.1f} s"),
    ]
    levels = steady.service_levels(question.definition.threshold, question.definition.short)
    rows += [
        (f"in {question.definition.threshold} s, “{name}”", _percent(level)) for name, level in levels.items()
    ]
    for name, figure in rows:
        table.add_row(Text(name), Text(figure))
    console.print(table)
    _footnotes(question, console)


def day_data(rows: Sequence[Need], question: Question, period: Period) -> dict[str, Any]:
    """Return what the half hours of some days would have taken as plain data."""
    own = {
        "timezone": period.zone.key,
        "from": _moment(period.began, period.zone),
        "to": _moment(period.ended, period.zone),
        "queue": period.queue,
    }
    return {
        "definition": question.as_data() | own,
        "patience": _patience_data(period.patience),
        "rows": [_row(need, question, period.zone) for need in rows],
        "total": {
            "calls": sum(need.half_hour.counts.offered for need in rows),
            "aht_s": period.aht_s,
            "seats": max((need.seats for need in rows), default=0),
            "scheduled": max((need.scheduled for need in rows), default=0),
            "seat_hours": sum(need.seats for need in rows) / 2,
            "scheduled_hours": sum(need.scheduled for need in rows) / 2,
        },
    }


def show_day(rows: Sequence[Need], question: Question, period: Period, console: Console) -> None:
    """Print what the half hours of some days would have taken, beside what was."""
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)  # fits into 80 columns
    table.add_column("half hour", no_wrap=True)
    within = f"in\n{question.definition.threshold} s"
    heads = ("calls", "AHT\ns", "Erlangs", "seats", "sched-\nuled", within, "aban-\ndon")
    for head in (*heads, "seats\npresent", f"was {within}", "ans-\nwered"):
        table.add_column(head, justify="right", no_wrap=True)
    for need in rows:
        table.add_row(*(Text(cell) for cell in _cells(need, question, period.zone)))
    console.print(table)
    busiest = max(rows, key=lambda need: need.seats)
    if busiest.seats:
        told = f"{busiest.seats:,} seats at {_local(busiest.half_hour.began, period.zone):%Y-%m-%d %H:%M}"
        hours = sum(need.scheduled for need in rows) / 2
        console.print(Text(f"Most: {told}; all half hours together: {hours:,.1f} paid hours."))
    _footnotes(question, console)
    console.print(Text(_patience_line(period.patience), style="dim"), soft_wrap=True)
    console.print(
        Text(f"Right of “abandon”: what really was. Times are in {period.zone.key}.", style="dim"),
        soft_wrap=True,
    )


def _figures(steady: Steady, question: Question) -> dict[str, Any]:
    return {
        "seats": steady.seats,
        "scheduled": _people(steady, question),
        "offered_erlangs": steady.offered_erlangs,
        "p_wait": steady.p_wait,
        "p_abandon": steady.p_abandon,
        "answer_rate": steady.answer_rate,
        "asa_s": steady.asa_s,
        "mean_wait_s": steady.mean_wait_s,
        "service_level": dict(
            steady.service_levels(question.definition.threshold, question.definition.short)
        ),
        "occupancy": steady.occupancy,
    }


def _row(need: Need, question: Question, zone: ZoneInfo) -> dict[str, Any]:
    counts = need.half_hour.counts
    nothing = dict.fromkeys(
        ("p_wait", "p_abandon", "answer_rate", "asa_s", "mean_wait_s", "service_level", "occupancy")
    )
    none = {"seats": 0, "scheduled": 0, "offered_erlangs": 0.0} | nothing
    return {
        "start": _moment(need.half_hour.began, zone),
        "calls": counts.offered,
        "aht_s": need.aht_s,
        **(_figures(need.steady, question) if need.steady is not None else none),
        "achieved": {
            "present": need.half_hour.present,
            "answered": counts.answered,
            "abandoned": counts.abandoned,
            "waiting": counts.waiting,
            "answer_rate": counts.answer_rate.value,
            "service_level": {name: formula.rate(counts).value for name, formula in FORMULAS.items()},
            "asa_s": None if counts.asa_ms is None else counts.asa_ms / 1_000,
        },
    }


def _cells(need: Need, question: Question, zone: ZoneInfo) -> list[str]:
    half, steady, definition = need.half_hour, need.steady, question.definition
    present = "–" if half.present is None else f"{half.present:.1f}"
    when = f"{_local(half.began, zone):%m-%d %H:%M}"
    if steady is None:
        return [when, "0", "–", "–", "–", "–", "–", "–", present, "–", "–"]
    level = steady.service_level(definition.formula, definition.threshold, definition.short)
    return [
        when,
        f"{half.counts.offered:,}",
        "–" if need.aht_s is None else f"{need.aht_s:,.0f}",
        f"{steady.offered_erlangs:,.2f}",
        f"{need.seats:,}",
        f"{need.scheduled:,}",
        _percent(level),
        _percent(steady.p_abandon),
        present,
        _percent(definition.service_level(half.counts).value),
        _percent(half.counts.answer_rate.value),
    ]


def _footnotes(question: Question, console: Console) -> None:
    patience = question.model.patience_s
    model = MODELS[question.model.name]
    if question.model.name == "a" and patience is not None:
        model += f", {patience:,.1f} s on average"
    aim = f"Wanted: {question.target}." if question.target is not None else ""
    for line in (f"{model}.", f"{question.definition}.", aim):
        if line:
            console.print(Text(line, style="dim"), soft_wrap=True)


def _patience_data(patience: Patience) -> dict[str, Any]:
    low, high = patience.mean_range_s or (None, None)
    return {
        "callers": patience.callers,
        "abandons": patience.abandons,
        "exponential": {"mean_s": patience.mean_s, "low_s": low, "high_s": high},
        "kaplan_meier": {
            "median_s": patience.median_s,
            "restricted_mean_s": patience.restricted_mean_s,
            "longest_wait_s": patience.longest_ms / 1_000,
            "curve": [
                {"wait_s": wait, "staying": patience.staying(wait)}
                for wait in CURVE_S
                if 1_000 * wait <= patience.longest_ms
            ],
        },
    }


def _patience_line(patience: Patience) -> str:
    if patience.mean_s is None or patience.mean_range_s is None:
        return f"Patience: none of {patience.callers:,} callers gave up."
    low, high = patience.mean_range_s
    half = (
        f"half have given up after {patience.median_s:,.0f} s"
        if patience.median_s is not None
        else f"{_percent(patience.staying(patience.longest_ms / 1_000))} stay for the longest wait, "
        f"{patience.longest_ms / 1_000:,.0f} s"
    )
    return (
        f"Patience, of {patience.abandons:,} abandons among {patience.callers:,} callers: {patience.mean_s:,.0f} s "
        f"on average if exponential (95 %: {low:,.0f}–{high:,.0f} s); by Kaplan and Meier {half}."
    )


def _people(steady: Steady, question: Question) -> int:
    return scheduled(steady.seats, question.shrinkage)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _local(moment: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment / 1_000, zone)


def _moment(moment: int, zone: ZoneInfo) -> str:
    return _local(moment, zone).isoformat()
