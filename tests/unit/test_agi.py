"""The FastAGI server against peers of every kind: each session ends in its own way, and alone."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from structlog.testing import capture_logs

from ivr.agi.commands import Played
from ivr.agi.errors import (
    AgiError,
    BadCommand,
    CallerHungUp,
    CommandFailed,
    CommandRefused,
    CommandTimedOut,
    ConnectionLost,
    DeadChannel,
    IllegalArgument,
    ListenFailed,
    ProtocolViolation,
    SessionEnded,
    SessionSealed,
)
from ivr.agi.protocol import REPLY_LIMIT, Reply
from ivr.agi.server import ENVIRONMENT_LIMIT, AgiServer
from ivr.agi.session import AgiSession

Handler = Callable[[AgiSession], Awaitable[None]]

ENVIRONMENT = (
    b"agi_network: yes\nagi_request: agi://127.0.0.1:4573/caller/c1\nagi_channel: PJSIP/trunk-1\n"
    b"agi_uniqueid: n-1.1\nagi_callerid: 13800000000\nagi_dnid: 10000\nagi_rdnis: unknown\n\n"
)


class Peer:
    """Asterisk's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def heard(self) -> str:
        """Return the next command, or "" at the end."""
        return (await self._reader.readline()).decode().rstrip("\n")

    def say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\n" for line in lines).encode())

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()

    def hear_nothing(self) -> None:
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def closed_by_us(self) -> bool:
        """Wait until the engine closes; whatever it still said is dropped."""
        with suppress(ConnectionError):
            await self._reader.read()
        return True


class Exchange:
    """A running server whose handlers hand their sessions to the test."""

    def __init__(self, server: AgiServer, sessions: asyncio.Queue[AgiSession]) -> None:
        self.server = server
        self.peers: list[Peer] = []
        self._sessions = sessions

    async def connect(self) -> Peer:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.server.port))
        self.peers.append(peer)
        return peer

    async def session(self) -> AgiSession:
        """Return the next session that the server begins."""
        return await self._sessions.get()

    async def call(self) -> tuple[Peer, AgiSession]:
        peer = await self.connect()
        peer.send(ENVIRONMENT)
        return peer, await self.session()


@asynccontextmanager
async def exchange(handler: Handler | None = None, **limits: float) -> AsyncIterator[Exchange]:
    sessions: asyncio.Queue[AgiSession] = asyncio.Queue()

    async def hand_over(session: AgiSession) -> None:
        sessions.put_nowait(session)
        if handler:
            await handler(session)
        else:
            await session.ended.wait()

    server = AgiServer(hand_over, port=0, **limits)  # type: ignore[arg-type]
    await server.start()
    running = Exchange(server, sessions)
    try:
        yield running
    finally:
        await server.close()
        for peer in running.peers:
            await peer.close()


@pytest.fixture
async def house() -> AsyncIterator[Exchange]:
    async with exchange() as running:
        yield running


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the server has figures, and no events for a test
            await asyncio.sleep(0)


async def still_serves(house: Exchange) -> bool:
    """A new call is served: whatever befell another session befell it alone."""
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.command("NOOP"))
    assert await peer.heard() == "NOOP"
    peer.say("200 result=0")
    return await asking == Reply("0")


# The session and its commands


async def test_the_path_and_the_environment_say_what_the_session_is(house: Exchange) -> None:
    _, session = await house.call()
    assert (session.role, session.rest) == ("caller", ("c1",))
    assert (session.channel, session.uniqueid) == ("PJSIP/trunk-1", "n-1.1")
    assert (session.caller_id, session.dnis) == ("13800000000", "10000")
    assert session.environment["agi_network"] == "yes"


async def test_an_environment_in_pieces_is_put_together(house: Exchange) -> None:
    peer = await house.connect()
    for byte in ENVIRONMENT:
        peer.send(bytes([byte]))
        await asyncio.sleep(0)
    peer.send(b"")
    assert (await house.session()).role == "caller"


async def test_a_command_gets_its_reply(house: Exchange) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.command("STREAM FILE", 'a"b', "", 8))
    assert await peer.heard() == r'STREAM FILE "a\"b" "" 8'
    peer.say("100 Trying...", "200 result=49 endpos=80")
    assert await asking == Reply("49", None, 80)


async def test_a_reply_in_pieces_is_put_together(house: Exchange) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.command("NOOP"))
    await peer.heard()
    value = "王" * 2_000
    for start in range(0, len(data := f"200 result=1 ({value})\n".encode()), 701):
        peer.send(data[start : start + 701])
        await asyncio.sleep(0)
    assert (await asking).data == value


@pytest.mark.parametrize(
    ("lines", "error", "code"),
    [
        (["510 Invalid or unknown command"], BadCommand, 510),
        (["520 Invalid command syntax."], BadCommand, 520),
        (["520-Usage follows:", "SET MUSIC", "520 End of proper usage."], BadCommand, 520),
        (["511 Command Not Permitted on a dead channel"], DeadChannel, 511),
        (["503 result=-2 Memory allocation failure"], CommandRefused, 503),
    ],
)
async def test_a_refusal_is_an_error_and_the_session_goes_on(
    house: Exchange, lines: list[str], error: type[CommandRefused], code: int
) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.command("SET MUSIC"))
    await peer.heard()
    peer.say(*lines)
    with pytest.raises(error) as refused:
        await asking
    assert (type(refused.value), refused.value.code, refused.value.verb) == (error, code, "SET MUSIC")
    asking = asyncio.ensure_future(session.command("NOOP"))
    await peer.heard()
    peer.say("200 result=0")
    assert await asking == Reply("0")


async def test_an_illegal_argument_sends_nothing_and_the_session_goes_on(house: Exchange) -> None:
    peer, session = await house.call()
    with pytest.raises(IllegalArgument):
        await session.command("NOOP", "a\nHANGUP")
    asking = asyncio.ensure_future(session.command("NOOP"))
    assert await peer.heard() == "NOOP"
    peer.say("200 result=0")
    await asking


async def test_a_second_command_at_once_is_a_programmer_s_error(house: Exchange) -> None:
    peer, session = await house.call()
    first = asyncio.ensure_future(session.command("ANSWER"))
    await peer.heard()
    with pytest.raises(RuntimeError, match="ANSWER is outstanding"):
        await session.command("NOOP")
    peer.say("200 result=0")
    assert await first == Reply("0")


# The end of a session


async def test_hangup_while_no_command_is_outstanding_ends_the_session(house: Exchange) -> None:
    peer, session = await house.call()
    peer.say("HANGUP")
    await session.ended.wait()
    with pytest.raises(SessionEnded):
        await session.command("NOOP")


async def test_hangup_while_a_command_is_outstanding_is_not_its_reply(house: Exchange) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.command("WAIT FOR DIGIT", -1, timeout=None))
    await peer.heard()
    peer.say("HANGUP", "200 result=0")
    with pytest.raises(SessionEnded):
        await asking


async def test_a_reply_ahead_of_hangup_is_delivered_and_then_the_session_ends(house: Exchange) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.command("EXEC", "Dial"))
    await peer.heard()
    peer.say("200 result=-1", "HANGUP", "HANGUP")
    assert await asking == Reply("-1")
    assert session.ended.is_set()


async def test_hangup_closes_the_socket_since_a_redirect_waits_for_it(house: Exchange) -> None:
    peer, _ = await house.call()
    peer.say("HANGUP")
    assert await peer.closed_by_us()


async def test_a_closed_connection_ends_the_session_as_hangup_does(house: Exchange) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.command("WAIT FOR DIGIT", -1, timeout=None))
    await peer.heard()
    await peer.close()
    with pytest.raises(SessionEnded) as ended:
        await asking
    assert type(ended.value) is SessionEnded
    assert session.ended.is_set()


async def test_a_reset_connection_is_a_lost_one(house: Exchange) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.command("ANSWER"))
    await peer.heard()
    peer.reset()
    with pytest.raises(ConnectionLost):
        await asking


async def test_a_reported_hangup_ends_the_command_outstanding(house: Exchange) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.command("ANSWER"))
    await peer.heard()
    session.caller_hung_up()
    with pytest.raises(CallerHungUp):
        await asking


async def test_a_hangup_reported_after_the_end_says_why_it_ended(house: Exchange) -> None:
    peer, session = await house.call()
    peer.say("HANGUP")
    await session.ended.wait()
    session.caller_hung_up()
    with pytest.raises(CallerHungUp):
        await session.command("NOOP")


async def test_a_session_closed_by_us_takes_no_command(house: Exchange) -> None:
    peer, session = await house.call()
    session.close()
    session.close()
    assert session.ended.is_set()
    assert await peer.closed_by_us()
    with pytest.raises(SessionSealed):
        await session.command("NOOP")


# Time-outs and cancellation


async def test_a_command_that_timed_out_seals_the_session(house: Exchange) -> None:
    peer, session = await house.call()
    with pytest.raises(CommandTimedOut, match=r"ANSWER within 0\.01 s"):
        await session.command("ANSWER", timeout=0.01)
    peer.say("200 result=0")
    with pytest.raises(SessionSealed, match="ANSWER"):
        await session.command("NOOP")
    assert await peer.closed_by_us()


async def test_a_time_limit_shorter_than_the_last_one_holds(house: Exchange) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.command("NOOP", timeout=60))
    await peer.heard()
    peer.say("200 result=0")
    await asking
    with pytest.raises(CommandTimedOut, match="ANSWER"):
        await session.command("ANSWER", timeout=0.01)


async def test_the_time_limit_of_a_command_done_does_not_touch_the_next(house: Exchange) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.command("NOOP", timeout=0.05))
    await peer.heard()
    peer.say("200 result=0")
    await asking
    alarm = session._alarm
    assert alarm is not None
    asking = asyncio.ensure_future(session.command("STREAM FILE", "x", timeout=None))
    await peer.heard()
    await until(lambda: session._alarm is None)
    peer.say("200 result=0 endpos=1")
    assert (await asking).endpos == 1


async def test_the_late_reply_to_a_cancelled_command_is_no_other_s(house: Exchange) -> None:
    peer, session = await house.call()
    playing = asyncio.ensure_future(session.command("STREAM FILE", "x", timeout=None))
    await peer.heard()
    playing.cancel()
    await asyncio.wait([playing])
    asking = asyncio.ensure_future(session.command("GET VARIABLE", "a"))
    await asyncio.sleep(0)
    peer.say("200 result=49 endpos=80")
    assert await peer.heard() == 'GET VARIABLE "a"'
    peer.say("200 result=1 (a)")
    assert await asking == Reply("1", "a")


async def test_a_command_is_not_sent_before_the_reply_to_a_cancelled_one(house: Exchange) -> None:
    peer, session = await house.call()
    playing = asyncio.ensure_future(session.command("STREAM FILE", "x", timeout=None))
    await peer.heard()
    playing.cancel()
    await asyncio.wait([playing])
    with pytest.raises(CommandTimedOut, match="NOOP"):
        await session.command("NOOP", timeout=0.01)
    assert await peer.heard() == ""


async def test_a_command_cancelled_in_the_queue_is_never_sent(house: Exchange) -> None:
    peer, session = await house.call()
    for verb in ("ANSWER", "HANGUP"):
        asking = asyncio.ensure_future(session.command(verb))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
    assert await peer.heard() == "ANSWER"
    last = asyncio.ensure_future(session.command("NOOP"))
    await asyncio.sleep(0)
    peer.say("200 result=0")
    assert await peer.heard() == "NOOP"
    peer.say("200 result=7")
    assert await last == Reply("7")


async def test_a_cancelled_command_that_is_never_answered_seals_the_session(house: Exchange) -> None:
    _, session = await house.call()
    asking = asyncio.ensure_future(session.command("ANSWER", timeout=0.01))
    await asyncio.sleep(0)
    asking.cancel()
    await session.ended.wait()
    with pytest.raises(SessionSealed):
        await session.command("NOOP")


# Hostile peers


async def logged_end(house: Exchange, peer: Peer) -> list[str]:
    """Wait until the connection is gone and its end is counted; return what was logged of it."""
    with capture_logs() as logs:
        assert await peer.closed_by_us()
        await until(lambda: house.server.statistics().open == 0)
    return [entry.get("problem", entry["event"]) for entry in logs]


async def test_a_port_scan_is_logged_once(house: Exchange) -> None:
    with capture_logs() as logs:
        peer = await house.connect()
        await peer.close()
        await until(lambda: house.server.statistics().strangers == 1)
    assert [entry["problem"] for entry in logs] == ["it closed before its environment was complete"]
    assert await still_serves(house)


@pytest.mark.parametrize("said", [b"", b"agi_request: agi://h/caller\n", b"x"])
async def test_a_half_open_peer_is_dropped_in_time(said: bytes) -> None:
    async with exchange(environment_timeout=0.02) as house:
        peer = await house.connect()
        peer.send(said)
        (problem,) = await logged_end(house, peer)
        assert problem == "it sent no complete environment within 0.02 s"


@pytest.mark.parametrize(
    "said",
    [
        b"x" * 1_000_000,
        b"agi_a: x\n" * 100_000,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\n",
        b"\x16\x03\x01\x02\x00\n\n",
        ENVIRONMENT.replace(b"PJSIP", b"\xff\xfe"),
        ENVIRONMENT.replace(b"/caller/c1", b""),
        b"HANGUP\n\n",
        b"\n",
    ],
    ids=["megabyte", "endless", "http", "tls", "not utf-8", "no role", "hangup", "nothing"],
)
async def test_a_peer_that_is_no_asterisk_is_dropped_alone_and_logged_once(said: bytes) -> None:
    async with exchange() as house:
        _, bystander = await house.call()
        peer = await house.connect()
        with capture_logs() as logs:
            peer.send(said)
            assert await peer.closed_by_us()
            await until(lambda: house.server.statistics().open == 1)
        assert len(logs) == 1
        assert house.server.statistics().strangers == 1
        assert not bystander.ended.is_set()
        assert await still_serves(house)


async def test_an_environment_is_bounded_even_in_good_lines() -> None:
    async with exchange() as house:
        peer = await house.connect()
        peer.send(b"".join(b"agi_arg_%d: %s\n" % (n, b"x" * 100) for n in range(ENVIRONMENT_LIMIT // 100)))
        (problem,) = await logged_end(house, peer)
        assert str(ENVIRONMENT_LIMIT) in problem


@pytest.mark.parametrize(
    "said",
    [
        b"x" * 1_000_000,
        b"200 result=1 (" + b"x\n" * REPLY_LIMIT,
        b"200 result=1 (\xff)\n",
        b"what?\n",
        b"\n",
        b"200 result=1 (a)\n200 result=1 (b)\n",
    ],
    ids=["megabyte", "endless", "not utf-8", "no reply", "empty", "two replies"],
)
async def test_a_session_that_leaves_agi_is_cut_alone_and_logged_once(house: Exchange, said: bytes) -> None:
    _, bystander = await house.call()
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.command("GET VARIABLE", "x"))
    await peer.heard()
    with capture_logs() as logs:
        peer.send(said)
        await session.ended.wait()
        await asyncio.wait([asking])
        assert await peer.closed_by_us()
    assert len(logs) == 1
    assert (logs[0]["event"], logs[0]["role"]) == ("agi session broken", "caller")
    with pytest.raises(ProtocolViolation):
        await session.command("NOOP")
    assert not bystander.ended.is_set()
    asking.exception()


async def test_a_reply_to_no_command_cuts_the_session(house: Exchange) -> None:
    peer, session = await house.call()
    peer.say("200 result=0")
    await session.ended.wait()
    with pytest.raises(ProtocolViolation, match="no command"):
        await session.command("NOOP")


async def test_a_peer_that_reads_nothing_is_cut_when_its_command_times_out(house: Exchange) -> None:
    _, bystander = await house.call()
    peer, session = await house.call()
    peer.hear_nothing()
    session._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    session._transport.write(b"x" * 10_000_000)
    assert session._transport.get_write_buffer_size() > 0
    with capture_logs() as logs, pytest.raises(CommandTimedOut):
        await session.command("NOOP", timeout=0.01)
    assert [entry["event"] for entry in logs] == ["agi command timed out"]
    await until(lambda: house.server.statistics().open == 1)
    assert not bystander.ended.is_set()
    await peer.close()


# The server


async def test_the_session_is_closed_when_its_handler_returns() -> None:
    async def hurried(_: AgiSession) -> None:
        return

    async with exchange(hurried) as house:
        peer, session = await house.call()
        assert await peer.closed_by_us()
        assert session.ended.is_set()


async def test_a_handler_s_failure_is_logged_once_with_its_role_and_ends_its_session_alone() -> None:
    async def clumsy(session: AgiSession) -> None:
        await session.ended.wait() if session.uniqueid == "n-1.2" else (_ for _ in ()).throw(KeyError("x"))

    async with exchange(clumsy) as house:
        bystander = await house.connect()
        bystander.send(ENVIRONMENT.replace(b"n-1.1", b"n-1.2"))
        quiet = await house.session()
        with capture_logs() as logs:
            peer, _ = await house.call()
            assert await peer.closed_by_us()
        assert [(entry["event"], entry["role"]) for entry in logs] == [("agi handler failed", "caller")]
        assert house.server.statistics().failed == 1
        assert not quiet.ended.is_set()


@pytest.mark.parametrize("line", ["HANGUP", "what?"])
async def test_a_session_s_own_end_is_no_failure_of_its_handler(line: str) -> None:
    async def waiting(session: AgiSession) -> None:
        await session.wait_for_digit(None)

    async with exchange(waiting) as house:
        peer, _ = await house.call()
        with capture_logs() as logs:
            peer.say(line)
            assert await peer.closed_by_us()
        assert "agi handler failed" not in [entry["event"] for entry in logs]
        assert house.server.statistics().failed == 0


async def test_more_sessions_than_the_limit_are_closed_at_once() -> None:
    async with exchange(max_sessions=1) as house:
        _, session = await house.call()
        with capture_logs() as logs:
            assert await (await house.connect()).closed_by_us()
        assert len(logs) == 1
        assert house.server.statistics().refused == 1
        assert not session.ended.is_set()


async def test_a_place_is_free_again_when_a_session_is_gone() -> None:
    async with exchange(max_sessions=1) as house:
        peer, _ = await house.call()
        await peer.close()
        await until(lambda: house.server.statistics().open == 0)
        assert await still_serves(house)


async def test_closing_the_server_cancels_its_handlers_and_waits_for_them() -> None:
    done: list[str] = []

    async def thorough(session: AgiSession) -> None:
        try:
            await session.ended.wait()
        finally:
            await asyncio.sleep(0)
            done.append(session.uniqueid)

    async with exchange(thorough) as house:
        peer, _ = await house.call()
        stranger = await house.connect()
        await until(lambda: house.server.statistics().open == 2)
        await house.server.close()
        assert done == ["n-1.1"]
        assert await peer.closed_by_us()
        assert await stranger.closed_by_us()


async def test_an_address_in_use_is_told_with_the_way_out(house: Exchange) -> None:
    second = AgiServer(lambda _: asyncio.sleep(0), port=house.server.port)
    with pytest.raises(ListenFailed, match=f"127.0.0.1:{house.server.port}.*another AGI port"):
        await second.start()


async def test_a_thousand_sessions_at_once_are_never_mixed() -> None:
    async with exchange() as house:
        calls = [await house.call() for _ in range(1_000)]
        asking = [asyncio.ensure_future(s.get_variable(str(n))) for n, (_, s) in enumerate(calls)]
        for n, (peer, _) in reversed(list(enumerate(calls))):
            assert await peer.heard() == f'GET FULL VARIABLE "${{{n}}}"'
            peer.say(f"200 result=1 ({n})")
        assert await asyncio.gather(*asking) == [str(n) for n in range(1_000)]


# The typed commands


@pytest.mark.parametrize(
    ("act", "sent", "reply", "result"),
    [
        (lambda s: s.answer(), "ANSWER", "200 result=0", None),
        (
            lambda s: s.stream_file("a", "12"),
            'STREAM FILE "a" "12" 0',
            "200 result=50 endpos=8",
            Played("2", 8),
        ),
        (lambda s: s.stream_file("a"), 'STREAM FILE "a" "" 0', "200 result=0 endpos=16", Played(None, 16)),
        (lambda s: s.wait_for_digit(1.5), "WAIT FOR DIGIT 1500", "200 result=35", "#"),
        (lambda s: s.wait_for_digit(None), "WAIT FOR DIGIT -1", "200 result=0", None),
        (lambda s: s.set_variable("a", "b c"), 'SET VARIABLE "a" "b c"', "200 result=1", None),
        (lambda s: s.get_variable("a"), 'GET FULL VARIABLE "${a}"', "200 result=1 ()", ""),
        (lambda s: s.get_variable("a"), 'GET FULL VARIABLE "${a}"', "200 result=1 (b)", "b"),
        (lambda s: s.get_full_variable("${a}-"), 'GET FULL VARIABLE "${a}-"', "200 result=1 (b-)", "b-"),
        (lambda s: s.set_music(True, "calm"), 'SET MUSIC "ON" "calm"', "200 result=0", None),
        (lambda s: s.set_music(False), 'SET MUSIC "OFF" "default"', "200 result=0", None),
        (lambda s: s.exec("Dial", "PJSIP/1", "20"), 'EXEC "Dial" "PJSIP/1,20"', "200 result=-1", -1),
        (lambda s: s.hangup(), "HANGUP", "200 result=1", None),
        (lambda s: s.hangup(), "HANGUP", "511 Command Not Permitted on a dead channel", None),
    ],
)
async def test_a_typed_command_says_and_returns(
    house: Exchange, act: Callable[[AgiSession], Awaitable[object]], sent: str, reply: str, result: object
) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(act(session))
    assert await peer.heard() == sent
    peer.say(reply)
    assert await asking == result


@pytest.mark.parametrize(
    "act", [lambda s: s.answer(), lambda s: s.stream_file("a"), lambda s: s.wait_for_digit(1)]
)
@pytest.mark.parametrize(("then", "error"), [("200 result=0", CommandFailed), ("HANGUP", SessionEnded)])
async def test_a_result_of_minus_one_is_a_failure_or_the_end_as_the_next_line_tells(
    house: Exchange, act: Callable[[AgiSession], Awaitable[object]], then: str, error: type[AgiError]
) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(act(session))
    await peer.heard()
    peer.say("200 result=-1")
    assert await peer.heard() == "NOOP"
    peer.say(then)
    with pytest.raises(error):
        await asking


async def test_an_application_that_is_not_loaded_is_named(house: Exchange) -> None:
    peer, session = await house.call()
    asking = asyncio.ensure_future(session.exec("Dial"))
    await peer.heard()
    peer.say("200 result=-2")
    with pytest.raises(CommandFailed, match="Dial; load its module"):
        await asking
