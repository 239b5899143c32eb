"""The live view in the terminal: queues, seats, and the figures of the day or the run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from hotline.lasting import clock
from hotline.site import Site
from ledger.reader import LedgerReader
from reports.measures import Counts, Definition, count, stays_by_queue, stays_of_calls

STYLES = {
    "ready": "green",
    "reserved": "yellow",
    "ringing": "yellow",
    "talking": "cyan",
    "hold": "cyan",
    "wrap-up": "blue",
    "not-ready": "red",
    "unreachable": "red",
    "signed-out": "dim",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the callers since ``began``, by queue and in all; out of the ledger."""

    queues: Mapping[str, Counts]
    all: Counts


def definition_of(site: Site) -> Definition:
    """Return the definition that the site's figures follow."""
    s = site.settings
    return Definition(threshold=s.service_level // 1000, short=s.short_abandon // 1000)


def read_figures(site: Site, began: int, now: int) -> Figures:
    """Read the figures since ``began``, UTC ms. Blocks."""
    reader = LedgerReader(site.database, site=site.name)
    try:
        visits = reader.visits_of_calls(began, now)
    finally:
        reader.close()
    definition = definition_of(site)
    by_queue = stays_by_queue(visits, now)
    return Figures(
        {queue: count(by_queue.get(queue, []), definition) for queue in site.settings.queues},
        count(stays_of_calls(visits, now), definition),
    )


def picture(site: Site, floor: Mapping[str, Any], figures: Figures, trouble: str | None) -> RenderableType:
    """Return the whole view."""
    now = datetime.fromtimestamp(floor["now"] / 1000, site.zone)
    talking = sum(call["talking"] for call in floor["calls"].values())
    head = Text.assemble(
        (f"{site.name} ", "bold"),
        f"{now:%Y-%m-%d %H:%M:%S}   calls live: {len(floor['calls'])}, talking: {talking}   ",
        ("Ctrl-C stops and prints the report", "dim"),
    )
    parts: list[RenderableType] = [head, _queues(site, floor, figures), _seats(floor)]
    if trouble is not None:
        parts.insert(1, Text(trouble, style="bold red"))
    return Group(*parts)


def plain(floor: Mapping[str, Any], figures: Figures) -> str:
    """Return one line that says the most, for where there is no terminal."""
    counts = figures.all
    waiting = sum(queue["waiting"] for queue in floor["queues"].values())
    moment = time.strftime("%H:%M:%S", time.gmtime(floor["now"] / 1000))
    return (
        f"{moment} UTC  live {len(floor['calls'])}  waiting {waiting}  offered {counts.offered}  "
        f"answered {counts.answered}  abandoned {counts.abandoned}  answer rate {counts.answer_rate} %"
    )


def _queues(site: Site, floor: Mapping[str, Any], figures: Figures) -> Table:
    seconds = site.settings.service_level // 1000
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in (
        "queue",
        "waiting",
        "longest",
        "offered",
        "answered",
        "abandoned",
        "answer rate",
        f"in {seconds} s",
    ):
        table.add_column(column, justify="left" if column == "queue" else "right")
    definition = definition_of(site)

    def row(name: str, waiting: int, longest_ms: int, counts: Counts, style: str = "") -> None:
        table.add_row(
            escape(name),
            str(waiting) if waiting else "–",
            clock(longest_ms) if waiting else "–",
            str(counts.offered),
            str(counts.answered),
            str(counts.abandoned),
            f"{counts.answer_rate} %",
            f"{definition.service_level(counts)} %",
            style=style,
        )

    for name, counts in figures.queues.items():
        queue = floor["queues"][name]
        row(name, queue["waiting"], queue["longest_wait_ms"], counts)
    waiting = sum(queue["waiting"] for queue in floor["queues"].values())
    longest = max(queue["longest_wait_ms"] for queue in floor["queues"].values())
    row("all", waiting, longest, figures.all, "bold")
    return table


def _seats(floor: Mapping[str, Any]) -> RenderableType:
    cells = []
    for seat in floor["seats"].values():
        state = seat["state"] + (f" ({seat['reason']})" if seat["reason"] else "")
        since = clock(floor["now"] - seat["since"]) if seat["since"] else "–"
        cells.append(
            Text.assemble(
                (f"{seat['phone'] or '–':>5} ", "dim"),
                f"{seat['name']}  ",
                (state, STYLES[seat["state"]]),
                (f"  {since}", "dim"),
            )
        )
    return Columns(cells, equal=True, column_first=True, padding=(0, 3))
