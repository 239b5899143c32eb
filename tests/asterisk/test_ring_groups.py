"""Ring groups, holds, private calls and announcements to agents, on a real Asterisk with real phones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hotline.asterisk.prefix import Toolbox
from hotline.site import Site, load_site
from tests.asterisk.conftest import House, free_ports, opened
from tests.asterisk.test_survival import killed_engine

ALL = (0, 2**62)
PHONES = ("6001", "6002", "6003")
SITE = """\
site: group
music: silence
numbers: {{"9001": {{flow: help, language: en}}}}
skills: [help]
queues:
  help: {{skills: {{help: 1}}, ring: 4s, wrap_up: 200ms, ring_all: 3{more}}}
agents:
  ann: {{name: Ann, phone: "6001", skills: {{help: 1}}}}
  bob: {{name: Bob, phone: "6002", skills: {{help: 1}}}}
  cai: {{name: Cai, phone: "6003", skills: {{help: 1}}}}
phones: {{"6001": {{}}, "6002": {{}}, "6003": {{}}, "6009": {{}}}}
rona: {{misses: 1, pause: 20s}}
trunks: {{loopback: {{address: [127.0.0.1]}}}}
ports: {{sip: {sip}, agi: {agi}, ami: {ami}, mqtt: {mqtt}, rtp_first: {rtp}, rtp_last: {rtp_last}}}
"""
FLOW = """\
flow: help
languages: [en]
start: wait
prompts: {bye: {en: Bye.}}
nodes:
  wait: {queue: help, answered: bye, otherwise: bye}
  bye: {hangup: bye}
"""


def group(folder: Path, more: str = "") -> Site:
    """Write the site of the ring group."""
    sip, agi, ami, mqtt, rtp = free_ports(5)
    rtp = min(rtp, 64000) // 2 * 2
    (folder / "flows").mkdir(parents=True)
    (folder / "flows" / "help.yaml").write_text(FLOW)
    config = SITE.format(more=more, sip=sip, agi=agi, ami=ami, mqtt=mqtt, rtp=rtp, rtp_last=rtp + 600)
    (folder / "config.yaml").write_text(config)
    return load_site(folder / "config.yaml")


@pytest.fixture
async def house(tmp_path: Path, toolbox: Toolbox) -> AsyncIterator[House]:
    async with opened(group(tmp_path), toolbox) as up:
        yield up


async def ready(house: House, *seats: str) -> None:
    await house.until(lambda floor: all(floor["seats"][seat]["state"] == "ready" for seat in seats))


async def test_of_three_phones_that_answer_in_the_same_moment_one_has_the_conversation(house: House) -> None:
    for phone in PHONES:
        await house.seat_phone(phone, rings_ms=300, talks_ms=700)
    await ready(house, "ann", "bob", "cai")
    await house.exchange.call("9001", [("bye", 15_000)]).wait(20)
    await ready(house, "ann", "bob", "cai")
    await house.quiet()
    with house.ledger() as ledger:
        (visit,) = ledger.visits(*ALL)
        (offer,) = ledger.offers(visit.call)
        rings = ledger.rings(visit.call)
        (talk,) = ledger.conversations(*ALL)
        talked = [i.seat for i in ledger.seat_intervals(*ALL) if i.state == "talking"]
    assert (visit.outcome, offer.outcome) == ("answered", "answered")
    assert sorted(ring.seat for ring in rings) == ["ann", "bob", "cai"]
    assert sorted(str(ring.outcome) for ring in rings) == ["answered", "cancelled", "cancelled"]
    winner = next(ring.seat for ring in rings if ring.outcome == "answered")
    assert talked == [winner] == [talk.seat] == [visit.seat]
    assert talk.talk_ms is not None
    assert 500 <= talk.talk_ms <= 1200


async def test_one_who_refuses_leaves_the_group_at_once_and_the_others_ring_on(house: House) -> None:
    await house.seat_phone("6001", answer="603 Decline")
    await house.seat_phone("6002", rings_ms=1500, talks_ms=300)
    await ready(house, "ann", "bob")
    call = house.exchange.call("9001", [("bye", 15_000)])
    floor = await house.until(lambda floor: floor["seats"]["ann"]["state"] == "not-ready")
    assert floor["seats"]["bob"]["state"] == "ringing"
    assert floor["seats"]["ann"]["reason"] == "refused"
    await call.wait(20)
    await house.quiet()
    with house.ledger() as ledger:
        (visit,) = ledger.visits(*ALL)
        outcomes = {ring.seat: ring.outcome for ring in ledger.rings(visit.call)}
    assert (outcomes, visit.seat) == ({"ann": "refused", "bob": "answered"}, "bob")


async def test_one_who_hangs_up_on_the_announcement_has_refused_and_the_others_have_not(
    tmp_path: Path, toolbox: Toolbox
) -> None:
    whisper = ', whisper: {en: "A call for the help desk. Please be kind."}'
    async with opened(group(tmp_path, whisper), toolbox) as house:
        await house.seat_phone("6001", rings_ms=200, talks_ms=600)
        await house.seat_phone("6002", rings_ms=1000, talks_ms=5000)
        await ready(house, "ann", "bob")
        call = house.exchange.call("9001", [("bye", 20_000)])
        floor = await house.until(lambda floor: floor["seats"]["ann"]["state"] == "not-ready")
        assert floor["seats"]["ann"]["reason"] == "refused"
        assert floor["seats"]["bob"]["state"] in ("ready", "reserved", "ringing")
        await call.wait(25)
        await house.quiet()
        with house.ledger() as ledger:
            (visit,) = ledger.visits(*ALL)
            rings = [(ring.seat, ring.outcome) for ring in ledger.rings(visit.call)]
    assert (visit.outcome, visit.seat) == ("answered", "bob")
    assert rings == [("ann", "refused"), ("bob", "cancelled"), ("bob", "answered")]


async def test_a_group_that_lets_it_ring_out_has_missed_it_all_of_them(house: House) -> None:
    for phone in ("6001", "6002"):
        await house.seat_phone(phone, answer="")
    await ready(house, "ann", "bob")
    call = house.exchange.call("9001", [("wait", 5500), ("hangup", 0)])
    floor = await house.until(lambda floor: floor["seats"]["ann"]["state"] == "not-ready")
    assert {floor["seats"][seat]["reason"] for seat in ("ann", "bob")} == {"missed"}
    await call.wait(20)
    await house.quiet()
    with house.ledger() as ledger:
        (visit,) = ledger.visits(*ALL)
        (offer,) = ledger.offers(visit.call)
        rings = {ring.seat: (ring.outcome, ring.ended is not None) for ring in ledger.rings(visit.call)}
    assert offer.outcome == "no-answer"
    assert rings == {"ann": ("no-answer", True), "bob": ("no-answer", True)}


async def test_an_engine_that_is_killed_while_a_group_rings_leaves_one_conversation(house: House) -> None:
    for phone in PHONES:
        await house.seat_phone(phone, rings_ms=1500, talks_ms=6000)
    await ready(house, "ann", "bob", "cai")
    call = house.exchange.call("9001", [("bye", 25_000)])
    await house.until(lambda floor: [s["state"] for s in floor["seats"].values()].count("ringing") == 3)
    await killed_engine(house)
    await house.until(lambda floor: [s["state"] for s in floor["seats"].values()].count("talking") == 1, 15)
    await call.wait(30)
    await ready(house, "ann", "bob", "cai")
    await house.quiet()
    with house.ledger() as ledger:
        (visit,) = ledger.visits(*ALL)
        (talk,) = ledger.conversations(*ALL)
        rings = ledger.rings(visit.call)
    assert visit.outcome == "answered"
    assert visit.seat == talk.seat
    assert all(ring.ended is not None for ring in rings)
    assert [str(ring.outcome) for ring in rings].count("answered") == 1


async def test_a_phone_that_is_in_a_private_call_is_not_offered(house: House) -> None:
    await house.seat_phone("6001", rings_ms=100, talks_ms=300)
    await house.seat_phone("6009", rings_ms=100, talks_ms=2500)
    await ready(house, "ann")
    secret = house.secrets.phones["6001"]
    login = (secret.username, secret.password)
    private = house.exchange.call("6009", [("bye", 10_000)], login=login)
    floor = await house.until(lambda floor: floor["seats"]["ann"]["state"] == "not-ready")
    assert floor["seats"]["ann"]["reason"] == "phone-busy"
    call = house.exchange.call("9001", [("bye", 15_000)])
    await private.wait(10)
    await call.wait(20)
    await house.quiet()
    with house.ledger() as ledger:
        states = [(i.state, i.reason) for i in ledger.seat_intervals(*ALL) if i.seat == "ann"]
        (visit,) = ledger.visits(*ALL)
        assert visit.outcome == "answered", visit
        (offer,) = ledger.offers(visit.call)
    assert ("not-ready", "phone-busy") in states
    assert (visit.outcome, offer.outcome) == ("answered", "answered")
    assert offer.made - visit.arrived > 500, "it waited for the end of the private call"
