"""`hotline test`: the rehearsals in files, and how much of the flows they try."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.text import Text

from hotline.commands.console import CONFIG, ConfigOption, err, fail, out, told
from hotline.commands.dialogue import failures_told, line_of
from hotline.commands.rehearse import flows_of, known_flow
from hotline.site import Site, load_site
from ivr.language.flow import FlowSet
from ivr.rehearsal.coverage import Coverage, FlowCoverage
from ivr.rehearsal.file import FOLDER, rehearsals_in
from ivr.rehearsal.run import Outcome, rehearse
from ivr.rehearsal.script import Moment

test_app = typer.Typer()


@test_app.command("test")
def run_rehearsals(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="files of rehearsals, or folders; without any all under flows/rehearsals"),
    ] = None,
    flow: Annotated[str | None, typer.Option("--flow", help="only rehearsals of this flow")] = None,
    least: Annotated[
        float, typer.Option("--min-coverage", help="the least percentage of nodes and exits tried", max=100)
    ] = 0,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="text or json")] = "text",
    config: ConfigOption = CONFIG,
) -> None:
    """Run the rehearsals in files; show those that fail as a dialogue, and what of the flows none of them tries."""
    with told():
        site = load_site(config)
        live, names = flows_of(site)
        if flow is not None:
            known_flow(live, flow)
        written = [
            one
            for one in rehearsals_in(_files(files, site), live, names)
            if flow is None or one.rehearsal.flow == flow
        ]
        if not written:
            fail(f"there is no rehearsal of the flow {flow!r}; write one, see docs/rehearsing.md")
        coverage = Coverage(live)
        results: list[tuple[Outcome, list[str]]] = []

        async def run_all() -> None:
            for one in written:
                failures: list[str] = []
                with failures_told(failures.append):
                    outcome = await rehearse(one, live, site.zone, names.allows)
                coverage.add(outcome.passed)
                results.append((outcome, failures))

        asyncio.run(run_all())
        tested = [flow] if flow is not None else _tested(live, results, whole=not files)
        covered = [coverage.of(name) for name in tested]
        if form == "json":
            out.print_json(json.dumps(_as_data(results, covered), ensure_ascii=False))
        else:
            _tell(results, covered)
        low = [one.flow for one in covered if one.percent < least]
        if form == "text" and low:
            err.print(f"below {least:g} % of nodes and exits: {', '.join(low)}", style="red", highlight=False)
        if low or not all(outcome.right for outcome, _ in results):
            raise typer.Exit(1)


def _files(given: Sequence[Path] | None, site: Site) -> list[Path]:
    folder = site.flows / FOLDER
    found: list[Path] = []
    for path in given or [folder]:
        found.extend(sorted(path.glob("*.yaml")) if path.is_dir() else [path])
    if not found:
        where = ", ".join(map(str, given)) if given else str(folder)
        fail(f"there are no rehearsals in {where}; write one as NAME.yaml, see docs/rehearsing.md")
    return found


def _tested(live: FlowSet, results: Iterable[tuple[Outcome, list[str]]], whole: bool) -> list[str]:
    entered = {step.flow for outcome, _ in results for step in outcome.passed}
    return [name for name in live.flows if whole or name in entered]


def _as_data(results: Iterable[tuple[Outcome, list[str]]], covered: Iterable[FlowCoverage]) -> dict[str, Any]:
    return {
        "rehearsals": [
            {
                "name": outcome.written.rehearsal.name,
                "flow": outcome.written.rehearsal.flow,
                "file": str(outcome.written.file),
                "line": outcome.written.line,
                "right": outcome.right,
                "ended": outcome.ended,
                "difference": None
                if (gap := outcome.difference) is None
                else {"line": gap.line, "expected": gap.expected, "got": gap.got},
                "failures": failures,
                "dialogue": [
                    {"at": round(moment.at, 1), "kind": moment.kind, "what": moment.what}
                    for moment in outcome.moments
                ],
            }
            for outcome, failures in results
        ],
        "coverage": [
            {
                "flow": one.flow,
                "percent": round(one.percent, 1),
                "nodes": one.nodes,
                "exits": one.exits,
                "missed_nodes": one.missed_nodes,
                "missed_exits": [f"{node}: {name}" for node, name in one.missed_exits],
            }
            for one in covered
        ],
    }


def _tell(results: Sequence[tuple[Outcome, list[str]]], covered: Sequence[FlowCoverage]) -> None:
    for outcome, failures in results:
        if outcome.right:
            out.print(Text(f"✓ {outcome.written.rehearsal.name}", style="green"), soft_wrap=True)
        else:
            _tell_difference(outcome, failures)
    wrong = sum(not outcome.right for outcome, _ in results)
    out.print(f"\n{len(results)} rehearsed, {wrong} not as written", highlight=False)
    for one in covered:
        nodes, exits = one.nodes - len(one.missed_nodes), one.exits - len(one.missed_exits)
        out.print(
            f"{one.flow}: {one.percent:.0f} % tried: {nodes} of {one.nodes} nodes, {exits} of {one.exits} exits",
            highlight=False,
            soft_wrap=True,
        )
        if one.missed_nodes:
            out.print(Text(f"  never reached: {', '.join(one.missed_nodes)}"), style="dim", soft_wrap=True)
        by_node: dict[str, list[str]] = {}
        for node, name in one.missed_exits:
            if node not in one.missed_nodes:
                by_node.setdefault(node, []).append(name)
        for node, names in by_node.items():
            out.print(Text(f"  {node}: never left by {', '.join(names)}"), style="dim", soft_wrap=True)


def _tell_difference(outcome: Outcome, failures: Iterable[str]) -> None:
    gap = outcome.difference
    if gap is None:
        return
    written = outcome.written
    out.print(Text(f"✗ {written.rehearsal.name}", style="bold red"), soft_wrap=True)
    mark = Text(f"  ✗ {written.file}:{gap.line}: expected: {gap.expected}; got: {gap.got}", style="red")
    before, after = outcome.moments[: gap.after], outcome.moments[gap.after :]
    for lines in (_dialogue(before), [mark], _dialogue(after)):
        for line in lines:
            out.print(line, soft_wrap=True)
    for failure in failures:
        out.print(Text(f"    {failure}", style="red"), soft_wrap=True)


def _dialogue(moments: Iterable[Moment]) -> Iterator[Text]:
    """Yield the lines of a dialogue, keys pressed in a row as one."""
    for kind, group in groupby(moments, key=lambda moment: moment.kind):
        row = list(group)
        if kind == "key":
            row = [replace(row[0], what="".join(moment.what for moment in row))]
        for moment in row:
            line = line_of(moment, nodes=True)
            if line is not None:
                yield Text("    ").append(line)
