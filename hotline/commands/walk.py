"""`hotline walk` and `hotline graph`: every way through a flow, as figures and as a picture."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from hotline.commands.console import CONFIG, ConfigOption, DataOption, fail, out, told
from hotline.commands.rehearse import FlowArgument, flows_of, known_flow
from hotline.site import load_site
from ivr.picture.graph import charts_of
from ivr.picture.mermaid import mermaid
from ivr.picture.svg import svg
from ivr.walk.kept_prompts import KeptPrompts
from ivr.walk.moves import Lengths
from ivr.walk.walk import walk
from ivr.walk.way import Walk, Way

walk_app = typer.Typer()

COLUMNS = ("begins", "ends", "person", "keys", "seconds", "at_best", "language", "way")


@walk_app.command("walk")
def walk_flow(
    flow: FlowArgument,
    form: Annotated[
        Literal["text", "json", "csv"], typer.Option("--format", help="text, json or csv")
    ] = "text",
    language: Annotated[str | None, typer.Option("--language", help="the language to begin in")] = None,
    most: Annotated[
        int, typer.Option("--most", help="with more ways than this, each exit is walked but once", min=1)
    ] = 10_000,
    rounds: Annotated[
        int, typer.Option("--rounds", help="how often a way may come to the same place", min=1, max=5)
    ] = 1,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Walk every way through a flow, to a person or an end: keys, seconds, dead ends (流程穿越)."""
    with told():
        site = load_site(config, data)
        live, _ = flows_of(site)
        known_flow(live, flow)
        if language is not None and language not in live.flows[flow].languages:
            fail(f"--language: the flow {flow!r} speaks {', '.join(live.flows[flow].languages)}")
        prompts = KeptPrompts(site.data / "prompts")
        walked = walk(live, flow, Lengths(live, prompts), language, most, rounds)
        if form == "json":
            out.print_json(json.dumps(_as_data(walked, len(prompts.estimated)), ensure_ascii=False))
        elif form == "csv":
            writer = csv.writer(sys.stdout)
            writer.writerow(COLUMNS)
            writer.writerows(_record(way).values() for way in walked.ways)
        else:
            for line in _told(walked, len(prompts.estimated), rounds):
                out.print(line, highlight=False, markup=False, soft_wrap=True)


@walk_app.command("graph")
def graph_flow(
    flow: FlowArgument,
    form: Annotated[Literal["svg", "mermaid"], typer.Option("--format", help="svg or mermaid")] = "svg",
    into: Annotated[Path | None, typer.Option("--output", "-o", help="the file; else the terminal")] = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Draw a flow, and those that it calls: a picture for a browser, or Mermaid text."""
    with told():
        live, _ = flows_of(load_site(config))
        charts = charts_of(live, known_flow(live, flow))
        drawn = svg(charts) if form == "svg" else mermaid(charts)
        if into is None:
            sys.stdout.write(drawn)
        else:
            into.write_text(drawn, encoding="utf-8")
            out.print(f"{into}: {sum(len(chart.boxes) for chart in charts)} nodes", highlight=False)


def _record(way: Way) -> dict[str, Any]:
    values = (
        way.begins,
        way.ends,
        way.person,
        way.presses,
        round(way.seconds, 1),
        round(way.at_best, 1),
        way.language,
        str(way),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _as_data(walked: Walk, estimated: int) -> dict[str, Any]:
    longest = walked.longest()
    return {
        "flow": walked.flow,
        "complete": walked.complete,
        "cut": walked.cut,
        "circles": walked.circles,
        "estimated_prompts": estimated,
        "counts": {name: len(walked.ending(name)) for name in ("person", "end", "dead end", "walked")},
        "quickest": {person: _record(way) for person, way in walked.quickest().items()},
        "longest": _record(longest) if longest is not None else None,
        "ways": [_record(way) for way in walked.ways],
    }


def _told(walked: Walk, estimated: int, rounds: int) -> list[str]:
    people, ends, dead = (walked.ending(name) for name in ("person", "end", "dead end"))
    joined = walked.ending("walked")
    lines = [
        f"{walked.flow}: {len(walked.ways)} ways: {len(people)} to a person, {len(ends)} to an end, "
        f"{len(dead)} to a dead end" + (f", {len(joined)} that join another" if joined else "")
    ]
    if not walked.complete:
        lines.append(
            "There are more ways than --most allows: each exit was walked once, on the quickest way to it and on."
        )
    elif walked.circles:
        times = "before" if rounds == 1 else f"{rounds} times before"
        lines.append(
            f"{walked.circles} more come back to where the caller has been {times}; they were not followed."
        )
    if estimated:
        lines.append(f"{estimated} prompts have not been rendered yet; their lengths are estimates.")
    lines.append(
        "seconds: of a caller who hears everything out; at best: of one who presses as soon as he may. "
        "Waiting for a person is not counted."
    )
    lines += _table("The quickest way to each person", list(walked.quickest().values()))
    longest = walked.longest()
    lines += _table("The longest way", [longest] if longest is not None else [])
    lines += _table("Dead ends: the call ends, and the caller got nothing", dead)
    lines += _table("Every way to a person", people)
    lines += _table("Every other end", ends)
    return [*lines, *_table("Ways that join one that was walked already", joined)]


def _table(title: str, ways: Sequence[Way]) -> list[str]:
    if not ways:
        return []
    rows = [
        f"{way.presses:4} {way.seconds:8.1f} {way.at_best:8.1f}  {way.language:3} {_goal(way)}"
        for way in ways
    ]
    return ["", title, "keys  seconds  at best  way", *rows]


def _goal(way: Way) -> str:
    behind = {"start": "", "error": "after an error: "}.get(way.begins, "then: ")
    return f"{behind}{way}" + (f"  [{way.person}]" if way.person else "")
