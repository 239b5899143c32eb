"""`hotline audit`: the ledger reconciled with itself and with Asterisk's own records of calls."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from hotline.commands.console import CONFIG, ConfigOption, DataOption, err, fail, out, told
from hotline.commands.database import DatabaseOption, TimezoneOption, ledger_url, site_of, zone
from hotline.commands.moment import earlier, local
from hotline.site import load_site
from hotline.upkeep.auditor import cdr_files
from ledger.audit import audit as audited
from ledger.database import open_for_writing, version_of
from ledger.findings import Findings
from ledger.rollups import rebuild as rebuild_roll_ups

audit_app = typer.Typer()

HOUR_MS = 3_600_000
COLUMNS = ("offered", "answered", "abandoned", "overflowed", "called_back", "other", "waiting", "callbacks")


@audit_app.command("audit")
def audit(
    began: Annotated[
        str | None, typer.Option("--from", help="2026-11-22, 2026-11-22 20:00, or 7d [the first record]")
    ] = None,
    ended: Annotated[str | None, typer.Option("--to", help="up to, and without, this moment [now]")] = None,
    cdr: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Asterisk's Master.csv, also .gz; several are one [our own Asterisk's]"
        ),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="first make all roll-ups anew from the rows")
    ] = False,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="text for people, json for programs")
    ] = "text",
    database: DatabaseOption = None,
    timezone: TimezoneOption = None,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Reconcile the ledger with itself and with Asterisk's own records, call by call; status 1 if it does not agree.

    What differs and is known to come of a crash is listed with its explanation, and is no fault.
    """
    with told():
        url, place = ledger_url(database, config, data), zone(timezone, config, data)
        now = datetime.now(place)
        as_of = round(now.timestamp() * 1_000)
        first = earlier("--from", began, now) if began is not None else 0
        last = earlier("--to", ended, now) if ended is not None else as_of
        if first >= last:
            fail(
                f"--from {local(first, now)} is not before --to {local(last, now)}; nothing lies between them"
            )
        if rebuild:
            err.print(f"roll-ups made anew: {_rebuilt(url, as_of - HOUR_MS)} quarter-hours", highlight=False)
        files = cdr if cdr is not None else [] if database is not None else cdr_files(load_site(config, data))
        found = audited(
            url,
            as_of=as_of,
            began=first,
            ended=last,
            site=site_of(database, config, data),
            cdr=files,
            zone=place,
        )
        if form == "json":
            out.print_json(json.dumps(as_data(found), ensure_ascii=False))
        else:
            show(found, now)
        if found.unexplained:
            raise typer.Exit(1)


def as_data(found: Findings) -> dict[str, Any]:
    """Return what was found as plain data."""
    data = asdict(found)
    return data | {"unexplained": len(found.unexplained)}


def show(found: Findings, now: datetime) -> None:
    """Print what was found for people."""
    began = local(found.began, now) if found.began else "the first record"
    out.print(f"The ledger from {began} to {local(found.ended, now)} ({now.tzinfo})", highlight=False)
    table = Table(box=None)
    for column in ("queue", *COLUMNS):
        table.add_column(
            column.replace("_", " "), justify="left" if column == "queue" else "right", overflow="fold"
        )
    for queue in found.queues:
        table.add_row(escape(queue.queue), *(str(getattr(queue, column)) for column in COLUMNS))
    if found.queues:
        out.print(table)
    counted = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.counts.items())
    out.print(f"looked at: {counted}", highlight=False)
    if found.cdr is None:
        out.print("not compared with Asterisk's own records: there are none here; name them with --cdr FILE")
    else:
        counts = found.cdr
        earlier_ones = f"; {counts.earlier} had ended before its first record" if counts.earlier else ""
        of = f"{counts.records} records of {counts.calls} channels"
        out.print(f"Asterisk's own: {of}; {counts.compared} calls compared{earlier_ones}", highlight=False)
    wrong = found.unexplained
    for one in found.differences:
        if one.explanation is not None:
            told_of = f"explained: {one.subject}: {one.what} [{one.check}]: {one.explanation}"
            out.print(told_of, highlight=False, markup=False, soft_wrap=True)
    for one in wrong:
        line = f"WRONG: {one.subject}: {one.what} [{one.check}]"
        out.print(line, style="red", highlight=False, markup=False, soft_wrap=True)
    explained = len(found.differences) - len(wrong)
    verdict = f"{len(wrong)} differences that nothing explains" if wrong else "everything agrees"
    out.print(
        f"{verdict}; {explained} explained" if explained else verdict,
        style="red" if wrong else "green",
        highlight=False,
    )


def _rebuilt(url: str, before: int) -> int:
    version_of(url)  # a ledger that is not there is not made
    engine = open_for_writing(url)
    try:
        return rebuild_roll_ups(engine, before)
    finally:
        engine.dispose()
