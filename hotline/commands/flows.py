"""`hotline flows`: which version of each flow serves callers, and how to go back to an earlier one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from hotline.commands.console import (
    CONFIG,
    ConfigOption,
    DataOption,
    JsonOption,
    ask,
    err,
    fail,
    handed_over,
    out,
    person,
    told,
)
from hotline.commands.moment import local
from hotline.flows.live_file import FILE, FOLDER, LiveFile
from hotline.site import load_site
from ivr.reading.problem import did_you_mean

LOADING_S = 60.0  # at most, for an earlier version with all its prompts

FlowArgument = Annotated[str, typer.Argument(help="the flow's name, as `hotline flows` lists it")]

flows_app = typer.Typer(help="Which version of each flow is live.", invoke_without_command=True)


@flows_app.callback()
def show(
    ctx: typer.Context, config: ConfigOption = CONFIG, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List each flow that a number leads to: its versions, the calls on each, and what is wrong in the folder."""
    if handed_over(ctx):
        return
    with told():
        site = load_site(config, data)
        live = ask(site, "flows")
        if as_json:
            out.print_json(json.dumps(live, ensure_ascii=False))
            return
        now = datetime.now(site.zone)
        table = Table(box=None)
        for column in ("flow", "version", "callers", "since", "how", "by", "calls", "on trial"):
            table.add_column(column, no_wrap=column != "on trial")
        for flow in live["flows"]:
            for row in _rows(flow, now):
                table.add_row(*(escape(cell) for cell in row))
        out.print(table)
        if live["trouble"]:
            err.print("What is in the folder now is not live:", style="red")
            for line in live["trouble"]:
                err.print(line, style="red", highlight=False, markup=False, soft_wrap=True)


@flows_app.command("rollback")
def roll_back(
    flow: FlowArgument,
    to: Annotated[str, typer.Option("--to", help="a version that `hotline flows history` lists")] = "",
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Let the version serve that did before; while a new one is on trial, end that.

    It stays so, through restarts, until the flow is saved with a change.
    """
    with told():
        _changed(
            ask(
                load_site(config, data),
                "flow-roll-back",
                timeout=LOADING_S,
                flow=flow,
                by=person(),
                version=to,
            )
        )


@flows_app.command("promote")
def promote(flow: FlowArgument, config: ConfigOption = CONFIG, data: DataOption = None) -> None:
    """Let the version that is on trial serve all callers."""
    with told():
        _changed(ask(load_site(config, data), "flow-promote", flow=flow, by=person()))


@flows_app.command("withdraw")
def withdraw(flow: FlowArgument, config: ConfigOption = CONFIG, data: DataOption = None) -> None:
    """End the trial of a new version: new calls run on the old one again."""
    with told():
        _changed(ask(load_site(config, data), "flow-withdraw", flow=flow, by=person()))


@flows_app.command("history")
def history(
    flow: FlowArgument, config: ConfigOption = CONFIG, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List which versions of a flow served since when, the newest first. Works with the engine away, too."""
    with told():
        site = load_site(config, data)
        standings = LiveFile(site.data / FOLDER / FILE).read()
        if flow not in standings:
            fail(f"no version of a flow {flow!r} has been live{did_you_mean(flow, standings)}")
        past = standings[flow].past[::-1]
        if as_json:
            out.print_json(json.dumps([asdict(one) for one in past], ensure_ascii=False))
            return
        now = datetime.now(site.zone)
        table = Table("version", "callers", "since", "how", "by", box=None)
        for one in past:
            cells = (one.version, f"{one.share:g} %", local(one.at, now), one.how, one.by or "")
            table.add_row(*(escape(cell) for cell in cells))
        out.print(table)


def _rows(flow: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, ...]]:
    """Yield the live version, the one on trial, and older ones that calls are still on."""
    calls, canary = dict(flow["calls"]), flow["canary"]
    share = 100 - (canary["share"] if canary else 0)
    live = flow["version"]
    since = local(flow["since"], now)
    yield flow["flow"], live, f"{share} %", since, flow["how"], flow["by"] or "", str(calls.pop(live, 0)), ""
    if canary:
        on_trial = f"{_tally(canary['new'])}; the other version meanwhile: {_tally(canary['old'])}"
        on_it = str(calls.pop(canary["version"], 0))
        since = local(canary["since"], now)
        yield "", canary["version"], f"{canary['share']} %", since, "canary", "", on_it, on_trial
    for version, count in calls.items():
        yield "", version, "0 %", "", "ending", "", str(count), ""


def _tally(tally: Mapping[str, int]) -> str:
    return f"{tally['calls']} calls, {tally['errors']} errors, {tally['early']} early hang-ups"


def _changed(answer: Mapping[str, str]) -> None:
    out.print(
        f"{answer['flow']}: {answer['version']} serves all new calls from now on",
        highlight=False,
        markup=False,
    )
