"""The menu call through the engine, in plain dialplan, and by a program that is started for each call."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks.caller import Caller, CallFigures
from benchmarks.house import MENU, ORDINARY, House, opened, write_site
from benchmarks.report import Aim, Report
from benchmarks.rivals import RivalCall, graft
from benchmarks.search import RateSearch
from hotline.asterisk.prefix import Toolbox

COST_S = 5.0
STEP_S = 8.0
DRAIN_S = 5.0
SLOW_MS = 2_000  # a call lasts 0.9 s when nothing is in its way, and over 2 s when its key is lost
SLOW_SHARE = 0.01
NEAR = (
    1.5  # a rate that was lost so near to one that held is tried again: the machine may have done other work
)
KEY_AFTER_MS = 500  # well after the prompt of 200 ms: each of them waits for the key
COST_ROUNDS = 3
ORDINARY_CALLS = 24
ORDINARY_RATE = 6.0
ORDINARY_KEY_AFTER_MS = 15_200


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU of one call in ms: Asterisk's with what it started, and the engine's."""

    asterisk: float
    engine: float


@dataclass
class Contender:
    """One way to serve the menu call: its numbers for the short and the ordinary call, and what was measured."""

    name: str
    short: str
    ordinary: str
    search: RateSearch
    cost_rate: float
    costs: list[Cost] = field(default_factory=list)
    ordinary_cost: Cost = Cost(0, 0)

    @property
    def cost(self) -> Cost:
        """The middle of what a short call cost."""
        return Cost(median(cost.asterisk for cost in self.costs), median(cost.engine for cost in self.costs))


class MenuBench:
    """Alternates the contenders on one Asterisk, so that whatever else the machine does meets them all."""

    def __init__(self, house: House, caller: Caller, console: Console) -> None:
        self._house = house
        self._caller = caller
        self._console = console
        self.engine = Contender("engine", MENU, ORDINARY, RateSearch(150), 60)
        self.dialplan = Contender("plain dialplan", "20000", "20002", RateSearch(300), 60)
        self.script = Contender("pyst2 script per call", "20001", "20003", RateSearch(5, precision=0.2), 5)
        self.contenders = (self.engine, self.dialplan, self.script)

    async def run(self) -> None:
        """Measure costs, then rates, then the ordinary call."""
        for contender in self.contenders:  # once unmeasured: files and memory are warm from here on
            await self._holds(contender, contender.cost_rate / 2, 2)
        for _ in range(COST_ROUNDS):
            for contender in self.contenders:
                contender.costs.append(await self._cost(contender))
        while any(contender.search.next for contender in self.contenders):
            for contender in self.contenders:
                if rate := contender.search.next:
                    contender.search.tell(await self._holds(contender, rate, STEP_S))
        for contender in self.contenders:
            contender.ordinary_cost = await self._ordinary_cost(contender)

    async def _holds(self, contender: Contender, rate: float, seconds: float) -> bool:
        """Tell whether no call fails at a rate, and hardly one is slow."""
        figures = await self._short_calls(contender, rate, seconds)
        if not _held(figures) and rate < NEAR * contender.search.best:
            figures = await self._short_calls(contender, rate, seconds)
        return _held(figures)

    async def _short_calls(self, contender: Contender, rate: float, seconds: float) -> CallFigures:
        figures = await self._caller.call(
            contender.short,
            "menu_call",
            calls=max(10, round(rate * seconds)),
            rate=rate,
            slow_ms=SLOW_MS,
            longest=seconds + DRAIN_S,
            key_after_ms=KEY_AFTER_MS,
        )
        self._console.print(
            f"  {contender.name}: {rate:.1f} calls/s, {figures.failed} failed and {figures.slow} slow"
            f" of {figures.made}",
            highlight=False,
        )
        await self._house.quiet()
        return figures

    async def _cost(self, contender: Contender) -> Cost:
        before = self._cpu()
        figures = await self._short_calls(contender, contender.cost_rate, COST_S)
        return self._cost_since(before, figures.made)

    async def _ordinary_cost(self, contender: Contender) -> Cost:
        before = self._cpu()
        await self._caller.call(
            contender.ordinary,
            "menu_call",
            calls=ORDINARY_CALLS,
            rate=ORDINARY_RATE,
            slow_ms=SLOW_MS,
            longest=ORDINARY_CALLS / ORDINARY_RATE + 30,
            key_after_ms=ORDINARY_KEY_AFTER_MS,
        )
        await self._house.quiet()
        return self._cost_since(before, ORDINARY_CALLS)

    def _cpu(self) -> Cost:
        asterisk = self._house.asterisk
        return Cost(asterisk.cpu() + asterisk.children_cpu(), self._house.engine.cpu())

    def _cost_since(self, before: Cost, calls: int) -> Cost:
        now = self._cpu()
        return Cost(
            1000 * (now.asterisk - before.asterisk) / calls, 1000 * (now.engine - before.engine) / calls
        )


def _held(figures: CallFigures) -> bool:
    return figures.failed == 0 and figures.slow <= SLOW_SHARE * figures.made


async def menu(toolbox: Toolbox, console: Console) -> Report:
    """Measure the menu call. Takes about six minutes."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        site = write_site(Path(folder))
        sounds = site.flows / "sounds"
        calls = [
            RivalCall("20000", "20001", sounds / "short.wav", sounds / "short.wav"),
            RivalCall("20002", "20003", sounds / "choose.wav", sounds / "bye.wav"),
        ]
        async with opened(site, toolbox) as house:
            graft(house, calls)
            await house.settled()
            bench = MenuBench(house, Caller(house), console)
            await bench.run()
    return _report(bench)


def _report(bench: MenuBench) -> Report:
    engine, dialplan, script = bench.contenders
    rows = [
        (
            contender.name,
            f"{contender.search.best:.1f} / {contender.search.lost or 0:.1f}",
            f"{contender.cost.asterisk:.2f}",
            f"{contender.cost.engine:.2f}",
            f"{contender.ordinary_cost.asterisk:.1f}",
            f"{contender.ordinary_cost.engine:.1f}",
        )
        for contender in bench.contenders
    ]
    figures: dict[str, float] = {}
    for key, contender in (("engine", engine), ("dialplan", dialplan), ("script", script)):
        figures |= {
            f"{key}_calls_per_s": contender.search.best,
            f"{key}_calls_per_s_lost": contender.search.lost or 0.0,
            f"{key}_asterisk_ms": contender.cost.asterisk,
            f"{key}_engine_ms": contender.cost.engine,
            f"{key}_ordinary_asterisk_ms": contender.ordinary_cost.asterisk,
            f"{key}_ordinary_engine_ms": contender.ordinary_cost.engine,
        }
    return Report(
        "The menu call: calls/s; CPU ms of a call, short and of 20 s",
        ("", "held / lost", "Asterisk", "engine", "20 s: Asterisk", "20 s: engine"),
        rows,
        figures,
        (
            Aim("calls/s against plain dialplan", 100 * engine.search.best / dialplan.search.best, 75, " %"),
            Aim("calls/s against the script", engine.search.best / script.search.best, 10, " times"),
            _share("engine's CPU against Asterisk's", engine.cost),
            _share("the same for a call of 20 s", engine.ordinary_cost),
        ),
    )


def _share(what: str, cost: Cost) -> Aim:
    return Aim(what, 100 * cost.engine / cost.asterisk, 20, " %", most=True)
