"""A call on Asterisk: what it asks of the session, and what it makes of the answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hotline.keys import Keys
from ivr.agi.call import AgiCall, Outside, _only_of
from ivr.agi.errors import CommandFailed
from ivr.agi.legs import LegEnd
from ivr.agi.session import AgiSession
from ivr.call import CallLost, Connected, Line, Recorded, Ring

FILE = Path("/box/a.wav")
OUTSIDE = Outside("trunk-line", "10000")


class Clock:
    """A clock that stands."""

    def now(self) -> int:
        return 1_000_000

    def of_wall(self, ms: int) -> int:
        return ms


class Asterisk:
    """The far end of a session: it keeps what it is told, and answers as a test says, by the command's beginning."""

    def __init__(self, *, caller_name: str = "unknown", **answers: str) -> None:
        self.told: list[str] = []
        self.answers = {verb.replace("_", " "): answer for verb, answer in answers.items()}
        environment = {"agi_request": "agi://here/caller/c1", "agi_channel": "PJSIP/a", "agi_uniqueid": "c1"}
        environment["agi_calleridname"] = caller_name
        self.session = AgiSession(self, environment)  # type: ignore[arg-type]  # as much of a transport as it needs
        self.keys = Keys()
        self.clock = Clock()

    def write(self, line: bytes) -> None:
        command = line.decode().rstrip("\n")
        self.told.append(command)
        found = (answer for begin, answer in self.answers.items() if command.startswith(begin))
        answer = next(found, "200 result=0").encode()
        asyncio.get_running_loop().call_soon(self.session.line_received, answer)

    def close(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    async def end(self, leg: str) -> LegEnd | None:
        return LegEnd(17, "486")

    def call(self, outside: Outside | None = OUTSIDE) -> AgiCall:
        return AgiCall(
            "c1",
            self.session,
            self,
            self.keys.of("c1"),
            str,
            music="m",
            outside=outside,
            clock=self.clock,
            stop_playback=self.told.append,
        )


async def record(call: AgiCall, file: Path = FILE, longest: float = 60) -> Recorded:
    return await call.record(file, longest=longest, silence=2.4, finish="#", beep=True)


async def test_a_recording_is_asked_for_in_asterisks_units_and_awaited_until_its_file_is_closed() -> None:
    asterisk = Asterisk(RECORD_FILE="200 result=35 (dtmf) endpos=12000")
    assert await record(asterisk.call()) == Recorded(1.5, "#")
    assert asterisk.told == ['RECORD FILE "/box/a" "wav" "#" 60000 "BEEP" "s=2"', "NOOP"]


@pytest.mark.parametrize(
    ("reply", "recorded"),
    [
        ("200 result=0 (timeout) endpos=8000", Recorded(1.0, None)),
        ("200 result=49 (timeout) endpos=8000", Recorded(1.0, None)),
        ("200 result=49 (randomerror) endpos=0", Recorded(0.0, "1")),
    ],
)
async def test_the_result_of_a_recording_is_a_key_only_where_a_key_ended_it(
    reply: str, recorded: Recorded
) -> None:
    """When silence or the time ended it, Asterisk's result is a count of milliseconds."""
    assert await record(Asterisk(RECORD_FILE=reply).call()) == recorded


@pytest.mark.parametrize(
    "reply", ["200 result=-1 (writefile)", "200 result=-1 (randomerror) endpos=0", "200 result=-1"]
)
async def test_a_recording_that_asterisk_cannot_make_is_no_hang_up(reply: str) -> None:
    with pytest.raises(CommandFailed, match="RECORD FILE failed"):
        await record(Asterisk(RECORD_FILE=reply).call())


async def test_a_hang_up_during_a_recording_is_told_when_its_file_is_closed() -> None:
    asterisk = Asterisk(RECORD_FILE="200 result=-1 (hangup) endpos=8000", NOOP="HANGUP")
    with pytest.raises(CallLost):
        await record(asterisk.call())
    assert asterisk.told[-1] == "NOOP"


@pytest.mark.parametrize(
    ("file", "longest"),
    [(Path("a.wav"), 60), (Path("/box/a.mp3"), 60), (Path("/box/a\n.wav"), 60), (FILE, 0), (FILE, 3601)],
)
async def test_what_cannot_be_recorded_is_refused_before_asterisk_is_asked(
    file: Path, longest: float
) -> None:
    asterisk = Asterisk()
    with pytest.raises(ValueError, match=r"recording|line break"):
        await record(asterisk.call(), file, longest)
    assert asterisk.told == []


@pytest.mark.parametrize(
    "number", ["", "a", "1&PJSIP/900", "1@other", "1,5", "1)", "${X}", "1\n2", "++1", "1" * 33, "１"]
)
async def test_what_is_no_number_never_reaches_asterisk(number: str) -> None:
    asterisk = Asterisk()
    with pytest.raises(ValueError, match="a number to call"):
        await asterisk.call().connect(Line(number, 10))
    assert asterisk.told == []


async def test_a_number_is_dialled_by_the_trunk_and_shown_the_sites_own_number() -> None:
    asterisk = Asterisk()
    end = await asterisk.call().connect(Line("+86123", 9.6))
    assert end == Connected("busy", None, asterisk.clock.now(), 17, "486")
    assert asterisk.told[:3] == [
        'SET VARIABLE "__HOTLINE_OFFER" ""',
        f'SET VARIABLE "__HOTLINE_LINE" "c1/line/{asterisk.clock.now()}"',
        'EXEC "Dial" "PJSIP/+86123@trunk-line,10,gif(10000)U(hotline-connected)"',
    ]


@pytest.mark.parametrize(("moment", "outcome"), [(1_000_000, "answered"), (999_999, "busy")])
async def test_the_answer_of_an_earlier_line_is_not_this_ones(moment: int, outcome: str) -> None:
    asterisk = Asterisk(GET_FULL_VARIABLE=f"200 result=1 (ANSWER|c1/line/{moment} 1000400)")
    assert (await asterisk.call().connect(Line("123", 9))).outcome == outcome


async def test_without_a_trunk_nothing_is_dialled() -> None:
    asterisk = Asterisk()
    assert await asterisk.call(outside=None).connect(Line("123", 9)) == Connected("unreachable")
    assert asterisk.told == []


async def test_music_marks_once_from_where_on_keys_are_meant() -> None:
    asterisk = Asterisk()
    call = asterisk.call()
    await call.music(True)
    await call.music(True)
    assert [command for command in asterisk.told if "UserEvent" in command] == [
        'EXEC "UserEvent" "hotline-keys,Mark: 1"'
    ]


async def test_a_prompt_in_between_asks_for_a_new_mark() -> None:
    asterisk = Asterisk()
    call = asterisk.call()
    await call.music(True)
    await call.key(1)
    await call.music(True)
    assert asterisk.told[-1] == 'EXEC "UserEvent" "hotline-keys,Mark: 2"'


async def test_a_wait_for_a_key_that_began_before_the_music_gets_the_key() -> None:
    asterisk = Asterisk()
    call = asterisk.call()
    waiting = asyncio.ensure_future(call.pressed("1"))
    await call.music(True)
    asterisk.keys.marked("c1", "1")
    asterisk.keys.pressed("c1", "1")
    assert await waiting == "1"


@pytest.mark.parametrize("wait", [lambda call: call.pressed("1"), lambda call: call.rest(60)])
async def test_no_wait_outlives_the_session(wait: object) -> None:
    asterisk = Asterisk()
    waiting = asyncio.ensure_future(wait(asterisk.call()))  # type: ignore[operator]
    await asyncio.sleep(0)
    asterisk.session.line_received(b"HANGUP")
    with pytest.raises(CallLost):
        await waiting


async def test_a_rest_that_is_over_says_nothing() -> None:
    await Asterisk().call().rest(0)


@pytest.mark.parametrize(
    ("contacts", "right"),
    [
        ("PJSIP/phone-1/sip:a@192.0.2.1:5060", True),
        ("PJSIP/phone-1/sip:a@192.0.2.1&PJSIP/phone-1/sip:b@192.0.2.2", True),
        ("PJSIP/phone-1/sip:x,30,S(1)@192.0.2.1", False),
        ("PJSIP/phone-1/sip:a@192.0.2.1&PJSIP/0900123456@trunk-line", False),
    ],
)
def test_a_device_cannot_write_more_into_a_dial_than_its_own_address(contacts: str, right: bool) -> None:
    assert _only_of("phone-1", contacts) is right


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", "billing zh 0:35"),
        ("unknown", "billing zh 0:35"),
        ("王", "王 billing zh 0:35"),
        ("a" * 50, "a" * 20 + " billing zh 0:35"),
        ("x\t\x1b[2J", "x[2J billing zh 0:35"),
    ],
)
async def test_a_phone_that_rings_shows_who_calls_and_for_which_queue(name: str, shown: str) -> None:
    asterisk = Asterisk(caller_name=name, GET_FULL_VARIABLE="200 result=1 (PJSIP/6001/sip:a)")
    await asterisk.call().ring(Ring("c1/1/1", "ann", "6001", 15, shows="billing zh 0:35"))
    assert f'SET VARIABLE "CALLERID(name)" "{shown}"' in asterisk.told


async def test_a_name_cannot_break_out_of_its_command() -> None:
    asterisk = Asterisk(caller_name='"\\ ${X}', GET_FULL_VARIABLE="200 result=1 (PJSIP/6001/sip:a)")
    await asterisk.call().ring(Ring("c1/1/1", "ann", "6001", 15, shows="q"))
    (told,) = [line for line in asterisk.told if "CALLERID" in line]
    assert told == 'SET VARIABLE "CALLERID(name)" "\\"\\\\ ${X} q"'
