"""A full queue, by the hotline and by Asterisk's app_queue: how soon a seat that falls free is rung, at what cost."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from rich.console import Console

from benchmarks.caller import Caller
from benchmarks.house import House, opened, write_site
from benchmarks.meter import Usage
from benchmarks.phones import Phones
from benchmarks.report import Aim, Report
from benchmarks.rivals.queue import queueing
from benchmarks.rush import Contender, Window
from hotline.asterisk.prefix import Toolbox

SEATS = 50
CROWDS = (20, 200)
ROUNDS = 2
QUICKEST: Mapping[str, object] = {"autofill": "yes", "timeout": 20, "retry": 1, "wrapuptime": 0}
"""app_queue as it rings soonest: ``retry`` is whole seconds, and 0 stands for its default of 5."""


@dataclass
class Cell:
    """One contender before one crowd: its windows, put together."""

    contender: str
    waiting: int
    windows: list[Window] = field(default_factory=list)

    @property
    def good(self) -> list[Window]:
        """The windows in which the machine had time left; all of them where there is none."""
        return [window for window in self.windows if not window.saturated] or self.windows

    @property
    def saturated(self) -> bool:
        """Tell whether there is no window in which the machine had time left."""
        return all(window.saturated for window in self.windows)

    @property
    def free(self) -> list[float]:
        """How long seats were free, ms."""
        return [ms for window in self.good for ms in window.free]

    @property
    def p99(self) -> float:
        """The 99th percentile of that; see `unsteady`."""
        return quantiles(self.free, n=100, method="inclusive")[98]

    @property
    def unsteady(self) -> bool:
        """Tell whether seats were left free for longer than the 99th percentile of those that were rung."""
        return any(ms > self.p99 for window in self.good for ms in window.still_free)

    @property
    def usage(self) -> Usage:
        """CPU of all good windows."""
        first, *rest = (window.usage for window in self.good)
        return sum(rest, start=first)

    @property
    def seconds(self) -> float:
        """The length of all good windows."""
        return sum(window.seconds for window in self.good)

    @property
    def cpu_ms(self) -> float:
        """CPU for each call served, ms."""
        return 1000 * self.usage.system / len(self.free)


async def app_queue(toolbox: Toolbox, console: Console) -> Report:
    """Measure the hotline and app_queue in turns. Takes about eight minutes."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        sites = []
        for name in ("hotline", "app_queue"):
            (Path(folder) / name).mkdir()
            sites.append(write_site(Path(folder) / name, seats=SEATS))
        async with opened(sites[0], toolbox) as hotline, queueing(sites[1], toolbox) as rival:
            await hotline.settled()
            async with _phones(hotline) as ours, _phones(rival) as theirs:
                served, queued = (hotline, Caller(hotline), ours), (rival, Caller(rival), theirs)
                contenders = (
                    Contender("the hotline", *served),
                    Contender("app_queue, tuned", *queued, QUICKEST),
                    Contender("app_queue", *queued, {}),
                )
                cells = await _in_turns(contenders, console)
    return _report(cells)


@contextlib.asynccontextmanager
async def _phones(house: House) -> AsyncIterator[Phones]:
    phones = Phones(house.site.settings.ports.sip, house.secrets.phones)
    await phones.open()
    try:
        yield phones
    finally:
        phones.close()


async def _in_turns(contenders: tuple[Contender, ...], console: Console) -> list[Cell]:
    cells = [Cell(contender.name, waiting) for waiting in CROWDS for contender in contenders]
    for crowd, waiting in enumerate(CROWDS):
        for n in range(ROUNDS):
            for place, contender in list(enumerate(contenders))[:: -1 if n % 2 else 1]:
                load = os.getloadavg()[0]
                window = await contender.measure(waiting)
                cells[crowd * len(contenders) + place].windows.append(window)
                console.print(
                    f"  {contender.name}, {waiting} waiting: {len(window.free)} calls in {window.seconds:.0f} s,"
                    f" a seat is free for {median(window.free):.1f} ms;"
                    f" machine {window.usage.busy:.0f} % busy, load average before: {load:.2f}",
                    highlight=False,
                )
    return cells


def _report(cells: list[Cell]) -> Report:
    rows, figures, aims = [], dict[str, float](), list[Aim]()
    for cell in cells:
        usage, calls = cell.usage, len(cell.free)
        rows.append(
            (
                f"{cell.waiting}: {cell.contender}",
                f"{calls / cell.seconds:.1f}",
                f"{median(cell.free):.1f} / {'over ' if cell.unsteady else ''}{cell.p99:.1f}",
                f"{cell.cpu_ms:.1f}",
                f"{1000 * usage.asterisk / calls:.1f} + {1000 * usage.beside / calls:.1f}",
                f"{100 * usage.load / cell.seconds:.0f} %",
                f"{usage.busy:.0f} %{', saturated' if cell.saturated else ''}",
            )
        )
        key = f"{cell.contender.replace('the ', '').replace(', ', '_').replace(' ', '_')}_{cell.waiting}"
        figures |= {
            f"{key}_calls_per_s": calls / cell.seconds,
            f"{key}_free_ms": median(cell.free),
            f"{key}_free_p99_ms": cell.p99,
            f"{key}_cpu_ms": cell.cpu_ms,
            f"{key}_asterisk_ms": 1000 * usage.asterisk / calls,
            f"{key}_load_percent": 100 * usage.load / cell.seconds,
            f"{key}_busy_percent": usage.busy,
        }
    for waiting in CROWDS:
        ours, theirs, _ = (cell for cell in cells if cell.waiting == waiting)
        note = ", on a saturated machine" if ours.saturated or theirs.saturated else ""
        most = 1.0 if waiting == max(CROWDS) else 1.3
        aims += [
            Aim(
                f"{waiting} waiting{note}: tuned app_queue's p99 by the hotline's", theirs.p99 / ours.p99, 10
            ),
            Aim(
                f"{waiting} waiting{note}: the hotline's CPU by tuned app_queue's",
                ours.cpu_ms / theirs.cpu_ms,
                most,
                most=True,
            ),
        ]
    columns = (
        "waiting", "calls/s", "free to INVITE ms", "CPU ms a call", "Asterisk + beside", "load", "machine"
    )  # fmt: skip
    return Report(f"{SEATS} seats, a full queue (ms: median / p99)", columns, rows, figures, aims)
