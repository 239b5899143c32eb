"""``python -m benchmarks [NAME…]``: measure, print tables, and end with one line of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence

from rich.console import Console

from benchmarks.app_queue import app_queue
from benchmarks.distributor import distributor
from benchmarks.history import history
from benchmarks.lint import lint
from benchmarks.menu import menu
from benchmarks.nodes import nodes
from benchmarks.quality.estimates import estimates
from benchmarks.quality.models import quality
from benchmarks.quality.skills import skills
from benchmarks.report import NotMeasured, Report
from benchmarks.reports import reports
from benchmarks.start import cold, start
from benchmarks.waiting import waiting
from benchmarks.writer import writer
from hotline.asterisk.errors import AsteriskError
from hotline.asterisk.prefix import Toolbox, find
from hotline.errors import HotlineError

BENCHMARKS: Mapping[str, Callable[[Toolbox, Console], Awaitable[Report]]] = {
    "menu": menu,
    "distributor": distributor,
    "quality": quality,
    "skills": skills,
    "estimates": estimates,
    "lint": lint,
    "nodes": nodes,
    "waiting": waiting,
    "reports": reports,
    "app_queue": app_queue,
    "history": history,
    "writer": writer,
    "start": start,
    "cold": cold,
}


async def run(names: Sequence[str], console: Console) -> None:
    """Run benchmarks one after the other. What stops one stops all; nothing is left running."""
    toolbox = find(with_tests=True)
    found: dict[str, object] = {"cores": os.cpu_count()}
    reports = []
    for name in names:
        load = os.getloadavg()[0]
        console.print(f"[bold]{name}[/] (load average before: {load:.2f})", highlight=False)
        report = await BENCHMARKS[name](toolbox, console)
        reports.append(report)
        missed = [aim.what for aim in report.aims if not aim.met]
        figures = {key: round(value, 3) for key, value in report.figures.items()}
        found[name] = {**figures, "load_before": round(load, 2), "missed": missed}
    for report in reports:
        console.print()
        report.show(console)
    print(json.dumps(found))


def main() -> None:
    """Run what was asked for, or all."""
    names = sys.argv[1:] or list(BENCHMARKS)
    console = Console()
    if unknown := [name for name in names if name not in BENCHMARKS]:
        known = ", ".join(BENCHMARKS)
        console.print(f"there is no benchmark {unknown[0]!r}; there are: {known}", style="red", markup=False)
        sys.exit(2)
    try:
        asyncio.run(run(names, console))
    except AsteriskError as error:
        console.print(f"{error}\n{error.remedy}", style="red", markup=False)
        sys.exit(1)
    except (HotlineError, NotMeasured) as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
