"""Call-backs on a real Asterisk: the seat is reserved, the customer rung, and the two put through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.messages import Refused
from hotline.asterisk.prefix import Toolbox
from hotline.site import Site, load_site
from ledger.reader import LedgerReader
from tests.asterisk.conftest import House, free_ports, opened
from tests.asterisk.test_survival import killed_engine

ALL = (0, 2**62)
CUSTOMER = "13900000001"
SITE = """\
site: back
music: silence
numbers: {{"9001": {{flow: help, language: en}}}}
skills: [help]
queues:
  help: {{skills: {{help: 1}}, ring: 4s, wrap_up: 200ms}}
agents:
  ann: {{name: Ann, phone: "6001", skills: {{help: 1}}}}
phones: {{"6001": {{}}}}
callbacks: {{attempts: 2, retry: 3s, ring: 3s{more}}}
trunks: {{carrier: {{dtmf: inband, address: [127.0.0.1], host: "127.0.0.1:{customer}"}}}}
outbound: {{trunk: carrier, allow: ["139XXXXXXXX"], per_number_daily: 9}}
ports: {{sip: {sip}, agi: {agi}, ami: {ami}, mqtt: {mqtt}, rtp_first: {rtp}, rtp_last: {rtp_last}}}
"""
FLOW = """\
flow: help
languages: [en]
start: wait
prompts: {bye: {en: Bye.}}
nodes:
  wait: {queue: help, keys: {1: back}, answered: bye, otherwise: bye}
  back: {callback: help, number: =caller.number, next: bye, not_allowed: refused}
  refused: {hangup: bye}
  bye: {hangup: bye}
"""


def tries(ledger: LedgerReader) -> list[str]:
    """How the attempts came to nothing."""
    with ledger._engine.connect() as connection:
        return list(
            connection.exec_driver_sql("select outcome from callback_tries order by attempt").scalars()
        )


def healings(ledger: LedgerReader) -> list[str]:
    """What had to be put right."""
    with ledger._engine.connect() as connection:
        return list(connection.exec_driver_sql("select what from healings").scalars())


class Back:
    """A house that calls back, and the port of the customer's telephone."""

    def __init__(self, house: House, customer: int) -> None:
        self.house = house
        self.customer = customer

    async def until(self, state: str, seconds: float = 15) -> None:
        await self.house.until(lambda floor: floor["seats"]["ann"]["state"] == state, seconds)

    async def tried(self) -> None:
        """Wait until the customer was rung in vain."""
        with self.house.ledger() as ledger:
            for _ in range(400):
                if any(o.ended for v in ledger.visits(*ALL) for o in ledger.offers(v.call)):
                    return
                await asyncio.sleep(0.05)
        raise AssertionError("nobody was rung")

    async def ask(self) -> None:
        """Wait in the queue while Ann is at lunch, ask to be called, and hang up."""
        await self.house.control.ask("not-ready", seat="ann", reason="lunch")
        steps = [("wait", 2000), ("press", "1"), ("bye", 10_000)]
        await self.house.exchange.call("9001", steps, caller=CUSTOMER).wait(20)
        await self.house.until(lambda floor: floor["queues"]["help"]["callbacks"] == 1)


def site(folder: Path, customer: int, more: str = "") -> Site:
    sip, agi, ami, mqtt, rtp = free_ports(5)
    rtp = min(rtp, 64000) // 2 * 2
    (folder / "flows").mkdir(parents=True)
    (folder / "flows" / "help.yaml").write_text(FLOW)
    config = SITE.format(
        more=more, customer=customer, sip=sip, agi=agi, ami=ami, mqtt=mqtt, rtp=rtp, rtp_last=rtp + 600
    )
    (folder / "config.yaml").write_text(config)
    return load_site(folder / "config.yaml")


@pytest.fixture
async def back(tmp_path: Path, toolbox: Toolbox) -> AsyncIterator[Back]:
    (customer,) = free_ports(1)
    async with opened(site(tmp_path, customer), toolbox) as up:
        await up.seat_phone("6001", rings_ms=200, talks_ms=800)
        made = Back(up, customer)
        await made.until("ready")
        yield made


async def test_the_customer_is_rung_when_a_seat_is_reserved_and_talks_with_it(back: Back) -> None:
    back.house.exchange.phone(back.customer, rings_ms=300)
    await back.ask()
    await back.house.control.ask("ready", seat="ann")
    await back.until("talking")
    await back.until("ready")
    await back.house.quiet()
    with back.house.ledger() as ledger:
        first, second = ledger.visits(*ALL)
        (offer,) = ledger.offers(second.call)
        (talk,) = ledger.conversations(*ALL)
        (call,) = [c for c in ledger.calls(*ALL) if c.call_kind == "callback"]
        assert ledger.open_callbacks() == []
    assert (first.outcome, first.visit_kind) == ("called-back", "call")
    assert (second.outcome, second.visit_kind, second.seat) == ("answered", "callback", "ann")
    assert second.credit_ms is not None
    assert second.credit_ms >= 1000, "he keeps what he has waited"
    assert (offer.outcome, talk.visit, call.ani) == ("answered", second.visit, CUSTOMER)
    assert talk.talk_ms is not None
    assert 600 <= talk.talk_ms <= 1600


async def test_a_customer_who_is_busy_is_tried_again_and_the_seat_serves_others_meanwhile(back: Back) -> None:
    busy = back.house.exchange.phone(back.customer, answer="486 Busy Here")
    await back.ask()
    await back.house.control.ask("ready", seat="ann")
    await back.tried()
    busy.stop()
    assert (await back.house.floor())["seats"]["ann"]["state"] == "ready"
    back.house.exchange.phone(back.customer, rings_ms=200)
    await back.until("talking")
    await back.until("ready")
    await back.house.quiet()
    with back.house.ledger() as ledger:
        _, second = ledger.visits(*ALL)
        offers = ledger.offers(second.call)
        assert tries(ledger) == ["busy"]
    assert [offer.outcome for offer in offers] == ["cancelled", "answered"]
    assert offers[1].made - offers[0].made >= 3000
    assert second.outcome == "answered"


async def test_a_seat_that_pauses_while_the_customer_rings_costs_him_nothing_and_he_is_rung_once(
    back: Back,
) -> None:
    back.house.exchange.phone(back.customer, rings_ms=2000, talks_ms=20_000)
    await back.ask()
    await back.house.control.ask("ready", seat="ann")
    await back.until("reserved")
    await back.house.control.ask("not-ready", seat="ann", reason="meal")
    assert (await back.house.floor())["seats"]["ann"]["state"] == "not-ready"
    await asyncio.sleep(3)
    await back.house.control.ask("ready", seat="ann")
    await back.until("talking")
    await back.until("ready")
    await back.house.quiet()
    with back.house.ledger() as ledger:
        _, second = ledger.visits(*ALL)
        assert tries(ledger) == []
        assert [offer.outcome for offer in ledger.offers(second.call)] == ["cancelled", "answered"]
        assert healings(ledger) == []
    assert second.outcome == "answered"


async def test_a_request_that_is_closed_while_the_customer_rings_lets_both_go(back: Back) -> None:
    back.house.exchange.phone(back.customer, answer="")
    await back.ask()
    await back.house.control.ask("ready", seat="ann")
    await back.until("reserved")
    await asyncio.sleep(1)
    with back.house.ledger() as ledger:
        (request,) = ledger.open_callbacks()
    close = {"callback": request.callback, "outcome": "called", "by": "li"}
    await back.house.control.ask("callback-close", **close)
    await back.until("ready", 1)
    await back.house.quiet()
    with pytest.raises(Refused, match="not open any more"):
        await back.house.control.ask("callback-close", **close)
    with back.house.ledger() as ledger:
        assert (tries(ledger), ledger.open_callbacks()) == ([], [])


async def test_no_log_tells_the_customers_number(back: Back) -> None:
    back.house.exchange.phone(back.customer, rings_ms=300)
    await back.ask()
    await back.house.control.ask("ready", seat="ann")
    await back.until("talking")
    await back.house.quiet()
    logs = [
        *(back.house.site.data / "logs").iterdir(),
        *(back.house.site.data / "asterisk" / "logs").iterdir(),
    ]
    assert logs
    assert [f for f in logs if f.is_file() and CUSTOMER in f.read_text(errors="replace")] == []


async def test_a_customer_who_never_answers_is_given_up_after_the_last_attempt(back: Back) -> None:
    back.house.exchange.phone(back.customer, answer="")
    await back.ask()
    await back.house.control.ask("ready", seat="ann")
    await back.house.until(lambda floor: not floor["calls"], 30)
    await back.house.quiet()
    with back.house.ledger() as ledger:
        _, second = ledger.visits(*ALL)
        assert ledger.open_callbacks() == []
        assert len(ledger.offers(second.call)) == 2
    assert (second.outcome, second.reason) == ("other", "failed")
    assert (await back.house.floor())["seats"]["ann"]["state"] == "ready"


@pytest.mark.parametrize("when", ["waiting", "ringing", "talking"])
async def test_an_engine_that_is_killed_loses_no_call_back(back: Back, when: str) -> None:
    back.house.exchange.phone(back.customer, rings_ms=1200)
    await back.ask()
    if when != "waiting":
        await back.house.control.ask("ready", seat="ann")
        await back.until("reserved" if when == "ringing" else "talking")
    await killed_engine(back.house)
    if when == "waiting":
        await back.house.control.ask("ready", seat="ann")
    await back.house.until(lambda floor: not floor["calls"], 30)
    await back.until("ready")
    await back.house.quiet()
    with back.house.ledger() as ledger:
        _, second = ledger.visits(*ALL)
        assert second.outcome == "answered", (second, ledger.offers(second.call), ledger.rings(second.call))
        (talk,) = ledger.conversations(*ALL)
        assert ledger.open_callbacks() == []
    assert talk.visit == second.visit


async def test_nobody_is_called_after_hours(tmp_path: Path, toolbox: Toolbox) -> None:
    (customer,) = free_ports(1)
    closed = ', hours: {week: {mon: "00:00-00:01"}}'
    async with opened(site(tmp_path, customer, closed), toolbox) as up:
        await up.seat_phone("6001", rings_ms=200, talks_ms=800)
        made = Back(up, customer)
        await made.until("ready")
        await up.control.ask("not-ready", seat="ann", reason="lunch")
        steps = [("wait", 2000), ("press", "1"), ("bye", 10_000)]
        await up.exchange.call("9001", steps, caller=CUSTOMER).wait(20)
        await up.control.ask("ready", seat="ann")
        await up.quiet()
        floor = await up.floor()
        assert floor["queues"]["help"]["callbacks"] == 0
        assert floor["seats"]["ann"]["state"] == "ready"
        with up.ledger() as ledger:
            (request,) = ledger.open_callbacks()
    assert request.number == CUSTOMER
