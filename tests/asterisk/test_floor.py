"""What agents and supervisors do while calls are on: by the phone's codes, by commands, by a changed config.yaml."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hotline.asterisk.prefix import Toolbox
from hotline.site import Site, load_site
from tests.asterisk.conftest import House, free_ports, opened
from tests.asterisk.handset import Callers

ALL = (0, 2**62)
SITE = """\
site: floor
music: silence
numbers:
  "9001": {{flow: help, language: en}}
codes: {{"*50": {{flow: desk, language: en}}}}
skills: [help, other]
queues:
  help: {{skills: {{help: 1}}, ring: 4s, wrap_up: 200ms, whisper: {{en: "A call for the help desk. Please be kind."}}}}
  other: {{skills: {{other: 1}}, ring: 4s, wrap_up: 200ms}}
agents:
  ann: {{name: Ann, number: "7", phone: "6001", skills: {{help: 1}}}}
  bob: {{name: Bob, number: "8", skills: {{other: 1}}}}
phones: {{"6001": {{}}, "6002": {{}}}}
trunks: {{loopback: {{address: [127.0.0.1], dtmf: inband}}}}
ports: {{sip: {sip}, agi: {agi}, ami: {ami}, mqtt: {mqtt}, rtp_first: {rtp}, rtp_last: {rtp_last}}}
"""
HELP = """\
flow: help
languages: [en]
start: wait
prompts:
  bye: {en: Bye.}
  place: {en: ["You are number", {number: =vars.place}, "in line, thank you for your patience and for waiting."]}
nodes:
  wait: {queue: help, tell: {after: 2s, every: 20s, place: place}, answered: bye, closed: gone, otherwise: bye}
  gone: {hangup: bye}
  bye: {hangup: bye}
"""
DESK = """\
flow: desk
languages: [en]
start: who
prompts: {number: {en: Number.}, pin: {en: Pin.}, menu: {en: Menu.}, done: {en: Done.}, sorry: {en: Sorry.}}
nodes:
  who: {seat: look, next: menu, signed_out: number, refused: sorry}
  number: {collect: number, into: agent, next: pin, failure: sorry}
  pin: {collect: pin, into: pin, length: 6, secret: true, next: in, failure: sorry}
  in: {seat: sign-in, agent: =vars.agent, pin: =vars.pin, next: done, refused: sorry}
  menu: {menu: menu, keys: {1: ready, 2: pause, 0: out}, failure: sorry}
  ready: {seat: ready, next: done, refused: sorry}
  pause: {seat: not-ready, reason: meal, next: done, refused: sorry}
  out: {seat: sign-out, next: done, refused: sorry}
  done: {hangup: done}
  sorry: {hangup: sorry}
"""


def floor_site(folder: Path) -> Site:
    sip, agi, ami, mqtt, rtp = free_ports(5)
    rtp = min(rtp, 64000) // 2 * 2
    (folder / "flows").mkdir(parents=True)
    (folder / "flows" / "help.yaml").write_text(HELP)
    (folder / "flows" / "desk.yaml").write_text(DESK)
    config = SITE.format(sip=sip, agi=agi, ami=ami, mqtt=mqtt, rtp=rtp, rtp_last=rtp + 600)
    (folder / "config.yaml").write_text(config)
    return load_site(folder / "config.yaml")


@pytest.fixture
async def house(tmp_path: Path, toolbox: Toolbox) -> AsyncIterator[House]:
    async with opened(floor_site(tmp_path), toolbox) as up:
        yield up


async def ready(house: House, *seats: str) -> None:
    await house.until(lambda floor: all(floor["seats"][seat]["state"] == "ready" for seat in seats))


async def waiting(house: House, queue: str, count: int) -> None:
    await house.until(lambda floor: floor["queues"][queue]["waiting"] == count)


async def test_an_agent_signs_in_pauses_and_goes_home_by_his_phone_alone(house: House) -> None:
    secret = house.secrets.phones["6002"]
    login = (secret.username, secret.password)
    await house.seat_phone("6002", rings_ms=100, talks_ms=100)
    pin = json.loads((house.site.data / "pins.json").read_text())["bob"]

    async def dial(*keys: str) -> None:
        steps: list[tuple[str, int | str]] = []
        for pressed in keys:
            steps += [("wait", 1500), ("press", pressed)]
        await house.exchange.call("*50", [*steps, ("bye", 15_000)], login=login).wait(40)

    await dial("8#", pin)
    await ready(house, "bob")
    await dial("2")
    await house.until(lambda floor: floor["seats"]["bob"]["reason"] == "meal")
    await dial("1")
    await ready(house, "bob")
    await dial("0")
    await house.until(lambda floor: floor["seats"]["bob"]["state"] == "signed-out")
    await dial("8#", "000000" if pin != "000000" else "111111")
    assert (await house.floor())["seats"]["bob"]["state"] == "signed-out"
    await house.quiet()
    with house.ledger() as ledger:
        kinds = {call.call_kind for call in ledger.calls(*ALL)}
    assert kinds == {"service"}
    with Callers(house, house.ledger().__enter__()).ledger._engine.connect() as connection:
        rows = connection.exec_driver_sql("select action, subject, intervened_by from interventions").all()
    assert ("sign-in", "bob", "phone of bob") in [tuple(row) for row in rows]
    for file in (house.site.data / "logs").glob("*"):
        assert pin not in file.read_text(errors="replace")


async def test_a_code_is_for_the_sites_phones_alone(house: House) -> None:
    call = house.exchange.call("*50", [("bye", 5_000)])
    with pytest.raises(AssertionError, match="404"):
        await call.wait(10)


async def test_the_agent_hears_the_whisper_before_he_is_joined_and_the_wait_lasts_until_then(
    house: House,
) -> None:
    await house.seat_phone("6001", rings_ms=200, talks_ms=5000)
    await ready(house, "ann")
    call = house.exchange.call("9001", [("bye", 20_000)])
    await house.until(lambda floor: floor["seats"]["ann"]["state"] == "talking")
    await call.wait(25)
    await house.quiet()
    with house.ledger() as ledger:
        (visit,) = ledger.visits(*ALL)
        (talk,) = ledger.conversations(*ALL)
    assert visit.wait_ms is not None
    assert talk.talk_ms is not None
    assert visit.wait_ms >= 1500, "it rang for 0.2 s, and the announcement takes about 2 s"
    assert talk.talk_ms <= 4500


async def test_an_agent_who_hangs_up_on_the_whisper_has_refused_and_the_caller_keeps_his_place(
    house: House,
) -> None:
    await house.seat_phone("6001", rings_ms=200, talks_ms=300)
    await ready(house, "ann")
    call = house.exchange.call("9001", [("wait", 4000), ("hangup", 0)])
    await house.until(lambda floor: floor["seats"]["ann"]["reason"] == "refused")
    await waiting(house, "help", 1)
    await call.wait(20)
    await house.quiet()
    with house.ledger() as ledger:
        (visit,) = ledger.visits(*ALL)
        (offer,) = ledger.offers(visit.call)
        assert ledger.conversations(*ALL) == []
    assert (visit.outcome, offer.outcome) == ("abandoned", "refused")


async def test_a_caller_is_told_his_place_and_a_seat_that_falls_free_ends_the_words_at_once(
    house: House,
) -> None:
    await house.seat_phone("6001", rings_ms=100, talks_ms=4000)
    await ready(house, "ann")
    await house.control.ask("not-ready", seat="ann", reason="lunch")
    with house.ledger() as ledger:
        callers = Callers(house, ledger)
        async with callers.calls(("13900000001", "9001")) as (caller,):
            await waiting(house, "help", 1)
            for _ in range(100):
                if len(caller.voice.packets) > 30:  # no music is played here: so it is the words
                    break
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.3)
            await house.control.ask("ready", seat="ann")
            began = asyncio.get_running_loop().time()
            await house.until(lambda floor: floor["seats"]["ann"]["state"] == "ringing", 5)
            assert asyncio.get_running_loop().time() - began < 1.5, "the words take five seconds"
            await caller.ends()
    with house.ledger() as ledger, ledger._engine.connect() as connection:
        rows = connection.exec_driver_sql("select position, low_ms from waits_told").all()
    assert [tuple(row) for row in rows] == [(1, None)]


async def test_a_call_that_is_moved_is_served_there_with_what_it_has_waited(house: House) -> None:
    await house.seat_phone("6002", rings_ms=100, talks_ms=300)
    await house.control.ask("sign-in", seat="bob", phone="6002")
    await house.seat_phone("6001", rings_ms=100, talks_ms=300)
    await ready(house, "ann", "bob")
    await house.control.ask("not-ready", seat="ann", reason="lunch")
    call = house.exchange.call("9001", [("bye", 20_000)])
    await waiting(house, "help", 1)
    (name,) = (await house.floor())["calls"]
    await asyncio.sleep(1)
    await house.control.ask("move-call", call=name, queue="other", by="boss")
    await call.wait(25)
    await house.quiet()
    with house.ledger() as ledger:
        first, second = ledger.visits(*ALL)
    assert (first.queue, first.outcome, first.reason) == ("help", "overflowed", "moved")
    assert (second.queue, second.outcome, second.seat) == ("other", "answered", "bob")
    assert second.credit_ms == first.wait_ms


async def test_a_changed_config_counts_for_those_who_wait(house: House) -> None:
    """Another agent gains the skill; then the queue itself goes, and its callers leave it by their flow's way."""
    await house.seat_phone("6002", rings_ms=100, talks_ms=3500)
    await house.control.ask("sign-in", seat="bob", phone="6002")
    await house.seat_phone("6001", rings_ms=100, talks_ms=300)
    await ready(house, "ann", "bob")
    await house.control.ask("not-ready", seat="ann", reason="lunch")
    file = house.site.file
    written = file.read_text()
    first = house.exchange.call("9001", [("bye", 20_000)])
    await waiting(house, "help", 1)
    file.write_text(written.replace("skills: {other: 1}}\nphones", "skills: {other: 1, help: 1}}\nphones"))
    assert (await house.control.ask("reload", by="boss"))["changed"] == ["agents"]
    await first.wait(25)
    await house.control.ask("not-ready", seat="bob", reason="lunch")
    second = house.exchange.call("9001", [("bye", 20_000)])
    await waiting(house, "help", 1)
    (house.site.flows / "help.yaml").write_text(HELP.replace("queue: help", "queue: other"))
    without = "\n".join(line for line in written.splitlines() if not line.startswith("  help: "))
    file.write_text(without + "\n")
    answer = await house.control.ask("reload", by="boss", timeout=20)
    assert "queues" in answer["changed"]
    await second.wait(25)
    await house.quiet()
    with house.ledger() as ledger:
        outcomes = [(visit.outcome, visit.reason, visit.seat) for visit in ledger.visits(*ALL)]
    assert outcomes == [("answered", None, "bob"), ("overflowed", "queue-removed", None)]
