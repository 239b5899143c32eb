"""`hotline ledger upgrade`: a ledger that an older program made, brought up to date."""

from __future__ import annotations

import typer

from hotline.commands.console import CONFIG, ConfigOption, DataOption, out, told
from hotline.commands.database import DatabaseOption, ledger_url
from ledger.database import open_for_writing, shown, version_of
from ledger.schema import VERSION

ledger_app = typer.Typer(no_args_is_help=True, help="The ledger: what happened, kept.")


@ledger_app.command("upgrade")
def upgrade(
    database: DatabaseOption = None,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Bring a ledger that an older hotline made up to date; all of it or nothing. An engine does so when it starts."""
    with told():
        url = ledger_url(database, config, data)
        before = version_of(url)
        open_for_writing(url).dispose()
        done = (
            f"schema {before} → {VERSION}" if before != VERSION else f"up to date already (schema {VERSION})"
        )
        out.print(f"{shown(url)}: {done}", highlight=False, markup=False, soft_wrap=True)
