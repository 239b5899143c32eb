"""`hotline forget`: one person's data erased, and every count kept."""

from __future__ import annotations

import re
import time
from typing import Annotated

import typer

from hotline.commands.console import CONFIG, ConfigOption, DataOption, ask, fail, out, person, told
from hotline.commands.database import DatabaseOption, ledger_url
from hotline.control import EngineAway, EngineSilent
from hotline.site import Site, load_site
from hotline.upkeep.forgetting import forget_without_engine, remove_recordings, scrub_files
from ledger.erasure import Erased
from ledger.erasure import forget as erase
from ledger.person import scrub_journal
from reports.number import masked

forget_app = typer.Typer()

NUMBER = re.compile(r"\+?[0-9*#]{3,32}")


@forget_app.command("forget")
def forget(
    number: Annotated[str, typer.Argument(help="as the caller's number is recorded, as 13812345678")],
    database: DatabaseOption = None,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Erase what is kept of one number: ledger, recordings, journal, spool, logs, and Asterisk's records and queue_log.

    Rows stay, and so does every count. With --database alone the ledger is all that is looked into.
    """
    with told():
        if not NUMBER.fullmatch(number):
            fail(
                "that is no telephone number; write digits as they are recorded, as 13812345678 or +8613812345678"
            )
        url = ledger_url(database, config, data)
        site = load_site(config, data) if database is None else None
        if site is not None and number in site.settings.numbers:
            fail(f"{number} is a number of the hotline itself, not of a person")
        lines: list[tuple[str, int]] = []
        if site is not None:
            lines.append(("call-backs withdrawn", _live(site, number)))
            lines.append(("journal", scrub_journal(site.data / "journal", number)))
        erased = erase(url, number, at=time.time_ns() // 1_000_000)
        lines.extend(erased.rows.items())
        if site is not None:
            lines.append(("sound files", remove_recordings(site, erased.files)))
            lines.extend(scrub_files(site, number))
        for name, count in lines:
            if count:
                out.print(f"{name}: {count}", highlight=False, markup=False, soft_wrap=True)
        _conclude(lines, erased, site)


def _live(site: Site, number: str) -> int:
    try:
        return int(ask(site, "forget", number=number, by=person()))
    except EngineSilent:
        raise
    except EngineAway:
        return forget_without_engine(site, number, person())


def _conclude(lines: list[tuple[str, int]], erased: Erased, site: Site | None) -> None:
    if not any(count for _, count in lines):
        out.print("nothing was kept of that number")
    if erased.alike:
        alike = ", ".join(masked(one) for one in erased.alike)
        out.print(f"also recorded, and perhaps the same person's: {alike}", highlight=False, markup=False)
    if site is None and erased.files:
        out.print(f"{len(erased.files)} sound files are on the hotline's own machine: forget it there, too")
    out.print(
        "Out of reach: backups made before, config.yaml and lists of yours, and what other programs keep."
    )
    if site is not None and site.settings.asterisk == "external":
        out.print("Also the logs, call records and queue_log of your own Asterisk.")
