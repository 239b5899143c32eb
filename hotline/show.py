"""``hotline run`` and ``hotline up``: bring the house up, show it live, take it down, print the report."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.live import Live

from hotline.asterisk.prefix import Toolbox
from hotline.control import ControlClient, EngineAway
from hotline.live.screen import Figures, definition_of, picture, plain, read_figures
from hotline.site import Site
from hotline.street.model import TrafficModel
from hotline.street.street import Street
from hotline.supervisor import Supervisor
from ledger.errors import LedgerError
from ledger.reader import LedgerReader
from reports.run import busy_hour, render

VIEW_S = 0.5
PLAIN_S = 10.0
LONGEST_PAUSE_S = 5.0
ANSWER_S = 1.0


async def show(
    site: Site,
    toolbox: Toolbox,
    console: Console,
    *,
    street_seed: int | None = None,
    for_seconds: float | None = None,
) -> None:
    """Run until Ctrl-C, SIGTERM or for so many seconds; then print the report of the run.

    With a ``street_seed`` sample agents and callers are there too. Raises what keeps the hotline from starting.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("show runs in a task")
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, task.cancel)
    began = time.time_ns() // 1_000_000
    up = False
    try:
        async with _house(site, toolbox, console, street_seed) as trouble:
            up = True
            since = began if street_seed is not None else _midnight(site)
            async with asyncio.timeout(for_seconds):
                await _view(site, console, since, trouble)
    except asyncio.CancelledError:
        task.uncancel()
        if not up:
            raise KeyboardInterrupt from None
    except TimeoutError:
        pass
    if up:
        _report(site, console, began)


@asynccontextmanager
async def _house(
    site: Site, toolbox: Toolbox, console: Console, street_seed: int | None
) -> AsyncIterator[asyncio.Future[None]]:
    """Bring everything up; yield a task that ends only in trouble."""
    started = time.monotonic()
    supervisor = Supervisor(site, toolbox)
    street = None if street_seed is None else Street(site, toolbox, TrafficModel(seed=street_seed))
    async with AsyncExitStack() as house, AsyncExitStack() as callers:  # left in reverse: the callers first

        async def move_in() -> None:
            if street is not None:
                await supervisor.asterisk_up.wait()
                await callers.enter_async_context(street)

        await _together(house.enter_async_context(supervisor), move_in())
        home = toolbox.asterisk
        version = ".".join(map(str, home.version))
        seconds = time.monotonic() - started
        _say(console, f"Asterisk {version} ({home.origin}) and the engine are up, {seconds:.1f} s")
        work: list[Awaitable[object]] = [supervisor.keep()]
        if street is not None:
            for line in street.describe():
                _say(console, f"  {line}")
            work.append(street.run())
        _tell_how(site, console)
        keeping = asyncio.ensure_future(_together(*work))
        try:
            yield keeping
        finally:
            loop = asyncio.get_running_loop()
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(name, lambda: None)  # it is stopping already
            _say(console, "Stopping …")
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)


async def _together(*work: Awaitable[object]) -> None:
    """Do all at once. The first that fails ends the others, and its error is raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def _tell_how(site: Site, console: Console) -> None:
    s = site.settings
    numbers = ", ".join(f"sip:{number}@{s.listen}:{s.ports.sip}" for number in s.numbers)
    _say(console, f"Dial {numbers}   (a phone's user name and password: hotline phones)")
    _say(console, f"Menus {site.flows}   site {site.file}   data and logs {site.data}")


async def _view(site: Site, console: Console, since: int, trouble: asyncio.Future[None]) -> None:
    """Show what is live until cancelled. Raises what ends the work behind it."""
    client = ControlClient(site)
    figures = await asyncio.to_thread(read_figures, site, since, since)
    live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
    least = pause = VIEW_S if live is not None else PLAIN_S
    floor: dict[str, Any] | None = None
    try:
        if live is not None:
            live.start()
        while True:
            done, _ = await asyncio.wait([trouble], timeout=pause)
            if done:
                trouble.result()
                return
            began = time.monotonic()
            now_live, wrong = await _floor(client)
            floor = now_live or floor
            figures = await _figures(site, since, figures)
            pause = max(
                least, min(LONGEST_PAUSE_S, 10 * (time.monotonic() - began))
            )  # or looking were the load
            if floor is None:
                continue
            if live is not None:
                live.update(picture(site, floor, figures, wrong), refresh=True)
            else:
                _say(console, plain(floor, figures))
    finally:
        client.close()
        if live is not None:
            live.stop()


async def _floor(client: ControlClient) -> tuple[dict[str, Any] | None, str | None]:
    try:
        floor = await client.ask("floor", timeout=ANSWER_S)
        health = await client.ask("health", timeout=ANSWER_S)
    except EngineAway:
        return None, "the engine is away: callers wait with music, conversations go on"
    for room in ("journal", "ledger"):
        why = health[room].get("trouble") or health[room].get("error")
        if why:
            return floor, f"{room}: {why}"
    return floor, None


async def _figures(site: Site, since: int, before: Figures) -> Figures:
    try:
        return await asyncio.to_thread(read_figures, site, since, time.time_ns() // 1_000_000)
    except LedgerError:
        return before


def _report(site: Site, console: Console, began: int) -> None:
    now = time.time_ns() // 1_000_000
    reader = LedgerReader(site.database, site=site.name)
    try:
        visits = reader.visits_of_calls(began, now)
    finally:
        reader.close()
    result = busy_hour(
        visits,
        began,
        now,
        site.zone,
        as_of=now,
        definition=definition_of(site),
        queues=site.settings.queues,
    )
    render(result, console)


def _midnight(site: Site) -> int:
    today = datetime.now(site.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(today.timestamp() * 1000)


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
