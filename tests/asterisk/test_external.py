"""The hotline on an Asterisk that somebody else set up: Debian's own configuration, and the files that it includes."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hotline.asterisk.config import Layout
from hotline.asterisk.external import CONTEXTS, REQUIRED, ExternalAsteriskUnfit, check_external
from hotline.asterisk.prefix import Toolbox
from hotline.asterisk.process import AsteriskProcess
from hotline.secrets import load_secrets
from hotline.site import Site, load_site
from tests.asterisk.conftest import House, opened, write_site

PAGE = Path(__file__).parents[2] / "docs" / "own-asterisk.md"
ALL = (0, 2**62)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site that does not start an Asterisk."""
    file = write_site(tmp_path).file
    file.write_text(file.read_text() + "asterisk: external\n")
    return load_site(file)


def told(site: Site) -> dict[str, str]:
    """Run `hotline asterisk config`; return what the page says must be written, by Asterisk's file."""
    into = site.folder / "for-asterisk"
    line = [
        sys.executable,
        "-m",
        "hotline",
        "asterisk",
        "config",
        "--into",
        str(into),
        "--config",
        str(site.file),
    ]
    said = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    blocks = re.findall(r"```ini\n *; in (\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    lines = {file: re.sub(r"(?m)^ +", "", text) for file, text in blocks}
    for text in lines.values():
        assert text.splitlines()[-1].replace("/etc/asterisk/hotline", str(into)) in said, (
            "command and page agree"
        )
    return {file: text.replace("/etc/asterisk/hotline", str(into)) for file, text in lines.items()}


def debian(site: Site, toolbox: Toolbox, includes: dict[str, str]) -> AsteriskProcess:
    """Lay out an Asterisk as Debian configures it, but for its folders and its AMI port, with our includes."""
    layout = Layout.below(site.folder / "debian")
    layout.make()
    shutil.rmtree(layout.etc)
    shutil.copytree(toolbox.asterisk.data.parents[2] / "etc" / "asterisk", layout.etc)
    home, folder = toolbox.asterisk, layout.folder
    layout.conf.write_text(
        f"[directories]\nastetcdir => {layout.etc}\nastmoddir => {home.modules}\nastvarlibdir => {folder}/var\n"
        f"astdbdir => {folder}/var\nastkeydir => {folder}/var\nastdatadir => {home.data}\n"
        f"astagidir => {home.agi_bin}\nastspooldir => {folder}/var/spool\nastrundir => {layout.run}\n"
        f"astlogdir => {folder}/logs\n"
    )
    manager = layout.etc / "manager.conf"
    manager.write_text(re.sub(r"(?m)^port *=.*$", f"port = {site.settings.ports.ami}", manager.read_text()))
    with (layout.etc / "modules.conf").open("a") as modules:
        modules.write(
            "noload => chan_iax2.so\nnoload => chan_unistim.so\n"
        )  # they would listen on fixed ports
    for file, include in includes.items():
        with (layout.etc / file).open("a") as conf:
            conf.write(f"\n{include}\n")
    return AsteriskProcess(layout, toolbox)


@pytest.fixture
async def house(site: Site, toolbox: Toolbox) -> AsyncIterator[House]:
    """The hotline on that Asterisk."""
    process = debian(site, toolbox, told(site))
    await process.start(site.settings.ports.ami)
    try:
        async with opened(site, toolbox) as up:
            yield up
        assert process.pid() is not None, "the hotline has stopped an Asterisk that is not its own"
    finally:
        await process.stop()


async def test_a_call_goes_through_an_asterisk_that_somebody_else_runs(house: House) -> None:
    await house.seat_phone("6001", rings_ms=200, talks_ms=500)
    await house.until(lambda floor: floor["seats"]["ann"]["state"] == "ready")
    await house.exchange.call("10000", [("wait", 500), ("press", "1"), ("bye", 15_000)]).wait(20)
    await house.quiet()
    with house.ledger() as ledger:
        (visit,) = ledger.visits(*ALL)
    assert (visit.queue, visit.outcome, visit.seat) == ("billing", "answered", "ann")


async def test_callers_there_survive_the_engine_as_well(house: House) -> None:
    caller = house.exchange.call("10001", [("bye", 40_000)])
    await house.until(lambda floor: floor["queues"]["billing"]["waiting"] == 1)
    process = house.supervisor.engine._process
    assert process is not None
    os.kill(process.pid, 9)
    await asyncio.sleep(0.5)
    await house.until(lambda floor: floor["queues"]["billing"]["waiting"] == 1)
    await house.seat_phone("6001", rings_ms=100, talks_ms=300)
    await caller.wait(20)


async def test_without_our_files_it_is_told_what_is_missing(site: Site, toolbox: Toolbox) -> None:
    includes = told(site)
    secrets = load_secrets(site.data / "secrets.json", site.settings.phones)
    with pytest.raises(ExternalAsteriskUnfit, match="cannot reach Asterisk's manager"):
        await check_external(site, secrets)
    process = debian(site, toolbox, {"manager.conf": includes["manager.conf"]})
    try:
        await process.start(site.settings.ports.ami)
        with pytest.raises(ExternalAsteriskUnfit, match="dialplan lacks the contexts hotline-in"):
            await check_external(site, secrets)
        with (site.folder / "debian" / "etc" / "extensions.conf").open("a") as conf:
            conf.write(f"\n{includes['extensions.conf']}\n")
        process.ask("dialplan reload")
        with pytest.raises(ExternalAsteriskUnfit, match="does not know the site's phones 6001, 6002, 6003"):
            await check_external(site, secrets)
    finally:
        await process.stop()


def test_the_page_names_every_module_and_context_that_is_asked_for() -> None:
    page = PAGE.read_text()
    assert [name for name in (*REQUIRED, *CONTEXTS) if f"`{name}`" not in page] == []
