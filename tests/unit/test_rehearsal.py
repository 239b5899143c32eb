"""The caller of a rehearsal, and the house that he calls."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ivr.call import CallLost, Sound
from ivr.door import Leave, Wish
from ivr.house import LookupFailed, LookupTimedOut
from ivr.language.prompt import Spoken
from ivr.rehearsal.call import HangUp, Press, RehearsedCall, Say, Silence, UnspokenPrompts, sentences
from ivr.rehearsal.house import RehearsedHouse, Stubs

FAULTS = Wish("rehearsal", "faults", {}, 0, "en")
RECORDED = {"longest": 60.0, "silence": None, "finish": "#", "beep": True}


def told(call: RehearsedCall) -> list[tuple[str, str]]:
    return [(moment.kind, moment.what) for moment in call.moments]


async def test_words_of_one_row_are_heard_as_one_sentence_that_names_its_prompts() -> None:
    row = [Spoken("owed", "en", "You owe", pace="word"), Spoken("", "en", "seven", pace="word")]
    call = RehearsedCall()
    await call.play([UnspokenPrompts().sound(spoken) for spoken in [*row, Spoken("bye", "en", "Bye.")]])
    heard = [(moment.what, moment.prompts) for moment in call.moments]
    assert heard == [("You owe seven", ("owed",)), ("Bye.", ("bye",))]


def test_a_recording_without_words_is_heard_by_its_name() -> None:
    (sentence,) = sentences([Sound(Path("jingle"), "", 2.0)])
    assert sentence.text == "jingle"


async def test_keys_at_a_node_that_asks_for_secrets_are_noted_as_dots() -> None:
    call = RehearsedCall("12")
    await call.key(5.0)
    call.secret = True
    await call.key(5.0)
    assert told(call) == [("key", "1"), ("key", "•")]


async def test_a_missing_key_is_noted_and_takes_its_time() -> None:
    call = RehearsedCall([Silence(), "1"])
    assert (await call.key(5.0), await call.key(5.0)) == (None, "1")
    assert (call.seconds, told(call)[0]) == (5.0, ("silence", ""))


@pytest.mark.parametrize(
    ("act", "seconds", "key"), [(Say(12.0), 12.0, None), (Press("#"), 5.0, "#"), (Silence(), 0.0, None)]
)
async def test_a_recording_is_as_long_as_the_script_says(
    act: Say | Press | Silence, seconds: float, key: str | None
) -> None:
    recorded = await RehearsedCall([act]).record(Path("unused.wav"), **RECORDED)
    assert (recorded.seconds, recorded.key) == (seconds, key)


async def test_a_caller_who_hangs_up_at_the_tone_is_lost() -> None:
    with pytest.raises(CallLost):
        await RehearsedCall([HangUp()]).record(Path("unused.wav"), **RECORDED)


async def test_a_queue_does_one_thing_after_the_other_and_goes_on_with_the_last() -> None:
    call = RehearsedCall()
    house = RehearsedHouse(Stubs(queues={"faults": ["full", "no_agents"]}), call)
    assert [await house.enter(FAULTS).next() for _ in range(3)] == [
        Leave("full"),
        Leave("no_agents"),
        Leave("no_agents"),
    ]


async def test_a_caller_who_waits_in_a_busy_queue_leaves_it_when_its_time_is_over() -> None:
    call = RehearsedCall([Silence()])
    stay = RehearsedHouse(Stubs(queues={"faults": ["busy"]}), call).enter(FAULTS)
    assert await stay.next() == Leave("timeout")


async def test_a_script_that_ends_in_a_busy_queue_leaves_the_caller_waiting() -> None:
    call = RehearsedCall()
    stay = RehearsedHouse(Stubs(queues={"faults": ["busy"]}), call).enter(FAULTS)
    waits = asyncio.create_task(stay.next())  # type: ignore[arg-type]
    await call.gone()
    assert (call.left_waiting, waits.done()) == (True, False)
    waits.cancel()
    await asyncio.gather(waits, return_exceptions=True)


@pytest.mark.parametrize(
    ("lookups", "error"),
    [({"customer": "timeout"}, LookupTimedOut), ({"customer": "error"}, LookupFailed), ({}, LookupFailed)],
)
async def test_a_lookup_fails_as_it_was_told_to_and_without_an_answer(
    lookups: dict[str, str], error: type[Exception]
) -> None:
    house = RehearsedHouse(Stubs(lookups=lookups), RehearsedCall())
    with pytest.raises(error):
        await house.look_up("customer", {}, 3.0)


async def test_a_lookup_without_an_answer_is_noted_so_that_one_sees_why_it_failed() -> None:
    call = RehearsedCall()
    with pytest.raises(LookupFailed):
        await RehearsedHouse(Stubs(), call).look_up("customer", {}, 3.0)
    assert told(call) == [("lookup", "customer: no answer was laid down, so it fails")]


async def test_the_clock_of_the_house_goes_on_with_the_call() -> None:
    call = RehearsedCall()
    house = RehearsedHouse(Stubs(), call)
    before = house.local()
    await call.key(5.0)
    assert (house.local() - before).total_seconds() == 5.0
