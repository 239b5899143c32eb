"""`hotline watch`: the wallboard in a terminal, from anywhere that reaches the broker."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live

from hotline.commands.console import CONFIG, ConfigOption, DataOption, JsonOption, fail, out, told
from hotline.commands.frame import frame
from hotline.live.listener import BrokerAddress, Listener
from hotline.live.wallboard import Wallboard
from hotline.secrets import load_secrets
from hotline.site import load_site

EVERY_S = 0.5
ONCE_S = 3.0  # so long does one frame wait for what the broker has kept
USER, PASSWORD = "HOTLINE_MQTT_USER", "HOTLINE_MQTT_PASSWORD"

watch_app = typer.Typer()


@watch_app.command()
def watch(
    url: Annotated[
        str | None,
        typer.Argument(help="the broker, mqtt://HOST:PORT or mqtts://; that of --config without it"),
    ] = None,
    site_name: Annotated[
        str | None, typer.Option("--site", help="this site alone; without it every site there is")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="user name at the broker", envvar=USER)] = None,
    password_env: Annotated[
        str, typer.Option("--password-env", help="the environment variable with the password")
    ] = PASSWORD,
    once: Annotated[bool, typer.Option("--once", help="one frame, and end")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Show queues, seats and today's figures as they are, by MQTT alone; Ctrl-C ends it."""
    with told():
        if url is None:
            broker, site_name = _own(config, data, user, password_env, site_name)
        else:
            broker = BrokerAddress(url, user, os.environ.get(password_env))
        wall = Wall(broker, site_name)
        try:
            asyncio.run(wall.once(as_json) if once else wall.show(as_json))
        except KeyboardInterrupt:
            raise typer.Exit(0) from None


def _own(
    config: Path, data: Path | None, user: str | None, password_env: str, site_name: str | None
) -> tuple[BrokerAddress, str]:
    """Return the broker of the site here, and its name. Our own broker's password is among the site's secrets."""
    site = load_site(config, data)
    if site.settings.mqtt is not None:
        return BrokerAddress(site.broker, user, os.environ.get(password_env)), site_name or site.name
    file = site.data / "secrets.json"
    if not file.exists():
        fail(f"the site {site.name!r} has never run here, there is no {file}; start it: hotline up")
    secrets = load_secrets(file, ())
    return BrokerAddress(site.broker, secrets.mqtt_user, secrets.mqtt_password), site_name or site.name


class Wall:
    """The wallboards of all sites that are heard, one below the other."""

    def __init__(self, broker: BrokerAddress, site: str | None) -> None:
        self._boards: dict[str, Wallboard] = {} if site is None else {site: Wallboard(site)}
        self._broker = broker
        self._listener = Listener(broker, site, self._heard)

    async def once(self, as_json: bool) -> None:
        """Print one frame, as soon as all is heard; after three seconds what there is."""
        listening = asyncio.create_task(self._listener.run())
        try:
            async with asyncio.timeout(ONCE_S):
                await self._all_heard()
        except TimeoutError:
            pass
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        if not self._listener.link.connected and self._listener.link.trouble is None:
            fail(f"{self._broker.url} does not answer; is the broker's address right?")
        if (trouble := self._listener.link.trouble) is not None:
            fail(f"{self._broker.url}: {trouble}")
        if not self._boards:
            fail(
                f"no site tells anything at {self._broker.url}; is an engine connected to it, and may we read?"
            )
        self._print(as_json)

    async def show(self, as_json: bool) -> None:
        """Show what is live, for ever; as JSON one line whenever something was heard, at most twice a second."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listener.run())
            if as_json or not out.is_terminal:
                while True:
                    await self._listener.changed.wait()
                    self._listener.changed.clear()
                    self._print(as_json)
                    await asyncio.sleep(EVERY_S)
            with Live(console=out, auto_refresh=False, screen=True, vertical_overflow="visible") as live:
                while True:
                    live.update(self._frames(), refresh=True)
                    await asyncio.sleep(EVERY_S)

    async def _all_heard(self) -> None:
        while not self._boards or not all(board.complete for board in self._boards.values()):
            self._listener.changed.clear()
            if self._listener.link.trouble is not None:
                return
            await self._listener.changed.wait()

    def _heard(self, site: str, name: str, payload: bytes, retained: bool) -> None:
        board = self._boards.setdefault(site, Wallboard(site))
        board.heard(name, payload, _now(), retained=retained)

    def _print(self, as_json: bool) -> None:
        if as_json:
            link = self._listener.link
            for board in self._boards.values():
                typer.echo(json.dumps(board.as_data(_now(), link), ensure_ascii=False))
        elif self._boards:
            out.print(self._frames())

    def _frames(self) -> Group:
        now, link = _now(), self._listener.link
        boards = self._boards or {"…": Wallboard("…")}
        return Group(*(frame(board, link, now) for board in boards.values()))


def _now() -> int:
    return time.time_ns() // 1_000_000
