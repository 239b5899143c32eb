"""A real call reaches a real agent, and everything that can come between them."""

from __future__ import annotations

from tests.asterisk.conftest import House


async def test_a_caller_presses_one_talks_to_billing_and_it_is_all_in_the_ledger(house: House) -> None:
    house.seat_phone("6001", rings_ms=300, talks_ms=800)
    await house.until(lambda floor: floor["seats"]["ann"]["state"] == "ready")
    call = house.exchange.call("10000", [("wait", 500), ("press", "1"), ("bye", 15_000)])
    await house.until(lambda floor: floor["seats"]["ann"]["state"] == "talking")
    call.wait(20)
    await house.quiet()
    with house.ledger() as ledger:
        (visit,) = ledger.visits(0, 2**62)
    assert (visit.queue, visit.outcome, visit.seat) == ("billing", "answered", "ann")
    assert 300 <= visit.wait_ms <= 1500
