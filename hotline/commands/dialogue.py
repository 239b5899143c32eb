"""A rehearsed call as people read it, line by line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from rich.text import Text

from ivr.rehearsal.script import Kind, Moment

LINES: Mapping[Kind, tuple[str, str]] = {  # how each moment is told, and in which style
    "answer": ("☎ the hotline answers", "dim"),
    "heard": ("{}", ""),
    "key": ("  ⌨ {}", "bold"),
    "silence": ("  ⌨ (no key)", "bold"),
    "says": ("  🗣 speaks for {}", "bold"),
    "queue": ("  ♪ enters the queue {}", "cyan"),
    "sent on": ("  ♪ leaves it: {}", "cyan"),
    "ring": ("  ☎ rings {}", "cyan"),
    "line": ("  ☎ calls {}", "cyan"),
    "talk": ("  🗣 talks with {}", "green"),
    "record": ("  ● recording", "cyan"),
    "call back": ("  ✎ a call-back by {} is noted", "cyan"),
    "seat": ("  ✎ asks of the seat: {}", "cyan"),
    "lookup": ("  ? asks {}", "cyan"),
    "hang up": ("☎ the hotline hangs up", "dim"),
    "lost": ("☎ the caller hangs up", "dim"),
    "left waiting": ("  … and waits on", "dim"),
}


def line_of(moment: Moment, nodes: bool) -> Text | None:
    """Return a moment as people read it; None for what is not told."""
    if moment.kind == "way":
        return Text(f"    [{moment.what}]", style="dim") if nodes else None
    if moment.kind not in LINES:
        return None
    form, style = LINES[moment.kind]
    return Text(form.format(moment.what), style=style)


@contextmanager
def failures_told(tell: Callable[[str], None]) -> Iterator[None]:
    """Tell of nodes that fail in one line each, in place of the engine's log."""

    def short(_logger: Any, _method: str, event: structlog.typing.EventDict) -> str:
        tell(f"{event.get('flow')}: the node {event.get('node')!r} failed: {sys.exc_info()[1]}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[short])
    try:
        yield
    finally:
        structlog.configure(**before)
