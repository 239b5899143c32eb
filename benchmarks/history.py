"""How long a month of ``queue_log`` takes to import, and how much memory, beside rows put in one by one."""

from __future__ import annotations

import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from subprocess import DEVNULL, Popen

from rich.console import Console

from benchmarks.report import Aim, NotMeasured, Report
from hotline.asterisk.prefix import Toolbox

LINES = 87_000
LIMIT_S = 10.0
LIMIT_MB = 300.0
SAMPLE = 2_000  # rows with a commit each; the rest is extrapolated
START = 1_700_000_000
TABLE = "CREATE TABLE queue_log (time, call, queue, agent, event, data1, data2, data3, data4, data5)"
INSERT = f"INSERT INTO queue_log VALUES ({', '.join('?' * 10)})"


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took."""

    seconds: float
    cpu_s: float
    memory_mb: float


async def history(_: Toolbox, console: Console) -> Report:
    """Measure; Asterisk has no part in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "queue_log"
        log.write_text("".join(month()), encoding="utf-8")
        command = ["-m", "hotline", "import", "queue-log", str(log), "--timezone", "UTC"]
        command += ["--database", f"sqlite:///{folder / 'ledger.sqlite'}"]
        console.print("  import, and import again", highlight=False)
        ours, again = _run(*command), _run(*command)
        console.print("  a row for each line", highlight=False)
        rows = _stored(log, folder / "rows.sqlite", LINES, commit_each=False)
        whole = _stored(log, folder / "commits.sqlite", SAMPLE, commit_each=True) * LINES / SAMPLE
    table = [
        ("hotline import: calls, visits, offers, rings, conversations", *_cells(ours)),
        ("the same file again: compared, nothing written", *_cells(again)),
        ("only the lines, a row each, one transaction", f"{rows:.1f}", "", ""),
        ("only the lines, a row each, a commit each (extrapolated)", f"{whole:.1f}", "", ""),
    ]
    aims = [
        Aim(f"import of {LINES:,} lines:", ours.seconds, LIMIT_S, " s", most=True),
        Aim("its memory:", ours.memory_mb, LIMIT_MB, " MB", most=True),
    ]
    figures = {
        "import_s": ours.seconds,
        "import_cpu_s": ours.cpu_s,
        "import_mb": ours.memory_mb,
        "again_s": again.seconds,
        "rows_s": rows,
        "commits_s": whole,
    }
    columns = (f"{LINES:,} lines", "seconds", "CPU seconds", "MB")
    return Report("Import a month of queue_log", columns, table, figures, aims)


def month() -> Iterator[str]:
    """Yield the lines of a month: one call in ten gives up, the others are answered. Always the same."""
    chance = random.Random(1)
    told = []
    for number in range(LINES // 29 * 10):
        came = START + chance.randrange(30 * 86_400)
        call, queue, agent = f"{came}.{number}", f"q{chance.randrange(6)}", f"Agent/{chance.randrange(60)}"
        wait = round(chance.expovariate(1 / 35))
        told.append((came, f"{came}|{call}|{queue}|NONE|ENTERQUEUE||{13_000_000_000 + number}|1\n"))
        if number % 10 == 0:
            told.append((came + wait, f"{came + wait}|{call}|{queue}|NONE|ABANDON|1|1|{wait}\n"))
            continue
        left, talk = came + wait, round(chance.expovariate(1 / 180))
        told.append((left, f"{left}|{call}|{queue}|{agent}|CONNECT|{wait}|{call}1|{wait % 9}\n"))
        parted = f"{left + talk}|{call}|{queue}|{agent}|COMPLETECALLER|{wait}|{talk}|1\n"
        told.append((left + talk, parted))
    told.sort(key=lambda one: one[0])
    yield from (line for _, line in told)


def _run(*arguments: str) -> Run:
    begun = time.perf_counter()
    with Popen([sys.executable, *arguments], stdout=DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise NotMeasured(f"{' '.join(arguments[:4])} ended with status {process.returncode}")
    return Run(time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1_024)


def _cells(run: Run) -> tuple[str, str, str]:
    return f"{run.seconds:.1f}", f"{run.cpu_s:.1f}", f"{run.memory_mb:.0f}"


def _stored(log: Path, database: Path, most: int, *, commit_each: bool) -> float:
    """Return the seconds that the first lines take as rows of one table."""
    begun = time.perf_counter()
    with closing(sqlite3.connect(database)) as connection, log.open(encoding="utf-8") as lines:
        connection.execute(TABLE)
        for line in islice(lines, most):
            fields = line.rstrip("\n").split("|")
            connection.execute(INSERT, [*fields, *[None] * (10 - len(fields))])
            if commit_each:
                connection.commit()
        connection.commit()
    return time.perf_counter() - begun
