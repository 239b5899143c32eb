"""A year of calls in the ledger, made with a seed: day curves, weekends, overflows, conversations, shifts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator, default_rng
from sqlalchemy import Engine, Table

from ledger import schema

ZONE = "Asia/Shanghai"
YEAR = 2025
BEGAN = int(datetime(YEAR, 1, 1, tzinfo=ZoneInfo(ZONE)).timestamp() * 1_000)
ENDED = int(datetime(YEAR + 1, 1, 1, tzinfo=ZoneInfo(ZONE)).timestamp() * 1_000)

QUEUES = ("bills", "faults", "orders", "complaints", "vip", "english")
SHARES = (0.35, 0.25, 0.18, 0.12, 0.06, 0.04)
OVERFLOW = "reserve"
OUTCOMES = ("answered", "abandoned", "overflowed", "called-back", "other")
ODDS = (0.87, 0.08, 0.03, 0.01, 0.01)
# Calls by hour of day: two humps, a lunch, a quiet night.
CURVE = (6, 4, 3, 3, 3, 5, 12, 30, 70, 100, 98, 85, 60, 66, 88, 92, 84, 66, 50, 44, 38, 28, 18, 10)
SEATS = 120
DAY_MS = 86_400_000
_VISITS = (
    "visit", "call", "site", "node", "queue", "skills", "priority", "arrived", "left", "outcome", "wait_ms", "seat"
)  # fmt: skip
_TALKS = ("visit", "call", "site", "node", "offer", "seat", "began", "ended", "talk_ms", "ended_by")
_STATES = ("site", "node", "seat", "interval", "state", "event", "began", "ended")

Rows = list[tuple[Any, ...]]


def fill(engine: Engine, calls: int, seed: int = 1) -> None:
    """Write a year of calls: their visits and conversations, and the shifts of seats. The same seed, the same rows.

    The rows of `calls` are left out, and what seats did with each call: no report measured here reads them.
    """
    dice = default_rng(seed)
    days = (ENDED - BEGAN) // DAY_MS
    first = datetime.fromtimestamp(BEGAN / 1_000, ZoneInfo(ZONE))
    weights = np.array([0.55 if (first + timedelta(days=day)).weekday() > 4 else 1.0 for day in range(days)])
    weights *= dice.uniform(0.85, 1.15, days)
    for day, number in enumerate(dice.multinomial(calls, weights / weights.sum())):
        visits, talks = _day(dice, BEGAN + day * DAY_MS, int(number))
        _write(
            engine,
            {
                schema.visits: (_VISITS, visits),
                schema.conversations: (_TALKS, talks),
                schema.seat_states: (_STATES, list(_shifts(BEGAN + day * DAY_MS, day))),
            },
        )
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _day(dice: Generator, midnight: int, number: int) -> tuple[Rows, Rows]:
    hours = dice.choice(24, number, p=np.array(CURVE) / sum(CURVE))
    arrived = np.sort(midnight + hours * 3_600_000 + dice.integers(0, 3_600_000, number))
    busy = np.array(CURVE)[((arrived - midnight) // 3_600_000).astype(int)] / 100
    waits = dice.exponential(4_000 + 30_000 * busy**2).astype(int)
    outcomes = dice.choice(len(OUTCOMES), number, p=ODDS)
    queues = dice.choice(len(QUEUES), number, p=SHARES)
    talked = dice.lognormal(11.8, 0.7, number).astype(int)  # half of them below 133 s
    seats = dice.integers(0, SEATS, number)
    visits: Rows = []
    talks: Rows = []
    columns = (arrived, waits, outcomes, queues, talked, seats)
    for n, (at, wait, outcome, queue, talk, seat) in enumerate(
        zip(*(c.tolist() for c in columns), strict=True)
    ):
        call = f"one-{at // 1_000}.{n}"
        answered = outcome == 0
        who = f"seat{seat}"
        visits.append(_visit(call, 1, QUEUES[queue], at, wait, OUTCOMES[outcome], who if answered else None))
        if answered:
            talks.append(_talk(call, 1, who, at + wait, talk))
        elif OUTCOMES[outcome] == "overflowed":
            visits.append(_visit(call, 2, OVERFLOW, at + wait, wait // 2, "answered", who))
            talks.append(_talk(call, 2, who, at + wait + wait // 2, talk))
    return visits, talks


def _visit(
    call: str, number: int, queue: str, at: int, wait: int, outcome: str, seat: str | None
) -> tuple[Any, ...]:
    visit = f"{call}/{number}"
    return visit, call, "hotline", "one", queue, "{}", 0, at, at + wait, outcome, wait, seat


def _talk(call: str, number: int, seat: str, at: int, talk: int) -> tuple[Any, ...]:
    visit = f"{call}/{number}"
    return visit, call, "hotline", "one", f"{visit}/1", seat, at, at + talk, talk, "caller"


def _shifts(midnight: int, day: int) -> Iterator[tuple[Any, ...]]:
    for seat in range(SEATS):
        begins = midnight + (8 + seat % 3 * 4) * 3_600_000
        halves = (
            (begins, begins + 14_400_000, "ready"),
            (begins + 14_400_000, begins + 16_200_000, "not-ready"),
        )
        for part, (began, ended, state) in enumerate(
            (*halves, (begins + 16_200_000, begins + 30_600_000, "ready"))
        ):
            yield "hotline", "one", f"seat{seat}", 3 * day + part + 1, state, "shift", began, ended


def _write(engine: Engine, rows: dict[Table, tuple[Sequence[str], Rows]]) -> None:
    """Write rows by the driver's own fastest way, in one transaction."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        for table, (names, many) in rows.items():
            columns = ", ".join(f'"{name}"' for name in names)
            if engine.dialect.name == "postgresql":
                with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
                    for row in many:
                        copy.write_row(row)
            else:
                places = ", ".join("?" * len(names))
                cursor.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({places})", many)
        connection.commit()
    finally:
        connection.close()
