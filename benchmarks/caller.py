"""SIPp as the caller: calls at a rate, and what became of them."""

from __future__ import annotations

import asyncio
import csv
import os
import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import jinja2

from benchmarks.house import House

SCENARIOS = Path(__file__).with_name("scenarios")
PERIOD_MS = 10_000  # SIPp's rates are whole calls in a period


@dataclass(frozen=True, slots=True)
class CallFigures:
    """What became of a run of calls: how many were made, failed, and lasted longer than the step given as slow."""

    made: int
    failed: int
    slow: int


class Caller:
    """Makes calls to a house, from loopback."""

    def __init__(self, house: House) -> None:
        self._toolbox = house.toolbox
        self._folder = house.site.folder / "callers"
        self._target = f"127.0.0.1:{house.site.settings.ports.sip}"
        self._runs = count(1)

    async def call(
        self,
        number: str,
        scenario: str,
        *,
        calls: int,
        rate: float,
        slow_ms: int,
        longest: float,
        at_once: int = 5_000,
        **values: object,
    ) -> CallFigures:
        """Make so many calls, ``rate`` a second, and return what became of them.

        ``slow_ms`` is one of the call lengths that the scenario counts by. ``longest`` bounds the whole in
        seconds: calls that live then have failed. At most ``at_once`` are live. ``values`` fill the scenario.
        Cancelled, the calls are dropped where they are.
        """
        folder = self._folder / f"calls-{next(self._runs)}"
        folder.mkdir(parents=True)
        text = (SCENARIOS / f"{scenario}.xml.j2").read_text()
        file = folder / "scenario.xml"
        file.write_text(jinja2.Template(text, undefined=jinja2.StrictUndefined).render(values))
        line = self._toolbox.command(
            "sipp", self._target, "-s", number, "-sf", str(file), "-i", "127.0.0.1", "-mi", "127.0.0.1",
            "-r", str(max(1, round(rate * PERIOD_MS / 1000))), "-rp", str(PERIOD_MS),
            "-m", str(calls), "-l", str(at_once),
            "-timeout", f"{longest:.0f}s", "-buff_size", "4000000", "-nostdin",
            "-trace_err", "-trace_stat", "-stf", "statistics.csv", "-fd", "1",
        )  # fmt: skip
        with (folder / "out.txt").open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *line,
                cwd=folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=os.environ | self._toolbox.environment("sipp") | {"TERM": "dumb"},
            )
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return _figures(folder / "statistics.csv", calls, slow_ms)


def _figures(file: Path, calls: int, slow_ms: int) -> CallFigures:
    with file.open(newline="") as opened:
        last = list(csv.DictReader(opened, delimiter=";"))[-1]
    in_time = 0
    for column, value in last.items():
        step = re.fullmatch(r"CallLengthRepartition_<(\d+)\(C\)", column or "")
        if step and int(step[1]) <= slow_ms:
            in_time += int(value)
    done = int(last["SuccessfulCall(C)"])
    return CallFigures(made=calls, failed=calls - done, slow=done - in_time)
