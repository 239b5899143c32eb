"""An MQTT broker of the hotline's own: Mosquitto, on loopback, for whoever has the generated password."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import getpass
import hashlib
import os
import secrets
import signal
import socket
import time
from pathlib import Path

import structlog

from hotline.asterisk.prefix import Toolbox
from hotline.errors import HotlineError

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
START_S = 10.0
STOP_S = 5.0
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
ROUNDS = 1_000  # of PBKDF2; the password is 24 random bytes, which no more rounds would make safer
CONFIGURATION = """\
# Generated. Changes here are lost at the next start.
listener {port} {host}
allow_anonymous false
password_file {passwords}
persistence false
set_tcp_nodelay true
user {user}
log_dest stderr
log_type error
log_type warning
"""


class BrokerDidNotStart(HotlineError):
    """Mosquitto ended, or did not listen, in good time; its own last words are in ``said``."""

    def __init__(self, folder: Path, port: int, said: str) -> None:
        self.said = said
        super().__init__(
            f"the MQTT broker did not start on port {port}. Its last words:\n{said}\n"
            f"Its configuration and log are in {folder}. If another program has the port, choose another port."
        )


class Broker:
    """One Mosquitto, with its files in ``folder``. What it retains is told anew by the bus, so it keeps nothing."""

    def __init__(self, folder: Path, toolbox: Toolbox, port: int, username: str, password: str) -> None:
        self._folder = folder
        self._toolbox = toolbox
        self._port = port
        self._username = username
        self._password = password
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """The address for `hotline.live.bus.Bus`."""
        return f"mqtt://{HOST}:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process id, or None when it does not run."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start it and wait until it listens; one that an earlier run left behind is ended first.

        Raises `BrokerDidNotStart`, or `OSError` where its files cannot be written. Cancelled, it leaves no process.
        """
        await asyncio.to_thread(self._prepare)
        if _listens(self._port):
            raise BrokerDidNotStart(self._folder, self._port, "  (not started: the port is in use)")
        with self._log.open("wb") as console:
            self._process = await asyncio.create_subprocess_exec(
                *self._toolbox.command("mosquitto", "-c", str(self._configuration)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,  # a Ctrl-C at the terminal is not meant for it
                env=os.environ | self._toolbox.environment("mosquitto"),
            )
        self._pid_file.write_text(str(self._process.pid))
        try:
            await self._listening()
        except BaseException:
            await self.stop()
            raise

    async def keep(self) -> None:
        """Start it again whenever it dies, for ever, with longer and longer pauses. Cancel to end that."""
        pause = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            if self._process is not None:
                await self._process.wait()
                log.error("the MQTT broker died; starting it again")
            if time.monotonic() - began > LONGEST_PAUSE_S:
                pause = FIRST_PAUSE_S
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
            try:
                await self.start()
            except (BrokerDidNotStart, OSError) as error:
                log.warning("the MQTT broker did not start", reason=str(error))

    async def stop(self) -> None:
        """End it, by force if it will not."""
        process, self._process = self._process, None
        if process is None:
            return
        for send in (process.terminate, process.kill):
            with contextlib.suppress(ProcessLookupError):
                send()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await process.wait()
                    break
        self._pid_file.unlink(missing_ok=True)

    @property
    def _configuration(self) -> Path:
        return self._folder / "mosquitto.conf"

    @property
    def _pid_file(self) -> Path:
        return self._folder / "mosquitto.pid"

    @property
    def _log(self) -> Path:
        return self._folder / "mosquitto.log"

    async def _listening(self) -> None:
        deadline = time.monotonic() + START_S
        while not _listens(self._port):
            if self.pid is None or time.monotonic() > deadline:
                last = self._log.read_text(errors="replace").splitlines()[-8:] or ["it said nothing"]
                raise BrokerDidNotStart(self._folder, self._port, "\n".join(f"  {line}" for line in last))
            await asyncio.sleep(0.02)

    def _prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        passwords = self._folder / "passwords"
        _write_private(passwords, f"{self._username}:{_hashed(self._password)}\n")
        text = CONFIGURATION.format(
            port=self._port,
            host=HOST,
            passwords=passwords,
            user=getpass.getuser(),  # started as root, Mosquitto would else become a user who cannot read its files
        )
        _write_private(self._configuration, text)
        self.end_leftover()

    def end_leftover(self) -> bool:
        """End the broker of a run that was killed; return whether there was one. Blocks until it is gone.

        It is known by its configuration's name on its command line.
        """
        try:
            pid = int(self._pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return False
        if os.fsencode(self._configuration) not in command:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + STOP_S
        while _listens(self._port) and time.monotonic() < deadline:
            time.sleep(0.02)
        return True


def _hashed(password: str) -> str:
    """Return the password as Mosquitto keeps it: ``$7$`` rounds, salt and PBKDF2 with SHA-512, in base 64."""
    salt = secrets.token_bytes(64)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"$7${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _write_private(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
