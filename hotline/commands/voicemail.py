"""`hotline voicemail`: what callers left, listed, marked, exported and deleted."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
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
from hotline.commands.moment import earlier, local
from hotline.control import EngineAway
from hotline.lasting import clock
from hotline.mailbox import FOLDER
from hotline.site import Site, load_site
from ledger.reader import LedgerReader
from ledger.records import Recording
from reports.number import masked

MARKS = ("heard", "done")
INDEX = "index.csv"
NUMBER = re.compile(r"\+?[0-9*#]*")

BoxOption = Annotated[str | None, typer.Option("--box", help="only of this box")]
SinceOption = Annotated[str | None, typer.Option("--since", help="not older: 2026-11-20, or 7d")]
IdArgument = Annotated[str, typer.Argument(help="the recording, as `hotline voicemail` names it")]

voicemail_app = typer.Typer(help="What callers left in the boxes.", invoke_without_command=True)


@voicemail_app.callback()
def show(
    ctx: typer.Context,
    box: BoxOption = None,
    since: SinceOption = None,
    everything: Annotated[bool, typer.Option("--all", help="also what is done or deleted")] = False,
    numbers: NumbersOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """List the recordings that are not done, the newest first. Works with the engine away, too."""
    if handed_over(ctx):
        return
    with told():
        site = load_site(config, data)
        now = datetime.now(site.zone)
        recordings = _recordings(site, box, since, now, done_too=everything)
        if as_json:
            rows = [asdict(one) | {"ani": _number(one, numbers)} for one in recordings]
            out.print_json(json.dumps(rows, ensure_ascii=False))
        elif recordings:
            out.print(_table(recordings, now, numbers))
        else:
            out.print(
                "nothing is there" if everything else "nothing new is there; --all shows what is done, too"
            )


@voicemail_app.command("mark")
def mark(
    recording: IdArgument,
    as_: Annotated[str, typer.Argument(metavar="MARK", help="heard or done")],
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Mark a recording as heard, or as done, so that it is listed no more."""
    with told():
        if as_ not in MARKS:
            fail(f"{as_!r} is no mark; write one of: {', '.join(MARKS)}")
        site = load_site(config, data)
        _mark(site, _known(site, recording), as_)
        out.print(f"{recording}: {as_}", highlight=False, markup=False)


@voicemail_app.command("delete")
def delete(recording: IdArgument, config: ConfigOption = CONFIG, data: DataOption = None) -> None:
    """Delete a recording's sound for good. That it was there, the ledger goes on to know."""
    with told():
        site = load_site(config, data)
        known = _known(site, recording)
        file = _file(site, known)
        _mark(site, known, "deleted")
        file.unlink(missing_ok=True)
        out.print(f"{recording}: deleted", highlight=False, markup=False)


@voicemail_app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="where the sound files and index.csv go; made if need be")],
    box: BoxOption = None,
    since: SinceOption = None,
    everything: Annotated[bool, typer.Option("--all", help="also what is done")] = False,
    numbers: NumbersOption = False,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Copy recordings, with a table of them for a spreadsheet. Nothing is marked."""
    with told():
        site = load_site(config, data)
        now = datetime.now(site.zone)
        wanted = _recordings(site, box, since, now, done_too=everything)
        there = [one for one in wanted if one.mark != "deleted" and _file(site, one).is_file()]
        for one in there:
            target = folder / one.file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(_file(site, one), target)
        folder.mkdir(parents=True, exist_ok=True)
        _write_index(folder / INDEX, there, now, numbers)
        gone = sum(one.mark != "deleted" for one in wanted) - len(there)
        lost = f"; {gone} more have no sound file on this machine" if gone else ""
        out.print(f"{folder}: {len(there)} recordings and {INDEX}{lost}", highlight=False, markup=False)


def _recordings(
    site: Site, box: str | None, since: str | None, now: datetime, *, done_too: bool
) -> list[Recording]:
    first = earlier("--since", since, now) if since is not None else None
    with closing(LedgerReader(site.database, site=site.name)) as reader:
        return reader.recordings(box=box, since=first, done_too=done_too)


def _known(site: Site, recording: str) -> Recording:
    with closing(LedgerReader(site.database, site=site.name)) as reader:
        known = reader.recording(recording)
    if known is None:
        fail(f"there is no recording {recording!r}; `hotline voicemail --all` lists them")
    return known


def _mark(site: Site, recording: Recording, mark: str) -> None:
    if recording.mark == "deleted" != mark:
        fail(f"the recording {recording.recording!r} is deleted")
    try:
        ask(site, "recording-mark", recording=recording.recording, mark=mark, by=person())
    except EngineAway as away:
        fail(f"not marked, since the engine is who writes it down: {away}")


def _file(site: Site, recording: Recording) -> Path:
    folder = site.data / FOLDER
    file = (folder / recording.file).resolve()
    if not file.is_relative_to(folder.resolve()):
        fail(f"the ledger names a file outside {folder} for {recording.recording!r}; it is left alone")
    return file


def _number(recording: Recording, whole: bool) -> str:
    number = recording.ani or ""
    return number if whole else masked(number)


def _table(recordings: Sequence[Recording], now: datetime, numbers: bool) -> Table:
    table = Table(box=None)
    table.add_column("recording", no_wrap=True, overflow="ignore")
    for column in ("left", "box", "from", "length", "mark"):
        table.add_column(column, overflow="fold")
    for one in recordings:
        length = clock(round(one.seconds * 1000))
        cells = (
            one.recording,
            local(one.kept, now),
            one.box,
            _number(one, numbers),
            length,
            one.mark or "new",
        )
        table.add_row(*(escape(cell) for cell in cells))
    return table


def _write_index(file: Path, recordings: Sequence[Recording], now: datetime, numbers: bool) -> None:
    with file.open("w", encoding="utf-8-sig", newline="") as opened:  # spreadsheets know UTF-8 by its mark
        rows = csv.writer(opened)
        rows.writerow(("recording", "kind", "box", "left", "from", "seconds", "mark", "file"))
        for one in recordings:
            number = _number(one, numbers)
            # A spreadsheet would reckon with what a caller sent for a number.
            safe = number if NUMBER.fullmatch(number) else f"'{number}"
            left = datetime.fromtimestamp(one.kept / 1000, now.tzinfo).isoformat(timespec="seconds")
            row = (one.recording, one.recording_kind, one.box, left, safe, f"{one.seconds:.1f}")
            rows.writerow((*row, one.mark or "new", one.file))
