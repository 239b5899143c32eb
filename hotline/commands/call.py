"""`hotline call`: one call with everything that happened in it, in order."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Table

from hotline.commands.console import (
    CONFIG,
    ConfigOption,
    DataOption,
    JsonOption,
    NumbersOption,
    out,
    told,
)
from hotline.commands.database import DatabaseOption, TimezoneOption, ledger_url, site_of, zone
from hotline.errors import HotlineError
from ledger.reader import LedgerReader
from ledger.snapshot import snapshot
from ledger.story import calls_named, story
from reports.query import moment
from reports.story import data as plain_data
from reports.story import lines

call_app = typer.Typer()


class NoSuchCall(HotlineError):
    """An id that no call's id begins with."""

    def __init__(self, written: str) -> None:
        self.written = written
        super().__init__(
            f"no call on record has an id that begins with {written!r}; "
            "`hotline report calls` finds calls by number, queue, seat or tag"
        )


class SeveralCalls(HotlineError):
    """The beginning of an id that several calls share."""

    def __init__(self, written: str, calls: list[str]) -> None:
        self.written, self.calls = written, calls
        super().__init__(f"several calls begin with {written!r}: {', '.join(calls)} …; write more of the id")


@call_app.command()
def call(
    call_id: Annotated[
        str, typer.Argument(metavar="ID", help="the call's id, or as much of it as is unique")
    ],
    as_json: JsonOption = False,
    numbers: NumbersOption = False,
    language: Annotated[
        Literal["en", "zh"], typer.Option(help="of what people read", envvar="HOTLINE_LANGUAGE")
    ] = "en",
    database: DatabaseOption = None,
    timezone: TimezoneOption = None,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Tell one call's whole story: menus, waits, rings, conversations, and what was left. Needs no engine."""
    with told():
        url, place = ledger_url(database, config, data), zone(timezone, config, data)
        with (
            closing(LedgerReader(url, site=site_of(database, config, data))) as ledger,
            snapshot(ledger) as now,
        ):
            found = calls_named(now, call_id)
            if not found:
                raise NoSuchCall(call_id)
            if len(found) > 1:
                raise SeveralCalls(call_id, found)
            happened = story(now, found[0])
        if as_json:
            whole = {"call": found[0], "story": plain_data(happened, place, numbers=numbers)}
            out.print_json(json.dumps(whole, ensure_ascii=False))
            return
        began = moment(happened[0].at, place)
        out.print(f"{found[0]}  {began:%Y-%m-%d} {place.key}", highlight=False, markup=False, soft_wrap=True)
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for line in lines(happened, place, language, numbers=numbers):
            table.add_row(line.clock, line.since, line.what, escape(line.said))
        out.print(table)
