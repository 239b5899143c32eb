"""Keys by AMI: each counts once, for the call that listens, and never for what was pressed before it did."""

from __future__ import annotations

import asyncio
import gc

import pytest

from hotline.keys import MOST_AHEAD, Keys


def test_a_key_counts_from_the_mark_on() -> None:
    keys = Keys()
    keypad = keys.of("c1")
    mark = keypad.listen()
    keys.pressed("c1", "1")
    keys.marked("c1", str(mark))
    keys.pressed("c1", "2")
    assert keypad.take("12") == "2"
    assert keypad.take("12") is None


def test_only_its_own_last_mark_counts() -> None:
    keys = Keys()
    keypad, other = keys.of("c1"), keys.of("c2")
    old = keypad.listen()
    keypad.stop()
    keypad.listen()
    keys.marked("c1", str(old))
    keys.marked("c1", str(other.listen()))
    keys.pressed("c1", "1")
    assert keypad.take("1") is None


def test_one_who_listens_already_makes_no_second_mark_and_loses_nothing() -> None:
    keys = Keys()
    keypad = keys.of("c1")
    keys.marked("c1", str(keypad.listen()))
    keys.pressed("c1", "1")
    assert keypad.listen() is None
    assert keypad.take("1") == "1"


def test_keys_that_are_not_wanted_are_dropped_in_passing() -> None:
    keys = Keys()
    keypad = keys.of("c1")
    keys.marked("c1", str(keypad.listen()))
    for key in "5*1":
        keys.pressed("c1", key)
    assert keypad.take("1") == "1"
    assert keypad.take("5*") is None


def test_what_nobody_took_is_forgotten_when_the_listening_ends() -> None:
    keys = Keys()
    keypad = keys.of("c1")
    keys.marked("c1", str(keypad.listen()))
    keys.pressed("c1", "1")
    keypad.stop()
    keys.pressed("c1", "2")
    keys.marked("c1", str(keypad.listen()))
    assert keypad.take("12") is None


def test_keys_in_a_conversation_are_not_kept() -> None:
    keys = Keys()
    keypad = keys.of("c1")
    keys.marked("c1", str(keypad.listen()))
    keys.answered("c1")
    keys.pressed("c1", "1")
    assert keypad.take("1") is None


def test_a_mark_that_was_lost_with_the_connection_is_not_waited_for() -> None:
    keys = Keys()
    awaiting, deaf = keys.of("c1"), keys.of("c2")
    awaiting.listen()
    keys.caught_up()
    for call in ("c1", "c2"):
        keys.pressed(call, "1")
    assert (awaiting.take("1"), deaf.take("1")) == ("1", None)


def test_a_caller_who_leans_on_his_keys_fills_no_memory() -> None:
    keys = Keys()
    keypad = keys.of("c1")
    keys.marked("c1", str(keypad.listen()))
    for _ in range(MOST_AHEAD):
        keys.pressed("c1", "1")
    keys.pressed("c1", "2")
    taken = 0
    while keypad.take("1"):
        taken += 1
    assert taken == MOST_AHEAD - 1, "the oldest went"


def test_keys_of_calls_that_nobody_knows_are_dropped() -> None:
    keys = Keys()
    keypad = keys.of("c1")
    keypad.listen()
    del keypad
    gc.collect()
    keys.marked("c1", "1")
    keys.pressed("c1", "1")
    keys.answered("c1")
    keys.caught_up()
    assert keys.of("c1").take("1") is None


async def test_who_waits_is_told_of_a_key_and_a_cancelled_wait_takes_none() -> None:
    keys = Keys()
    keypad = keys.of("c1")
    keys.marked("c1", str(keypad.listen()))
    assert keypad.take("1") is None
    waiting = asyncio.ensure_future(keypad.news())
    await asyncio.sleep(0)
    keys.pressed("c1", "1")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await keypad.news()
    assert keypad.take("1") == "1"
