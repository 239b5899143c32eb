"""`hotline staff`: how many seats it takes, for figures that are given, or for days that the ledger holds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Annotated, Literal, TypeVar, cast
from zoneinfo import ZoneInfo

import typer

from hotline.commands import quantity
from hotline.commands.console import CONFIG, ConfigOption, DataOption, fail, out, told
from hotline.commands.database import DatabaseOption, TimezoneOption, ledger_url, site_of, zone
from ivr.reading.problem import did_you_mean
from reports.measures import FORMULAS, Definition, FormulaName
from reports.query import ALL
from reports.staffing.demand import HalfHour, mean_handling_s, needs
from reports.staffing.erlang import ModelName, Overloaded, Traffic
from reports.staffing.page import MODELS, Period, Question, answer_data, day_data, show_answer, show_day
from reports.staffing.patience import Patience
from reports.staffing.record import NobodyCame, Record
from reports.staffing.search import Model, Target, fewest

staff_app = typer.Typer()

_DAY_S = 86_400
_LONGEST_PATIENCE_S = 14_400
_MOST_SEATS = 100_000
_TARGET = Fraction(4, 5)  # within the threshold, for days on record
_Name = TypeVar("_Name", bound=str)


@staff_app.command("staff")
def staff(
    model: Annotated[
        str, typer.Option("--model", metavar="b|c|a", help="of Erlang; in a, callers give up")
    ] = "a",
    calls: Annotated[str | None, typer.Option("--calls", help="calls offered in the time of --per")] = None,
    per: Annotated[str, typer.Option("--per", help="the time in which --calls come")] = "30m",
    aht: Annotated[str | None, typer.Option("--aht", help="average handling time, as 180s or 3m")] = None,
    patience_: Annotated[
        str | None, typer.Option("--patience", help="of callers on average, as 5m; for model a")
    ] = None,
    seats: Annotated[str | None, typer.Option("--seats", help="how this many fare")] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="the fewest that reach a service level, as 80%/20s")
    ] = None,
    answer_rate: Annotated[
        str | None, typer.Option("--answer-rate", help="the fewest that reach an answer rate, as 95%")
    ] = None,
    shrinkage: Annotated[
        str, typer.Option("--shrinkage", help="the part of paid time that people are away, as 30%")
    ] = "0%",
    formula: Annotated[
        str, typer.Option("--formula", metavar="NAME", help="of service level: " + ", ".join(FORMULAS))
    ] = "offered",
    threshold: Annotated[
        str | None, typer.Option("--threshold", help="of service level, where no --target says it [20s]")
    ] = None,
    short: Annotated[str, typer.Option("--short", help="an abandon within this is short")] = "5s",
    day: Annotated[str | None, typer.Option("--day", help="a day on record, half hour by half hour")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="the first of several days")] = None,
    to: Annotated[str | None, typer.Option("--to", help="the last of them")] = None,
    queue: Annotated[str, typer.Option("--queue", help="of one queue; all: each call once")] = ALL,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="table or json")] = "table",
    database: DatabaseOption = None,
    timezone: TimezoneOption = None,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Tell how many seats it takes, by Erlang's models: of figures that you give, or of days on record."""
    with _told():
        name = _one_of("--model", model, cast("tuple[ModelName, ...]", tuple(MODELS)))
        definition, aim = _aim(target, answer_rate, seats, formula, threshold, short)
        away = quantity.share("--shrinkage", shrinkage, zero=True)
        aht_s = quantity.seconds("--aht", aht, least=1, most=_DAY_S) if aht is not None else None
        patience_s = (
            quantity.seconds("--patience", patience_, least=0.001, most=_LONGEST_PATIENCE_S)
            if patience_ is not None
            else None
        )
        if calls is not None:
            asked = {"--day": day, "--from": from_, "--to": to, "--queue": queue if queue != ALL else None}
            for option, given in asked.items():
                if given is not None:
                    fail(f"{option} asks the ledger for what --calls says already; leave out one of the two")
            if aht_s is None:
                fail("--calls wants --aht, the average handling time, as --aht 180s")
            if name == "a" and patience_s is None:
                fail("model a wants --patience, as --patience 5m; in --model c nobody gives up")
            rate = quantity.number("--calls", calls) / quantity.seconds("--per", per, least=1, most=_DAY_S)
            question = Question(Model(name, patience_s), aim, away, definition)
            _of_figures(question, Traffic(rate, aht_s), seats, form)
        else:
            if seats is not None:
                fail("--seats wants --calls; of days on record it is the seats that are sought")
            place = zone(timezone, config, data)
            began, ended = _days(day, from_, to, place)
            aim = aim or Target(_TARGET, definition.formula, definition.threshold, definition.short)
            url, site = ledger_url(database, config, data), site_of(database, config, data)
            now = time.time_ns() // 1_000_000
            only = None if queue == ALL else queue
            with closing(Record(url, site=site, queue=only, now=now)) as record:
                halves, callers = record.look(began, ended, definition)
            period = Period(began, ended, place, queue, aht_s or mean_handling_s(halves), callers)
            question = Question(_model(name, patience_s, callers), aim, away, definition)
            _of_days(question, aim, halves, period, own_aht=aht_s is None, form=form)


def _of_figures(question: Question, traffic: Traffic, seats: str | None, form: str) -> None:
    if traffic.erlangs > _MOST_SEATS:
        fail(f"{traffic.erlangs:,.0f} Erlangs are offered; up to {_MOST_SEATS:,} can be reckoned with")
    if seats is not None:
        steady = question.model.steady(traffic, quantity.whole("--seats", seats, _MOST_SEATS))
    elif question.target is not None:
        steady = fewest(question.model, traffic, question.target)
    else:
        fail("what is wanted? Write one of --seats 14, --target 80%/20s, --answer-rate 95%")
    if form == "json":
        out.print_json(json.dumps(answer_data(steady, question), ensure_ascii=False))
    else:
        show_answer(steady, question, out)


def _of_days(
    question: Question, target: Target, halves: list[HalfHour], period: Period, *, own_aht: bool, form: str
) -> None:
    anybody = period.patience.callers > 0
    if anybody and not period.aht_s:
        fail("nobody was answered in this time, so no handling time is on record; give one: --aht 180s")
    rows = needs(halves, question.model, target, question.shrinkage, period.aht_s or 0.0, own_aht=own_aht)
    if form == "json":
        out.print_json(json.dumps(day_data(rows, question, period), ensure_ascii=False))
    elif anybody:
        show_day(rows, question, period, out)
    else:
        out.print("no calls are on record in this time", highlight=False)


def _model(name: ModelName, patience_s: float | None, callers: Patience) -> Model:
    """Return the model, with the patience of the callers on record where none was given."""
    if name != "a" or patience_s is not None:
        return Model(name, patience_s)
    if callers.mean_s == 0:
        fail("all who gave up did so at once, so no patience is on record; give one: --patience 5m")
    # Where nobody gives up, Erlang A is Erlang C.
    return Model("a", callers.mean_s) if callers.mean_s is not None else Model("c")


def _aim(
    target: str | None,
    answer_rate: str | None,
    seats: str | None,
    formula: str,
    threshold: str | None,
    short: str,
) -> tuple[Definition, Target | None]:
    """Return how service is measured, and what is wanted of it."""
    if sum(given is not None for given in (target, answer_rate, seats)) > 1:
        fail("write only one of --seats, --target and --answer-rate")
    name = _one_of("--formula", formula, cast("tuple[FormulaName, ...]", tuple(FORMULAS)))
    wanted, seconds = "", threshold or "20s"
    if target is not None:
        wanted, slash, seconds = target.partition("/")
        if not slash:
            fail(f"--target: {target!r} is no service level; write how many, within what time, as 80%/20s")
        if threshold is not None:
            fail("--target says the threshold already; leave out --threshold")
    source = "--target" if target is not None else "--threshold"
    within_s = quantity.whole_seconds(source, seconds, most=_DAY_S)
    definition = Definition(name, within_s, quantity.whole_seconds("--short", short, most=_DAY_S))
    if target is not None:
        return definition, Target(quantity.share("--target", wanted), name, within_s, definition.short)
    if answer_rate is not None:
        share = quantity.share("--answer-rate", answer_rate)
        return definition, Target(share, None, within_s, definition.short)
    return definition, None


def _days(day: str | None, from_: str | None, to: str | None, place: ZoneInfo) -> tuple[int, int]:
    """Return the period of the days that were asked for, from midnight to midnight, UTC ms."""
    if day is not None and (from_ is not None or to is not None):
        fail("write --day, or --from and --to")
    if day is not None:
        first = quantity.day("--day", day)
        last = first + timedelta(days=1)
    elif from_ is not None and to is not None:
        first, last = quantity.day("--from", from_), quantity.day("--to", to)
        if last < first:
            fail(f"--to {last} is before --from {first}")
        last += timedelta(days=1)
    elif from_ is None and to is None:
        fail("how many seats for what? Write --calls and --aht, or a day on record: --day 2026-11-22")
    else:
        fail("--from wants --to, the last day; for one day write --day")
    return _midnight(first, place), _midnight(last, place)


def _midnight(day: date, place: ZoneInfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=place).timestamp() * 1_000)


def _one_of(option: str, written: str, known: tuple[_Name, ...]) -> _Name:
    found = next((name for name in known if name == written), None)
    if found is None:
        fail(f"{option}: {written!r} is none of: {', '.join(known)}{did_you_mean(written, known, most=0)}")
    return found


@contextmanager
def _told() -> Iterator[None]:
    """Tell what is wrong, also of a model or of the record."""
    with told():
        try:
            yield
        except (Overloaded, NobodyCame) as error:
            fail(str(error))
