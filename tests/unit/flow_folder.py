"""A folder of flows for tests of the checker, and what the checker says of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ivr.reading.loader import look_at
from ivr.reading.names import LookupForm, SiteNames
from ivr.reading.problem import Problem

SITE = SiteNames(
    queues=("billing", "faults", "sales"),
    skills=("broadband", "english"),
    seats=("lihua", "wangfang"),
    lookups={"customer": LookupForm(frozenset({"number"}), frozenset({"number"}))},
    allows=lambda number: number.startswith("0755"),
)
HEAD = """\
flow: demo
languages: [en]
start: main
prompts:
  hello: {en: Hello.}
nodes:
"""
END = "  end: {hangup: hello}\n"


def problems(
    folder: Path, flow: str, site: SiteNames | None = SITE, today: date | None = None, **others: str
) -> list[Problem]:
    """Return all that is wrong with a flow; ``others`` are the files beside it, by name without ending."""
    for name, text in {"demo": flow, **others}.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return list(look_at(folder, site, today).problems)


def found(folder: Path, nodes: str, *codes: str, **others: str) -> list[str]:
    """Return ``path: message`` of the problems of some nodes that have these codes."""
    return [
        f"{problem.path}: {problem.message}"
        for problem in problems(folder, HEAD + nodes + END, **others)
        if problem.code in codes
    ]
