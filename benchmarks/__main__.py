"""``python -m benchmarks [NAME…]``: measure, print tables, and end with one line of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping

from rich.console import Console

from benchmarks.menu import menu
from benchmarks.report import Report
from benchmarks.start import StartFailed, cold, start
from benchmarks.waiting import waiting
from hotline.asterisk.errors import AsteriskError
from hotline.asterisk.prefix import Toolbox, find

BENCHMARKS: Mapping[str, Callable[[Toolbox, Console], Awaitable[Report]]] = {
    "menu": menu,
    "waiting": waiting,
    "start": start,
    "cold": cold,
}


async def run(names: list[str], console: Console) -> None:
    """Run the benchmarks one after the other."""
    toolbox = find(with_tests=True)
    found: dict[str, object] = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0]}
    for name in names:
        console.print(f"[bold]{name}[/]", f"load {os.getloadavg()[0]:.2f}", highlight=False)
        report = await BENCHMARKS[name](toolbox, console)
        report.show(console)
        found[name] = report.figures | {"missed": [aim.what for aim in report.aims if not aim.met]}
    print(json.dumps(found))


def main() -> None:
    """Run what was asked for, or all."""
    names = sys.argv[1:] or list(BENCHMARKS)
    console = Console()
    if unknown := [name for name in names if name not in BENCHMARKS]:
        console.print(
            f"there is no benchmark {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}", style="red"
        )
        sys.exit(2)
    try:
        asyncio.run(run(names, console))
    except AsteriskError as error:
        console.print(f"{error}\n{error.remedy}", style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
