"""The AMI client against a scripted peer: above all, the faults of the library beneath it, each mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from acd.ami import (
    FIRST_RETRY,
    LOGIN_RETRY,
    LONGEST_RETRY,
    ActionFailed,
    ActionTimedOut,
    AmiClient,
    AmiError,
    ConnectFailed,
    ConnectionLost,
    Event,
    EventOverflow,
    Headers,
    IllegalValue,
    LoginRefused,
    NoSuchChannel,
    NotConnected,
)
from tests.unit.fake_ami import BOOTED, FakeAmi, event, response, rows


class Engine:
    """What the house would be: it takes what the client gives, in one list, and lets tests wait for it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.events: list[Event] = []
        self.losses: list[AmiError] = []
        self.naps: list[float] = []
        self.on_event: Callable[[Event], Awaitable[None]] | None = None
        self.on_connected: Callable[[AmiClient], Awaitable[None]] | None = None
        self._news = asyncio.Event()

    async def event(self, event: Event) -> None:
        self._note(event.headers.get("N") or event.name)
        self.events.append(event)
        if self.on_event is not None:
            await self.on_event(event)

    async def connected(self, client: AmiClient) -> None:
        self._note("connected")
        if self.on_connected is not None:
            await self.on_connected(client)

    async def lost(self, reason: AmiError) -> None:
        self.losses.append(reason)
        self._note("lost")

    async def nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        self._news.set()
        await asyncio.sleep(0)

    def _note(self, word: str) -> None:
        self.heard.append(word)
        self._news.set()

    async def until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._news.clear()
            await self._news.wait()

    async def hears(self, word: str, times: int = 1) -> None:
        await self.until(lambda: self.heard.count(word) >= times)


@pytest.fixture
async def peer() -> AsyncIterator[FakeAmi]:
    async with FakeAmi() as peer:
        yield peer


@pytest.fixture
def engine() -> Engine:
    return Engine()


def make(port: int, engine: Engine, **options: Any) -> AmiClient:
    options = {"sleep": engine.nap, **options}
    return AmiClient(
        "127.0.0.1",
        port,
        "hotline",
        "secret",
        on_event=engine.event,
        on_connected=engine.connected,
        on_lost=engine.lost,
        **options,
    )


@asynccontextmanager
async def started(client: AmiClient) -> AsyncIterator[AmiClient]:
    task = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def connected(peer: FakeAmi, engine: Engine, **options: Any) -> AsyncIterator[AmiClient]:
    async with started(make(peer.port, engine, **options)) as client:
        await client.wait_connected()
        await engine.hears("FullyBooted")
        yield client


# The faults of panoramisk 1.4, one by one.


async def test_an_originate_without_async_is_made_asynchronous_and_the_connection_lives_on(
    peer: FakeAmi, engine: Engine
) -> None:
    peer.answers["Originate"] = lambda action: response(action, "Originate successfully queued")
    async with connected(peer, engine) as client:
        await client.action("Originate", {"Channel": "Local/1@d", "Application": "Wait"})
        await client.action("Ping")
    assert peer.received[1]["Async"] == "true"
    assert peer.connections == 1


async def test_an_exception_in_the_event_handler_ends_neither_connection_nor_consumer(
    peer: FakeAmi, engine: Engine
) -> None:
    async def fail(event: Event) -> None:
        if event.name == "Bad":
            raise LookupError("a programmer's error")

    engine.on_event = fail
    async with connected(peer, engine) as client:
        peer.send(event("Bad") + event("Good"))
        await engine.hears("Good")
        assert client.statistics().handler_errors == 1
    assert peer.connections == 1


async def test_a_handler_that_awaits_something_cancelled_does_not_end_the_consumer(
    peer: FakeAmi, engine: Engine
) -> None:
    async def fail(event: Event) -> None:
        if event.name == "Bad":
            raise asyncio.CancelledError

    engine.on_event = fail
    async with connected(peer, engine):
        peer.send(event("Bad") + event("Good"))
        await engine.hears("Good")


async def test_a_queue_add_returns_with_its_one_response(peer: FakeAmi, engine: Engine) -> None:
    peer.answers["QueueAdd"] = lambda action: response(action, "Added interface to queue")
    async with connected(peer, engine) as client:
        reply = await client.action("QueueAdd", {"Queue": "sales", "Interface": "PJSIP/1"})
    assert reply.text == "Added interface to queue"


async def test_a_refused_list_action_raises_at_once(peer: FakeAmi, engine: Engine) -> None:
    peer.answers["Status"] = lambda action: response(action, "No such channel", result="Error")
    async with connected(peer, engine) as client:
        with pytest.raises(NoSuchChannel, match="Asterisk refused Status: No such channel"):
            await client.list_action("Status", {"Channel": "gone"})


async def test_a_list_action_that_gives_no_list_raises_at_once(peer: FakeAmi, engine: Engine) -> None:
    peer.answers["QueueAdd"] = lambda action: response(action, "Added interface to queue")
    async with connected(peer, engine) as client:
        with pytest.raises(ActionFailed, match="gives no list"):
            await client.list_action("QueueAdd")


async def test_a_late_reply_to_a_cancelled_action_is_not_the_next_ones(peer: FakeAmi, engine: Engine) -> None:
    async with connected(peer, engine) as client:
        first = asyncio.create_task(client.action("Getvar", {"Variable": "a"}))
        abandoned = await peer.action("Getvar")
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        second = asyncio.create_task(client.action("Getvar", {"Variable": "b"}))
        wanted = await peer.action("Getvar", 2)
        peer.send(response(abandoned, Value="late") + response(wanted, Value="right"))
        assert (await second).headers["Value"] == "right"
        assert client.statistics().late_replies == 1


async def test_rows_of_a_cancelled_list_never_reach_the_event_handler(peer: FakeAmi, engine: Engine) -> None:
    async with connected(peer, engine) as client:
        task = asyncio.create_task(client.list_action("Status"))
        abandoned = await peer.action("Status")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        peer.send(rows(abandoned, "Status", {"Channel": "one"}) + event("Next"))
        await engine.hears("Next")
    assert engine.heard == ["connected", "FullyBooted", "Next"]


async def test_a_cancelled_action_leaves_nothing_behind(peer: FakeAmi, engine: Engine) -> None:
    async with connected(peer, engine) as client:
        task = asyncio.create_task(client.action("Getvar", {"Variable": "a"}))
        await peer.action("Getvar")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert client._link is not None
        assert not client._link.protocol.responses


async def test_an_event_that_carries_a_pending_action_id_is_delivered(peer: FakeAmi, engine: Engine) -> None:
    # Asterisk 22 does send an OriginateResponse, with its own "Response", near the reply to the Originate.
    peer.answers["Originate"] = lambda action: (
        event("OriginateResponse", ActionID=action["ActionID"], Response="Success")
        + response(action, "Originate successfully queued")
    )
    async with connected(peer, engine) as client:
        action_id = await client.originate("Local/1@d", context="d", exten="1")
        await engine.hears("OriginateResponse")
    assert engine.events[-1].headers["ActionID"] == action_id


async def test_a_letter_split_between_two_chunks_arrives_whole(peer: FakeAmi, engine: Engine) -> None:
    whole = event("Newchannel", CallerIDName="王芳")
    async with connected(peer, engine) as client:
        assert client._link is not None
        for byte in whole:
            client._link.protocol.data_received(bytes([byte]))
        await engine.hears("Newchannel")
    assert engine.events[-1].headers["CallerIDName"] == "王芳"


async def test_an_empty_value_at_the_end_of_a_message_is_kept(peer: FakeAmi, engine: Engine) -> None:
    async with connected(peer, engine):
        peer.send(event("Bare", BridgeID=""))
        await engine.hears("Bare")
    assert engine.events[-1].headers["BridgeID"] == ""


async def test_a_blank_line_too_many_between_messages_is_skipped(peer: FakeAmi, engine: Engine) -> None:
    async with connected(peer, engine):
        peer.send(event("One") + b"\r\n" + event("Two"))
        await engine.hears("Two")
    assert engine.heard[-2:] == ["One", "Two"]


async def test_bytes_that_are_not_utf8_spoil_one_value_alone(peer: FakeAmi, engine: Engine) -> None:
    async with connected(peer, engine):
        peer.send(b"Event: Odd\r\nName: \xff\xfe\r\nN: odd\r\n\r\n")
        await engine.hears("odd")
    assert engine.events[-1].headers["Name"] == "\ufffd\ufffd"


async def test_a_peer_that_answers_no_ping_is_left_and_connected_anew(peer: FakeAmi, engine: Engine) -> None:
    del peer.answers["Ping"]
    async with connected(peer, engine, ping_interval=0.01, action_timeout=0.05):
        await engine.hears("connected", 2)
    assert "no reply to a ping" in str(engine.losses[0])


async def test_an_answered_ping_keeps_the_connection_and_gives_the_round_trip(
    peer: FakeAmi, engine: Engine
) -> None:
    async with connected(peer, engine, ping_interval=0.001) as client:
        await peer.action("Ping", 5)
        assert client.statistics().ping is not None
    assert peer.connections == 1


async def test_cancelling_while_it_waits_to_reconnect_ends_it_for_good(peer: FakeAmi, engine: Engine) -> None:
    waiting = asyncio.Event()

    async def for_ever(seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    client = make(peer.port, engine, sleep=for_ever)
    task = asyncio.create_task(client.run())
    await client.wait_connected()
    peer.drop()
    await waiting.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    timers: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    assert not [timer for timer in timers if not timer.cancelled()], "nothing may connect again later"
    assert peer.connections == 1


async def test_cancelling_while_connected_closes_the_connection(peer: FakeAmi, engine: Engine) -> None:
    async with connected(peer, engine):
        pass
    await peer.left()
    assert engine.heard == ["connected", "FullyBooted"], "on_lost is for losses"


@pytest.mark.parametrize(
    "text",
    ["\n", "\r", "\r\n", "\0", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\x7f", "\ud800"],
    ids=ascii,
)
async def test_a_value_that_would_end_its_line_is_refused_and_nothing_is_sent(
    peer: FakeAmi, engine: Engine, text: str
) -> None:
    async with connected(peer, engine) as client:
        for headers in (
            {"Value": f"x{text}Action: Hangup"},
            {"Variable": ["fine", f"x{text}"]},
            {f"X{text}": "1"},
        ):
            with pytest.raises(IllegalValue):
                await client.action("Setvar", headers)
        with pytest.raises(IllegalValue):
            await client.action(f"Ping{text}")
        await client.action("Ping")
    assert [action["Action"] for action in peer.received] == ["Login", "Ping"]


async def test_events_are_handled_in_order_and_one_at_a_time(peer: FakeAmi, engine: Engine) -> None:
    running = 0

    async def slow_first(event: Event) -> None:
        nonlocal running
        running += 1
        assert running == 1
        for _ in range(10 - int(event.headers.get("N", "9"))):
            await asyncio.sleep(0)
        running -= 1

    engine.on_event = slow_first
    async with connected(peer, engine) as client:
        peer.send(b"".join(event("Step", N=n) for n in range(10)))
        await engine.hears("9")
        assert engine.heard[2:] == [str(n) for n in range(10)]
        assert client.statistics().handler_errors == 0


async def test_a_full_queue_drops_the_connection_and_not_single_events(peer: FakeAmi, engine: Engine) -> None:
    gate = asyncio.Event()

    async def held(event: Event) -> None:
        if "N" in event.headers:
            await gate.wait()

    engine.on_event = held
    async with connected(peer, engine, queue_size=5) as client:
        peer.send(event("Step", N=0))
        await engine.hears("0")
        peer.send(b"".join(event("Step", N=n) for n in range(1, 20)))
        link = client._link
        assert link is not None
        await asyncio.wait([link.lost])
        gate.set()
        await engine.hears("connected", 2)
        statistics = client.statistics()
    assert engine.heard[2 : engine.heard.index("lost")] == ["0", "1", "2", "3", "4", "5"]
    assert isinstance(engine.losses[0], EventOverflow)
    assert (statistics.overflows, statistics.discarded, statistics.queue_peak) == (1, 14, 5)


# Time-outs, losses, and what follows them.


async def test_an_action_without_answer_times_out_and_its_late_answer_is_thrown_away(
    peer: FakeAmi, engine: Engine
) -> None:
    async with connected(peer, engine) as client:
        with pytest.raises(ActionTimedOut, match=r"Getvar within 0\.01 s"):
            await client.action("Getvar", {"Variable": "a"}, timeout=0.01)
        peer.send(response(peer.named("Getvar")[0], Value="late"))
        await client.action("Ping")
        statistics = client.statistics()
    assert (statistics.timeouts, statistics.late_replies) == (1, 1)


async def test_an_action_in_flight_raises_when_the_connection_is_lost_and_is_never_sent_again(
    peer: FakeAmi, engine: Engine
) -> None:
    async with connected(peer, engine) as client:
        task = asyncio.create_task(client.redirect("PJSIP/1-1", "d", "1"))
        await peer.action("Redirect")
        peer.drop()
        with pytest.raises(ConnectionLost):
            await task
        await engine.hears("connected", 2)
        await client.action("Ping")
    assert len(peer.named("Redirect")) == 1


async def test_an_action_before_the_connection_is_refused(engine: Engine) -> None:
    with pytest.raises(NotConnected, match="Ping was not sent"):
        await make(1, engine).action("Ping")


async def test_events_that_come_during_the_resync_are_delivered_after_it(
    peer: FakeAmi, engine: Engine
) -> None:
    async def resync(client: AmiClient) -> None:
        peer.send(event("Meanwhile"))
        await client.action("Ping")
        engine.heard.append("resynced")

    engine.on_connected = resync
    async with started(make(peer.port, engine)):
        await engine.hears("Meanwhile")
    assert engine.heard == ["connected", "resynced", "FullyBooted", "Meanwhile"]


async def test_the_resync_waits_until_asterisk_is_fully_booted(peer: FakeAmi, engine: Engine) -> None:
    peer.answers["Login"] = response
    async with started(make(peer.port, engine)) as client:
        await peer.action("Login")
        peer.send(event("Early"))
        with pytest.raises(NotConnected):
            await client.action("Ping")
        assert engine.heard == []
        peer.send(BOOTED)
        await engine.hears("FullyBooted")
    assert engine.heard == ["connected", "Early", "FullyBooted"]


async def test_an_asterisk_that_never_says_it_has_booted_is_used_after_a_while(
    peer: FakeAmi, engine: Engine
) -> None:
    peer.answers["Login"] = response
    with structlog.testing.capture_logs() as logs:
        async with started(make(peer.port, engine, boot_timeout=0.01)) as client:
            await client.wait_connected()
    assert any("read = system" in entry["event"] for entry in logs)


async def test_a_resync_that_fails_makes_the_connection_anew(peer: FakeAmi, engine: Engine) -> None:
    async def fail_once(client: AmiClient) -> None:
        if peer.connections == 1:
            raise LookupError("a programmer's error")

    engine.on_connected = fail_once
    async with started(make(peer.port, engine)) as client:
        await client.wait_connected()
    assert engine.heard[:3] == ["connected", "lost", "connected"]


async def test_events_before_a_loss_are_delivered_before_on_lost(peer: FakeAmi, engine: Engine) -> None:
    async with connected(peer, engine):
        peer.send(event("Hangup", N="last") + event("Shutdown"))
        await engine.hears("Shutdown")
        peer.drop()
        await engine.hears("connected", 2)
    assert engine.heard[2:6] == ["last", "Shutdown", "lost", "connected"]


async def test_a_handler_that_hangs_does_not_hold_up_the_reconnect_for_ever(
    peer: FakeAmi, engine: Engine
) -> None:
    async def hang(event: Event) -> None:
        if event.name == "Hang":
            await asyncio.Event().wait()

    engine.on_event = hang
    async with connected(peer, engine, action_timeout=0.05) as client:
        peer.send(event("Hang") + event("Behind"))
        await engine.hears("Hang")
        peer.drop()
        await engine.hears("connected", 2)
        assert client.statistics().discarded == 1


async def test_retries_start_at_a_fifth_of_a_second_and_end_at_five_with_jitter(engine: Engine) -> None:
    async with FakeAmi() as gone:
        pass
    async with started(make(gone.port, engine)) as client:
        await engine.until(lambda: len(engine.naps) == 9)
        with pytest.raises(NotConnected) as refused:
            await client.action("Ping")
    assert isinstance(refused.value.__cause__, ConnectFailed)
    for nap, full in zip(engine.naps, [0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5, 5], strict=True):
        assert full / 2 <= nap <= full
    assert (FIRST_RETRY, LONGEST_RETRY) == (0.2, 5)
    assert len(set(engine.naps[5:])) > 1


async def test_a_refused_login_is_said_once_with_the_way_out_and_tried_slowly(
    peer: FakeAmi, engine: Engine
) -> None:
    peer.answers["Login"] = lambda action: response(action, "Authentication failed", result="Error")
    with structlog.testing.capture_logs() as logs:
        async with started(make(peer.port, engine)) as client:
            await engine.until(lambda: len(engine.naps) == 3)
            with pytest.raises(NotConnected) as refused:
                await client.action("Ping")
    assert isinstance(refused.value.__cause__, LoginRefused)
    assert engine.naps == [LOGIN_RETRY] * 3
    assert len(logs) == 1
    assert "'hotline'" in logs[0]["reason"]
    assert "secret the same on both sides" in logs[0]["reason"]
    assert engine.heard == []


async def test_a_listener_that_is_not_an_asterisk_is_told_apart(peer: FakeAmi, engine: Engine) -> None:
    peer.greeting = b"SSH-2.0-OpenSSH\r\n"
    async with started(make(peer.port, engine)) as client:
        await engine.until(lambda: bool(engine.naps))
        assert "does not speak AMI" in client.statistics().last_error


async def test_a_listener_that_says_nothing_is_given_up(peer: FakeAmi, engine: Engine) -> None:
    peer.greeting = b""
    peer.answers.clear()
    async with started(make(peer.port, engine, action_timeout=0.2)) as client:
        await peer.connected(2)
        assert "did not answer Login" in client.statistics().last_error


@pytest.mark.parametrize(
    "flood", [b"x" * 1_000_000, b"Event: Long\r\n" + b"Header: value\r\n" * 80_000], ids=["line", "message"]
)
async def test_a_line_or_message_without_end_ends_the_connection_and_is_logged_once(
    peer: FakeAmi, engine: Engine, flood: bytes
) -> None:
    with structlog.testing.capture_logs() as logs:
        async with connected(peer, engine):
            peer.send(flood)
            await engine.hears("connected", 2)
    assert len([entry for entry in logs if "too long" in entry.get("reason", "")]) == 1


async def test_a_backlog_is_delivered_without_holding_up_the_event_loop(
    peer: FakeAmi, engine: Engine
) -> None:
    gate = asyncio.Event()

    async def held(event: Event) -> None:
        if event.headers.get("N") == "0":
            await gate.wait()

    engine.on_event = held
    async with connected(peer, engine) as client:
        peer.send(b"".join(event("Step", N=n) for n in range(5000)))
        link = client._link
        assert link is not None
        while link.events.qsize() < 4999:  # noqa: ASYNC110 -- the queue has no event for being filled
            await asyncio.sleep(0)
        assert (client.statistics().queued, client.statistics().queue_peak) == (4999, 4999)
        gate.set()
        turns = 0
        while "4999" not in engine.heard[-1:]:
            turns += 1
            await asyncio.sleep(0)
    assert turns > 5


# What is sent and what is read.


async def test_the_lag_of_an_event_is_its_age_and_makes_the_statistics(peer: FakeAmi, engine: Engine) -> None:
    now = 1_700_000_010.0
    async with connected(peer, engine, wall_clock=lambda: now) as client:
        for n, age in enumerate([*[0.1] * 98, 0.7, 2.5]):
            peer.send(event("Step", N=n, Timestamp=f"{now - age:.6f}"))
        peer.send(event("Ahead", Timestamp=f"{now + 1:.6f}") + event("Unstamped"))
        await engine.hears("Unstamped")
        statistics = client.statistics()
    assert [event.lag_ms for event in engine.events[-3:]] == [2500, 0, None]
    assert (statistics.lag_last, statistics.lag_max, statistics.lag_p99) == (0, 2500, 700)


async def test_a_value_may_fill_asterisks_line_and_no_more(peer: FakeAmi, engine: Engine) -> None:
    peer.answers["Setvar"] = response
    async with connected(peer, engine) as client:
        await client.setvar("V", "x" * 1015)
        with pytest.raises(IllegalValue, match="line of 1023 bytes"):
            await client.setvar("V", "x" * 1016)
        with pytest.raises(IllegalValue, match="has 129 lines"):
            await client.action("UserEvent", {"X": ["1"] * 127})


@pytest.mark.parametrize("header", ["Action", "actionid", "A b", "A:", ""])
async def test_a_header_that_is_the_clients_own_or_no_name_is_refused(
    peer: FakeAmi, engine: Engine, header: str
) -> None:
    async with connected(peer, engine) as client:
        with pytest.raises(IllegalValue):
            await client.action("Ping", {header: "1"})


def test_a_secret_that_ami_cannot_carry_is_refused_when_the_client_is_made(engine: Engine) -> None:
    with pytest.raises(IllegalValue, match="Secret"):
        AmiClient(
            "127.0.0.1",
            1,
            "hotline",
            "a\nb",
            on_event=engine.event,
            on_connected=engine.connected,
            on_lost=engine.lost,
        )


async def test_variables_of_an_originate_are_escaped_against_splitting(peer: FakeAmi, engine: Engine) -> None:
    peer.answers["Originate"] = response
    async with connected(peer, engine) as client:
        await client.originate("Local/1@d", context="d", exten="1", variables={"NAME": 'a,B=1 "(['})
    sent = peer.named("Originate")[0]
    assert sent["Variable"] == r"NAME=a\,B=1 \"\(\["
    assert "CallerID" not in sent


async def test_a_hangup_of_a_channel_that_is_gone_says_so(peer: FakeAmi, engine: Engine) -> None:
    peer.answers["Hangup"] = lambda action: (
        response(action)
        if action["Channel"] == "here"
        else response(action, "No such channel", result="Error")
    )
    async with connected(peer, engine) as client:
        assert await client.hangup("here", cause=21)
        assert not await client.hangup("gone")
    assert peer.named("Hangup")[0]["Cause"] == "21"


async def test_a_channel_name_that_is_a_pattern_is_refused(engine: Engine) -> None:
    with pytest.raises(IllegalValue, match="pattern of many channels"):
        await make(1, engine).hangup("/^PJSIP/")


async def test_a_phone_is_reachable_with_a_contact_that_has_answered_or_was_not_asked_yet(
    peer: FakeAmi, engine: Engine
) -> None:
    def phone(name: str, contacts: str, state: str) -> dict[str, str]:
        return {"ObjectName": name, "Contacts": contacts, "DeviceState": state}

    def endpoints(action: dict[str, str]) -> bytes:
        return rows(
            action,
            "EndpointList",
            phone("idle", "a/sip:1,", "Not in use"),
            phone("talking", "a/sip:2,", "In use"),
            phone("silent", "a/sip:3,", "Unavailable"),
            phone("left-while-talking", "", "In use"),
            phone("just-registered", "a/sip:4,", "Unavailable"),
        )

    def contacts(action: dict[str, str]) -> bytes:
        fresh = {"EndpointName": "just-registered", "Status": "NonQualified"}
        return rows(action, "ContactList", fresh, {"EndpointName": "silent", "Status": "Unreachable"})

    peer.answers["PJSIPShowContacts"] = contacts
    peer.answers["PJSIPShowEndpoints"] = endpoints
    async with connected(peer, engine) as client:
        phones = await client.phones()
    assert phones == {
        "idle": True,
        "talking": True,
        "silent": False,
        "left-while-talking": False,
        "just-registered": True,
    }


async def test_a_switch_without_phones_has_none(peer: FakeAmi, engine: Engine) -> None:
    peer.answers["PJSIPShowContacts"] = lambda action: response(action, "No Contacts found", result="Error")
    peer.answers["PJSIPShowEndpoints"] = lambda action: response(action, "No endpoints found", result="Error")
    async with connected(peer, engine) as client:
        assert await client.phones() == {}


async def test_a_missing_permission_names_the_line_to_change(peer: FakeAmi, engine: Engine) -> None:
    peer.answers["Command"] = lambda action: response(action, "Permission denied", result="Error")
    async with connected(peer, engine) as client:
        with pytest.raises(ActionFailed, match=r"write =.*manager\.conf"):
            await client.action("Command", {"Command": "core show version"})


def test_headers_match_in_any_case_and_keep_repeated_values() -> None:
    headers = Headers([("Cause-txt", "Busy"), ("ChanVariable", ["A=1", "B=2"])])
    assert headers["cause-TXT"] == "Busy"
    assert headers.all("chanvariable") == ("A=1", "B=2")
    assert headers["ChanVariable"] == "B=2"
    assert headers.get("Nothing") is None


def test_the_repr_of_an_event_shows_no_value_that_a_caller_controls() -> None:
    shown = repr(Event("Newchannel", Headers([("CallerIDNum", "4711"), ("CallerIDName", "Wang")])))
    assert "4711" not in shown
    assert "Wang" not in shown
    assert "calleridnum" in shown


def test_variables_of_an_event_are_read_as_asterisk_escapes_them() -> None:
    event = Event(
        "DialBegin",
        Headers([("ChanVariable", [r"A=x\"y\\z\n", "B="]), ("DestChanVariable", "C=a=b")]),
    )
    assert event.variables == {"A": 'x"y\\z\n', "B": ""}
    assert event.variables_of("Dest") == {"C": "a=b"}


async def test_the_first_event_name_counts_where_a_message_has_two(peer: FakeAmi, engine: Engine) -> None:
    async with connected(peer, engine):
        peer.send(b"Event: UserEvent\r\nUserEvent: x\r\nEvent: Hangup\r\n\r\n")
        await engine.hears("UserEvent")
    assert engine.events[-1].name == "UserEvent"
