"""The AMI client: the engine's ear in Asterisk, and its hand where AGI does not reach."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import structlog
from panoramisk.message import Message

from acd.ami_actions import Actions
from acd.ami_errors import (
    ActionFailed,
    ActionTimedOut,
    AmiError,
    ConnectFailed,
    ConnectionLost,
    EventOverflow,
    IllegalValue,
    LoginRefused,
    NoSuchChannel,
    NotConnected,
)
from acd.ami_link import Link
from acd.ami_message import ChannelSnapshot, Event, Headers, Reply
from acd.ami_request import ListRequest, Request, Value, check_value
from acd.ami_statistics import AmiStatistics, Tally

__all__ = [
    "ActionFailed",
    "ActionTimedOut",
    "AmiClient",
    "AmiError",
    "AmiStatistics",
    "ChannelSnapshot",
    "ConnectFailed",
    "ConnectionLost",
    "Event",
    "EventOverflow",
    "Headers",
    "IllegalValue",
    "LoginRefused",
    "NoSuchChannel",
    "NotConnected",
    "Reply",
]

log = structlog.get_logger(__name__)

FIRST_RETRY = 0.2
LONGEST_RETRY = 5.0
LOGIN_RETRY = 30.0
_SLICE = 0.002

T = TypeVar("T")


class AmiClient(Actions):
    """Stay connected to Asterisk's manager; hear its events in order, and ask it for actions.

    After each login, and once Asterisk is fully booted, ``on_connected(client)`` is awaited, to resync; events
    that come meanwhile wait, and go to ``on_event`` one after the other when it has returned. When the
    connection is lost, the events that came before still go to ``on_event``, for at most ``action_timeout``
    seconds; then ``on_lost(reason)`` is awaited, once for each ``on_connected``; then the client connects again,
    after 0.2 s, later 5 s. What ``on_event`` raises is logged and counted, and the next event follows; when
    ``on_connected`` raises, the connection is dropped and made anew.

    At most ``queue_size`` events wait for the handler. When one more comes the connection is dropped, and the
    resync makes up for the gap: no event is ever left out between two that are delivered.

    All times are in seconds. A ping goes out every ``ping_interval``; without reply within ``action_timeout``
    the connection counts as lost. ``boot_timeout`` bounds the wait for `FullyBooted`.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        on_event: Callable[[Event], Awaitable[None]],
        on_connected: Callable[[AmiClient], Awaitable[None]],
        on_lost: Callable[[AmiError], Awaitable[None]],
        action_timeout: float = 5.0,
        ping_interval: float = 5.0,
        boot_timeout: float = 30.0,
        queue_size: int = 10_000,
        wall_clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        check_value("Username", username)
        check_value("Secret", secret)
        self._address = (host, port)
        self._username = username
        self._secret = secret
        self._on_event = on_event
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._action_timeout = action_timeout
        self._ping_interval = ping_interval
        self._boot_timeout = boot_timeout
        self._queue_size = queue_size
        self._wall_clock = wall_clock
        self._sleep = sleep
        self._tally = Tally()
        self._link: Link | None = None
        self._connected = asyncio.Event()
        self._last_error: AmiError | None = None

    async def run(self) -> None:
        """Connect, and connect again, until cancelled. Then the connection is closed, without ``on_lost``."""
        retry = FIRST_RETRY
        while True:
            if await self._connect_once() > LONGEST_RETRY:
                retry = FIRST_RETRY
            if isinstance(self._last_error, LoginRefused):
                await self._sleep(LOGIN_RETRY)
            else:
                # Many engines on one Asterisk should not all come back in the same instant.
                await self._sleep(retry * random.uniform(0.5, 1.0))  # noqa: S311 -- guards no secret
                retry = min(retry * 2, LONGEST_RETRY)

    async def wait_connected(self) -> None:
        """Return when the client is connected and the resync done."""
        await self._connected.wait()

    async def action(
        self, name: str, headers: Mapping[str, Value] | None = None, *, timeout: float | None = None
    ) -> Reply:
        """Send an action; return its reply. A list of strings as value repeats the header.

        No action is ever sent twice. An `Originate` is always asynchronous, since Asterisk would answer
        nothing else, not even a ping, before the phone did.

        Raises IllegalValue (not sent), NotConnected (not sent), ActionFailed (refused; NoSuchChannel where that
        is why), and ActionTimedOut or ConnectionLost, after which it is unknown whether it was carried out.
        When cancelled, a reply that comes later is thrown away.
        """
        if name.lower() == "originate":
            kept = {header: value for header, value in (headers or {}).items() if header.lower() != "async"}
            headers = {**kept, "Async": "true"}
        return Reply(_headers((await self._request(Request(name, headers), timeout))[0]))

    async def list_action(
        self, name: str, headers: Mapping[str, Value] | None = None, *, timeout: float | None = None
    ) -> list[Event]:
        """Send an action that is answered with a list; return its rows, without the one that closes it.

        Raises what `action` raises, and ActionFailed for an action that gives no list.
        """
        answer = await self._request(ListRequest(name, headers), timeout)
        if len(answer) == 1:
            raise ActionFailed(name, "it was carried out, but gives no list; use action() for it")
        return [_event(row, None) for row in answer[1:-1]]

    def statistics(self) -> AmiStatistics:
        """Return the figures as they are now."""
        link = self._link
        return self._tally.statistics(
            connected=self._connected.is_set(),
            queued=link.events.qsize() if link else 0,
            queue_peak=max(self._tally.queue_peak, link.peak if link else 0),
            last_error=str(self._last_error or ""),
        )

    async def _request(self, request: Request, timeout: float | None) -> list[Message]:
        if self._link is None:
            raise NotConnected(request.name) from self._last_error
        self._tally.actions += 1
        try:
            return await self._link.request(request, self._action_timeout if timeout is None else timeout)
        except ActionTimedOut:
            self._tally.timeouts += 1
            raise

    async def _connect_once(self) -> float:
        """Connect, serve, and return for how many seconds; 0 when no connection came about."""
        link = Link(*self._address, queue_size=self._queue_size, on_late=self._late)
        try:
            await self._open(link)
        except AmiError as error:
            self._could_not_connect(error)
            return 0.0
        else:
            return await self._serve(link)
        finally:
            self._link = None
            self._connected.clear()
            link.close()

    async def _open(self, link: Link) -> None:
        await link.open(self._action_timeout)
        login = {"Username": self._username, "Secret": self._secret, "Events": "on"}
        try:
            await link.request(Request("Login", login), self._action_timeout)
        except ActionFailed as error:
            raise LoginRefused(*self._address, self._username, error.text) from None
        milestones: list[asyncio.Future[Any]] = [link.booted, link.lost]
        await asyncio.wait(milestones, timeout=self._boot_timeout, return_when=asyncio.FIRST_COMPLETED)
        if link.lost.done():
            raise link.lost.result()
        if not link.booted.done():
            log.warning(
                "Asterisk did not say that it is fully booted; going on. "
                "The AMI user needs `read = system` and an eventfilter that lets FullyBooted pass",
                waited_seconds=self._boot_timeout,
            )

    async def _serve(self, link: Link) -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        log.info("connected to Asterisk's manager (AMI)", version=link.protocol.version)
        self._tally.connections += 1
        self._link = link
        async with asyncio.TaskGroup() as group:
            pinger = group.create_task(self._ping(link))
            delivery = group.create_task(self._deliver(link))
            await asyncio.wait([link.lost])
            served = loop.time() - begun
            pinger.cancel()
            self._connected.clear()
            await asyncio.wait([delivery], timeout=self._action_timeout)
            delivery.cancel()
        self._link = None
        await self._lost(link, link.lost.result())
        return served

    async def _lost(self, link: Link, reason: AmiError) -> None:
        self._last_error = reason
        discarded = link.discarded + sum(
            link.events.get_nowait() is not None for _ in range(link.events.qsize())
        )
        self._tally.losses += 1
        self._tally.overflows += isinstance(reason, EventOverflow)
        self._tally.discarded += discarded
        self._tally.queue_peak = max(self._tally.queue_peak, link.peak)
        log.warning(
            "lost Asterisk's manager (AMI); connecting again", reason=str(reason), discarded=discarded
        )
        await self._call("on_lost", self._on_lost, reason)

    async def _deliver(self, link: Link) -> None:
        problem = await self._call("on_connected", self._on_connected, self)
        if problem is not None:
            link.drop(ConnectionLost(f"the resync raised {type(problem).__name__}"))
            return
        if not link.lost.done():
            self._connected.set()
        loop = asyncio.get_running_loop()
        pause = loop.time() + _SLICE
        while (message := await link.events.get()) is not None:
            self._tally.events += 1
            await self._call("on_event", self._on_event, _event(message, self._lag(message)))
            # Neither a filled queue nor a quick handler ever suspends, and the loop has others to serve.
            if loop.time() >= pause:
                await asyncio.sleep(0)
                pause = loop.time() + _SLICE

    async def _call(
        self, name: str, handler: Callable[[T], Awaitable[None]], argument: T
    ) -> BaseException | None:
        """Await a handler; return what it raised, logged and counted, so that it does not end the consumer."""
        problem: BaseException
        try:
            await handler(argument)
            return None
        except asyncio.CancelledError as error:
            # A handler that awaits something cancelled raises this as well, and is not itself cancelled.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            problem = error
        except Exception as error:
            problem = error
        self._tally.handler_errors += 1
        log.error("an AMI handler failed; going on", handler=name, exc_info=problem)
        return problem

    def _lag(self, message: Message) -> int | None:
        try:
            stamp = float(message.timestamp)
        except (TypeError, ValueError):
            return None
        lag = max(0, round((self._wall_clock() - stamp) * 1000))
        self._tally.lagged(lag)
        return lag

    async def _ping(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._ping_interval)
            sent = loop.time()
            try:
                await link.request(Request("Ping"), self._action_timeout)
            except ActionTimedOut:
                link.drop(ConnectionLost(f"no reply to a ping within {self._action_timeout:g} s"))
                return
            except (ConnectionLost, NotConnected):
                return
            self._tally.ping = (loop.time() - sent) * 1000

    def _late(self) -> None:
        self._tally.late_replies += 1

    def _could_not_connect(self, error: AmiError) -> None:
        if str(error) != str(self._last_error):
            log.error("cannot connect to Asterisk's manager (AMI); trying on", reason=str(error))
        self._last_error = error


def _headers(message: Message) -> Headers:
    return Headers(message.items())


def _event(message: Message, lag_ms: int | None) -> Event:
    headers = _headers(message)
    return Event(headers.all("Event")[0], headers, lag_ms)
