"""`hotline report`: what managers read, of any period on record, in any form."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from hotline.commands.console import CONFIG, ConfigOption, DataOption, NumbersOption, err, fail, told
from hotline.commands.database import DatabaseOption, TimezoneOption, ledger_url, zone
from hotline.commands.output import Form, check_way, deliver, form_for
from hotline.commands.question import ALL_FORMULAS, BUSY_HOURS, BYS, Asked, query_for
from hotline.site import load_site
from ivr.reading.problem import did_you_mean
from ledger.reader import LedgerReader
from reports.catalogue import DEFAULT, NAMES, is_empty, make
from reports.cell import EMPTY
from reports.formats.errors import FormatError
from reports.measures import FORMULAS, SumsDiffer
from reports.period import WORDS
from reports.presets import PRESETS
from reports.query import ALL, MOST_LISTED, BadQuery, UnknownQueue

report_app = typer.Typer()


@report_app.command()
def report(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="one of: " + ", ".join(NAMES))] = DEFAULT,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="WHEN", help=f"a day, a moment, {', '.join(WORDS)}; today where nothing is said"
        ),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="WHEN", help="the last day, or the moment when it ends")
    ] = None,
    queue: Annotated[
        str, typer.Option("--queue", metavar="NAME", help="of one queue, each, or all: each call once")
    ] = ALL,
    by: Annotated[str, typer.Option("--by", metavar="WHAT", help=", ".join(BYS))] = "hour",
    formula: Annotated[
        str | None,
        typer.Option(
            "--formula", metavar="NAME", help=f"of service level: {', '.join((*FORMULAS, ALL_FORMULAS))}"
        ),
    ] = None,
    threshold: Annotated[
        str | None, typer.Option("--threshold", metavar="TIME", help="of service level, as 15s")
    ] = None,
    short: Annotated[
        str | None, typer.Option("--short", metavar="TIME", help="an abandon within this is short, as 5s")
    ] = None,
    busy_hour: Annotated[
        str, typer.Option("--busy-hour", metavar="NAME", help=f"{', '.join(BUSY_HOURS)}=HH:MM")
    ] = "sliding",
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="NAME", help=f"a standard: {', '.join(PRESETS)}")
    ] = None,
    dnis: Annotated[str | None, typer.Option("--dnis", metavar="NUMBER", help="calls to this number")] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="NAME=VALUE", help="calls with this tag; repeat for more"),
    ] = None,
    seat: Annotated[
        str | None, typer.Option("--seat", metavar="AGENT", help="calls that this one answered")
    ] = None,
    flow_version: Annotated[
        str | None, typer.Option("--flow-version", metavar="VERSION", help="calls that began on this version")
    ] = None,
    number: Annotated[
        str | None,
        typer.Option(
            "--number", metavar="NUMBER", help="calls: of this number, or that ends in these digits"
        ),
    ] = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", metavar="NAME", help="calls: how the wait or the call ended")
    ] = None,
    longer_than: Annotated[
        str | None, typer.Option("--longer-than", metavar="TIME", help="calls: that waited longer, as 2m")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="calls: list so many")] = MOST_LISTED,
    numbers: NumbersOption = False,
    form: Annotated[
        Form | None, typer.Option("--format", help="without it what --output ends with, or a table")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="write it into this file")
    ] = None,
    language: Annotated[
        Literal["en", "zh"], typer.Option("--language", help="for people", envvar="HOTLINE_LANGUAGE")
    ] = "en",
    database: DatabaseOption = None,
    timezone: TimezoneOption = None,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Show how callers fared: the busy hour, or another report by its name. Needs no engine and no Asterisk."""
    asked = Asked(
        from_=from_,
        to=to,
        queue=queue,
        by=by,
        formula=formula,
        threshold=threshold,
        short=short,
        busy_hour=busy_hour,
        preset=preset,
        dnis=dnis,
        tags=tuple(tag or ()),
        seat=seat,
        flow_version=flow_version,
        numbers=numbers,
        number=number,
        outcome=outcome,
        longer_than=longer_than,
        limit=limit,
    )
    with told(), _refusals():
        if name not in NAMES:
            fail(f"there is no report {name!r}{did_you_mean(name, NAMES)}")
        chosen = form_for(form, output)
        check_way(chosen, output)
        url = ledger_url(database, config, data)
        site = load_site(config, data) if database is None else None
        query = query_for(asked, zone(timezone, config, data), time.time_ns() // 1_000_000, site)
        with closing(LedgerReader(url, site=query.site)) as ledger:
            made = make(name, ledger, query)
    if is_empty(made) and (chosen is not Form.table or output is not None):
        err.print(EMPTY.text(language), style="yellow")
    # Not among what is told: a reader of our output that goes away, such as `head`, is no mistake.
    with _refusals():
        deliver(made, chosen, language, output)


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell what a report cannot be asked, or how it cannot be written, in one line."""
    try:
        yield
    except UnknownQueue as error:
        fail(f"{error}{did_you_mean(error.queue, error.known, most=0)}")
    except (BadQuery, SumsDiffer, FormatError) as error:
        fail(str(error))
