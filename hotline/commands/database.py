"""Where the records are, and in which time zone they are read: options of every command that reads or writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

import typer
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from hotline.commands.console import CONFIG
from hotline.errors import HotlineError
from hotline.site import load_site
from ivr.reading.problem import did_you_mean

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="the ledger, as sqlite:///ledger.sqlite; else the site's",
        envvar="HOTLINE_DATABASE",
    ),
]
TimezoneOption = Annotated[
    str | None,
    typer.Option("--timezone", metavar="NAME", help="of days and hours, as Asia/Shanghai; else the site's"),
]


class DatabaseUnclear(HotlineError):
    """What was given is no URL of a database. It is not shown, for it may hold a password."""

    def __init__(self) -> None:
        super().__init__(
            "--database (or HOTLINE_DATABASE) is no URL of a database; "
            "write sqlite:///ledger.sqlite, sqlite:////FOLDER/ledger.sqlite or postgresql+psycopg://USER@HOST/NAME"
        )


class NoSite(HotlineError):
    """Neither a database was given nor is there a site that names one."""

    def __init__(self, config: Path) -> None:
        self.config = config
        super().__init__(
            f"there is no {config} that says where the ledger is; "
            "name the site with --config FILE, or the ledger with --database URL"
        )


class NoTimezone(HotlineError):
    """A time zone's name that no time zone has."""

    def __init__(self, name: str) -> None:
        self.name = name
        hint = did_you_mean(name, available_timezones(), most=0)
        super().__init__(f"--timezone: no time zone is named {name!r}{hint}")


def ledger_url(database: str | None, config: Path = CONFIG, data: Path | None = None) -> str:
    """Return the ledger's URL: the one given, else that of the site.

    Raises `DatabaseUnclear`, `NoSite`, or `SourceErrors` for a site that has mistakes.
    """
    if database is None:
        if not config.exists():
            raise NoSite(config)
        return load_site(config, data).database
    try:
        backend = make_url(database).get_backend_name()
    except ArgumentError:
        backend = ""
    if backend not in ("sqlite", "postgresql"):
        raise DatabaseUnclear
    return database


def site_of(database: str | None, config: Path = CONFIG, data: Path | None = None) -> str | None:
    """Return whose records to read in the ledger: the site's; all sites' (None) in one that was named by its URL."""
    return load_site(config, data).name if database is None else None


def zone(timezone: str | None, config: Path = CONFIG, data: Path | None = None) -> ZoneInfo:
    """Return the time zone: the one given, else that of the site, else UTC where no ``config.yaml`` stands.

    Raises `NoTimezone`, or `SourceErrors` for a site that has mistakes, or that was named and is not there.
    """
    if timezone is not None:
        if timezone not in available_timezones():
            raise NoTimezone(timezone)
        return ZoneInfo(timezone)
    if config == CONFIG and not config.exists():
        return ZoneInfo("UTC")
    return load_site(config, data).zone
