"""`hotline import`: the history of an Asterisk that ran without us, so that reports can be tried on it."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from hotline.asterisk.progress import shown
from hotline.commands.console import CONFIG, ConfigOption, DataOption, err, out, told
from hotline.commands.database import DatabaseOption, TimezoneOption, ledger_url, site_of, zone
from hotline.upkeep.summing import AGO_MS, sum_up
from ledger.history.intake import Intake, take_cdr, take_queue_log
from ledger.history.source import Watcher
from ledger.history.tally import Remark

_SITE = "imported"
_MOST = 20  # lines listed for people; a program gets all

FilesArgument = Annotated[
    list[str], typer.Argument(metavar="FILE…", help="also .gz; - is standard input", show_default=False)
]
SiteOption = Annotated[
    str | None,
    typer.Option(
        "--site", help="whose records they become [the site's; imported, where --database is given]"
    ),
]
FormOption = Annotated[
    Literal["text", "json"], typer.Option("--format", help="text for people, json for programs")
]

import_app = typer.Typer(no_args_is_help=True, help="Bring the history of an Asterisk of your own.")


@import_app.command("queue-log")
def import_queue_log(
    files: FilesArgument,
    site: SiteOption = None,
    form: FormOption = "text",
    database: DatabaseOption = None,
    timezone: TimezoneOption = None,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Import queue_log files of one Asterisk, rotated ones too, in any order. What is there already is not doubled."""
    with told():
        place = zone(timezone, config, data)
        url, name = _target(site, database, config, data)
        with _watcher() as watcher:
            intake = take_queue_log(url, name, files, watcher)
            watcher.begin("summing up", 1)
            sum_up(url, round(time.time() * 1000) - AGO_MS)
        _show(intake, form, place)


@import_app.command("cdr")
def import_cdr(
    files: FilesArgument,
    site: SiteOption = None,
    form: FormOption = "text",
    database: DatabaseOption = None,
    timezone: TimezoneOption = None,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Import Master.csv files of one Asterisk. Their times are local to --timezone; UTC for those with usegmtime."""
    with told():
        place = zone(timezone, config, data)
        url, name = _target(site, database, config, data)
        with _watcher() as watcher:
            intake = take_cdr(url, name, files, place, watcher)
            watcher.begin("summing up", 1)
            sum_up(url, round(time.time() * 1000) - AGO_MS)
        _show(intake, form, place)


class _Unwatched:
    """Where nobody sees a terminal nothing is shown."""

    def begin(self, step: str, total: float) -> None:
        """Do nothing."""

    def reached(self, done: float) -> None:
        """Do nothing."""


@contextmanager
def _watcher() -> Iterator[Watcher]:
    collects = gc.isenabled()
    gc.disable()  # what is read stays until the end; to look through it for garbage takes a fifth of the time
    try:
        with shown() if err.is_terminal else nullcontext(_Unwatched()) as watcher:
            yield watcher
    finally:
        if collects:
            gc.enable()


def _target(site: str | None, database: str | None, config: Path, data: Path | None) -> tuple[str, str]:
    url = ledger_url(database, config, data)
    return url, site or site_of(database, config, data) or _SITE


def _show(intake: Intake, form: str, place: ZoneInfo) -> None:
    if form == "json":
        typer.echo(json.dumps(_as_data(intake, place), ensure_ascii=False, indent=2))
        return
    tally = intake.tally
    _say(
        f"{tally.lines:,} lines: {intake.calls:,} calls with {intake.visits:,} visits of queues, "
        f"{intake.new_calls:,} calls of them new to the ledger"
    )
    if intake.began is not None and intake.ended is not None:
        first, last = _moment(intake.began, place), _moment(intake.ended, place)
        _say(f"from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S %Z}")
    if tally.repeated:
        _say(f"{tally.repeated:,} lines stand in more than one of the files, and count once")
    if intake.own_calls:
        _say(f"{intake.own_calls:,} calls are the hotline's own; its records of them stay as they are")
    if tally.unused:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(tally.unused.items()))
        _say(f"not kept, for no figure needs them: {kinds}")
    _list("of these something was missing, and is a guess", tally.assumed)
    _list("not understood, and left out", tally.skipped)


def _list(what: str, remarks: Sequence[Remark]) -> None:
    if not remarks:
        return
    _say(f"{what}: {len(remarks):,} lines")
    for remark in remarks[:_MOST]:
        _say(f"  {remark.file}:{remark.line}: {remark.reason}")
    if len(remarks) > _MOST:
        _say(f"  and {len(remarks) - _MOST:,} more; --format json lists them all")


def _say(line: str) -> None:
    out.print(line, highlight=False, markup=False, soft_wrap=True)


def _as_data(intake: Intake, place: ZoneInfo) -> dict[str, Any]:
    tally = intake.tally
    moments = {"from": intake.began, "to": intake.ended}
    return {
        "lines": tally.lines,
        "calls": intake.calls,
        "visits": intake.visits,
        "skipped": [asdict(remark) for remark in tally.skipped],
        "assumed": [asdict(remark) for remark in tally.assumed],
        "repeated": tally.repeated,
        "unused": dict(sorted(tally.unused.items())),
        "new_calls": intake.new_calls,
        "own_calls": intake.own_calls,
    } | {name: at if at is None else _moment(at, place).isoformat() for name, at in moments.items()}


def _moment(at: int, place: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at / 1_000, place)
