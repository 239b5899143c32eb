"""Run a telephone hotline: menus in YAML, and a distributor that rings the right agent, on a real Asterisk."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from hotline.asterisk.config import Layout, write_includes
from hotline.asterisk.fetch import fetch
from hotline.asterisk.prefix import find
from hotline.asterisk.process import AsteriskProcess
from hotline.commands.audit import audit_app
from hotline.commands.backup import backup_app
from hotline.commands.call import call_app
from hotline.commands.callbacks import callbacks_app
from hotline.commands.console import CONFIG, ConfigOption, DataOption, fail, out, told
from hotline.commands.explain import explain_app
from hotline.commands.flows import flows_app
from hotline.commands.forget import forget_app
from hotline.commands.history import import_app
from hotline.commands.ledger import ledger_app
from hotline.commands.lint import lint_app, show_warnings
from hotline.commands.live import live_app
from hotline.commands.notice import notice_app
from hotline.commands.rehearsals import test_app
from hotline.commands.rehearse import rehearse_app
from hotline.commands.report import report_app
from hotline.commands.staff import staff_app
from hotline.commands.voicemail import voicemail_app
from hotline.commands.walk import walk_app
from hotline.commands.watch import watch_app
from hotline.limits import raise_open_files
from hotline.logs import log_to
from hotline.pins import load_pins
from hotline.preflight import check_certificate, check_folder, checked_site, trunk_passwords
from hotline.secrets import load_secrets
from hotline.site import Site, load_site
from hotline.supervisor import take_down, wire

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)
asterisk_app = typer.Typer(no_args_is_help=True, help="The Asterisk that the hotline runs on.")
app.add_typer(asterisk_app, name="asterisk")
app.add_typer(flows_app, name="flows")
app.add_typer(notice_app, name="notice")
app.add_typer(voicemail_app, name="voicemail")
app.add_typer(callbacks_app, name="callbacks")
app.add_typer(rehearse_app)
app.add_typer(test_app)
app.add_typer(walk_app)
app.add_typer(lint_app)
app.add_typer(live_app)
app.add_typer(report_app)
app.add_typer(call_app)
app.add_typer(explain_app)
app.add_typer(staff_app)
app.add_typer(watch_app)
app.add_typer(import_app, name="import")
app.add_typer(audit_app)
app.add_typer(backup_app)
app.add_typer(forget_app)
app.add_typer(ledger_app, name="ledger")


def begin(config: Path, data: Path | None, log: str) -> Site:
    """Return a site that is right, with a data folder that can be written, and log there."""
    site = checked_site(config, data)
    check_folder(site)
    log_to(site.data / "logs" / log)
    return site


@app.command()
def run(
    config: ConfigOption = CONFIG,
    data: DataOption = None,
    seed: Annotated[int, typer.Option(help="seed of the sample callers")] = 1,
    for_seconds: Annotated[
        float | None, typer.Option("--for", help="stop by itself after so many seconds")
    ] = None,
) -> None:
    """Run the hotline with sample agents and callers, and show it live; Ctrl-C stops it and prints the report."""
    from hotline.show import show

    with told():
        site = begin(config, data, "hotline.log")
        asyncio.run(show(site, fetch(), out, street_seed=seed, for_seconds=for_seconds))


@app.command()
def up(config: ConfigOption = CONFIG, data: DataOption = None) -> None:
    """Run the hotline for real callers and agents, and show it live; Ctrl-C stops it and prints the report."""
    from hotline.show import show

    with told():
        site = begin(config, data, "hotline.log")
        asyncio.run(show(site, fetch(), out))


@app.command()
def down(config: ConfigOption = CONFIG, data: DataOption = None) -> None:
    """Stop what a hotline that was killed left running: its Asterisk, and the calls that it carries."""
    with told():
        site = load_site(config, data)
        stopped = asyncio.run(take_down(site, fetch()))
        out.print("stopped: " + ", ".join(stopped) if stopped else "nothing of this site was running")


@app.command(hidden=True)
def engine(config: ConfigOption = CONFIG, data: DataOption = None) -> None:
    """Run the engine alone, for the supervisor. It ends when its standard input does."""
    from hotline.engine import run_engine

    with told():
        site = load_site(config, data)
        log_to(site.data / "logs" / "engine.log")
        asyncio.run(run_engine(site, stdin_keeps_it=True))


@app.command()
def check(config: ConfigOption = CONFIG) -> None:
    """Check the site and its flows; every mistake with file, line and column. Needs no engine and no Asterisk."""
    with told():
        show_warnings(checked_site(config))
        out.print(f"{config}: the site and its flows are right", style="green")


@asterisk_app.command("fetch")
def asterisk_fetch(
    with_tests: Annotated[
        bool, typer.Option("--with-tests", help="also what the tests need: SIPp, PostgreSQL")
    ] = False,
) -> None:
    """Find Asterisk on this machine, or bring it into a private folder, without root."""
    with told():
        try:
            toolbox = fetch(with_tests=with_tests)
        except KeyboardInterrupt:
            fail("interrupted; what was downloaded is kept for the next time")
            return
        home = toolbox.asterisk
        version = ".".join(map(str, home.version))
        out.print(f"Asterisk {version}, {home.origin}: {home.modules}", highlight=False, soft_wrap=True)
        for reason in toolbox.passed_over:
            out.print(f"not used: {reason}", highlight=False, soft_wrap=True)


@asterisk_app.command("config")
def asterisk_config(
    into: Annotated[Path, typer.Option("--into", help="folder for the files")],
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Write the files that an administrator includes in an Asterisk of his own."""
    with told():
        site = load_site(config, data)
        check_certificate(site)
        check_folder(site)
        wiring = wire(site, fetch(), trunk_passwords(site))
        for file in write_includes(site, wiring, into):
            conf = file.name.removeprefix("hotline_")
            out.print(
                f"in /etc/asterisk/{conf} write:  #include {file.resolve()}", highlight=False, soft_wrap=True
            )


@asterisk_app.command("console")
def asterisk_console(
    command: Annotated[str, typer.Argument(help="say this and end; without it a console opens")] = "",
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Speak with the Asterisk that the hotline runs, in its own words: `core show channels`, `pjsip show contacts`."""
    with told():
        site = load_site(config, data)
        if site.settings.asterisk == "external":
            fail("this site's Asterisk is not the hotline's own; its console is: asterisk -r")
        toolbox = find()
        layout = Layout.below(site.data / "asterisk")
        if AsteriskProcess(layout, toolbox).pid() is None:
            fail(
                f"no Asterisk of the site {site.name!r} is running here ({layout.run}); start it: hotline up"
            )
        said = ["-rx", command] if command else ["-r"]
        line = toolbox.command("asterisk", "-C", str(layout.conf), *said)
        os.execve(line[0], line, os.environ | toolbox.environment("asterisk"))  # noqa: S606 no shell is meant


@app.command()
def agents(config: ConfigOption = CONFIG, data: DataOption = None) -> None:
    """Show each agent's number and PIN, to sign in from a phone. These are secrets: mind who looks."""
    with told():
        site = load_site(config, data)
        site.data.mkdir(parents=True, exist_ok=True)
        pins = load_pins(site.data / "pins.json", site.settings.agents)
        table = Table("agent", "name", "number", "PIN", "phone at the start", box=None)
        for name, agent in site.settings.agents.items():
            cells = (name, agent.name, agent.number or "", pins[name], agent.phone or "")
            table.add_row(*map(escape, cells))
        out.print(table)


@app.command()
def phones(config: ConfigOption = CONFIG, data: DataOption = None) -> None:
    """Show what each phone registers with. These are secrets: mind who looks."""
    with told():
        site = load_site(config, data)
        site.data.mkdir(parents=True, exist_ok=True)
        secrets = load_secrets(site.data / "secrets.json", site.settings.phones)
        table = Table("phone", "server", "user name", "password", "agent", box=None)
        seated = {agent.phone: agent.name for agent in site.settings.agents.values()}
        server = f"{site.settings.listen}:{site.settings.ports.sip}"
        for number in site.settings.phones:
            secret = secrets.phones[number]
            table.add_row(number, server, secret.username, secret.password, seated.get(number, ""))
        out.print(table)


def main() -> None:
    """Run the command."""
    raise_open_files()
    try:
        app()
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
