"""How long the busy-hour report takes over a year of calls, beside a plain GROUP BY over all rows.

``python -m benchmarks.reports --calls 10000000 [--database postgresql+psycopg://…]`` measures at that size; the
database must be empty.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from subprocess import run
from typing import TypedDict, cast
from zoneinfo import ZoneInfo

from rich.console import Console
from sqlalchemy import Engine, create_engine, text

from benchmarks.report import Aim, NotMeasured, Report
from benchmarks.year import BEGAN, ENDED, ZONE, fill
from hotline.asterisk.prefix import Toolbox
from ledger.database import open_for_writing
from ledger.reader import LedgerReader
from ledger.rollups import settle
from reports.busy_hour import busy_hour_report
from reports.query import Query
from reports.queues import queues_report

CALLS = 1_000_000
FULL = 10_000_000
ROUNDS = 3
BYTES_PER_CALL = 800
LIMIT_MB = 300
TIMES_FASTER = 20
LIMITS_S = {"month": 1.0, "year": 5.0}
QUEUES_REPORT = "year, queues by day, each"
PLAIN = text(
    "SELECT queue, arrived / 3600000 AS hour, count(*), "
    "sum(CASE WHEN outcome = 'answered' THEN 1 ELSE 0 END), "
    "sum(CASE WHEN outcome = 'abandoned' THEN 1 ELSE 0 END), "
    "sum(CASE WHEN outcome = 'answered' AND wait_ms <= 15000 THEN 1 ELSE 0 END), "
    "sum(CASE WHEN outcome = 'answered' THEN wait_ms ELSE 0 END), max(wait_ms) "
    "FROM visits WHERE arrived >= :began AND arrived < :ended GROUP BY queue, arrived / 3600000"
)


class Found(TypedDict):
    """What one process found: seconds, and the most memory that it ever had."""

    seconds: float
    memory_mb: float
    offered: int


async def reports(_: Toolbox, console: Console) -> Report:
    """Measure with a million calls in SQLite; Asterisk has no part in it."""
    return measure(CALLS, None, console)


def measure(calls: int, database: str | None, console: Console) -> Report:
    """Make a year of so many calls, settle it, and measure the reports. A SQLite file is made where no URL is given."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        free = shutil.disk_usage(folder).free
        if database is None and free < calls * BYTES_PER_CALL:
            raise NotMeasured(
                f"{calls:,} calls need {calls * BYTES_PER_CALL / 1e9:.1f} GB in {folder}, where {free / 1e9:.1f} GB "
                "are free; make room, set TMPDIR to another folder, or take fewer with --calls"
            )
        url = database or f"sqlite:///{folder}/ledger.sqlite"
        engine = open_for_writing(url)
        with _disposed(engine):
            console.print(f"  writing {calls:,} calls", highlight=False)
            writing = _timed(lambda: fill(engine, calls))
            console.print("  settling their quarter-hours", highlight=False)
            settling = _timed(lambda: settle(engine, ENDED))
        size = Path(folder, "ledger.sqlite").stat().st_size / 1e6 if database is None else 0.0
        return _judge(calls, url, writing, settling, size, console)


def _judge(calls: int, url: str, writing: float, settling: float, size_mb: float, console: Console) -> Report:
    figures = {"calls": calls, "write_s": writing, "settle_s": settling, "size_mb": size_mb}
    rows, aims, most = [], [], 0.0
    for period, limit in LIMITS_S.items():
        console.print(f"  the busy hour of a {period}", highlight=False)
        ours = [_process(url, period) for _ in range(ROUNDS)]
        plain = [_process(url, f"{period}, plain") for _ in range(1 if calls > CALLS else ROUNDS)]
        seconds, others = (median(one["seconds"] for one in found) for found in (ours, plain))
        most = max(most, *(one["memory_mb"] for one in ours))
        figures |= {f"{period}_s": seconds, f"{period}_plain_s": others, f"{period}_times": others / seconds}
        rows.append(
            (f"busy hour of a {period}", f"{seconds:.3f}", f"{others:.2f}", f"{others / seconds:.0f}")
        )
        aims.append(Aim(f"busy hour of a {period}:", seconds, limit, " s", most=True))
    if calls >= FULL:  # of fewer a plain scan takes less; ours does not
        times = figures["year_times"]
        aims.append(Aim("of a year, times as fast as a plain GROUP BY over all rows:", times, TIMES_FASTER))
    days = _process(url, QUEUES_REPORT)
    most = max(most, days["memory_mb"])
    rows.append(("queues of a year, each, by day", f"{days['seconds']:.3f}", "", ""))
    figures |= {"queues_year_s": days["seconds"], "memory_mb": most}
    aims.append(Aim("most memory", most, LIMIT_MB, " MB", most=True))
    columns = ("report", "seconds", "plain GROUP BY, s", "times")
    return Report(f"Reports, {calls:,} calls in the ledger", columns, rows, figures, aims)


def _process(url: str, what: str) -> Found:
    """Measure in a process of its own, whose memory nothing else has used."""
    command = [sys.executable, "-m", "benchmarks.reports", "--database", url, "--only", what]
    done = run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"the report of {what} failed: {done.stderr[-300:]}")
    return cast("Found", json.loads(done.stdout))


def _one(url: str, what: str) -> Found:
    period, _, how = what.partition(", ")
    zone = ZoneInfo(ZONE)
    began, ended = (BEGAN, ENDED) if period == "year" else (_ms(2025, 3, zone), _ms(2025, 4, zone))
    start = time.perf_counter()
    if how == "plain":
        engine = create_engine(url)
        with _disposed(engine), engine.connect() as connection:
            offered = sum(row[2] for row in connection.execute(PLAIN, {"began": began, "ended": ended}))
    else:
        query = Query(
            began=began, ended=ended, as_of=ENDED, zone=zone, by="day", queue="each" if how else "all"
        )
        with closing(LedgerReader(url)) as ledger:
            report = (queues_report if how else busy_hour_report)(ledger, query)
        offered = int(cast("int", {words.en: cell for words, cell, _ in report.headline}["offered"]))
    seconds = time.perf_counter() - start
    return Found(
        seconds=seconds,
        memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        offered=offered,
    )


def _ms(year: int, month: int, zone: ZoneInfo) -> int:
    return int(datetime(year, month, 1, tzinfo=zone).timestamp() * 1_000)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def _disposed(engine: Engine) -> Iterator[None]:
    try:
        yield
    finally:
        engine.dispose()


def main() -> None:
    """Measure at the size asked for; with ``--only``, one report in this process."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.reports", description=__doc__)
    arguments.add_argument("--calls", type=int, default=CALLS)
    arguments.add_argument(
        "--database", metavar="URL", help="an empty database; else a SQLite file in a temporary folder"
    )
    arguments.add_argument("--only", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.only:
        print(json.dumps(_one(given.database, given.only)))
        return
    console = Console()
    try:
        report = measure(given.calls, given.database, console)
    except NotMeasured as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(1)
    report.show(console)
    print(json.dumps({name: round(figure, 3) for name, figure in report.figures.items()}))


if __name__ == "__main__":
    main()
