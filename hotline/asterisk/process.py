"""One Asterisk process: started, found again, watched, stopped. It outlives the program that started it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import structlog

from hotline.asterisk.config import Layout
from hotline.asterisk.errors import AsteriskError
from hotline.asterisk.prefix import Toolbox

log = structlog.get_logger(__name__)

START_S = 20.0
STOP_S = 10.0


class AsteriskDidNotStart(AsteriskError):
    """Asterisk ended, or was not ready, in good time; its own last words are in ``said``."""

    def __init__(self, layout: Layout, said: str) -> None:
        self.said = said
        super().__init__(
            f"Asterisk did not start. Its last words:\n{said}",
            f"Its log is {layout.folder / 'logs'}; its configuration {layout.etc}.",
        )


class AsteriskProcess:
    """The Asterisk of one `Layout`."""

    def __init__(self, layout: Layout, toolbox: Toolbox) -> None:
        self._layout = layout
        self._toolbox = toolbox
        self._child: subprocess.Popen[bytes] | None = None

    def pid(self) -> int | None:
        """Return the process id of the Asterisk that runs here, or None."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        try:
            pid = int((self._layout.run / "asterisk.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if os.fsencode(self._layout.conf) in command else None

    def calls(self) -> int | None:
        """Return how many calls it carries, or None when it does not answer."""
        said = self.ask("core show channels count")
        return next((int(line.split()[0]) for line in said.splitlines() if "active call" in line), None)

    def ask(self, command: str) -> str:
        """Return what Asterisk's own command line says; nothing when it does not answer in 5 s."""
        line = self._toolbox.command("asterisk", "-C", str(self._layout.conf), "-rx", command)
        try:
            done = subprocess.run(line, capture_output=True, timeout=5, check=False)
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout.decode(errors="replace")

    async def start(self, port: int) -> None:
        """Start it and wait until it is fully booted, with AMI on ``port``. Raises `AsteriskDidNotStart`."""
        said = self._layout.folder / "logs" / "console.log"
        for stale in ("asterisk.pid", "asterisk.ctl"):
            (self._layout.run / stale).unlink(missing_ok=True)
        with said.open("wb") as console:
            self._child = subprocess.Popen(  # noqa: ASYNC220 it must outlive the loop
                self._toolbox.command("asterisk", "-C", str(self._layout.conf), "-f", "-n"),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | self._toolbox.environment("asterisk"),
            )
        deadline = time.monotonic() + START_S
        while not _listens(port):
            if self._child.poll() is not None or time.monotonic() > deadline:
                await self.stop()
                last = said.read_bytes().decode(errors="replace").splitlines()[-8:]
                raise AsteriskDidNotStart(self._layout, "\n".join(f"  {line}" for line in last))
            await asyncio.sleep(0.02)
        # AMI listens before the modules are there, and until then Asterisk does not heed a SIGTERM.
        await asyncio.to_thread(self.ask, "core waitfullybooted")

    async def stop(self) -> None:
        """End it, by force if it will not; whatever calls it carries end with it."""
        child = self._child if self._child is not None and self._child.poll() is None else None
        pid = child.pid if child is not None else self.pid()
        if pid is None:
            return
        for sent in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sent)
            deadline = time.monotonic() + STOP_S
            while time.monotonic() < deadline:
                if child.poll() is not None if child is not None else not _alive(pid):
                    return
                await asyncio.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
