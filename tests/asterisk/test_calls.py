"""A real call reaches a real agent, and everything that can come between them."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.records import Offer, Visit
from tests.asterisk.conftest import House

ALL = (0, 2**62)


def state(floor: dict[str, Any], seat: str) -> tuple[str, str | None]:
    return floor["seats"][seat]["state"], floor["seats"][seat]["reason"]


async def seats_ready(house: House, *seats: str) -> None:
    await house.until(lambda floor: all(state(floor, seat)[0] == "ready" for seat in seats))


async def the_visit(house: House) -> tuple[Visit, list[Offer]]:
    """Wait until all is over; return the one visit there was, and its offers."""
    await house.quiet()
    with house.ledger() as ledger:
        (visit,) = ledger.visits(*ALL)
        return visit, ledger.offers(visit.call)


async def test_a_caller_presses_one_talks_to_billing_and_it_is_all_in_the_ledger(house: House) -> None:
    await house.seat_phone("6001", rings_ms=300, talks_ms=800)
    await seats_ready(house, "ann")
    call = house.exchange.call("10000", [("wait", 500), ("press", "1"), ("bye", 15_000)])
    await house.until(lambda floor: state(floor, "ann")[0] == "talking")
    await call.wait(20)
    visit, _ = await the_visit(house)
    assert (visit.queue, visit.outcome, visit.seat) == ("billing", "answered", "ann")
    assert 300 <= visit.wait_ms <= 1500
    with house.ledger() as ledger:
        (talk,) = ledger.conversations(*ALL)
        (call_row,) = ledger.calls(*ALL)
    assert 700 <= talk.talk_ms <= 1500
    assert talk.ended_by == "seat"
    assert (call_row.ani, call_row.dnis, call_row.outcome) == ("13900000001", "10000", "flow-ended")


async def test_two_calls_at_once_reach_the_queue_that_each_asked_for(house: House) -> None:
    await house.seat_phone("6001", rings_ms=200, talks_ms=1000)
    await house.seat_phone("6003", rings_ms=200, talks_ms=1000)
    await seats_ready(house, "ann", "cai")
    one = house.exchange.call("10000", [("wait", 500), ("press", "1"), ("bye", 15_000)], caller="13900000001")
    two = house.exchange.call("10000", [("wait", 500), ("press", "2"), ("bye", 15_000)], caller="13900000002")
    await one.wait(20)
    await two.wait(20)
    await house.quiet()
    with house.ledger() as ledger:
        seats = {
            call.ani: visit.seat
            for call in ledger.calls(*ALL)
            for visit in ledger.visits(*ALL)
            if visit.call == call.call
        }
    assert seats == {"13900000001": "ann", "13900000002": "cai"}


async def test_a_seat_that_does_not_answer_goes_not_ready_and_the_next_one_rings(house: House) -> None:
    await house.seat_phone("6001", answer="")
    await seats_ready(house, "ann")
    await house.seat_phone("6002", rings_ms=200, talks_ms=500)
    await seats_ready(house, "bob")
    call = house.exchange.call("10001", [("bye", 20_000)])
    await call.wait(25)
    floor = await house.floor()
    visit, offers = await the_visit(house)
    assert visit.seat == "bob"
    assert [(o.seat, o.outcome) for o in offers] == [("ann", "no-answer"), ("bob", "answered")]
    assert state(floor, "ann") == ("not-ready", "missed")


async def test_busy_refused_and_unreachable_phones_are_told_apart(house: House) -> None:
    await house.seat_phone("6001", answer="486 Busy Here")
    await seats_ready(house, "ann")
    call = house.exchange.call("10001", [("wait", 1500), ("hangup", 0)])
    await house.until(lambda floor: state(floor, "ann") == ("not-ready", "phone-busy"))
    await call.wait(10)
    await house.seat_phone("6002", answer="603 Decline")
    await seats_ready(house, "bob")
    call = house.exchange.call("10001", [("wait", 1500), ("hangup", 0)])
    await house.until(lambda floor: state(floor, "bob") == ("not-ready", "refused"))
    await call.wait(10)
    await house.quiet()
    with house.ledger() as ledger:
        rings = [r for visit in ledger.visits(*ALL) for r in ledger.rings(visit.call)]
    assert [(r.outcome, r.tech_cause) for r in rings] == [
        ("busy", "486"),
        ("refused", "603"),
    ]


async def test_a_phone_that_unregisters_is_not_rung(house: House) -> None:
    port = await house.seat_phone("6001", rings_ms=200)
    await seats_ready(house, "ann")
    house.exchange.running[-1].stop()
    secret = house.secrets.phones["6001"]
    await house.exchange.register(secret.username, secret.password, port, expires=0)
    await house.until(lambda floor: state(floor, "ann")[0] == "unreachable")
    await house.exchange.call("10001", [("wait", 1000), ("hangup", 0)]).wait(10)
    visit, offers = await the_visit(house)
    assert (visit.outcome, offers) == ("abandoned", [])


async def test_a_phone_with_a_wrong_password_is_not_let_in(house: House) -> None:
    secret = house.secrets.phones["6001"]
    await house.exchange.register(secret.username, "wrong", 46001, expected=401)
    floor = await house.floor()
    assert state(floor, "ann")[0] == "unreachable"


async def test_a_caller_who_hangs_up_while_it_rings_frees_the_seat_at_once(house: House) -> None:
    await house.seat_phone("6001", answer="")
    await seats_ready(house, "ann")
    call = house.exchange.call("10001", [("wait", 1500), ("hangup", 0)])
    await house.until(lambda floor: state(floor, "ann")[0] == "ringing")
    await call.wait(10)
    await house.until(lambda floor: state(floor, "ann")[0] == "ready", 2)
    visit, (offer,) = await the_visit(house)
    assert (visit.outcome, offer.outcome) == ("abandoned", "cancelled")
    assert 900 <= visit.wait_ms <= 2500


async def test_a_caller_who_hangs_up_while_waiting_is_counted_as_abandoned(house: House) -> None:
    await house.exchange.call("10001", [("wait", 1500), ("hangup", 0)]).wait(10)
    visit, offers = await the_visit(house)
    assert (visit.outcome, offers) == ("abandoned", [])
    assert 700 <= visit.wait_ms <= 2000


async def test_a_caller_who_hangs_up_in_the_menu_never_asked_for_a_person(house: House) -> None:
    await house.exchange.call("10000", [("wait", 900), ("hangup", 0)]).wait(10)
    await house.quiet()
    with house.ledger() as ledger:
        (call,) = ledger.calls(*ALL)
        assert (call.outcome, ledger.visits(*ALL)) == ("caller-hung-up", [])


async def test_a_full_queue_sends_the_next_caller_on(house: House) -> None:
    await house.seat_phone("6003", answer="603 Decline")
    await seats_ready(house, "cai")
    house.exchange.call("10000", [("wait", 500), ("press", "2"), ("wait", 3000), ("hangup", 0)], calls=2)
    await house.until(lambda floor: floor["queues"]["faults"]["waiting"] == 2)
    await house.exchange.call("10000", [("wait", 500), ("press", "2"), ("bye", 8000)]).wait(15)
    await house.quiet()
    with house.ledger() as ledger:
        ends = sorted((v.outcome, v.reason) for v in ledger.visits(*ALL))
    assert ends == [("abandoned", None), ("abandoned", None), ("overflowed", "full")]


async def test_a_number_that_is_not_the_sites_is_refused(house: House) -> None:
    call = house.exchange.call("99999", [("wait", 100), ("hangup", 0)])
    with pytest.raises(AssertionError, match="404 Not Found"):
        await call.wait(10)
    await house.quiet()
    with house.ledger() as ledger:
        assert ledger.calls(*ALL) == []


async def test_a_stranger_who_names_a_phone_must_give_its_password(house: House) -> None:
    """Callers and phones share loopback here: the name must not open the phone's door."""
    phone = house.secrets.phones["6001"].username
    call = house.exchange.call("10001", [("wait", 100), ("hangup", 0)], caller=phone)
    with pytest.raises(AssertionError, match="401 Unauthorized"):
        await call.wait(10)
    await house.quiet()
    with house.ledger() as ledger:
        assert ledger.calls(*ALL) == []


async def test_a_phone_may_call_the_hotline_and_its_colleagues_and_nobody_else(house: House) -> None:
    def leads(number: str) -> str:
        return house.supervisor.asterisk.ask(f"dialplan show {number}@hotline-phones")

    assert "Goto(hotline-call" in leads("10000")
    assert "Dial(PJSIP/" in leads("6002")
    for number in ("00861390000", "110", "13900000000"):
        assert "Hangup(1)" in leads(number)
        assert "Dial" not in leads(number)
