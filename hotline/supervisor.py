"""Keeps the hotline up: Asterisk, and the engine that it restarts whenever it dies or stops answering."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import structlog

from acd.messages import Refused
from hotline.asterisk.config import Layout, Wiring, write_whole
from hotline.asterisk.errors import AsteriskError
from hotline.asterisk.external import check_external
from hotline.asterisk.prefix import Toolbox
from hotline.asterisk.process import AsteriskProcess
from hotline.control import ControlClient, EngineAway
from hotline.errors import HotlineError
from hotline.live.broker import Broker
from hotline.preflight import (
    check_certificate,
    check_flows,
    check_folder,
    check_ledger,
    check_ports,
    trunk_passwords,
)
from hotline.secrets import load_secrets
from hotline.site import Site
from ledger.lock import Held, take

log = structlog.get_logger(__name__)

ENGINE_START_S = 30.0
ENGINE_STOP_S = 10.0
HEARTBEAT_S = 2.0
HEARTBEATS_MISSED = 3
ASKED_FOR_CALLS = 3
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
STEADY_S = 30.0  # an engine that lived so long died of something new


class AlreadyUp(HotlineError):
    """Another supervisor keeps this data folder."""

    def __init__(self, site: Site, held: Held) -> None:
        super().__init__(
            f"a hotline is running with the data folder {site.data} already ({held}); end that one first"
        )


class EngineDidNotStart(HotlineError):
    """The engine ended before it was ready; it has said why."""


class Engine:
    """The engine as a child process. It ends when we do: our end of its standard input closes."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._process: asyncio.subprocess.Process | None = None
        self._said = site.data / "logs" / "engine.stderr"

    async def start(self) -> None:
        """Start it and wait until it answers calls. Raises `EngineDidNotStart` with its last words."""
        arguments = ["engine", "--config", str(self._site.file), "--data", str(self._site.data)]
        with self._said.open("ab") as said:
            before = said.tell()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "hotline",
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,  # a Ctrl-C at the terminal is ours to pass on
            )
        (self._site.data / "run" / "engine.pid").write_text(f"{self._process.pid}\n")
        deadline = time.monotonic() + ENGINE_START_S
        while not await self.is_ready():
            if self._process.returncode is not None or time.monotonic() > deadline:
                code = self._process.returncode
                await self.stop()
                raise EngineDidNotStart(self._last_words(before, code))
            await asyncio.sleep(0.05)

    async def is_ready(self) -> bool:
        """Tell whether it is in step with Asterisk and takes calls."""
        client = ControlClient(self._site)
        try:
            return bool(await client.ask("ready?", timeout=1.0))
        except (EngineAway, Refused):
            return False
        finally:
            client.close()

    async def wait(self) -> None:
        """Wait until it ends, by itself or because it stopped answering and was killed."""
        if self._process is None:
            return
        ended = asyncio.ensure_future(self._process.wait())
        missed = 0
        client = ControlClient(self._site)
        try:
            while not ended.done():
                await asyncio.wait([ended], timeout=HEARTBEAT_S)
                if ended.done():
                    break
                try:
                    await client.ask("ping", timeout=HEARTBEAT_S)
                    missed = 0
                except (EngineAway, Refused, ValueError):
                    missed += 1
                if missed >= HEARTBEATS_MISSED:
                    log.error("the engine does not answer; killing it")
                    self._process.kill()
                    await ended
        finally:
            ended.cancel()
            client.close()

    async def stop(self) -> None:
        """End it in order, or by force if it will not."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(ENGINE_STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _last_words(self, since: int, code: int | None) -> str:
        with self._said.open("rb") as said:
            said.seek(since)
            lines = said.read().decode(errors="replace").splitlines()
        silent = (
            f"the engine was not ready in {ENGINE_START_S:g} s"
            if code is None
            else f"it ended with status {code}"
        )
        return "\n".join(lines[-12:]) or silent


class Supervisor:
    """Brings the hotline up, keeps it up, and takes down what it brought up.

    Used as an async context manager; then `keep` until cancelled. Raises, before anything is started, whatever
    `hotline.preflight` finds; later `AsteriskDidNotStart` or `EngineDidNotStart`.
    """

    def __init__(self, site: Site, toolbox: Toolbox) -> None:
        self._site = site
        self._toolbox = toolbox
        self.layout = Layout.below(site.data / "asterisk")
        self.asterisk = AsteriskProcess(self.layout, toolbox)
        self.engine = Engine(site)
        self.adopted = False
        self.asterisk_up = asyncio.Event()
        self._broker: Broker | None = None
        self._external = site.settings.asterisk == "external"  # then it is neither started nor stopped here
        self._lock: int | None = None

    async def __aenter__(self) -> Supervisor:
        check_flows(self._site)
        check_certificate(self._site)
        check_folder(self._site)
        passwords = trunk_passwords(self._site)
        self.take_lock()
        try:
            check_ledger(self._site)
            if self._site.settings.mqtt is None:
                self._broker = own_broker(self._site, self._toolbox)
                await asyncio.to_thread(self._broker.end_leftover)
            await self._bring_up_asterisk(passwords)
            self.asterisk_up.set()
            if self._broker is not None:
                await self._broker.start()
            await self.engine.start()
        except BaseException:
            await self.engine.stop()
            await self._stop_broker()
            if not self.adopted:  # an Asterisk that carries calls outlives a start that failed
                await self.asterisk.stop()
            self.let_go()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.stop()
        await self._stop_broker()
        await self.asterisk.stop()
        self.let_go()

    async def keep(self) -> None:
        """Restart what dies, for ever. An engine that dies again and again is given longer and longer pauses."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_engine())
            tasks.create_task(self._keep_asterisk())
            if self._broker is not None:
                tasks.create_task(self._broker.keep())

    async def _keep_engine(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            await self.engine.wait()
            if time.monotonic() - began > STEADY_S:
                pause = FIRST_PAUSE_S
            log.error("the engine died; callers wait with music until it is back", pause_s=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
            try:
                await self.engine.start()
                log.warning("the engine is back")
            except (EngineDidNotStart, OSError) as error:
                log.error("the engine did not start", reason=str(error))  # noqa: TRY400 the reason says all

    async def _keep_asterisk(self) -> None:
        while not self._external:
            await asyncio.sleep(0.5)
            if self.asterisk.pid() is None:
                log.error("Asterisk died, and the calls it carried with it; starting it again")
                try:
                    await self.asterisk.start(self._site.settings.ports.ami)
                except (AsteriskError, OSError) as error:
                    log.error("Asterisk did not start", reason=str(error))  # noqa: TRY400 the reason says all
                    await asyncio.sleep(LONGEST_PAUSE_S)

    async def _stop_broker(self) -> None:
        if self._broker is not None:
            await self._broker.stop()

    async def _bring_up_asterisk(self, passwords: dict[str, str]) -> None:
        if self._external:
            check_ports(self._site)
            await check_external(self._site, wire(self._site, self._toolbox, passwords).secrets)
            return
        if self.asterisk.pid() is not None:
            if await self._carries_calls():
                self.adopted = True
                log.warning("an Asterisk of ours carries calls, or does not say: it is adopted as it is")
                return
            await self.asterisk.stop()
        check_ports(self._site)
        wiring = wire(self._site, self._toolbox, passwords)
        write_whole(self._site, wiring, self.layout)
        await self.asterisk.start(self._site.settings.ports.ami)

    async def _carries_calls(self) -> bool:
        """Tell whether the Asterisk that runs carries calls. One that does not say is taken to."""
        for _ in range(ASKED_FOR_CALLS):
            calls = await asyncio.to_thread(self.asterisk.calls)
            if calls is not None:
                return calls > 0
        return True

    def take_lock(self) -> None:
        """Make sure that nobody else supervises this data folder. Raises `AlreadyUp`."""
        file = self._site.data / "run" / "supervisor.lock"
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock = take(file)
        except Held as held:
            raise AlreadyUp(self._site, held) from held

    def let_go(self) -> None:
        """Give the data folder free."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def wire(site: Site, toolbox: Toolbox, passwords: dict[str, str]) -> Wiring:
    """Return what Asterisk's files need beside the site; makes secrets and the silent music where lacking."""
    return Wiring(
        home=toolbox.asterisk,
        secrets=load_secrets(site.data / "secrets.json", site.settings.phones),
        spool=site.data / "spool",
        silence=_silent_music(site.data / "silence"),
        trunk_passwords=passwords,
    )


def _silent_music(folder: Path) -> Path:
    """Return a folder with a minute of silence as µ-law, which costs Asterisk the least to play."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, silence in (("ulaw", b"\xff"), ("alaw", b"\xd5")):
        (folder / f"silence.{suffix}").write_bytes(silence * 8000 * 60)
    return folder


def own_broker(site: Site, toolbox: Toolbox) -> Broker:
    """Return the broker that a site has where it names no other."""
    secrets = load_secrets(site.data / "secrets.json", site.settings.phones)
    folder, port = site.data / "mosquitto", site.settings.ports.mqtt
    return Broker(folder, toolbox, port, secrets.mqtt_user, secrets.mqtt_password)


async def take_down(site: Site, toolbox: Toolbox) -> list[str]:
    """Stop what a killed supervisor of this site left behind, Asterisks and broker; return what was stopped.

    Raises `AlreadyUp` while a supervisor keeps them.
    """
    supervisor = Supervisor(site, toolbox)
    stopped = []
    supervisor.take_lock()
    try:
        for folder in ("asterisk", "street"):
            process = AsteriskProcess(Layout.below(site.data / folder), toolbox)
            if process.pid() is not None:
                await process.stop()
                stopped.append(folder)
        if await asyncio.to_thread(own_broker(site, toolbox).end_leftover):
            stopped.append("broker")
    finally:
        supervisor.let_go()
    return stopped
