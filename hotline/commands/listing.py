"""What is live, as tables for people: seats, queues, calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table


def seats(floor: Mapping[str, Any]) -> Table:
    """Return every seat, its state and for how long."""
    table = Table("agent", "name", "phone", "state", "reason", "for", box=None)
    for agent, seat in floor["seats"].items():
        lasted = clock(floor["now"] - seat["since"]) if seat["since"] else ""
        cells = (agent, seat["name"], seat["phone"], seat["state"], seat["reason"], lasted)
        table.add_row(*(escape(cell or "") for cell in cells))
    return table


def queues(floor: Mapping[str, Any]) -> Table:
    """Return every queue, how many wait there, and how long the first of them has."""
    table = Table("queue", "waiting", "longest", box=None)
    for name, queue in floor["queues"].items():
        longest = clock(queue["longest_wait_ms"]) if queue["waiting"] else ""
        table.add_row(escape(name), str(queue["waiting"]), longest)
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


def clock(ms: int) -> str:
    """Return a length of time as people read it: 0:07, 12:30, 1:02:03."""
    minutes, seconds = divmod(max(0, ms) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
