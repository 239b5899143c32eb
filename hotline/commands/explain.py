"""`hotline explain`: why a call waited, or why a seat is idle while calls wait."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from hotline.commands.console import (
    CONFIG,
    ConfigOption,
    DataOption,
    JsonOption,
    NumbersOption,
    fail,
    out,
    told,
)
from hotline.commands.database import DatabaseOption, TimezoneOption, ledger_url, site_of, zone
from hotline.commands.moment import earlier
from hotline.explain.facts import CallStory
from hotline.explain.idle import seat_story
from hotline.explain.page import show_call, show_seat
from hotline.explain.story import story
from hotline.explain.words import Words
from hotline.site import load_site
from ledger.floor import FloorReader
from ledger.records import Call
from reports.number import masked

explain_app = typer.Typer()


@explain_app.command("explain")
def explain(
    subject: Annotated[
        str, typer.Argument(metavar="CALL|SEAT", help="an agent's seat, a call, or how a call's id begins")
    ],
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help='of a seat: "2026-11-22 10:03:11", or 10m back')
    ] = None,
    numbers: NumbersOption = False,
    as_json: JsonOption = False,
    database: DatabaseOption = None,
    timezone: TimezoneOption = None,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Tell why a call waited and who was considered for it, or why a seat is idle. Works with the engine away, too."""
    with told():
        place = zone(timezone, config, data)
        now = time.time_ns() // 1_000_000
        moment = now if at is None else earlier("--at", at, datetime.now(place))
        url, site = ledger_url(database, config, data), site_of(database, config, data)
        with closing(FloorReader(url, site=site)) as reader:
            nodes = reader.nodes_of_seat(subject)
            if not nodes and database is None and subject in load_site(config, data).settings.agents:
                nodes = [(site or "", site or "")]  # nobody has sat there yet
            if nodes:
                for node in nodes:
                    seat = seat_story(reader, *node, subject, moment)
                    if as_json:
                        out.print_json(json.dumps(asdict(seat), ensure_ascii=False))
                    else:
                        show_seat(seat, Words(place), out)
                return
            call = _call(reader, subject)
            if at is not None:
                fail("--at is for a seat; of a call the whole story is told")
            whole = story(reader, call, now)
        number = call.ani if numbers else masked(call.ani)
        if as_json:
            out.print_json(json.dumps(_as_data(whole, number), ensure_ascii=False))
        else:
            show_call(whole, Words(place), number, out)


def _call(reader: FloorReader, subject: str) -> Call:
    found = reader.calls(subject) or reader.calls(subject.partition("/")[0])
    if not found:
        fail(
            f"{subject!r} is neither a seat nor how a call begins that the ledger knows; "
            "`hotline seats` and `hotline calls` name those that are live"
        )
    if len(found) > 1:
        names = "\n".join(f"  {call.call}" for call in found)
        fail(f"several calls begin with {subject!r}; write more of one of these:\n{names}")
    return found[0]


def _as_data(whole: CallStory, number: str) -> dict[str, Any]:
    told = asdict(whole)
    told["call"]["ani"] = number
    return told
