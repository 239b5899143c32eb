"""What a node costs the engine beside AGI: its CPU time, verb by verb, and beside that of one AGI command."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from rich.console import Console

from benchmarks.report import Aim, Report
from hotline.asterisk.prefix import Toolbox
from ivr.house import Caller
from ivr.language.flow import Flow, FlowSet
from ivr.language.hours import Schedule
from ivr.language.prompt import Spoken
from ivr.rehearsal.call import RehearsedCall, UnspokenPrompts
from ivr.rehearsal.house import RehearsedHouse, Stubs
from ivr.run import FlowRun
from ivr.saying import vocabulary

LIMIT_US = 100.0
CALLS, NODES, ROUNDS = 40, 90, 5  # no call goes through more nodes than that without a sound
COMMANDS = 2_000
HALF = {"next": "b"}
VERBS: Mapping[str, Mapping[str, Any]] = {
    "play": {"play": "hello", **HALF},
    "play, with an amount": {"play": ["hello", {"money": "=vars.n"}], **HALF},
    "menu": {"menu": "hello", "keys": {"1": "b", "2": "end"}, "failure": "end"},
    "set": {"set": {"n": "=vars.n + 1"}, **HALF},
    "switch": {"switch": [{"if": "vars.n < 0 && now.hour < 8", "then": "end"}], "otherwise": "b"},
    "hours": {"hours": "office", "open": "b", "closed": "b"},
    "tag": {"tag": {"business": "billing"}, **HALF},
    "split": {"split": {"b": 100, "end": 0}},
    "language": {"language": "en", **HALF},
    "lookup": {"lookup": "crm", "into": "who", "next": "b", "error": "end"},
}


class Untold:
    """Hears of the way and keeps nothing."""

    def entered(self, *_: object) -> None:
        """Hear of a node."""

    def left(self, name: str, /) -> None:
        """Hear of an exit."""

    def noted(self, fact: object) -> None:
        """Hear of a fact."""


async def nodes(_: Toolbox, console: Console) -> Report:
    """Measure; Asterisk has no part in it, the caller is a rehearsed one."""
    command = await _command()
    rows = []
    figures = {"agi_command_us": command}
    for what, node in VERBS.items():
        console.print(f"  {what}", highlight=False)
        cost = median([await _cost(node) for _ in range(ROUNDS)])
        rows.append((what, f"{cost:.1f}", f"{cost / command:.2f}"))
        figures[f"{what.replace(', ', '_').replace(' ', '_')}_us"] = cost
    rows.append(("one AGI command and its reply, by bare asyncio streams", f"{command:.1f}", "1.00"))
    worst = max(value for name, value in figures.items() if name != "agi_command_us")
    aims = [Aim("the dearest node:", worst, LIMIT_US, " µs", most=True)]
    return Report("CPU time of a node", ("verb", "µs", "of an AGI command"), rows, figures, aims)


async def _cost(node: Mapping[str, Any]) -> float:
    """Return the µs of CPU time that a node takes, among nodes of its kind."""
    chain = {f"n{number}": _leads_to(node, f"n{number + 1}") for number in range(NODES)}
    ends = {"first": {"set": {"n": 1}, "next": "n0"}, f"n{NODES}": {"hangup": None}, "end": {"hangup": None}}
    flow = Flow.model_validate(
        {
            "flow": "bench",
            "languages": ("en",),
            "start": "first",
            "nodes": {**ends, **chain},
        }
    )
    hello = (Spoken("hello", "en", "Hello."),)
    words = {("en", word): Spoken("", "en", word, pace="word") for word in vocabulary("money", "en")}
    office = Schedule.model_validate({"week": {"mon-sun": "08:00-20:00"}, "holidays": "CN"})
    live = FlowSet(
        "1",
        {"bench": flow},
        {("bench", "hello", "en"): hello, ("bench", "apology", "en"): hello},
        words,
        {("bench", "office"): office},
    )
    calls = [RehearsedCall(["1"] * NODES) for _ in range(CALLS)]
    begun = time.process_time()
    for call in calls:
        house = RehearsedHouse(Stubs(lookups={"crm": {"name": "Ann"}}), call).house
        await FlowRun(live, "bench", call, house, UnspokenPrompts(), Untold(), Caller("1", "2")).run()
    taken = time.process_time() - begun
    passed = (
        NODES if "menu" in node else 100
    )  # the runner ends a call that hears, or presses, nothing for so long
    return taken / CALLS / passed * 1e6


def _leads_to(value: Any, target: str) -> Any:
    """Return a node whose way on is another."""
    if isinstance(value, Mapping):
        return {target if key == "b" else key: _leads_to(inner, target) for key, inner in value.items()}
    return target if value == "b" else value


async def _command() -> float:
    """Return the µs of CPU time, of one side of two, that a command and its reply take over loopback."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            writer.write(b"200 result=0 endpos=0\n")

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    begun = time.process_time()
    for _ in range(COMMANDS):
        writer.write(b'STREAM FILE "hello" "0123456789*#"\n')
        await reader.readline()
    taken = time.process_time() - begun
    writer.close()
    await writer.wait_closed()
    server.close()
    return taken / 2 / COMMANDS * 1e6
