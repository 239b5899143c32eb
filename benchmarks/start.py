"""From ``make run`` to the first answered call: on a machine that has everything, and on a bare one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console

import hotline
from benchmarks.house import free_ports
from benchmarks.report import Aim, NotMeasured, Report
from hotline.asterisk.prefix import Toolbox
from hotline.control import ControlClient, EngineAway
from hotline.site import Site, load_site

CHECKOUT = Path(hotline.__file__).parents[1]
LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv", "var", "tests", "__pycache__", ".*_cache", "*.egg-info")
RUNS = 3
LONGEST_START_S = 60.0
LONGEST_FETCH_S = 900.0
STOP_S = 20.0


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from ``make run`` until a call was with the engine, and until a person had answered it."""

    reached: float
    answered: float


async def start(_toolbox: Toolbox, console: Console) -> Report:
    """Measure the start where packages and programs are there. Takes under a minute."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        tree = _tree(Path(folder))
        (tree / ".venv").symlink_to(sys.prefix)
        runs = [await _make_run(tree, console) for _ in range(1 + RUNS)]
    fresh, warm = runs[0], runs[1:]
    answered = median(run.answered for run in warm)
    reached = median(run.reached for run in warm)
    return Report(
        "make run to the first call",
        ("", "call with the engine", "answered by a person"),
        (
            ("first run, prompts not yet rendered", f"{fresh.reached:.1f} s", f"{fresh.answered:.1f} s"),
            (f"warm, median of {RUNS}", f"{reached:.1f} s", f"{answered:.1f} s"),
        ),
        {
            "first_answered_s": fresh.answered,
            "warm_reached_s": reached,
            "warm_answered_s": answered,
        },
        (Aim("warm, to the first answered call", answered, 6, " s", most=True),),
    )


async def cold(_toolbox: Toolbox, console: Console) -> Report:
    """Measure the start on a bare machine: no packages, no programs, nothing in a cache. Needs the network."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        tree = _tree(Path(folder))
        environment = os.environ | {
            "HOTLINE_CACHE": str(tree / "cache"),
            "HOTLINE_ASTERISK": "brought",
            "PIP_CACHE_DIR": str(tree / "pip"),
        }
        packages = await _timed(console, ["make", ".venv/.ready"], tree, environment)
        fetch = await _timed(console, [".venv/bin/hotline", "asterisk", "fetch"], tree, environment)
        run = await _make_run(tree, console, environment)
    total = packages + fetch + run.answered
    return Report(
        "Cold make run to the first answered call",
        ("", "s"),
        (
            ("Python packages, downloads and all", f"{packages:.1f}"),
            ("Asterisk and its kin, downloads and all", f"{fetch:.1f}"),
            ("from there to the first answered call", f"{run.answered:.1f}"),
            ("together", f"{total:.1f}"),
        ),
        {"packages_s": packages, "fetch_s": fetch, "run_s": run.answered, "total_s": total},
        (Aim("cold, to the first answered call", total, 180, " s", most=True),),
    )


def _tree(folder: Path) -> Path:
    """Copy the checkout, on ports of its own."""
    tree = folder / "tree"
    shutil.copytree(CHECKOUT, tree, ignore=LEFT_BEHIND, symlinks=True)
    sip, agi, ami, mqtt = free_ports(4)
    with (tree / "config.yaml").open("a") as config:
        config.write(f"\nports: {{sip: {sip}, agi: {agi}, ami: {ami}, mqtt: {mqtt}}}\n")
    return tree


async def _timed(console: Console, command: list[str], tree: Path, environment: dict[str, str]) -> float:
    began = time.monotonic()
    async with _running(command, tree, environment) as (process, said):
        async with asyncio.timeout(LONGEST_FETCH_S):
            if await process.wait() != 0:
                raise NotMeasured(_last_words(command, said))
    took = time.monotonic() - began
    console.print(f"  {' '.join(command)}: {took:.1f} s", highlight=False)
    return took


async def _make_run(tree: Path, console: Console, environment: dict[str, str] | None = None) -> Start:
    command = ["make", "-o", ".venv/.ready", "run"]  # whatever its age: a linked one must not be made anew
    site = load_site(tree / "config.yaml")
    began = time.monotonic()
    reached = 0.0
    async with _running(command, tree, environment or dict(os.environ)) as (process, said):
        async with asyncio.timeout(LONGEST_START_S):
            while True:
                if process.returncode is not None:
                    raise NotMeasured(_last_words(command, said))
                calls = await _calls(site)
                now = time.monotonic() - began
                reached = reached or (now if calls else 0.0)
                if any(talking for talking in calls):
                    break
                await asyncio.sleep(0.02)
    console.print(f"  make run: first call {reached:.1f} s, answered {now:.1f} s", highlight=False)
    return Start(reached, now)


async def _calls(site: Site) -> list[bool]:
    """Return, for each live call, whether it talks to a person."""
    client = ControlClient(site)
    try:
        floor = await client.ask("floor", timeout=1.0)
    except EngineAway:
        return []
    finally:
        client.close()
    return [call["talking"] for call in floor["calls"].values()]


@contextlib.asynccontextmanager
async def _running(
    command: list[str], tree: Path, environment: dict[str, str]
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Path]]:
    """Run a command in the tree, as from a terminal; at the end press Ctrl-C and wait until all is down."""
    said = tree / "said.txt"
    with said.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=tree, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process, said
    finally:
        for sent in (signal.SIGINT, signal.SIGKILL):
            if process.returncode is None:
                os.killpg(process.pid, sent)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), STOP_S)


def _last_words(command: list[str], said: Path) -> str:
    lines = said.read_text(errors="replace").splitlines()[-8:]
    return "\n".join([f"{' '.join(command)} ended before a call was answered. Its last words:", *lines])
