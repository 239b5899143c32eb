"""`hotline backup` and `hotline restore`: the ledger in one file, while calls are on, and made again from it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from hotline.commands.console import CONFIG, ConfigOption, DataOption, out, told
from hotline.commands.database import DatabaseOption, ledger_url
from hotline.site import load_site
from ledger.backup import back_up, journal_begins_later
from ledger.backup import restore as restored
from ledger.database import shown

backup_app = typer.Typer()


@backup_app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="where it goes, as ledger-2026-11-22.backup")],
    replace: Annotated[bool, typer.Option("--replace", help="write over a file that is there")] = False,
    database: DatabaseOption = None,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Keep the ledger in one file, as it is at this moment; calls go on. Recordings, flows and config.yaml are files to
    copy as they are.
    """
    with told():
        url = ledger_url(database, config, data)
        counts = back_up(url, file, at=time.time_ns() // 1_000_000, replace=replace)
        size = file.stat().st_size
        kept = f"{counts['calls']} calls, {sum(counts.values())} rows in all, {size / 1e6:.1f} MB"
        out.print(f"{file}: {kept}", highlight=False, markup=False, soft_wrap=True)


@backup_app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="what `hotline backup` wrote")],
    replace: Annotated[
        bool, typer.Option("--replace", help="even if the ledger holds records: they are lost")
    ] = False,
    database: DatabaseOption = None,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Make the ledger again from a backup, in SQLite or PostgreSQL, whichever it came from; all of it or nothing.

    The hotline must not be running. When it starts, its journal tells the ledger what has happened since the backup.
    """
    with told():
        url = ledger_url(database, config, data)
        counts = restored(file, url, replace=replace)
        out.print(
            f"{shown(url)}: {counts['calls']} calls, {sum(counts.values())} rows in all",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        if database is None:
            journal = load_site(config, data).data / "journal"
            if journal_begins_later(url, journal):
                gap = (
                    f"The journal in {journal} begins later than this backup ends: what was between is lost."
                )
                out.print(gap, style="yellow", highlight=False, markup=False, soft_wrap=True)
