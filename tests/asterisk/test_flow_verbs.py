"""Every verb of the flow language on a real Asterisk: many callers at once, and what the ledger has of them."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import Task
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from hotline.asterisk.prefix import Toolbox
from hotline.engine import speaker_of
from hotline.site_names import names_of
from ivr.language.flow import FlowSet
from ivr.prompts import PromptStore
from ivr.reading.loader import load_flows
from ivr.saying import words
from tests.asterisk.conftest import opened
from tests.asterisk.handset import ALL, Caller, Callers, share_prompts, spells
from tests.asterisk.test_keys_and_lines import Carrier
from tests.asterisk.test_survival import killed_engine
from tests.asterisk.verb_site import PIN, write_site
from tests.unit.web_service import WebServiceDouble, answer, silent, web_service

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Verbs(Callers):
    """Those who call the house, what it says to them, and what is outside."""

    service: WebServiceDouble
    carrier: Carrier
    flows: FlowSet
    prompts: PromptStore

    def seconds(self, kind: str, value: object, language: str) -> float:
        """Return how long it takes to say a value."""
        said = words(kind, value, language)
        return sum(self.prompts.sound(self.flows.words[language, word]).seconds for word in said)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def verbs(tmp_path_factory: pytest.TempPathFactory, toolbox: Toolbox) -> AsyncIterator[Verbs]:
    async with web_service() as service:

        async def by_path(writer: asyncio.StreamWriter) -> None:
            path = service.asked[-1].line.split()[1]
            if path == "/slow":
                await silent(writer)
            writer.write(answer({"name": "Ann"}, 500 if path == "/broken" else 200))
            await writer.drain()

        service.answers[:] = [by_path]
        loop = asyncio.get_running_loop()
        transport, carrier = await loop.create_datagram_endpoint(Carrier, local_addr=("127.0.0.1", 0))
        site = write_site(tmp_path_factory.mktemp("verbs"), service.url, carrier.port)
        share_prompts(site, tmp_path_factory.getbasetemp())
        with contextlib.closing(transport):
            async with opened(site, toolbox) as house:
                flows = load_flows(site.flows, names_of(site))
                prompts = PromptStore(site.data / "prompts", speaker_of(toolbox))
                await prompts.prepare(flows)
                await house.seat_phone("6001", rings_ms=100, talks_ms=500)
                await house.seat_phone("6002", rings_ms=100, talks_ms=500)
                with house.ledger() as ledger:
                    yield Verbs(house, ledger, service, carrier, flows, prompts)


VALUES = {
    "digits": "4321",
    "number": 1203,
    "money": "105.55",
    "date": "2027-02-17",
    "time": "14:30",
    "duration": 3725,
}


async def hear_values(verbs: Verbs) -> list[tuple[Caller, float]]:
    """One hears values in English, one in Chinese; return how long each heard something meanwhile, in s."""

    async def listens(caller: Caller) -> tuple[Caller, float]:
        await caller.choose("number", "1234")
        await asyncio.sleep(0.5)
        await caller.press("2")  # not right
        await caller.press("2222")  # not of the pattern
        await asyncio.sleep(1.5)
        await caller.press("4321")
        await asyncio.sleep(0.5)
        await caller.press("1")
        await caller.at("digits")
        since = len(caller.voice.packets)
        await caller.at("bye")
        heard = spells(caller.voice.heard(since))
        await caller.ends()
        return caller, sum(ends - begins for begins, ends in heard)

    async with verbs.calls(("13900000001", "8101"), ("13900000002", "8102")) as (english, chinese):
        return list(await asyncio.gather(listens(english), listens(chinese)))


async def choose_lookups(verbs: Verbs) -> list[Caller]:
    """One asks a service that is slow, then one that answers, then one that fails, all within the first's time."""
    callers = [(f"1390000001{n}", "8103") for n in range(3)]
    async with verbs.calls(*callers) as (slow, quick, broken):
        await slow.choose("choice", "2")
        await asyncio.gather(quick.choose("choice", "1"), broken.choose("choice", "3"))
        await asyncio.gather(slow.ends(), quick.ends(), broken.ends())
    return [slow, quick, broken]


async def meet_faults(verbs: Verbs) -> list[Caller]:
    async with verbs.calls(("13900000021", "8104"), ("13900000022", "8105")) as callers:
        await asyncio.gather(*(caller.ends() for caller in callers))
    return callers


async def rate(verbs: Verbs) -> Caller:
    async with verbs.calls(("13900000031", "8106")) as (caller,):
        await caller.choose("rate", "9")
        await asyncio.sleep(1.5)
        await caller.press("5")
        await asyncio.sleep(0.3)
        await caller.press("3")
        await caller.ends()
    return caller


async def go_elsewhere(verbs: Verbs) -> list[Caller]:
    """Each presses another key; the last, whose own number is engaged, tries it twice."""
    keys = {"13900000041": "1", "13900000042": "2", "13900000043": "3", "13900000486": "4"}
    async with verbs.calls(*((ani, "8107") for ani in keys)) as callers:
        await asyncio.gather(*(caller.choose("choice", keys[caller.ani]) for caller in callers))
        await callers[-1].choose("choice", "4", times=2)
        await asyncio.gather(*(caller.ends() for caller in callers))
    return callers


async def hear_notices(verbs: Verbs) -> list[Caller]:
    texts = {"zh": "南部宽带中断。", "en": "No broadband in the south."}
    notice = {"notice": "outage", "by": "test", "texts": texts, "areas": ["south"], "services": ["broadband"]}
    await verbs.house.control.ask("notice-on", timeout=20, **notice)
    async with verbs.calls(("13900000051", "8108"), ("13900000052", "8108")) as callers:
        await asyncio.gather(*(caller.choose("choice", caller.ani[-1]) for caller in callers))
        await asyncio.gather(*(caller.ends() for caller in callers))
    return callers


async def take_halves(verbs: Verbs) -> list[Caller]:
    """Eight call, and call again."""
    callers = []
    for _ in range(2):
        async with verbs.calls(*((f"1390000006{n}", "8109") for n in range(8))) as again:
            await asyncio.gather(*(caller.ends() for caller in again))
        callers += again
    return callers


async def wait_in_line(verbs: Verbs) -> list[Caller]:
    """One asks for a pause while he waits, and one while it rings for him; then they go other ways."""
    async with verbs.calls(("13900000071", "8110"), ("13900000072", "8110")) as (first, second):
        await asyncio.gather(first.choose("line", "1"), second.at("line"))
        await first.choose("line", "2", times=2)
        await first.at("other")
        await verbs.house.seat_phone("6003", answer="")
        await verbs.house.until(lambda floor: floor["seats"]["cai"]["state"] == "ringing")
        await second.press("1")
        await second.at("line", times=2)
        await verbs.house.until(lambda floor: floor["seats"]["cai"]["state"] == "ringing")
        await second.press("3")
        await second.ends()
        await first.press("1")
        await first.ends()
    return [first, second]


async def leave_notes(verbs: Verbs) -> Caller:
    async with verbs.calls(("13900000081", "8112")) as (caller,):
        await caller.at("address")
        await asyncio.sleep(2)
        await caller.speak(2500)
        await caller.ends()
    return caller


@dataclass(frozen=True)
class Day:
    """Everybody who calls, all at once; a test waits for those whom it is about."""

    values: Task[list[tuple[Caller, float]]]
    lookups: Task[list[Caller]]
    faults: Task[list[Caller]]
    rated: Task[Caller]
    elsewhere: Task[list[Caller]]
    notices: Task[list[Caller]]
    halves: Task[list[Caller]]
    line: Task[list[Caller]]
    notes: Task[Caller]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(verbs: Verbs) -> AsyncIterator[Day]:
    everybody: tuple[Any, ...] = (
        hear_values, choose_lookups, meet_faults, rate, go_elsewhere, hear_notices, take_halves, wait_in_line,
        leave_notes,
    )  # fmt: skip
    tasks = [asyncio.create_task(calls(verbs)) for calls in everybody]
    yield Day(*tasks)
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_digits_are_confirmed_and_every_kind_of_value_is_heard(verbs: Verbs, day: Day) -> None:
    """Each takes as long as its words do, and that they are heard is more than half of it."""
    for (caller, heard), language in zip(await day.values, ("en", "zh"), strict=True):
        spoken = ["digits", "amount", "money", "date", "time", "duration"]
        assert caller.path == [("number", "next"), *((node, "next") for node in spoken), ("bye", "end")]
        lengths = [verbs.seconds(kind, value, language) for kind, value in VALUES.items()]
        for node, length in zip(spoken, lengths, strict=True):
            assert length - 0.1 < caller.seconds_at(node) < length + 1.5
        assert sum(lengths) / 2 < heard < sum(lengths)


async def test_a_slow_service_takes_its_time_out_exit_and_holds_nobody_else_up(
    verbs: Verbs, day: Day
) -> None:
    slow, quick, _ = await day.lookups
    assert slow.path == [("choice", "2"), ("slow", "timeout"), ("bye", "end")]
    assert 1.4 < slow.seconds_at("slow") < 2.0
    assert quick.path == [("choice", "1"), ("quick", "next"), ("known", "next"), ("bye", "end")]
    assert quick.seconds_at("quick") < 0.5
    assert verbs.ledger.tags(quick.id) == {"name": "Ann"}


async def test_a_service_that_fails_leads_to_a_person(day: Day) -> None:
    *_, broken = await day.lookups
    assert broken.path == [("choice", "3"), ("broken", "error"), ("person", "answered"), ("bye", "end")]


async def test_a_node_that_fails_takes_the_flows_way_for_errors_to_a_person(verbs: Verbs, day: Day) -> None:
    caller, _ = await day.faults
    assert caller.path == [("text", "next"), ("broken", "error"), ("person", "answered"), ("bye", "end")]
    assert verbs.call(caller).outcome == "error"


async def test_a_failure_without_a_way_is_apologised_for(verbs: Verbs, day: Day) -> None:
    _, caller = await day.faults
    assert caller.path == [("text", "next"), ("broken", "error")]
    assert verbs.call(caller).outcome == "error"
    assert spells(caller.voice.heard()), "he hears something before he is let go"


async def test_a_survey_is_kept_with_call_queue_and_seat(verbs: Verbs, day: Day) -> None:
    caller = await day.rated
    answers = [answer_ for answer_ in verbs.ledger.survey_answers(*ALL) if answer_.call == caller.id]
    assert [(a.survey, a.question, a.answer) for a in answers] == [
        ("rate", "friendly", 5), ("rate", "solved", 3),
    ]  # fmt: skip
    (visit,) = verbs.visits(caller)
    assert {(a.visit, a.queue, a.seat) for a in answers} == {(visit.visit, "desk", visit.seat)}


async def test_a_transfer_reaches_a_number_outside_and_tells_when_it_is_busy(verbs: Verbs, day: Day) -> None:
    outside, engaged, *_ = await day.elsewhere
    assert outside.path == [("choice", "1"), ("outside", "answered"), ("bye", "end")]
    assert 0.6 < outside.seconds_at("outside") < 2
    assert engaged.path == [("choice", "2"), ("engaged", "busy"), ("bye", "end")]
    called = sorted(invite.split(" ")[1].partition("@")[0] for invite in verbs.carrier.invites)
    assert called == ["sip:0755100486", "sip:0755105200", "sip:13900000486"]


async def test_a_transfer_to_a_seat_asks_no_other(verbs: Verbs, day: Day) -> None:
    _, _, caller, _ = await day.elsewhere
    assert caller.path == [("choice", "3"), ("seat", "answered"), ("bye", "end")]
    assert {offer.seat for offer in verbs.ledger.offers(caller.id)} == {"bob"}


async def test_a_number_that_a_caller_can_influence_is_called_no_more_often_than_the_site_allows(
    day: Day,
) -> None:
    *_, caller = await day.elsewhere
    assert caller.path == [
        ("choice", "4"), ("own", "busy"), ("choice", "4"), ("own", "not_allowed"), ("bye", "end"),
    ]  # fmt: skip


async def test_a_notice_is_heard_by_those_alone_whom_it_concerns(day: Day) -> None:
    south, north = await day.notices
    assert south.path == [("choice", "1"), ("south", "next"), ("news", "heard"), ("bye", "end")]
    assert south.seconds_at("news") > 1
    assert north.path == [
        ("choice", "2"), ("north", "next"), ("news", "next"), ("quiet", "next"), ("bye", "end"),
    ]  # fmt: skip
    assert north.seconds_at("news") < 0.5


async def test_who_calls_again_goes_the_same_half(day: Day) -> None:
    callers = await day.halves
    first, second = ([caller.path[0][1] for caller in callers[at : at + 8]] for at in (0, 8))
    assert first == second
    assert set(first) == {"left", "right"}


async def test_a_key_keeps_the_place_until_the_caller_enters_another_queue(verbs: Verbs, day: Day) -> None:
    caller, _ = await day.line
    assert caller.path == [
        ("line", "1"), ("pause", "next"), ("line", "2"), ("other", "1"), ("bye", "end"),
    ]  # fmt: skip
    kept, other = verbs.visits(caller)
    assert (kept.queue, kept.outcome, kept.reason) == ("line", "overflowed", "another-queue")
    assert (other.queue, other.outcome, other.reason) == ("other", "other", "flow-ended")
    assert (kept.wait_ms or 0) > 1500, "it went on through the pause"


async def test_a_key_while_it_rings_silences_the_phone_and_the_same_visit_goes_on(
    verbs: Verbs, day: Day
) -> None:
    _, caller = await day.line
    assert caller.path == [
        ("line", "1"), ("pause", "next"), ("line", "3"), ("figures", "next"), ("many", "2"), ("tell", "next"),
        ("bye", "end"),
    ]  # fmt: skip
    (visit,) = verbs.visits(caller)
    offers = verbs.ledger.offers(caller.id)
    assert [(offer.visit, offer.seat, offer.outcome) for offer in offers] == [
        (visit.visit, "cai", "cancelled"), (visit.visit, "cai", "cancelled"),
    ]  # fmt: skip


async def test_what_a_caller_says_is_recorded_and_he_is_called_at_the_time_that_was_said(
    verbs: Verbs, day: Day
) -> None:
    caller = await day.notes
    assert caller.path == [("address", "next"), ("later", "next"), ("bye", "end")]
    (recording,) = verbs.recordings(caller)
    assert (recording.recording_kind, recording.box) == ("record", "address")
    assert recording.seconds > 2
    assert verbs.loudest(recording) > 5000
    (noted,) = verbs.callbacks(caller)
    due = datetime(2099, 1, 2, 10, 30, tzinfo=UTC)
    assert (noted.number, noted.due, noted.skills) == (caller.ani, round(due.timestamp() * 1000), {"help": 2})


async def test_callers_go_on_at_their_nodes_after_the_engine_was_killed(verbs: Verbs, day: Day) -> None:
    """One is in a sub-flow's collect, one in a menu after it, with all their variables but the secret ones.

    What hangs on a secret leads to a person then, for it was kept nowhere.
    """
    await asyncio.wait(vars(day).values())
    called = ("13900000091", "8111"), ("13900000092", "8111"), ("13900000093", "8113")
    async with verbs.calls(*called) as (within, after, guarded):
        await asyncio.gather(after.choose("id", "777"), guarded.choose("pin", PIN))
        await asyncio.gather(within.at("id"), after.at("more"), guarded.at("sure"))
        await killed_engine(verbs.house)
        await asyncio.gather(
            within.choose("id", "777", times=2),
            after.choose("more", "1", times=2),
            guarded.choose("sure", "1", times=2),
        )
        await within.choose("more", "1")
        await asyncio.gather(within.ends(), after.ends(), guarded.ends())
    for caller in (within, after):
        assert verbs.ledger.tags(caller.id) == {"kept": "outer", "id": "777", "least": "2", "end": "outer"}
        assert verbs.call(caller).outcome == "flow-ended"
    assert guarded.path == [
        ("pin", "next"), ("sure", None), ("sure", "1"), ("check", "error"), ("person", "answered"), ("bye", "end"),
    ]  # fmt: skip
    assert verbs.files_with(guarded.ani), "what is kept is found"
    assert verbs.files_with(f'"{PIN}"') == []
