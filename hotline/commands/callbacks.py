"""`hotline callbacks`: who asked to be called, and has not been yet."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from hotline.commands.console import (
    CONFIG,
    ConfigOption,
    DataOption,
    JsonOption,
    NumbersOption,
    ask,
    fail,
    handed_over,
    out,
    person,
    told,
)
from hotline.commands.moment import local
from hotline.site import Site, load_site
from ledger.reader import LedgerReader
from ledger.records import Callback
from reports.number import masked

OUTCOMES = ("called", "withdrawn")

callbacks_app = typer.Typer(help="Who asked to be called.", invoke_without_command=True)


@callbacks_app.callback()
def show(
    ctx: typer.Context,
    numbers: NumbersOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """List the open requests to be called, the oldest first. Works with the engine away, too."""
    if handed_over(ctx):
        return
    with told():
        site = load_site(config, data)
        now = datetime.now(site.zone)
        wanted = _open(site)
        if as_json:
            rows = [asdict(one) | {"number": one.number if numbers else masked(one.number)} for one in wanted]
            out.print_json(json.dumps(rows, ensure_ascii=False))
        elif wanted:
            table = Table(box=None)
            table.add_column("call-back", no_wrap=True, overflow="ignore")
            for column in ("asked", "queue", "number", "language", "when"):
                table.add_column(column, overflow="fold")
            for one in wanted:
                number = one.number if numbers else masked(one.number)
                due = local(one.due, now) if one.due is not None else "in turn"
                cells = (one.callback, local(one.asked, now), one.queue, number, one.language, due)
                table.add_row(*(escape(cell) for cell in cells))
            out.print(table)
        else:
            out.print("nobody waits to be called")


@callbacks_app.command("close")
def close(
    callback: Annotated[str, typer.Argument(help="the request, as `hotline callbacks` names it")],
    outcome: Annotated[str, typer.Argument(help="called or withdrawn")] = "called",
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Close a request: the caller was called, or does not want to be any more."""
    with told():
        if outcome not in OUTCOMES:
            fail(f"{outcome!r} is no outcome; write one of: {', '.join(OUTCOMES)}")
        site = load_site(config, data)
        if callback not in [one.callback for one in _open(site)]:
            fail(f"no request {callback!r} is open; `hotline callbacks` lists them")
        ask(site, "callback-close", callback=callback, outcome=outcome, by=person())
        out.print(f"{callback}: {outcome}", highlight=False, markup=False)


def _open(site: Site) -> list[Callback]:
    with closing(LedgerReader(site.database, site=site.name)) as reader:
        return reader.open_callbacks()
