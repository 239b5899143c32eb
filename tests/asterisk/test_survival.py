"""What outlives what: callers and conversations survive the engine, and Asterisk's death is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import pytest

from hotline.asterisk.prefix import Toolbox
from hotline.control import EngineAway
from tests.asterisk.conftest import House, opened, write_site

ALL = (0, 2**62)


def engine_pid(house: House) -> int:
    process = house.supervisor.engine._process
    assert process is not None
    return process.pid


async def killed_engine(house: House) -> None:
    """Kill the engine with -9 and wait until the next one is ready."""
    os.kill(engine_pid(house), signal.SIGKILL)
    await asyncio.sleep(0.3)
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(EngineAway):
                if await house.control.ask("ready?", timeout=1):
                    return
            await asyncio.sleep(0.05)


@pytest.mark.timeout(180)
async def test_twenty_wait_and_five_talk_when_the_engine_is_killed_and_nobody_notices(
    tmp_path: Path, toolbox: Toolbox
) -> None:
    """Nobody is dropped, the order is kept, and the ledger is exact to the call."""
    site = write_site(tmp_path, ring="5s", wrap_up="100ms", more_agents=5)
    async with opened(site, toolbox) as house:
        for n in range(5):
            await house.seat_phone(f"{7000 + n}", rings_ms=100, talks_ms=8000 if n < 4 else 12_000)
        await house.until(lambda f: sum(s["state"] == "ready" for s in f["seats"].values()) == 5)
        callers = []
        for n in range(25):
            callers.append(house.exchange.call("10001", [("bye", 90_000)], caller=f"139{n:08}"))
            await asyncio.sleep(0.1)
        await house.until(
            lambda f: (
                sum(s["state"] == "talking" for s in f["seats"].values()) == 5
                and f["queues"]["billing"]["waiting"] == 20
            ),
            20,
        )
        await killed_engine(house)
        floor = await house.until(lambda f: f["queues"]["billing"]["waiting"] == 20)
        assert sum(s["state"] == "talking" for s in floor["seats"].values()) == 5
        assert floor["queues"]["billing"]["longest_wait_ms"] > 2000, "their waiting time goes on"
        for caller in callers:
            await caller.wait(120)
        await house.quiet(20)
        with house.ledger() as ledger:
            calls, visits, talks = ledger.calls(*ALL), ledger.visits(*ALL), ledger.conversations(*ALL)
            made = [o for v in visits for o in ledger.offers(v.call)]
    assert [c.outcome for c in calls] == ["flow-ended"] * 25
    assert [v.outcome for v in visits] == ["answered"] * 25
    assert len(talks) == 25
    by_arrival = [v.call for v in sorted(visits, key=lambda v: v.arrived)]
    by_offer = [o.call for o in sorted(made, key=lambda o: o.made)]
    assert by_offer == by_arrival, "first come, first served, across the restart"
    for talk in talks:
        long = talk.seat == "agent4"
        assert abs(talk.talk_ms - (12_000 if long else 8_000)) < 600, (
            "talk times are right across the restart"
        )


async def test_a_caller_in_the_menu_goes_on_there_after_the_engine_was_killed(house: House) -> None:
    await house.seat_phone("6003", rings_ms=100, talks_ms=500)
    await house.until(lambda f: f["seats"]["cai"]["state"] == "ready")
    caller = house.exchange.call("10000", [("wait", 5000), ("press", "2"), ("bye", 15_000)])
    await house.until(lambda f: [c["node"] for c in f["calls"].values()] == ["main"])
    await killed_engine(house)
    await caller.wait(25)
    await house.quiet()
    with house.ledger() as ledger:
        (call,) = ledger.calls(*ALL)
        (visit,) = ledger.visits(*ALL)
    assert (call.outcome, visit.queue, visit.outcome) == ("flow-ended", "faults", "answered")


async def test_a_conversation_that_ends_while_the_engine_is_away_is_recorded_right(house: House) -> None:
    await house.seat_phone("6001", rings_ms=100, talks_ms=1500)
    await house.until(lambda f: f["seats"]["ann"]["state"] == "ready")
    caller = house.exchange.call("10001", [("bye", 15_000)])
    await house.until(lambda f: f["seats"]["ann"]["state"] == "talking")
    os.kill(engine_pid(house), signal.SIGSTOP)  # away, without the supervisor's quick help
    await asyncio.sleep(2)
    os.kill(engine_pid(house), signal.SIGKILL)
    await caller.wait(20)
    await house.quiet(20)
    with house.ledger() as ledger:
        (visit,), (talk,) = ledger.visits(*ALL), ledger.conversations(*ALL)
    assert visit.outcome == "answered"
    assert 1300 <= talk.talk_ms <= 2300


async def test_a_caller_who_hangs_up_while_the_engine_is_away_is_taken_in_from_the_spool(
    house: House,
) -> None:
    caller = house.exchange.call("10001", [("wait", 2000), ("hangup", 0)])
    await house.until(lambda f: f["queues"]["billing"]["waiting"] == 1)
    gate = asyncio.Event()
    start = house.supervisor.engine.start

    async def start_later() -> None:
        await gate.wait()
        await start()

    house.supervisor.engine.start = start_later  # type: ignore[method-assign]
    os.kill(engine_pid(house), signal.SIGKILL)
    await caller.wait(10)
    assert list((house.site.data / "spool").glob("ended-*")), "the dialplan has kept the end"
    gate.set()
    await house.quiet(20)
    with house.ledger() as ledger:
        (call,), (visit,) = ledger.calls(*ALL), ledger.visits(*ALL)
    assert (call.outcome, visit.outcome) == ("engine-away", "abandoned")
    assert 1000 <= visit.wait_ms <= 3000, "the wait ended when he hung up, not when the engine was back"


async def test_when_asterisk_is_killed_its_calls_are_closed_with_the_reason(house: House) -> None:
    await house.seat_phone("6001", rings_ms=100, talks_ms=None)
    await house.until(lambda f: f["seats"]["ann"]["state"] == "ready")
    house.exchange.call("10001", [("bye", 30_000)])
    await house.until(lambda f: f["seats"]["ann"]["state"] == "talking")
    house.exchange.call("10001", [("bye", 30_000)])
    await house.until(lambda f: f["queues"]["billing"]["waiting"] == 1)
    pid = house.supervisor.asterisk.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await house.quiet(20)
    with house.ledger() as ledger:
        calls = ledger.calls(*ALL)
        outcomes = sorted(v.outcome for v in ledger.visits(*ALL))
        talks = ledger.conversations(*ALL)
    assert [c.outcome for c in calls] == ["asterisk-died"] * 2
    assert outcomes == ["answered", "other"]
    assert talks[0].talk_ms is not None
    assert house.supervisor.asterisk.pid() not in (None, pid), "the supervisor has started another"


async def test_a_wedged_engine_is_killed_and_replaced(house: House) -> None:
    old = engine_pid(house)
    os.kill(old, signal.SIGSTOP)
    for _ in range(200):
        await asyncio.sleep(0.1)
        if engine_pid(house) != old:
            break
    assert await house.until(lambda f: True, 20)
    assert engine_pid(house) != old


async def test_a_start_adopts_the_asterisk_that_carries_calls(tmp_path: Path, toolbox: Toolbox) -> None:
    """The supervisor and the engine die at once; the next supervisor finds the caller still waiting."""
    site = write_site(tmp_path)
    async with opened(site, toolbox) as house:
        caller = house.exchange.call("10001", [("bye", 40_000)])
        await house.until(lambda f: f["queues"]["billing"]["waiting"] == 1)
        pid = house.supervisor.asterisk.pid()
        child = house.supervisor.asterisk._child
        assert child is not None
        child.returncode = 0  # as if we were killed: nobody waits for it, nobody ends it
        house.supervisor.asterisk.stop = _nothing  # type: ignore[method-assign]
        house.exchange.running.remove(caller)
    async with opened(site, toolbox) as house:
        assert house.supervisor.adopted
        assert house.supervisor.asterisk.pid() == pid
        await house.until(lambda f: f["queues"]["billing"]["waiting"] == 1)
        await house.seat_phone("6001", rings_ms=100, talks_ms=300)
        await caller.wait(20)
        await house.quiet()
        with house.ledger() as ledger:
            (visit,) = ledger.visits(*ALL)
    assert visit.outcome == "answered"


async def _nothing() -> None:
    pass
