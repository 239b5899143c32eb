"""What is live, as tables for people: seats, queues, calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from hotline.lasting import clock


def seats(floor: Mapping[str, Any]) -> Table:
    """Return every seat, its state and for how long."""
    table = Table("agent", "name", "phone", "state", "reason", "for", box=None)
    for agent, seat in floor["seats"].items():
        lasted = clock(floor["now"] - seat["since"]) if seat["since"] else ""
        cells = (agent, seat["name"], seat["phone"], seat["state"], seat["reason"], lasted)
        table.add_row(*(escape(cell or "") for cell in cells))
    return table


def queues(floor: Mapping[str, Any]) -> Table:
    """Return every queue: how many wait, how long the first of them has, and how long one who came now would.

    Beside that how far such estimates were off, on average, and how many of the waits fell into their range.
    """
    table = Table(box=None)
    for column in ("queue", "waiting", "call-backs", "longest", "estimate", "error", "in range", ""):
        table.add_column(column, justify="left" if column in ("queue", "") else "right")
    for name, queue in floor["queues"].items():
        estimate = queue.get("estimate") or {}
        judged = bool(estimate.get("judged"))
        cells = (
            escape(name),
            str(queue["waiting"]),
            str(queue["callbacks"] or ""),
            clock(queue["longest_wait_ms"]) if queue["waiting"] else "",
            clock(estimate["expected_ms"]) if estimate.get("expected_ms") is not None else "",
            clock(estimate["mean_error_ms"]) if judged else "",
            f"{estimate['coverage']:.0%}" if judged else "",
            "closed" if queue["closed"] else "",
        )
        table.add_row(*cells)
    return table


def calls(floor: Mapping[str, Any]) -> Table:
    """Return every live call, where it is and for how long it has been live."""
    table = Table(box=None)
    table.add_column("call", no_wrap=True, overflow="ignore")
    for column in ("for", "node", "queue", "seat", ""):
        table.add_column(column)
    for name, call in floor["calls"].items():
        doing = "talking" if call["talking"] else "ringing" if call["seat"] else ""
        cells = (name, clock(floor["now"] - call["began"]), call["node"], call["queue"], call["seat"], doing)
        table.add_row(*(escape(cell or "") for cell in cells))
    return table
