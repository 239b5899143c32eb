"""How long it takes to load and lint large flows: right ones, and ones full of mistakes."""

from __future__ import annotations

import gc
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from subprocess import run

from rich.console import Console

from benchmarks.report import Aim, NotMeasured, Report
from hotline.asterisk.prefix import Toolbox
from ivr.reading.loader import look_at
from ivr.reading.names import SiteNames

NODES = 5_000
ROUNDS = 5
LIMIT_S = 2.0
SITE = SiteNames(queues=("service",))
HEAD = "flow: large\nlanguages: [zh, en]\nstart: n0\nprompts: {hello: {zh: 您好。, en: Hello.}}\nnodes:\n"
KINDS = (  # NEXT is the node that follows, BACK one before it, ANY any other
    "{play: hello, next: NEXT}",
    "{menu: hello, keys: {1: NEXT, 2: ANY, '*': BACK}, failure: end}",
    "{switch: [{if: 'vars.tries > 3 && now.hour < 8', then: ANY}], otherwise: NEXT}",
    "{set: {tries: '=vars.tries + 1', place: 'PLACE'}, next: NEXT}",
    "{queue: service, keys: {1: BACK}, answered: NEXT, otherwise: end}",
    "{collect: hello, into: vPLACE, length: 4, next: NEXT, failure: end}",
)


async def lint(_: Toolbox, console: Console) -> Report:
    """Measure; Asterisk has no part in it."""
    rows = []
    aims = []
    figures = {}
    with tempfile.TemporaryDirectory() as name:
        for what, write in FLOWS.items():
            folder = Path(name) / what.replace(" ", "-")
            folder.mkdir()
            (folder / "large.yaml").write_text(HEAD + "".join(write()), encoding="utf-8")
            console.print(f"  {what}", highlight=False)
            seconds, problems = _measured(folder)
            rows.append((what, f"{seconds:.2f}", str(problems)))
            figures[f"{what.replace(' ', '_')}_s"] = seconds
            aims.append(Aim(f"{NODES:,} nodes, {what}:", seconds, LIMIT_S, " s", most=True))
        figures["command_s"] = command = _command(Path(name) / next(iter(FLOWS)).replace(" ", "-"))
    rows.append(("the command, from its start to its end, with the first of these", f"{command:.2f}", ""))
    return Report(
        f"Load and lint a flow of {NODES:,} nodes", ("flow", "seconds", "problems"), rows, figures, aims
    )


def _measured(folder: Path) -> tuple[float, int]:
    seconds = []
    problems = 0
    for _ in range(ROUNDS):
        gc.collect()
        begun = time.perf_counter()
        problems = len(look_at(folder, SITE).problems)
        seconds.append(time.perf_counter() - begun)
    return median(seconds), problems


def _command(folder: Path) -> float:
    begun = time.perf_counter()
    done = run([sys.executable, "-m", "hotline", "lint", str(folder)], capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise NotMeasured(f"hotline lint ended with status {done.returncode}: {done.stderr.decode()[-200:]}")
    return time.perf_counter() - begun


def _mixed() -> Iterator[str]:
    chance = random.Random(1)
    for place in range(NODES):
        node = KINDS[place % len(KINDS)].replace("NEXT", f"n{place + 1}" if place + 1 < NODES else "end")
        node = node.replace("ANY", f"n{chance.randrange(NODES)}").replace(
            "BACK", f"n{chance.randrange(place + 1)}"
        )
        yield f"  n{place}: {node.replace('PLACE', str(place))}\n"
    yield "  end: {hangup: hello}\n"


def _unknown() -> Iterator[str]:
    yield from (f"  n{place}: {{play: hello, next: m{place}x}}\n" for place in range(NODES))


def _malformed() -> Iterator[str]:
    yield from (f"  n{place}: {{play: hello, nxt: n{place}, bargein: maybe}}\n" for place in range(NODES))


def _lost() -> Iterator[str]:
    yield "  n0: {hangup: hello}\n"
    yield from (f"  n{place}: {{play: hello, next: n{place + 1}}}\n" for place in range(1, NODES))
    yield f"  n{NODES}: {{hangup: hello}}\n"


def _rounds() -> Iterator[str]:
    yield from (f"  n{place}: {{split: {{n{place + 1}: 50, n{place // 2}: 50}}}}\n" for place in range(NODES))
    yield f"  n{NODES}: {{hangup: hello}}\n"


def _passed_on() -> Iterator[str]:
    """Yield nodes that pass a secret on from variable to variable, the last first."""
    yield "  n0: {collect: hello, into: v0, secret: true, next: n1, failure: end}\n"
    for place in range(1, NODES):
        yield f"  n{place}: {{set: {{v{NODES - place}: '=vars.v{NODES - place - 1}'}}, next: n{place + 1}}}\n"
    yield f"  n{NODES}: {{tag: {{x: '=vars.v{NODES - 1}'}}, next: end}}\n  end: {{hangup: hello}}\n"


FLOWS: dict[str, Callable[[], Iterator[str]]] = {
    "right": _mixed,
    "every name unknown": _unknown,
    "every node malformed": _malformed,
    "all but one lost": _lost,
    "rounds within rounds": _rounds,
    "a secret passed on": _passed_on,
}
