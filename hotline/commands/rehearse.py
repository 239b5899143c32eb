"""`hotline rehearse`: a call without a telephone, in the terminal."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from hotline.asterisk.prefix import find
from hotline.commands.console import CONFIG, ConfigOption, DataOption, err, fail, out, told
from hotline.commands.dialogue import failures_told, line_of
from hotline.commands.keypad import Keypad, typed_into
from hotline.commands.sound import HeardCall, WrittenCall, player
from hotline.site import Site, load_site
from hotline.site_names import names_of
from ivr.call import CallLost
from ivr.here import Prompts
from ivr.house import Caller
from ivr.language.flow import FlowSet
from ivr.prompts import PromptStore
from ivr.reading.loader import load_flows
from ivr.reading.names import SiteNames
from ivr.reading.problem import did_you_mean
from ivr.rehearsal.call import RehearsedCall, RehearsedTrace, UnspokenPrompts
from ivr.rehearsal.house import QUEUE_DOES, QueueDoes, RehearsedHouse, Stubs
from ivr.rehearsal.script import Moment
from ivr.run import FlowRun, Position

rehearse_app = typer.Typer()

FlowArgument = Annotated[str, typer.Argument(help="the flow's name", metavar="FLOW")]


def flows_of(site: Site) -> tuple[FlowSet, SiteNames]:
    """Read a site's flows. Raises `SourceErrors` with every mistake in them."""
    names = names_of(site)
    return load_flows(site.flows, names), names


def known_flow(live: FlowSet, flow: str) -> str:
    """Return a flow's name, or tell that there is none of it and end."""
    if flow not in live.flows:
        fail(f"there is no flow {flow!r}{did_you_mean(flow, live.flows)}")
    return flow


@rehearse_app.command("rehearse")
def rehearse_flow(
    flow: FlowArgument,
    begin: Annotated[str | None, typer.Option("--from", help="the node to begin at")] = None,
    at: Annotated[str | None, typer.Option("--at", help='the site\'s time: "2027-02-17 21:00"')] = None,
    language: Annotated[str | None, typer.Option("--language", help="the language to begin in")] = None,
    number: Annotated[str, typer.Option("--number", help="who calls")] = "13800001111",
    queue: Annotated[
        list[str] | None,
        typer.Option("--queue", help=f"what a queue does: NAME={'|'.join(QUEUE_DOES)}; repeat"),
    ] = None,
    lookup: Annotated[
        list[str] | None,
        typer.Option("--lookup", help="what a lookup answers: NAME=JSON, or timeout, error, nothing; repeat"),
    ] = None,
    figure: Annotated[
        list[str] | None, typer.Option("--figure", help="a queue's figure: faults.waiting=7; repeat")
    ] = None,
    sound: Annotated[bool, typer.Option("--sound", help="hear it, too")] = False,
    sound_file: Annotated[
        Path | None, typer.Option("--sound-file", help="write what is said into this WAV file")
    ] = None,
    nodes: Annotated[bool, typer.Option("--nodes", help="show each node and how it was left")] = False,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Call a flow from the terminal: read what is said, press keys; h hangs up, Enter lets the time for a key pass."""
    with told():
        site = load_site(config, data)
        live, names = flows_of(site)
        known_flow(live, flow)
        nodes_there = live.flows[flow].nodes
        if begin is not None and begin not in nodes_there:
            fail(f"--from: the flow {flow!r} has no node {begin!r}{did_you_mean(begin, nodes_there)}")
        if language is not None and language not in live.flows[flow].languages:
            fail(f"--language: the flow {flow!r} speaks {', '.join(live.flows[flow].languages)}")
        stubs = Stubs(
            queues=_queues(queue or (), names),
            figures=_figures(figure or (), names),
            lookups=_lookups(lookup or (), names),
            allows=names.allows or (lambda _number: False),
            at=_moment(at, site),
        )
        if sound and sound_file is None and player() is None:
            sound_file = Path(f"{flow}.wav")
            err.print(f"no sound program is here (aplay, paplay or play); what is said goes to {sound_file}")
        keypad = Keypad()
        call = _call(keypad, sound, sound_file, nodes)
        with failures_told(lambda text: err.print(f"  ✗ {text}", style="red", highlight=False)):
            asyncio.run(
                _one_call(site, live, flow, call, keypad, stubs, number, language, begin, sound or sound_file)
            )
        if isinstance(call, WrittenCall) and sound_file is not None:
            seconds = call.write(sound_file)
            err.print(f"{sound_file}: {seconds:.1f} s", highlight=False, soft_wrap=True)


def _call(keypad: Keypad, sound: bool, sound_file: Path | None, nodes: bool) -> RehearsedCall:
    def show(moment: Moment) -> None:
        line = line_of(moment, nodes)
        if line is not None:
            out.print(line, soft_wrap=True)

    play = player()
    if sound_file is not None:
        return WrittenCall(keypad, show)
    if sound and play is not None:
        return HeardCall(keypad, play, show)
    return RehearsedCall(keypad, on_moment=show)


async def _one_call(
    site: Site,
    live: FlowSet,
    flow: str,
    call: RehearsedCall,
    keypad: Keypad,
    stubs: Stubs,
    number: str,
    language: str | None,
    begin: str | None,
    with_sound: object,
) -> None:
    prompts: Prompts = UnspokenPrompts()
    if with_sound:
        from hotline.engine import speaker_of  # slow to import

        store = PromptStore(site.data / "prompts", speaker_of(find()))
        await store.prepare(live)
        prompts = store
    at = Position(flow, begin, language or str(live.flows[flow].languages[0])) if begin is not None else None
    trace = RehearsedTrace(live, call)
    house = RehearsedHouse(stubs, call).house
    run = FlowRun(live, flow, call, house, prompts, trace, Caller(number, ""), language, at)
    with typed_into(keypad, sys.stdin.fileno()):
        try:
            await run.run()
        except CallLost:
            return


def _moment(written: str | None, site: Site) -> datetime:
    if written is None:
        return datetime.now(site.zone)
    try:
        return datetime.fromisoformat(written).replace(tzinfo=site.zone)
    except ValueError:
        fail(f'--at {written!r} is no moment; write a day and a time, as "2027-02-17 21:00"')


def _named(option: str, written: Iterable[str], form: str) -> Iterator[tuple[str, str]]:
    for one in written:
        name, equals, value = one.partition("=")
        if not equals:
            fail(f"{option} {one!r} names nothing; write {form}")
        yield name, value


def _known(option: str, name: str, known: Iterable[str]) -> str:
    names = list(known)
    if name not in names:
        fail(f"{option}: the site has no {name!r}{did_you_mean(name, names)}")
    return name


def _queues(written: Iterable[str], names: SiteNames) -> dict[str, Sequence[QueueDoes]]:
    known: dict[str, QueueDoes] = {does: does for does in get_args(QueueDoes)}
    found: dict[str, Sequence[QueueDoes]] = {}
    for name, value in _named("--queue", written, "faults=busy"):
        written_does = value.split(",")
        does = [known[one] for one in written_does if one in known]
        if len(does) != len(written_does):
            fail(f"--queue {name}: a queue does not {value!r}; write one of {', '.join(known)}")
        found[_known("--queue", name, names.queues)] = does
    return found


def _figures(written: Iterable[str], names: SiteNames) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, value in _named("--figure", written, "faults.waiting=7"):
        queue, _, figure = name.rpartition(".")
        try:
            found.setdefault(_known("--figure", queue, names.queues), {})[figure] = float(value)
        except ValueError:
            fail(f"--figure {name}: {value!r} is no number")
    return found


def _lookups(written: Iterable[str], names: SiteNames) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in _named("--lookup", written, "customer='{\"balance\": 12}'"):
        _known("--lookup", name, names.lookups)
        try:
            words = {"timeout": "timeout", "error": "error", "nothing": None}
            found[name] = words[value] if value in words else json.loads(value)
        except ValueError:
            fail(f'--lookup {name}: this is no JSON; write it as {{"balance": 12}}, with double quotes')
    return found
