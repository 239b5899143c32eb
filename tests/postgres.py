"""A real PostgreSQL for the tests: a server of this run alone, on a socket in a folder of its own.

PostgreSQL refuses to be root. So a root starts it as nobody, with its programs where nobody can reach them.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from hotline.asterisk.prefix import Toolbox

NOBODY = 65534
USER = "hotline"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # its data do not outlive the run
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "jit": "off",
    "max_wal_size": "4GB",
}


class PostgresServer:
    """A server with any number of places for a ledger. ``close`` ends it, and nothing of it is left."""

    def __init__(self, toolbox: Toolbox) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hotline-postgres-", dir=tempfile.gettempdir()))
        self._log = self.folder / "log"
        self._data = self.folder / "data"
        self._names = (f"ledger{number}" for number in count(1))
        self._process: subprocess.Popen[bytes] | None = None
        as_root = os.geteuid() == 0
        self._as: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if as_root else {}
        try:
            self.folder.chmod(0o711)
            self._data.mkdir(mode=0o700)
            if as_root:
                os.chown(self._data, NOBODY, NOBODY)
            start = {name: self._within_reach(toolbox, name) for name in ("initdb", "postgres")}
            how = ("--no-locale", "--encoding=UTF8", "--auth=trust", f"--username={USER}", "--no-sync")
            self._run([*start["initdb"], f"--pgdata={self._data}", *how]).wait()
            settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
            self._process = self._run([*start["postgres"], "-D", self._data, "-k", self._data, *settings])
            self._wait_until_it_answers()
        except BaseException:
            self.close()
            raise

    def database(self, *, alone: bool = False) -> str:
        """Return the URL of an empty place: a schema of the common database, or, slower, a database ``alone``."""
        name = next(self._names)
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(f"CREATE {'DATABASE' if alone else 'SCHEMA'} {name}")
        database, options = (name, "") if alone else ("postgres", f"&options=-csearch_path%3D{name}")
        return f"postgresql+psycopg://{USER}@/{database}?host={self._data}{options}"

    def close(self) -> None:
        """Stop the server, whoever is connected, and remove its folder."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nothing is to be kept
            self._process.wait()
        shutil.rmtree(self.folder)

    @property
    def _address(self) -> str:
        return f"host={self._data} user={USER} dbname=postgres"

    def _within_reach(self, toolbox: Toolbox, program: str) -> list[str]:
        """Return how to start a program, as any user, and so that it finds its own folders and the other program.

        PostgreSQL looks for them beside the path by which it was started, which a loader of its own would hide.
        """
        start = toolbox.command(program)
        if len(start) == 1:
            return start
        loader, *options, file = start
        root = next(parent for parent in Path(file).parents if parent.name == "usr")
        here = self.folder / "usr"
        if not here.exists():
            for part in ("lib", "share/postgresql"):
                shutil.copytree(root / part, here / part, symlinks=True, copy_function=_link)
        bin_ = here / Path(file).parent.relative_to(root)
        programs = bin_.with_name("programs")
        if not programs.exists():
            bin_.rename(programs)
            bin_.mkdir()
        line = [one.replace(str(root), str(here)) for one in (loader, *options)]
        wrapper = bin_ / program
        wrapper.write_text(
            f'#!/bin/sh\nexec {shlex.join(line)} --argv0 "$0" {shlex.quote(str(programs / program))} "$@"\n'
        )
        wrapper.chmod(0o755)
        return [str(wrapper)]

    def _run(self, command: list[Any]) -> subprocess.Popen[bytes]:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=environment,
                **self._as,
            )

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self._address).close()
            except psycopg.OperationalError:
                ended = self._process is None or self._process.poll() is not None
                if ended or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL does not start: {self._log.read_text()}") from None
                time.sleep(0.02)
            else:
                return


def _link(source: str, target: str) -> None:
    """Give a file a second name, which any user may reach; copy it where that is another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
