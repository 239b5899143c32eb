"""What all commands share: their common options, how they tell what is wrong, and how they ask the engine."""

from __future__ import annotations

import asyncio
import errno
import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from acd.messages import Refused
from hotline.asterisk.errors import AsteriskError
from hotline.control import ControlClient, EngineAway
from hotline.errors import HotlineError
from hotline.secrets import SecretsSpoilt
from hotline.site import Site
from ivr.agi.errors import AgiError
from ivr.prompts import PromptErrors
from ivr.reading.problem import SourceErrors
from ledger.errors import LedgerError

ConfigOption = Annotated[Path, typer.Option("--config", help="the site", envvar="HOTLINE_CONFIG")]
DataOption = Annotated[Path | None, typer.Option("--data", help="data folder, in place of the site's own")]
JsonOption = Annotated[bool, typer.Option("--json", help="machine-readable")]
NumbersOption = Annotated[bool, typer.Option("--numbers", help="show callers' numbers in full")]
CONFIG = Path("config.yaml")

out = Console()
err = Console(stderr=True)


@contextmanager
def told() -> Iterator[None]:
    """Tell a person what is wrong, in words of the one who knows, and end with status 1."""
    try:
        yield
    except AsteriskError as error:
        fail(f"{error}\n{error.remedy}")
    except (
        SourceErrors,
        PromptErrors,
        LedgerError,
        HotlineError,
        SecretsSpoilt,
        EngineAway,
        Refused,
        AgiError,
    ) as error:
        fail(str(error))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            fail(
                f"no room to write {error.filename or 'into the data folder'}: {why}; make room on that disk"
            )
        fail(f"{error.filename or 'the operating system'}: {why}")


def handed_over(ctx: typer.Context) -> bool:
    """Tell whether a command of a group was asked for; it then takes over the options that were given to the group."""
    if ctx.invoked_subcommand is None:
        return False
    ctx.default_map = {ctx.invoked_subcommand: ctx.params}
    return True


def fail(message: str) -> NoReturn:
    """Print what is wrong and end with status 1."""
    err.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(1)


def person() -> str:
    """Return who gives the command, as the system knows him."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers
        return str(os.getuid())


def ask(site: Site, do: str, **more: Any) -> Any:
    """Ask the running engine."""

    async def once() -> Any:
        client = ControlClient(site)
        try:
            return await client.ask(do, **more)
        finally:
            client.close()

    return asyncio.run(once())
