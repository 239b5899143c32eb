"""The FastAGI server against a real Asterisk: what it sends, when, and what it makes of our words."""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import time
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from hotline.asterisk.prefix import Toolbox, find
from ivr.agi.errors import BadCommand, CommandFailed, DeadChannel, SessionEnded
from ivr.agi.server import AgiServer
from ivr.agi.session import AgiSession

MODULES = (
    "res_speech.so res_agi.so pbx_config.so app_senddtmf.so app_controlplayback.so app_playback.so app_dial.so "
    "app_exec.so format_wav.so func_uri.so func_callerid.so res_musiconhold.so res_timing_timerfd.so"
)

DIALPLAN = """
[engine]
exten => caller,1,Set(AGIEXITONHANGUP=${EXIT})
 same => n,AGI(agi://127.0.0.1:${ENGINE}/caller/c1,one,two)
 same => n,AGI(agi://127.0.0.1:${ENGINE}/after/c1)
exten => away,1,AGI(agi://127.0.0.1:${ENGINE}/away/c1)
exten => latin,1,Set(CALLERID(name)=${URIDECODE(Jos%E9)})
 same => n,AGI(agi://127.0.0.1:${ENGINE}/caller/c1)
exten => liar,1,Set(CALLERID(name)=${URIDECODE(a%0Aagi_context: inside)})
 same => n,AGI(agi://127.0.0.1:${ENGINE}/caller/c1)
exten => h,1,AGI(agi://127.0.0.1:${ENGINE}/ended/c1)

[street]
exten => quiet,1,Answer()
 same => n,Wait(30)
exten => digits,1,Answer()
 same => n,Wait(0.2)
 same => n,SendDTMF(4#2,100,60)
 same => n,Wait(30)
exten => brief,1,Answer()
 same => n,Wait(0.1)
"""


class Asterisk:
    """A running Asterisk with a dialplan that hands every call to the engine under test."""

    def __init__(self, process: subprocess.Popen[bytes], ami: int, sound: str) -> None:
        self.process = process
        self.ami = ami
        self.sound = sound
        """A sound of five seconds, without its suffix."""


class Ami:
    """Just enough of AMI to place a call and to interfere with it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def act(self, action: str, **headers: str) -> None:
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in headers.items())]
        self._writer.write("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        assert "Response: Success" in answer, answer

    def close(self) -> None:
        self._writer.close()


class Street:
    """Calls into the engine, and the sessions that come of them."""

    def __init__(
        self, asterisk: Asterisk, ami: Ami, server: AgiServer, calls: asyncio.Queue[AgiSession]
    ) -> None:
        self.asterisk = asterisk
        self.ami = ami
        self.server = server
        self._sessions = calls

    async def place(self, exten: str = "caller", far: str = "quiet", *, exit_on_hangup: bool = True) -> None:
        await self.ami.act(
            "Originate",
            Channel=f"Local/{exten}@engine",
            Context="street",
            Exten=far,
            Priority="1",
            Variable=f"ENGINE={self.server.port},EXIT={'yes' if exit_on_hangup else 'no'}",
            Async="true",
        )

    async def session(self, role: str) -> AgiSession:
        async with asyncio.timeout(10):
            session = await self._sessions.get()
        assert session.role == role
        return session

    async def call(self, far: str = "quiet", *, exit_on_hangup: bool = True) -> AgiSession:
        await self.place(far=far, exit_on_hangup=exit_on_hangup)
        return await self.session("caller")

    async def hang_up(self, session: AgiSession) -> None:
        """Hang up at the caller's end of the line."""
        await self.ami.act("Hangup", Channel=session.channel.removesuffix("2") + "1")

    async def redirect(self, session: AgiSession) -> None:
        await self.ami.act("Redirect", Channel=session.channel, Context="engine", Exten="away", Priority="1")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def configure(toolbox: Toolbox, folder: Path, ami: int) -> None:
    home = toolbox.asterisk
    folders = {"etc": folder, "varlib": folder, "db": folder, "key": folder, "agi": folder, "sbin": folder}
    folders |= {"mod": home.modules, "data": home.data, "run": folder, "log": folder, "spool": folder}
    named = "".join(f"ast{name}dir => {path}\n" for name, path in folders.items())
    files = {
        "asterisk": f"[directories]\n{named}[options]\nsystemname=agi\n",
        "modules": "[modules]\nautoload=no\n" + "".join(f"load={name}\n" for name in MODULES.split()),
        "manager": f"[general]\nenabled=yes\nbindaddr=127.0.0.1\nport={ami}\n"
        "[test]\nsecret=test\nread=none\nwrite=all\n",
        "extensions": DIALPLAN,
    }
    for name, text in files.items():
        (folder / f"{name}.conf").write_text(text)


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    toolbox = find()
    folder = tmp_path_factory.mktemp("asterisk")
    ami = free_port()
    configure(toolbox, folder, ami)
    with wave.open(str(folder / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8_000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * 8_000 * 5))
    command = toolbox.command("asterisk", "-C", str(folder / "asterisk.conf"))
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [*command, "-f", "-n"], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        booted = [*command, "-rx", "core waitfullybooted"]
        for _ in range(200):
            if subprocess.run(booted, capture_output=True, check=False).returncode == 0:
                break
            assert process.poll() is None, (folder / "out").read_text()
            time.sleep(0.05)
        yield Asterisk(process, ami, str(folder / "sound"))
    finally:
        process.kill()
        process.wait()


@pytest.fixture
async def street(asterisk: Asterisk) -> AsyncIterator[Street]:
    sessions: asyncio.Queue[AgiSession] = asyncio.Queue()

    async def hand_over(session: AgiSession) -> None:
        sessions.put_nowait(session)
        await session.ended.wait()

    server = AgiServer(hand_over, port=0)
    await server.start()
    ami = Ami(*await asyncio.open_connection("127.0.0.1", asterisk.ami))
    await ami._reader.readline()
    await ami.act("Login", Username="test", Secret="test", Events="off")
    yield Street(asterisk, ami, server, sessions)
    await server.close()
    ami.close()


async def test_the_environment_tells_channel_role_and_arguments(street: Street) -> None:
    session = await street.call()
    assert session.rest == ("c1",)
    assert session.channel.startswith("Local/caller@engine")
    assert session.uniqueid.startswith("agi-")
    assert (session.environment["agi_arg_1"], session.environment["agi_arg_2"]) == ("one", "two")
    assert session.caller_id is None


async def test_a_call_is_answered(street: Street) -> None:
    session = await street.call()
    await session.answer()
    assert (await session.command("CHANNEL STATUS")).result == "6"


async def test_a_sound_is_heard_to_the_digit_that_ends_it(street: Street) -> None:
    session = await street.call("digits")
    await session.answer()
    played = await session.stream_file(street.asterisk.sound, "#", timeout=10)
    assert played.digit == "#"
    assert 0 < played.endpos < 5 * 8_000
    assert await session.wait_for_digit(5) == "2"
    assert await session.wait_for_digit(0.01) is None


async def test_a_sound_is_stopped_by_ami_and_its_reply_comes(street: Street) -> None:
    session = await street.call()
    playing = asyncio.create_task(session.stream_file(street.asterisk.sound))
    await asyncio.sleep(0.2)
    await street.ami.act("ControlPlayback", Channel=session.channel, Control="stop")
    played = await playing
    assert played.digit is None
    assert 0 < played.endpos < 5 * 8_000


async def test_a_cancelled_sound_that_ami_stops_leaves_a_session_in_step(street: Street) -> None:
    session = await street.call()
    playing = asyncio.create_task(session.stream_file(street.asterisk.sound))
    await asyncio.sleep(0.2)
    playing.cancel()
    await asyncio.wait([playing])
    asking = asyncio.create_task(session.get_variable("EXIT"))
    await asyncio.sleep(0)
    await street.ami.act("ControlPlayback", Channel=session.channel, Control="stop")
    assert await asking == "yes"


async def test_a_missing_sound_is_a_failure_and_the_call_goes_on(street: Street) -> None:
    session = await street.call()
    with pytest.raises(CommandFailed, match="nosuch"):
        await session.stream_file("nosuch")
    assert await session.get_variable("EXIT") == "yes"


async def test_hostile_values_come_back_as_they_were_set(street: Street) -> None:
    session = await street.call()
    chance = random.Random(1)
    values = [
        "",
        " ",
        '"',
        "\\",
        '\\"',
        "a b",
        "王",
        "a,b|c;d",
        "${EXTEN}",
        "$[1+1]",
        "\t",
        ")(",
        "王" * 600,
    ]
    alphabet = "\"\\ \t,;:$(){}[]'|&%王é😀a1\x01\x7f"
    values += ["".join(chance.choices(alphabet, k=chance.randint(0, 60))) for _ in range(200)]
    for value in values:
        await session.set_variable("V", value)
        assert await session.get_variable("V") == value


async def test_a_variable_that_was_never_set_is_empty(street: Street) -> None:
    assert await (await street.call()).get_variable("NEVER") == ""


async def test_a_value_with_line_breaks_is_one_reply(street: Street) -> None:
    session = await street.call()
    assert await session.get_full_variable("${URIDECODE(a%0AHANGUP%0Ab)}") == "a\nHANGUP\nb"
    assert await session.get_variable("EXIT") == "yes"


async def test_options_of_an_application_are_not_expanded(street: Street) -> None:
    session = await street.call()
    assert await session.exec("Set", "V=${EXIT}") == 0
    assert await session.get_variable("V") == "${EXIT}"


async def test_dial_returns_minus_one_with_the_caller_still_there(street: Street) -> None:
    session = await street.call()
    assert await session.exec("Dial", "Local/brief@street", "5", timeout=10) == -1
    assert await session.get_variable("DIALSTATUS") == "ANSWER"
    assert await session.wait_for_digit(0.01) is None


async def test_commands_are_obeyed_while_music_plays(street: Street) -> None:
    session = await street.call()
    await session.set_music(True)
    assert await session.get_variable("EXIT") == "yes"
    await session.set_music(False)


async def test_what_asterisk_does_not_know_is_a_bad_command(street: Street) -> None:
    session = await street.call()
    with pytest.raises(BadCommand) as unknown:
        await session.command("DANCE")
    assert unknown.value.code == 510
    with pytest.raises(BadCommand) as usage:
        await session.command("SET MUSIC")
    assert (usage.value.code, "\n" in usage.value.text) == (520, True)
    with pytest.raises(CommandFailed, match="NoSuch"):
        await session.exec("NoSuch")
    assert await session.get_variable("EXIT") == "yes"


@pytest.mark.parametrize("exit_on_hangup", [True, False])
async def test_a_hangup_ends_a_session_that_waits(street: Street, exit_on_hangup: bool) -> None:
    session = await street.call(exit_on_hangup=exit_on_hangup)
    await street.hang_up(session)
    async with asyncio.timeout(1):
        await session.ended.wait()
    with pytest.raises(SessionEnded):
        await session.answer()


@pytest.mark.parametrize("exit_on_hangup", [True, False])
@pytest.mark.parametrize("command", ["sound", "digit", "application"])
async def test_a_hangup_ends_the_command_outstanding(
    street: Street, command: str, exit_on_hangup: bool
) -> None:
    session = await street.call(exit_on_hangup=exit_on_hangup)
    sound = street.asterisk.sound
    if command == "sound":
        asking: asyncio.Task[object] = asyncio.create_task(session.stream_file(sound))
    elif command == "digit":
        asking = asyncio.create_task(session.wait_for_digit(None))
    else:
        asking = asyncio.create_task(session.exec("Playback", sound))
    await asyncio.sleep(0.1)
    await street.hang_up(session)
    async with asyncio.timeout(1):
        await asyncio.wait([asking])
        if command == "application":
            assert asking.result() == -1
        else:
            assert isinstance(asking.exception(), SessionEnded)
        await session.ended.wait()


@pytest.mark.parametrize("exit_on_hangup", [True, False])
async def test_a_redirect_ends_the_session_and_the_channel_comes_back(
    street: Street, exit_on_hangup: bool
) -> None:
    session = await street.call(exit_on_hangup=exit_on_hangup)
    asking = asyncio.create_task(session.wait_for_digit(None))
    await asyncio.sleep(0.1)
    await street.redirect(session)
    with pytest.raises(SessionEnded):
        await asking
    again = await street.session("away")
    assert again.uniqueid == session.uniqueid
    assert await again.wait_for_digit(0.01) is None


async def test_a_hangup_of_ours_ends_the_session_and_the_h_extension_has_a_dead_channel(
    street: Street,
) -> None:
    session = await street.call()
    await session.hangup()
    await session.ended.wait()
    ended = await street.session("ended")
    with pytest.raises(DeadChannel):
        await ended.stream_file(street.asterisk.sound)
    await ended.hangup()
    assert await ended.get_variable("EXIT") == "yes"


async def test_a_session_closed_by_the_engine_leaves_the_call_to_the_dialplan(street: Street) -> None:
    session = await street.call()
    session.close()
    assert (await street.session("after")).uniqueid == session.uniqueid


async def test_a_name_in_another_encoding_does_not_cost_the_call(street: Street) -> None:
    await street.place("latin")
    assert (await street.session("caller")).environment["agi_calleridname"] == "Jos�"


async def test_a_name_with_a_line_break_cannot_forge_the_environment(street: Street) -> None:
    with capture_logs() as logs:
        await street.place("liar")
        async with asyncio.timeout(5):
            while not logs:  # noqa: ASYNC110 - a log has no event to wait for
                await asyncio.sleep(0.01)
    assert logs[0]["problem"] == "a variable comes twice in the AGI environment"
