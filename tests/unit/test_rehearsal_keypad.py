"""A caller at a keyboard, and what he hears."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
import wave
from pathlib import Path

import pytest

from hotline.commands.keypad import Keypad, typed_into
from hotline.commands.sound import HeardCall, WrittenCall
from ivr.call import CallLost, Sound
from ivr.rehearsal.call import RehearsedCall
from ivr.rehearsal.script import HangUp, Press, Silence


def typed(text: str) -> Keypad:
    keypad = Keypad()
    keypad.type(text)
    return keypad


async def test_keys_are_taken_in_the_order_in_which_they_were_typed() -> None:
    call = RehearsedCall(typed("1*\n#x7"))
    assert [await call.key(5.0) for _ in range(5)] == ["1", "*", None, "#", "7"]


async def test_a_call_waits_until_a_key_is_typed() -> None:
    keypad = Keypad()
    waits = asyncio.create_task(RehearsedCall(keypad).key(5.0))
    await asyncio.sleep(0)
    assert not waits.done()
    keypad.type("4")
    assert await waits == "4"


async def test_h_hangs_up() -> None:
    call = RehearsedCall(typed("h"))
    with pytest.raises(CallLost):
        await call.key(5.0)


async def test_a_caller_who_can_type_no_more_is_silent() -> None:
    keypad = typed("1")
    keypad.close()
    call = RehearsedCall(keypad)
    assert [await call.key(5.0) for _ in range(3)] == ["1", None, None]


async def test_who_waits_for_a_key_when_nothing_more_can_be_typed_hears_so() -> None:
    keypad = Keypad()
    waits = asyncio.create_task(keypad.coming())
    await asyncio.sleep(0)
    keypad.close()
    assert await waits is None


async def test_while_waiting_in_a_queue_only_keys_that_mean_something_are_taken() -> None:
    keypad = Keypad()
    chosen, gone = asyncio.create_task(keypad.chosen("1")), asyncio.create_task(keypad.hung_up())
    outlasted = asyncio.create_task(keypad.outlasted())
    await asyncio.sleep(0)
    keypad.type("52")
    assert keypad.head() is None
    keypad.type("1")
    assert await chosen == "1"
    keypad.type("\n")
    assert await outlasted
    assert not gone.done()
    keypad.type("h")
    await gone
    assert keypad.head() == HangUp()


async def test_a_key_found_for_one_who_is_cancelled_is_not_lost() -> None:
    keypad = Keypad()
    chosen = asyncio.create_task(keypad.chosen("1"))
    await asyncio.sleep(0)
    keypad.type("1")
    chosen.cancel()
    await asyncio.gather(chosen, return_exceptions=True)
    assert keypad.head() == Press("1")


async def test_a_busy_queue_is_left_by_its_time_out_when_enter_is_typed() -> None:
    call = RehearsedCall(typed("\n"))
    await call.hold()
    assert [moment.kind for moment in call.moments] == ["silence"]


async def test_keys_typed_on_a_terminal_come_one_by_one_and_the_terminal_is_as_before_at_the_end() -> None:
    keypad = Keypad()
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    try:
        with typed_into(keypad, theirs):
            os.write(ours, b"2")
            assert await keypad.coming() == Press("2")
            keypad.take()
            os.write(ours, b"\x04")
            assert await keypad.coming() == HangUp()
        assert termios.tcgetattr(theirs) == before
    finally:
        os.close(ours)
        os.close(theirs)


async def test_keys_come_from_a_pipe_until_it_ends() -> None:
    keypad = Keypad()
    read, write = os.pipe()
    os.write(write, b"3\n")
    os.close(write)
    with typed_into(keypad, read):
        assert await keypad.coming() == Press("3")
        keypad.take()
        assert await keypad.coming() == Silence()
        keypad.take()
        assert await keypad.coming() is None
    os.close(read)


async def test_keys_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("9", encoding="ascii")
    keypad = Keypad()
    with file.open("rb") as opened, typed_into(keypad, opened.fileno()):
        assert await keypad.coming() == Press("9")


async def test_a_key_ends_what_is_being_played() -> None:
    """`sleep` stands in for a sound program: its argument is how long it takes."""
    keypad = Keypad()
    call = HeardCall(keypad, ["sleep"], lambda _moment: None)
    plays = asyncio.create_task(call.play([Sound(Path("60"), "A long text.", 60.0)], keys="1"))
    asyncio.get_running_loop().call_later(0.02, keypad.type, "1")
    async with asyncio.timeout(5):
        assert await plays == "1"


async def test_a_prompt_is_played_to_its_end_when_no_key_may_cut_it_off() -> None:
    call = HeardCall(typed("1"), ["sleep"], lambda _moment: None)
    assert await call.play([Sound(Path("0.01"), "A short text.", 0.01)]) is None
    assert await call.key(5.0) == "1"


async def test_what_was_said_is_written_into_one_file(tmp_path: Path) -> None:
    prompt, file = tmp_path / "prompt.wav", tmp_path / "call.wav"
    with wave.open(str(prompt), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\1\0" * 4000)
    call = WrittenCall(typed(""), lambda _moment: None)
    await call.play([Sound(prompt, "Hello.", 0.5), Sound(prompt, "Hello.", 0.5)])
    assert call.write(file) == pytest.approx(1.6)  # two of half a second, each with a pause behind it
    with wave.open(str(file), "rb") as sound:
        assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (8000, 2, 1)
