"""A bad day: the engine killed again and again under load, the database away, Asterisk's news late."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hotline.asterisk.prefix import Toolbox
from hotline.control import ControlClient, EngineAway
from hotline.site import Site
from hotline.street.config import StreetPorts
from hotline.street.model import TrafficModel
from hotline.street.street import Street
from hotline.supervisor import Supervisor
from hotline.upkeep.auditor import cdr_files
from ledger.cdr import read_cdr
from tests.asterisk.conftest import agrees, opened, write_site
from tests.asterisk.test_street import ports, site, until  # noqa: F401 the fixtures of the street

ALL = (0, 2**62)
KILLS = int(os.environ.get("HOTLINE_KILLS", "6"))
LAG_S = float(os.environ.get("HOTLINE_AMI_LAG", "3"))


async def keep_killing(supervisor: Supervisor, site: Site, times: int, dice: random.Random) -> None:  # noqa: F811
    """Kill each engine within some seconds of its being ready, at a moment that nobody chose."""
    for _ in range(times):
        await ready_engine(site)
        await asyncio.sleep(dice.uniform(0.0, 4.0))
        process = supervisor.engine._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.sleep(0.3)


async def ready_engine(site: Site) -> None:  # noqa: F811
    """Wait until an engine takes calls. One that died young is started again only after a pause."""
    client = ControlClient(site)
    async with asyncio.timeout(40):
        while True:
            with contextlib.suppress(EngineAway):
                if await client.ask("ready?", timeout=1):
                    client.close()
                    return
            await asyncio.sleep(0.05)


@pytest.mark.timeout(120 + 20 * KILLS)
async def test_an_engine_that_is_killed_again_and_again_drops_nobody_and_loses_nothing(
    site: Site,  # noqa: F811
    toolbox: Toolbox,
    ports: StreetPorts,  # noqa: F811
) -> None:
    """The callers' own count is the ledger's; no seat is left stuck; all agrees with Asterisk's records."""
    model = TrafficModel(
        seed=KILLS, per_minute=50, listening=(0.5, 1.5), leaves_in_menu=0.1, patience_mean=20, talk_mean=6
    )
    async with Supervisor(site, toolbox) as supervisor:
        keeping = asyncio.create_task(supervisor.keep())
        try:
            async with Street(site, toolbox, model, ports=ports) as street:
                traffic = asyncio.create_task(street.run())
                await keep_killing(supervisor, site, KILLS, random.Random(KILLS))
                await ready_engine(site)
                traffic.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await traffic
                await until(lambda ledger: not ledger.live_calls(), site, 40)
                for _ in range(200):  # what ended while no engine was there is taken in every two seconds
                    if not list((site.data / "spool").iterdir()):
                        break
                    await asyncio.sleep(0.1)
                await until(lambda ledger: not ledger.live_calls(), site, 40)
                await asyncio.sleep(1)
                counted = street.statistics()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
    agrees(site)
    with contextlib.closing(sqlite3.connect(site.data / "ledger.sqlite")) as ledger:
        outcomes = Counter(outcome for (outcome,) in ledger.execute("select outcome from visits"))
        stuck = ledger.execute(
            "select seat, state from seat_states where ended is null and state in "
            "('reserved', 'ringing', 'talking', 'hold')"
        ).fetchall()
        (kills,) = ledger.execute("select count(*) from engine_runs where how = 'killed'").fetchone()
        calls = {call for (call,) in ledger.execute("select call from calls")}
    reached = {call.call for call in read_cdr(cdr_files(site), site.zone).calls.values() if call.ours}
    assert kills == KILLS
    assert calls == reached, "every call that Asterisk knows of, whatever died meanwhile"
    assert 0 <= counted.placed - len(calls) <= 2, "the street was stopped while it placed its last ones"
    assert counted.failed == 0, "nobody was dropped"
    assert counted.answered == outcomes["answered"]
    assert stuck == []


async def test_calls_go_on_while_the_database_is_locked_and_the_ledger_catches_up(
    tmp_path: Path, toolbox: Toolbox
) -> None:
    async with opened(write_site(tmp_path), toolbox) as house:
        await house.seat_phone("6001", rings_ms=100, talks_ms=200)
        await house.until(lambda floor: floor["seats"]["ann"]["state"] == "ready")
        with contextlib.closing(sqlite3.connect(house.site.data / "ledger.sqlite", timeout=10)) as other:
            other.isolation_level = None
            other.execute("BEGIN EXCLUSIVE")
            for _ in range(4):
                await house.exchange.call("10001", [("bye", 15_000)]).wait(20)
                await house.until(lambda floor: floor["seats"]["ann"]["state"] == "ready")
            behind = (await house.control.ask("health"))["ledger"]
            assert behind["behind_events"] > 20
            other.execute("COMMIT")
        await house.quiet(20)
        with house.ledger() as ledger:
            outcomes = [visit.outcome for visit in ledger.visits(*ALL)]
        assert outcomes == ["answered"] * 4


class Slow:
    """A line to Asterisk's manager on which all that it says comes late, in order."""

    def __init__(self, port: int, lag: float) -> None:
        self._port = port
        self._lag = lag
        self.lag = 0.0  # from the moment at which a test says so
        self._serving: set[asyncio.Task[None]] = set()

    def slow_down(self) -> None:
        """Be late from now on."""
        self.lag = self._lag

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        try:
            yield
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, to_them = await asyncio.open_connection("127.0.0.1", self._port)
        late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        async def hear() -> None:
            while data := await theirs.read(65_536):
                late.put_nowait((loop.time() + self.lag, data))
            late.put_nowait((0.0, b""))

        async def tell() -> None:
            while True:
                due, data = await late.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not data:
                    writer.close()
                    return
                writer.write(data)

        async def ask() -> None:
            while data := await reader.read(65_536):
                to_them.write(data)
            to_them.close()

        try:
            with contextlib.suppress(ConnectionError):
                await asyncio.gather(hear(), tell(), ask())
        finally:
            for end in (writer, to_them):
                end.close()
                with contextlib.suppress(ConnectionError):
                    await end.wait_closed()


@pytest.mark.timeout(150)
async def test_news_of_asterisk_that_comes_late_makes_no_figure_wrong_and_leaves_no_seat_stuck(
    tmp_path: Path, toolbox: Toolbox
) -> None:
    site = write_site(tmp_path)  # noqa: F811
    (own,) = {site.settings.ports.ami}
    through = own + 1
    text = site.file.read_text().replace(f"ami: {own}", f"ami: {through}")
    site.file.write_text(text)  # the engine reads it; Asterisk's own port is that of the site that we hold
    slow = Slow(own, LAG_S)
    async with slow.listening(through), opened(site, toolbox) as house:
        await house.seat_phone("6001", rings_ms=300, talks_ms=800)
        await house.until(lambda floor: floor["seats"]["ann"]["state"] == "ready")
        slow.slow_down()
        calls = [house.exchange.call("10001", [("bye", 60_000)]) for _ in range(3)]
        for call in calls:
            await call.wait(70)
        await house.until(lambda floor: floor["seats"]["ann"]["state"] == "ready", 20)
        await house.quiet(20)
        with house.ledger() as ledger:
            visits = ledger.visits(*ALL)
            talks = ledger.conversations(*ALL)
        assert [visit.outcome for visit in visits] == ["answered"] * 3
        for talk in talks:
            assert talk.talk_ms is not None
            assert 600 <= talk.talk_ms <= 1500, "as long as it was, however late the news"
        first = min(visits, key=lambda visit: visit.wait_ms or 0)
        assert first.wait_ms is not None
        assert first.wait_ms <= 1500
