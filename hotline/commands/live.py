"""What is live, and what a supervisor does to it: seats, queues and calls of a running engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from hotline.commands import listing
from hotline.commands.console import (
    CONFIG,
    ConfigOption,
    DataOption,
    JsonOption,
    ask,
    fail,
    out,
    person,
    told,
)
from hotline.site import load_site
from ivr.language.duration import milliseconds

live_app = typer.Typer()
CallArgument = Annotated[str, typer.Argument(help="the call, as `hotline calls` names it")]


@live_app.command()
def seats(config: ConfigOption = CONFIG, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show every seat and its state."""
    with told():
        show_floor(ask(load_site(config, data), "floor"), "seats", as_json)


@live_app.command()
def queues(config: ConfigOption = CONFIG, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show every queue, who waits, and how long one who came now would wait."""
    with told():
        site = load_site(config, data)
        floor = ask(site, "floor")
        for name, estimate in ask(site, "estimates").items():
            floor["queues"].get(name, {})["estimate"] = estimate
        show_floor(floor, "queues", as_json)


@live_app.command()
def calls(config: ConfigOption = CONFIG, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show every live call and where it is."""
    with told():
        show_floor(ask(load_site(config, data), "floor"), "calls", as_json)


@live_app.command()
def health(config: ConfigOption = CONFIG, data: DataOption = None) -> None:
    """Show how the engine's parts fare."""
    with told():
        out.print_json(json.dumps(ask(load_site(config, data), "health")))


@live_app.command()
def seat(
    agent: str,
    verb: Annotated[
        str, typer.Argument(help="sign-in, sign-out, ready, not-ready, more-time, skills or own-skills")
    ],
    more: Annotated[
        str,
        typer.Argument(
            help="the phone to sign in at; the reason for not-ready; how much more time for wrap-up, as 60s; "
            "skills for today, as english=3,billing=2"
        ),
    ] = "",
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Sign an agent in or out, make a seat ready or not, give it more time after a call, or other skills for today."""
    wanted: dict[str, Callable[[], tuple[str, dict[str, Any]]]] = {
        "sign-in": lambda: ("sign-in", {"phone": more}),
        "sign-out": lambda: ("sign-out", {}),
        "ready": lambda: ("ready", {}),
        "not-ready": lambda: ("not-ready", {"reason": more or "unsaid"}),
        "more-time": lambda: ("more-time", {"ms": _duration(more)}),
        "skills": lambda: ("skills", {"skills": _skills(more)}),
        "own-skills": lambda: ("skills", {"skills": None}),
    }
    with told():
        if verb not in wanted:
            fail(f"{verb!r} is nothing that a seat can do; write one of: {', '.join(wanted)}")
        do, what = wanted[verb]()
        answer = ask(load_site(config, data), do, seat=agent, by=person(), **what)
        if do == "skills":
            skills = ", ".join(f"{name} {level}" for name, level in answer["skills"].items())
            until = "until the day ends" if answer["until"] else "as in config.yaml"
            out.print(f"{agent}: {skills or 'no skills'} ({until})", highlight=False, markup=False)
            return
        later = " (after this call)" if answer["later"] else ""
        out.print(f"{agent}: {answer['state']}{later}", highlight=False, markup=False)


@live_app.command()
def queue(
    name: str,
    verb: Annotated[
        str, typer.Argument(help="close: it takes no new callers, those who wait are served; or open")
    ],
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Close a queue now, or open it again."""
    with told():
        if verb not in ("close", "open"):
            fail(f"{verb!r} is nothing that a queue can do; write one of: close, open")
        answer = ask(load_site(config, data), f"{verb}-queue", queue=name, by=person())
        out.print(f"{name}: {'closed' if answer['closed'] else 'open'}", highlight=False, markup=False)


@live_app.command()
def move(call: CallArgument, queue: str, config: ConfigOption = CONFIG, data: DataOption = None) -> None:
    """Let a waiting call wait in another queue; what it has waited counts there."""
    with told():
        ask(load_site(config, data), "move-call", call=call, queue=queue, by=person())
        out.print(f"{call}: waits in {queue} now", highlight=False, markup=False)


@live_app.command()
def reload(config: ConfigOption = CONFIG, data: DataOption = None) -> None:
    """Take over what has changed in config.yaml, while calls are on: queues, agents, skills and rules."""
    with told():
        answer = ask(load_site(config, data), "reload", by=person(), timeout=30.0)
        changed, later = answer["changed"], answer["at_next_start"]
        if not changed and not later:
            out.print("nothing has changed")
        if changed:
            out.print(f"taken over: {', '.join(changed)}", style="green", highlight=False, markup=False)
        if later:
            waits = f"at the next start of the hotline: {', '.join(later)}"
            out.print(waits, style="yellow", highlight=False, markup=False)


def show_floor(floor: dict[str, Any], part: str, as_json: bool) -> None:
    """Print one part of what is live as a table, or as JSON."""
    if as_json:
        out.print_json(json.dumps(floor[part], ensure_ascii=False))
    else:
        tables = {"seats": listing.seats, "queues": listing.queues, "calls": listing.calls}
        out.print(tables[part](floor))


def _duration(written: str) -> int:
    try:
        return milliseconds(written)
    except ValueError as error:
        fail(f"how much more time? {error}")


def _skills(written: str) -> dict[str, int]:
    skills = {}
    for part in filter(None, (part.strip() for part in written.split(","))):
        name, _, level = part.partition("=")
        if not level.isdigit():
            fail(f"{part!r} is no skill with its level; write english=3,billing=2")
        skills[name] = int(level)
    return skills
