"""The menu call through the engine, in plain dialplan, and by a program that is started for each call."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks.caller import Caller
from benchmarks.house import MENU, ORDINARY, House, opened, write_site
from benchmarks.report import Aim, Report
from benchmarks.rivals import RivalCall, graft
from benchmarks.search import RateSearch
from hotline.asterisk.prefix import Toolbox

STEP_S = 5.0
SUSTAINED_S = 15.0
SLOW_MS = 2_000  # a call lasts 0.8 s when nothing is in its way
SLOW_SHARE = 0.01
KEY_AFTER_MS = 500  # after the prompt of 200 ms, so that each of them waits for the key
COST_ROUNDS = 3
ORDINARY_CALLS = 40
ORDINARY_RATE = 4.0
ORDINARY_KEY_AFTER_MS = 15_200


@dataclass
class Contender:
    """One way to serve the menu call, and what was measured of it."""

    name: str
    short: str
    ordinary: str
    search: RateSearch
    cost_rate: float
    cost: list[Cost] = field(default_factory=list)
    ordinary_cost: Cost | None = None

    def median(self, part: str) -> float:
        """Return the middle of what a call cost, in ms of CPU."""
        return median(getattr(cost, part) for cost in self.cost)


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU of one call in ms: Asterisk's with what it started, and the engine's."""

    asterisk: float
    engine: float


class MenuBench:
    """Alternates the contenders on one Asterisk, so that whatever else the machine does meets them all."""

    def __init__(self, house: House, caller: Caller, console: Console) -> None:
        self._house = house
        self._caller = caller
        self._console = console
        self.engine = Contender("engine", MENU, ORDINARY, RateSearch(100), 60)
        self.dialplan = Contender("plain dialplan", "20000", "20002", RateSearch(100), 60)
        self.script = Contender("a pyst2 script per call", "20001", "20003", RateSearch(5), 5)
        self.contenders = (self.engine, self.dialplan, self.script)

    async def run(self) -> None:
        """Measure costs, then rates, then the ordinary call."""
        for contender in self.contenders:  # once unmeasured: files and memory are warm from here on
            await self._holds(contender, contender.cost_rate / 2, 2)
        for _ in range(COST_ROUNDS):
            for contender in self.contenders:
                contender.cost.append(await self._cost(contender))
        while any(contender.search.next for contender in self.contenders):
            for contender in self.contenders:
                if rate := contender.search.next:
                    contender.search.tell(await self._holds(contender, rate, STEP_S))
        for contender in self.contenders:
            while not await self._holds(contender, contender.search.best, SUSTAINED_S):
                contender.search.best *= 1 - contender.search.precision
        for contender in self.contenders:
            contender.ordinary_cost = await self._ordinary(contender)

    async def _holds(self, contender: Contender, rate: float, seconds: float) -> bool:
        """Tell whether no call fails at a rate, and hardly one is slow."""
        figures = await self._caller.call(
            contender.short,
            "menu_call",
            calls=max(10, round(rate * seconds)),
            rate=rate,
            slow_ms=SLOW_MS,
            longest=seconds + 10,
            key_after_ms=KEY_AFTER_MS,
        )
        holds = figures.failed == 0 and figures.slow <= SLOW_SHARE * figures.made
        self._console.print(
            f"  {contender.name}: {rate:.1f} calls/s {'held' if holds else 'not held'}"
            f" ({figures.failed} failed, {figures.slow} slow of {figures.made})",
            highlight=False,
        )
        await self._house.quiet()
        return holds

    async def _cost(self, contender: Contender) -> Cost:
        return await self._measured(contender.short, round(STEP_S * contender.cost_rate), contender.cost_rate, KEY_AFTER_MS)

    async def _ordinary(self, contender: Contender) -> Cost:
        return await self._measured(contender.ordinary, ORDINARY_CALLS, ORDINARY_RATE, ORDINARY_KEY_AFTER_MS)

    async def _measured(self, number: str, calls: int, rate: float, key_after_ms: int) -> Cost:
        house = self._house
        asterisk, engine = self._asterisk_cpu(), house.engine.cpu()
        figures = await self._caller.call(
            number, "menu_call", calls=calls, rate=rate, slow_ms=SLOW_MS, longest=calls / rate + 40, key_after_ms=key_after_ms
        )
        await house.quiet()
        cost = Cost(
            1000 * (self._asterisk_cpu() - asterisk) / calls, 1000 * (house.engine.cpu() - engine) / calls
        )
        self._console.print(f"  {number}: {calls} calls at {rate:g}/s, {figures.failed} failed: Asterisk {cost.asterisk:.2f} ms, engine {cost.engine:.2f} ms")
        return cost


    def _asterisk_cpu(self) -> float:
        """Return Asterisk's CPU with that of the programs that it started, which is where scripts run."""
        process = self._house.asterisk
        return process.cpu() + process.children_cpu()


async def menu(toolbox: Toolbox, console: Console) -> Report:
    """Measure the menu call. Takes about six minutes."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        site = write_site(Path(folder))
        sounds = site.flows / "sounds"
        async with opened(site, toolbox) as house:
            graft(
                house,
                [
                    RivalCall("20000", "20001", sounds / "short.wav", sounds / "short.wav"),
                    RivalCall("20002", "20003", sounds / "choose.wav", sounds / "bye.wav"),
                ],
            )
            bench = MenuBench(house, Caller(toolbox, site.folder / "callers", site.settings.ports.sip), console)
            await bench.run()
    return _report(bench)


def _report(bench: MenuBench) -> Report:
    engine, dialplan, script = bench.contenders
    rows, figures = [], {}
    for contender, key in zip(bench.contenders, ("engine", "dialplan", "script"), strict=True):
        ordinary = contender.ordinary_cost
        assert ordinary is not None
        rows.append(
            (
                contender.name,
                f"{contender.search.best:.1f}",
                f"{contender.median('asterisk'):.2f}",
                f"{contender.median('engine'):.2f}",
                f"{ordinary.asterisk:.1f}",
                f"{ordinary.engine:.2f}",
            )
        )
        figures |= {
            f"{key}_calls_per_s": contender.search.best,
            f"{key}_asterisk_ms": contender.median("asterisk"),
            f"{key}_engine_ms": contender.median("engine"),
            f"{key}_ordinary_asterisk_ms": ordinary.asterisk,
            f"{key}_ordinary_engine_ms": ordinary.engine,
        }
    assert engine.ordinary_cost
    return Report(
        "The menu call",
        ("", "calls/s", "Asterisk ms/call", "engine ms/call", "20 s: Asterisk", "20 s: engine"),
        rows,
        figures,
        (
            Aim("calls/s against plain dialplan", 100 * engine.search.best / dialplan.search.best, 75, " %"),
            Aim("calls/s against the script", engine.search.best / script.search.best, 10, " times"),
            Aim("engine's CPU against Asterisk's", 100 * engine.median("engine") / engine.median("asterisk"), 20, " %", most=True),
            Aim("the same for a call of 20 s", 100 * engine.ordinary_cost.engine / engine.ordinary_cost.asterisk, 20, " %", most=True),
        ),
    )
