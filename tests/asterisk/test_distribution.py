"""The rules of distribution on a real Asterisk: only the right phone rings, at the right moment, in the right order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hotline.asterisk.prefix import Toolbox
from hotline.site import Site, load_site
from ledger.records import Offer, Visit
from tests.asterisk.conftest import House, free_ports, opened

ALL = (0, 2**62)
SITE = """\
site: rules
music: silence
numbers:
  "9001": {{flow: help, language: en}}
  "9002": {{flow: shop, language: en}}
  "9003": {{flow: urgent, language: en}}
  "9004": {{flow: owned, language: en}}
skills: [english, shop, vip]
queues:
  help:
    skills: {{english: 5}}
    wrap_up: 200ms
    widen: [{{after: 2s, skills: {{english: 3}}}}, {{after: 4s, skills: {{english: 1}}}}]
  shop: {{skills: {{shop: 1}}, wrap_up: 100ms, capacity: 11}}
  owned: {{skills: {{vip: 1}}, wrap_up: 100ms, owner_wait: 5s}}
agents:
  five:  {{name: Five, phone: "6005", skills: {{english: 5}}}}
  three: {{name: Three, phone: "6003", skills: {{english: 3}}}}
  one:   {{name: One, phone: "6001", skills: {{english: 1}}}}
  clerk: {{name: Clerk, phone: "6010", skills: {{shop: 1}}}}
  ann:   {{name: Ann, phone: "6021", skills: {{vip: 1}}}}
  bob:   {{name: Bob, phone: "6022", skills: {{vip: 1}}}}
phones: {{"6001": {{}}, "6003": {{}}, "6005": {{}}, "6010": {{}}, "6021": {{}}, "6022": {{}}}}
tiers: {{gold: {{level: 2, credit: 90s}}}}
customers: {{"13900000007": {{tier: gold}}}}
trunks: {{loopback: {{address: [127.0.0.1]}}}}
ports: {{sip: {sip}, agi: {agi}, ami: {ami}, mqtt: {mqtt}, rtp_first: {rtp}, rtp_last: {rtp_last}}}
"""
QUEUE = """\
flow: {flow}
languages: [en]
start: wait
prompts: {{bye: {{en: Bye.}}, full: {{en: All lines are busy.}}}}
nodes:
  wait: {{queue: {queue}, priority: {priority}, answered: bye, full: full, otherwise: bye}}
  full: {{hangup: full}}
  bye: {{hangup: bye}}
"""


def rules(folder: Path) -> Site:
    """Write the site of the rules."""
    sip, agi, ami, mqtt, rtp = free_ports(5)
    rtp = min(rtp, 64000) // 2 * 2
    (folder / "flows").mkdir(parents=True)
    for flow, queue, priority in (
        ("help", "help", 0),
        ("shop", "shop", 0),
        ("urgent", "shop", 5),
        ("owned", "owned", 0),
    ):
        text = QUEUE.format(flow=flow, queue=queue, priority=priority)
        (folder / "flows" / f"{flow}.yaml").write_text(text)
    config = SITE.format(sip=sip, agi=agi, ami=ami, mqtt=mqtt, rtp=rtp, rtp_last=rtp + 600)
    (folder / "config.yaml").write_text(config)
    return load_site(folder / "config.yaml")


@pytest.fixture
async def house(tmp_path: Path, toolbox: Toolbox) -> AsyncIterator[House]:
    async with opened(rules(tmp_path), toolbox) as up:
        yield up


async def ready(house: House, *seats: str) -> None:
    await house.until(lambda floor: all(floor["seats"][seat]["state"] == "ready" for seat in seats))


async def visits_and_offers(house: House) -> list[tuple[str, Visit, list[Offer]]]:
    """Wait until all is over; return each visit with its caller and its offers, in the order of arrival."""
    await house.quiet(30)
    with house.ledger() as ledger:
        ani = {call.call: call.ani for call in ledger.calls(*ALL)}
        found = [
            (ani[v.call], v, [o for o in ledger.offers(v.call) if o.visit == v.visit])
            for v in ledger.visits(*ALL)
        ]
    return sorted(found, key=lambda row: row[1].arrived)


@pytest.mark.parametrize(
    ("away", "rings", "after_ms"),
    [((), "five", 0), (("five",), "three", 2000), (("five", "three"), "one", 4000)],
)
async def test_a_queue_asks_for_less_the_longer_its_caller_waits(
    house: House, away: tuple[str, ...], rings: str, after_ms: int
) -> None:
    for phone in ("6001", "6003", "6005"):
        await house.seat_phone(phone, rings_ms=100, talks_ms=300)
    await ready(house, "five", "three", "one")
    for seat in away:
        await house.control.ask("not-ready", seat=seat, reason="lunch")
    await house.exchange.call("9001", [("bye", 15_000)]).wait(20)
    ((_, visit, offers),) = await visits_and_offers(house)
    assert [offer.seat for offer in offers] == [rings]
    assert after_ms <= offers[0].made - visit.arrived <= after_ms + 150


async def test_twelve_callers_leave_by_priority_then_age_and_the_twelfth_hears_that_all_is_full(
    house: House,
) -> None:
    await house.seat_phone("6010", rings_ms=50, talks_ms=100)
    await ready(house, "clerk")
    await house.control.ask("not-ready", seat="clerk", reason="lunch")
    numbers = ["9002", "9002", "9003", "9002", "9002", "9002", "9003", "9002", "9002", "9002", "9003", "9002"]
    calls = []
    for index, number in enumerate(numbers):
        calls.append(house.exchange.call(number, [("bye", 40_000)], caller=f"1380000{index:04}"))
        if index < 11:
            await house.until(lambda floor, n=index + 1: floor["queues"]["shop"]["waiting"] == n)
    await calls.pop().wait(20)
    await house.control.ask("ready", seat="clerk")
    for call in calls:
        await call.wait(40)
    rows = await visits_and_offers(house)
    outcomes = {int(ani[-4:]): (visit.outcome, visit.reason) for ani, visit, _ in rows}
    assert outcomes.pop(11) == ("overflowed", "full")
    assert set(outcomes.values()) == {("answered", None)}
    served = sorted((offers[-1].made, int(ani[-4:])) for ani, _, offers in rows if offers)
    assert [index for _, index in served] == [2, 6, 10, 0, 1, 3, 4, 5, 7, 8, 9]


async def test_a_gold_customer_goes_before_those_who_wait_less_than_his_credit(house: House) -> None:
    await house.seat_phone("6010", rings_ms=50, talks_ms=100)
    await ready(house, "clerk")
    await house.control.ask("not-ready", seat="clerk", reason="lunch")
    calls = []
    for index, caller in enumerate(("13900000001", "13900000002", "13900000007")):
        calls.append(house.exchange.call("9002", [("bye", 20_000)], caller=caller))
        await house.until(lambda floor, n=index + 1: floor["queues"]["shop"]["waiting"] == n)
    await house.control.ask("ready", seat="clerk")
    for call in calls:
        await call.wait(25)
    rows = await visits_and_offers(house)
    served = sorted((offers[-1].made, ani) for ani, _, offers in rows)
    assert [ani for _, ani in served] == ["13900000007", "13900000001", "13900000002"]


async def test_who_calls_again_is_served_by_the_agent_who_served_him_last(house: House) -> None:
    """Even where another has been idle longer."""
    for phone in ("6021", "6022"):
        await house.seat_phone(phone, rings_ms=50, talks_ms=200)
    await ready(house, "ann", "bob")
    for caller in ("13900000001", "13900000002", "13900000001", "13900000001"):
        await house.exchange.call("9004", [("bye", 15_000)], caller=caller).wait(20)
        await ready(house, "ann", "bob")
    served = [(ani, visit.seat) for ani, visit, _ in await visits_and_offers(house)]
    first = served[0][1]
    assert served[0][1] != served[1][1], "the longest idle is asked where nobody is known"
    assert [seat for ani, seat in served if ani == "13900000001"] == [first] * 3


async def test_who_served_him_last_is_waited_for_and_then_another_is_asked(house: House) -> None:
    for phone in ("6021", "6022"):
        await house.seat_phone(phone, rings_ms=50, talks_ms=200)
    await ready(house, "ann", "bob")
    await house.exchange.call("9004", [("bye", 15_000)]).wait(20)
    await ready(house, "ann", "bob")
    ((_, visit, _),) = await visits_and_offers(house)
    other = "bob" if visit.seat == "ann" else "ann"
    await house.control.ask("not-ready", seat=visit.seat, reason="lunch")
    await house.exchange.call("9004", [("bye", 15_000)]).wait(20)
    _, (_, again, offers) = await visits_and_offers(house)
    assert again.seat == other
    assert offers[0].made - again.arrived <= 5200
