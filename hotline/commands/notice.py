"""`hotline notice`: what callers are told before they ask, switched on and off by a supervisor."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
    fail,
    handed_over,
    out,
    person,
    told,
)
from hotline.commands.moment import later, local
from hotline.control import EngineAway, EngineSilent
from hotline.notice_file import FILE, NoticeFile, check_off, check_on
from hotline.site import Site, load_site
from ivr.reading.folder import is_flow
from ivr.reading.source import look
from ledger.events import NoticeChanged

RENDERING_S = 150.0  # at most, for a few texts

notice_app = typer.Typer(help="Notices to callers, such as of an outage.", invoke_without_command=True)


@notice_app.callback()
def show(
    ctx: typer.Context, config: ConfigOption = CONFIG, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Show the notices that are on; `on` and `off` switch them. Works with the engine away, too."""
    if handed_over(ctx):
        return
    with told():
        site = load_site(config, data)
        notices = _listed(site)
        if as_json:
            out.print_json(json.dumps(notices, ensure_ascii=False))
        elif notices:
            out.print(_table(notices, datetime.now(site.zone)))
        else:
            out.print("no notice is on")


@notice_app.command("on")
def on(
    name: Annotated[str, typer.Argument(help="the notice's name, by which it is switched off again")],
    zh: Annotated[str | None, typer.Option("--zh", help="what is said in Chinese")] = None,
    en: Annotated[str | None, typer.Option("--en", help="what is said in English")] = None,
    text: Annotated[list[str] | None, typer.Option("--text", help="another language, as fr=TEXT")] = None,
    area: Annotated[
        list[str] | None, typer.Option("--area", help="only callers of this area; repeat")
    ] = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", help="only callers about this service; repeat")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help='"2026-11-22 20:00", or 2h')] = None,
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Switch a notice on, or change one that is on. It is rendered first, and heard from the next call on."""
    with told():
        site = load_site(config, data)
        now = datetime.now(site.zone)
        change = NoticeChanged(
            at=round(now.timestamp() * 1000),
            notice=name,
            on=True,
            by=person(),
            texts=_texts(zh, en, text or ()),
            areas=tuple(area or ()),
            services=tuple(service or ()),
            until=later("--until", until, now) if until is not None else None,
        )
        at_once = _told_engine(site, "notice-on", change)
        if not at_once:
            check_on(change, _languages(site))
            _kept(site, change)
        ends = f", until {local(change.until, now)}" if change.until is not None else ""
        out.print(f"{name}: on {_from(at_once)}{ends}", highlight=False, markup=False)


@notice_app.command("off")
def off(
    name: Annotated[str, typer.Argument(help="the notice's name")],
    config: ConfigOption = CONFIG,
    data: DataOption = None,
) -> None:
    """Switch a notice off."""
    with told():
        site = load_site(config, data)
        now = datetime.now(site.zone)
        change = NoticeChanged(at=round(now.timestamp() * 1000), notice=name, on=False, by=person())
        at_once = _told_engine(site, "notice-off", change)
        if not at_once:
            check_off(name, _file(site).read(), change.at)
            _kept(site, change)
        out.print(f"{name}: off {_from(at_once)}", highlight=False, markup=False)


def _told_engine(site: Site, do: str, change: NoticeChanged) -> bool:
    """Ask the engine for a change; return False when none is running."""
    try:
        ask(site, do, timeout=RENDERING_S, **asdict(change))
    except EngineSilent:
        raise
    except EngineAway:
        return False
    return True


def _kept(site: Site, change: NoticeChanged) -> None:
    file = _file(site)
    site.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write(file.read().after(change))


def _from(at_once: bool) -> str:
    return "from the next call on" if at_once else "from the engine's next start on; none is running"


def _listed(site: Site) -> list[dict[str, Any]]:
    try:
        listed: list[dict[str, Any]] = ask(site, "notices")
    except EngineSilent:
        raise
    except EngineAway:
        current = _file(site).read().current(round(datetime.now(site.zone).timestamp() * 1000))
        return [asdict(one) | {"heard": False} for one in current]
    return listed


def _table(notices: Sequence[dict[str, Any]], now: datetime) -> Table:
    table = Table(box=None)
    for column in ("notice", "since", "until", "areas", "services", "by", "heard", "text"):
        table.add_column(column, overflow="fold")
    for one in notices:
        ends = local(one["until"], now) if one["until"] is not None else ""
        heard = "yes" if one["heard"] else "no"
        words = (" ".join(one[key]) or "all" for key in ("areas", "services"))
        said = "\n".join(f"{language}: {text}" for language, text in one["texts"].items())
        cells = (one["notice"], local(one["at"], now), ends, *words, one["by"], heard, said)
        table.add_row(*(escape(cell) for cell in cells))
    return table


def _texts(zh: str | None, en: str | None, more: Sequence[str]) -> dict[str, str]:
    texts = {language: text for language, text in (("zh", zh), ("en", en)) if text is not None}
    for written in more:
        language, equals, text = written.partition("=")
        if not equals:
            fail(f"--text {written!r} names no language; write fr=TEXT")
        texts[language] = text
    return texts


def _languages(site: Site) -> set[str]:
    """Return what the flows speak, by their own word, whether or not they are right in all else.

    An outage is told to callers also while somebody has half a flow on his screen.
    """
    sources = [look(file)[0] for file in sorted(site.flows.glob("*.yaml")) if is_flow(file)]
    flows = [source.data for source in sources if source is not None and isinstance(source.data, dict)]
    spoken = [flow.get("languages") for flow in flows]
    return {word for words in spoken if isinstance(words, list) for word in words if isinstance(word, str)}


def _file(site: Site) -> NoticeFile:
    return NoticeFile(site.data / FILE)
