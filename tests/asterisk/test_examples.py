"""The example flows, called by SIPp with real keys, two and more callers at once, and what the ledger has of them."""

from __future__ import annotations

import asyncio
import json
from array import array
from asyncio import Task
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise

import pytest
import pytest_asyncio

from hotline.asterisk.prefix import Toolbox
from tests.asterisk.conftest import opened
from tests.asterisk.example_site import write_site
from tests.asterisk.handset import Caller, Callers, share_prompts, spells
from tests.unit.web_service import WebServiceDouble, answer, web_service

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARD, PIN, BALANCE = "6222021234567890123", "908172", 105.55
WRONG_CARD = "6222029999999999999"


@dataclass
class Examples(Callers):
    """Those who call the examples' house, and its bank."""

    bank: WebServiceDouble


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def examples(tmp_path_factory: pytest.TempPathFactory, toolbox: Toolbox) -> AsyncIterator[Examples]:
    async with web_service() as bank:

        async def by_card(writer: asyncio.StreamWriter) -> None:
            asked = json.loads(bank.asked[-1].body)
            known = asked["pin"] == PIN and asked["card"] in (CARD, CARD[:16])
            writer.write(answer({"balance": BALANCE} if known else None, 200 if known else 404))
            await writer.drain()

        bank.answers[:] = [by_card]
        site = write_site(tmp_path_factory.mktemp("examples"), bank.url)
        share_prompts(site, tmp_path_factory.getbasetemp())
        async with opened(site, toolbox) as house:
            for phone in ("6001", "6002"):
                await house.seat_phone(phone, rings_ms=100, talks_ms=500)
            with house.ledger() as ledger:
                yield Examples(house, ledger, bank)


async def at_the_bank(examples: Examples) -> tuple[Caller, Caller, Caller, dict[str, array[int]]]:
    """Three call at once; return them, and what two heard of their balance, by language."""
    balances: dict[str, array[int]] = {}

    async def hears_the_balance(caller: Caller, language: str) -> None:
        await caller.at("tell-balance")
        since = len(caller.voice.packets)
        await caller.at("more")
        balances[language] = caller.voice.heard(since)

    async def chinese(caller: Caller) -> None:
        await caller.choose("language", "1")
        await caller.choose("main", "1")
        await caller.choose("card", "6222#")  # too short
        await asyncio.sleep(2)
        await caller.press(CARD)
        await caller.choose("pin", PIN)
        await hears_the_balance(caller, "zh")
        await caller.press("0")
        await caller.ends()

    async def english(caller: Caller) -> None:
        await caller.choose("language", "2")
        await caller.choose("main", "1")
        await caller.choose("card", "*")
        await caller.choose("main", "1", times=2)
        await caller.choose("card", CARD[:16] + "#", times=2)
        await caller.choose("pin", PIN)
        await hears_the_balance(caller, "en")
        await caller.press("*")
        await caller.choose("main", "2", times=3)
        await caller.ends()

    async def late(caller: Caller) -> None:
        await caller.choose("language", "1")
        await caller.choose("main", "1")
        await caller.choose("card", WRONG_CARD)
        await caller.choose("pin", PIN)
        await caller.choose("main", "0", times=2)
        await caller.ends()

    called = ("13900000011", "8001"), ("13900000012", "8001"), ("13900000013", "8011")
    async with examples.calls(*called) as (one, two, three):
        await asyncio.gather(chinese(one), english(two), late(three))
    return one, two, three, balances


async def in_six_ways(examples: Examples) -> tuple[Caller, Caller]:
    """Two call at once: one mistakes a key and then finds billing, one never finds a key."""

    async def billing(caller: Caller) -> None:
        await caller.choose("main", "9")
        await asyncio.sleep(2.5)
        await caller.press("3")
        await caller.ends()

    async def astray(caller: Caller) -> None:
        for key in ("7", "8", "9"):
            await caller.choose("main", key)
            await asyncio.sleep(2.5)
        await caller.ends()

    async with examples.calls(("13900000021", "8002"), ("13900000022", "8002")) as (one, two):
        await asyncio.gather(billing(one), astray(two))
    return one, two


async def out_of_hours(examples: Examples) -> Caller:
    """One calls when the office is closed, and leaves a message."""
    async with examples.calls(("13900000023", "8012")) as (caller,):
        await caller.at("message")
        await caller.speak(2500)
        await caller.press("#")
        await caller.ends()
    return caller


async def in_an_emergency(examples: Examples) -> Caller:
    """One calls when a supervisor has closed the office, and hangs up while he leaves his message."""
    texts = {"zh": "停业。", "en": "Closed."}
    await examples.house.control.ask("notice-on", timeout=20, notice="emergency", by="test", texts=texts)
    async with examples.calls(("13900000024", "8002"), leaves_after_ms=9500) as (caller,):
        await caller.at("message")
        await caller.speak(2500)
        await caller.ends()
    await examples.house.control.ask("notice-off", notice="emergency", by="test")
    return caller


async def for_support(examples: Examples) -> tuple[Caller, Caller, Caller, Caller]:
    """Four call before anybody is there; two wait until she is, two would rather be called back."""

    async def elsewhere(caller: Caller) -> None:
        await caller.choose("choose", "2")
        await caller.choose("over-five", "2")
        await caller.choose("own-number", "2")
        await caller.choose("enter", "0101234567#")  # no number that may be called
        await caller.press("1")
        await caller.choose("enter", "13911112223#", times=2)
        await caller.press("2")  # he has mistyped
        await caller.press("13911112222#")
        await caller.press("1")
        await caller.ends()

    async def here(caller: Caller) -> None:
        await caller.choose("choose", "2")
        await caller.choose("over-five", "1")
        await caller.choose("wait-in-line", "2")  # he thinks better of it
        await caller.choose("own-number", "1")
        await caller.ends()

    async def front(caller: Caller) -> None:
        await caller.choose("choose", "1")
        await caller.choose("over-five", "1")
        await caller.at("wait-in-front")

    called = [(f"1390000003{n}", "8003") for n in range(4)]
    async with examples.calls(*called) as (one, two, three, four):
        await one.choose("choose", "2")
        await one.at("wait-in-line")
        await asyncio.sleep(0.6)  # longer than the threshold: the others hear that the wait is long
        await asyncio.gather(front(two), elsewhere(three), here(four))
        await examples.house.seat_phone("6003", rings_ms=100, talks_ms=300)
        await asyncio.gather(one.ends(), two.ends())
    return one, two, three, four


async def at_the_demonstration(examples: Examples) -> tuple[Caller, Caller, Caller]:
    """Three call at once: one looks around, one leaves a message, one finds no key that is right."""

    async def looks_around(caller: Caller) -> None:
        await caller.choose("congratulations", "2")
        await caller.choose("more", "1")
        await caller.choose("more", "*", times=2)
        await caller.choose("main", "812", times=2)
        await caller.ends()

    async def leaves_a_message(caller: Caller) -> None:
        await caller.choose("main", "8500")
        await caller.at("message")
        await asyncio.sleep(3)
        await caller.speak(2000)
        await caller.press("#")
        await caller.choose("main", "#", times=2)
        await caller.ends()

    async def fails(caller: Caller) -> None:
        for keys in ("9", "7", "81"):
            await caller.choose("main", keys)
            await asyncio.sleep(3.5)
        await caller.ends()

    called = ("13900000041", "8004"), ("13900000042", "8004"), ("13900000043", "8004")
    async with examples.calls(*called) as (one, two, three):
        await asyncio.gather(looks_around(one), leaves_a_message(two), fails(three))
    return one, two, three


@dataclass(frozen=True)
class Evening:
    """Everybody who calls, all at once; a test waits for those whom it is about."""

    bank: Task[tuple[Caller, Caller, Caller, dict[str, array[int]]]]
    six_ways: Task[tuple[Caller, Caller]]
    closed: Task[Caller]
    emergency: Task[Caller]
    support: Task[tuple[Caller, Caller, Caller, Caller]]
    demonstration: Task[tuple[Caller, Caller, Caller]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evening(examples: Examples) -> AsyncIterator[Evening]:
    async def after_the_others() -> Caller:
        await asyncio.wait([six_ways])
        return await in_an_emergency(examples)

    six_ways = asyncio.create_task(in_six_ways(examples))
    everybody = Evening(
        bank=asyncio.create_task(at_the_bank(examples)),
        six_ways=six_ways,
        closed=asyncio.create_task(out_of_hours(examples)),
        emergency=asyncio.create_task(after_the_others()),
        support=asyncio.create_task(for_support(examples)),
        demonstration=asyncio.create_task(at_the_demonstration(examples)),
    )
    yield everybody
    await asyncio.gather(*vars(everybody).values(), return_exceptions=True)


async def test_a_bank_customer_hears_his_balance_and_talks_to_a_clerk(
    examples: Examples, evening: Evening
) -> None:
    caller, *_ = await evening.bank
    assert caller.path == [
        ("language", "1"), ("main", "1"), ("card", "next"), ("pin", "next"), ("account", "next"),
        ("balance", "next"), ("tell-balance", "next"), ("more", "0"), ("clerk", "open"),
        ("clerk-queue", "next"), ("waiting", "answered"), ("bye", "end"),
    ]  # fmt: skip
    (visit,) = examples.visits(caller)
    assert (visit.queue, visit.outcome) == ("clerks", "answered")
    assert examples.ledger.tags(caller.id) == {"business": "balance"}
    assert examples.call(caller).outcome == "flow-ended"


async def test_star_leads_up_and_a_lost_card_goes_to_its_queue_with_its_priority(
    examples: Examples, evening: Evening
) -> None:
    _, caller, *_ = await evening.bank
    assert caller.path == [
        ("language", "2"), ("english", "next"), ("main", "1"), ("card", "*"), ("main", "1"), ("card", "next"),
        ("pin", "next"), ("account", "next"), ("balance", "next"), ("tell-balance", "next"), ("more", "*"),
        ("main", "2"), ("lost", "next"), ("lost-queue", "answered"), ("bye", "end"),
    ]  # fmt: skip
    (visit,) = examples.visits(caller)
    assert (visit.queue, visit.outcome, visit.priority) == ("cards", "answered", 5)
    assert examples.ledger.tags(caller.id) == {"business": "lost-card"}


async def test_an_unknown_card_leads_back_to_the_menu_and_out_of_hours_no_clerk_is_asked(
    examples: Examples, evening: Evening
) -> None:
    *_, caller, _ = await evening.bank
    assert caller.path == [
        ("language", "1"), ("main", "1"), ("card", "next"), ("pin", "next"), ("account", "nothing"),
        ("unknown", "next"), ("main", "0"), ("clerk", "closed"), ("closed", "next"), ("bye", "end"),
    ]  # fmt: skip
    assert examples.visits(caller) == []


async def test_the_bank_is_asked_for_the_digits_as_entered_and_they_are_kept_nowhere(
    examples: Examples, evening: Evening
) -> None:
    caller, *_ = await evening.bank
    asked = sorted(json.loads(asked.body)["card"] for asked in examples.bank.asked)
    assert asked == [CARD[:16], CARD, WRONG_CARD]
    assert {json.loads(asked.body)["pin"] for asked in examples.bank.asked} == {PIN}
    assert examples.files_with(caller.ani), "what is kept is found"
    for secret in (CARD[:16], WRONG_CARD, PIN, str(BALANCE)):
        assert examples.files_with(secret) == []


@pytest.mark.parametrize(("language", "least", "most"), [("zh", 2.5, 5), ("en", 3.5, 7)])
async def test_the_balance_is_heard_as_one_sentence(
    evening: Evening, language: str, least: float, most: float
) -> None:
    """您的账户余额为，一百零五元五角五分 / Your balance is one hundred and five yuan and fifty-five cents."""
    *_, balances = await evening.bank
    heard = balances[language]
    spoken = spells(heard)
    gaps = [after[0] - before[1] for before, after in pairwise(spoken)]
    assert least < spoken[-1][1] - spoken[0][0] < most
    assert max(gaps) < 0.4
    assert 5000 < max(heard) < 32000, "neither faint nor clipped"


async def test_six_ways_lead_by_key_and_after_three_wrong_keys_to_the_operator(
    examples: Examples, evening: Evening
) -> None:
    one, two = await evening.six_ways
    began = [("closed-for-emergency", "otherwise"), ("office-hours", "open")]
    assert one.path == [*began, ("main", "3"), ("billing", "answered"), ("bye", "end")]
    assert two.path == [*began, ("main", "failure"), ("operator", "answered"), ("bye", "end")]
    queues = [visit.queue for caller in (one, two) for visit in examples.visits(caller)]
    assert queues == ["billing", "operator"]


async def test_out_of_hours_and_in_an_emergency_callers_leave_messages(
    examples: Examples, evening: Evening
) -> None:
    closed, emergency = await evening.closed, await evening.emergency
    assert closed.path[1:] == [
        ("office-hours", "closed"), ("closed", "next"), ("message", "next"), ("bye", "end"),
    ]  # fmt: skip
    assert emergency.path == [("closed-for-emergency", "1"), ("emergency", "next"), ("message", None)]
    assert examples.call(emergency).outcome == "caller-hung-up"
    for caller in (closed, emergency):
        (recording,) = examples.recordings(caller)
        assert (recording.box, recording.recording_kind) == ("office", "voicemail")
        assert 2 < recording.seconds < 6
        assert examples.loudest(recording) > 5000


async def test_a_number_to_be_called_back_is_noted_after_a_wrong_entry(
    examples: Examples, evening: Evening
) -> None:
    _, _, caller, _ = await evening.support
    (noted,) = examples.callbacks(caller)
    assert (noted.queue, noted.number, noted.visit) == ("support", "13911112222", None)
    assert caller.path == [
        ("open", "open"), ("choose", "2"), ("back", "next"), ("how-long", "1"), ("over-five", "2"),
        ("number", "otherwise"), ("own-number", "2"), ("enter", "next"), ("call-that", "not_allowed"),
        ("wrong", "next"), ("enter", "next"), ("call-that", "next"), ("noted", "end"),
    ]  # fmt: skip


async def test_who_waits_may_ask_to_be_called_back_and_keeps_his_visit(
    examples: Examples, evening: Evening
) -> None:
    *_, caller = await evening.support
    (noted,), (visit,) = examples.callbacks(caller), examples.visits(caller)
    assert (noted.number, noted.visit) == (caller.ani, visit.visit)
    assert visit.outcome == "called-back"
    assert caller.path[-5:] == [
        ("wait-in-line", "2"), ("number", "otherwise"), ("own-number", "1"), ("call-this", "next"), ("noted", "end"),
    ]  # fmt: skip


async def test_who_chose_the_front_of_the_queue_is_answered_before_who_came_first(
    examples: Examples, evening: Evening
) -> None:
    back, front, *_ = await evening.support
    (first,), (last,) = examples.visits(front), examples.visits(back)
    assert (first.priority, first.outcome, last.outcome) == (9, "answered", "answered")
    assert last.arrived < first.arrived
    assert (first.left or 0) < (last.left or 0)
    assert ("under-five", "next") in back.path
    assert ("over-five", "1") in front.path


async def test_the_demonstration_leads_down_and_up_and_to_an_extension_by_its_digits(
    examples: Examples, evening: Evening
) -> None:
    caller, *_ = await evening.demonstration
    assert caller.seconds_at("main") < 3, "a key ends the prompt, and the third digit is the last"
    assert caller.path == [
        ("congratulations", "next"), ("main", "2"), ("more", "1"), ("opening-hours", "next"), ("more", "*"),
        ("main", "8XX"), ("extension", "next"), ("ring", "answered"), ("bye", "end"),
    ]  # fmt: skip
    (visit,) = examples.visits(caller)
    assert (visit.queue, visit.outcome) == ("demo", "answered")


async def test_a_key_in_full_goes_before_a_pattern_that_it_fits_as_well(
    examples: Examples, evening: Evening
) -> None:
    _, caller, _ = await evening.demonstration
    assert caller.path[1:] == [("main", "8500"), ("message", "next"), ("main", "#"), ("bye", "end")]
    (recording,) = examples.recordings(caller)
    assert (recording.box, 1.5 < recording.seconds < 4) == ("demo", True)


async def test_three_failures_end_the_demonstration(evening: Evening) -> None:
    *_, caller = await evening.demonstration
    assert caller.path == [("congratulations", "next"), ("main", "failure"), ("bye", "end")]
