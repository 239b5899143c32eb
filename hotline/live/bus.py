"""Tells the world what is live, by MQTT. A broker that is away costs callers nothing."""

from __future__ import annotations

import asyncio
import json
import math
import socket
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
import structlog

from hotline.live.topics import VERSION

log = structlog.get_logger(__name__)

LARGEST_BACKLOG = 1_000
MOST_UNDER_WAY = (
    9  # messages that the broker has not acknowledged; with the goodbye 10: aiomqtt complains of more
)
KEEPALIVE_S = 15  # a broker that vanished without a word is missed after one and a half of these
ANSWER_S = 5.0
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
PORTS = {"mqtt": 1883, "mqtts": 8883}
ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class BusStatistics:
    """How the bus fares. ``waiting`` counts states and messages of events that the broker does not have yet."""

    connected: bool
    connections: int
    published: int
    waiting: int
    dropped: int
    trouble: str | None


class Bus:
    """A publisher below ``hotline/SITE/``: states, of which only the newest matters, and events, in order.

    Every connection is told all states anew, so none is lost for long, whatever broker or network do. What the
    broker has not acknowledged it is told again, so it may hear of an event twice. Of events at most
    `LARGEST_BACKLOG` wait; then the oldest is dropped and counted. `run` it in a task; cancel that to end it.
    """

    def __init__(
        self, url: str, site_name: str, *, username: str | None = None, password: str | None = None
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._tls = ssl.create_default_context() if parts.scheme == "mqtts" else None
        self._username = username
        self._password = password
        self._site_name = site_name
        self._states: dict[str, bytes] = {}
        self._untold: dict[str, None] = {}  # topics of states, in order; a set that keeps it
        self._events: deque[tuple[str, bytes]] = deque()
        self._under_way = 0
        self._news = asyncio.Event()
        self._connected = False
        self._connections = 0
        self._published = 0
        self._dropped = 0
        self._trouble: str | None = None

    def topic(self, name: str) -> str:
        """Return the whole topic of a name below the site's."""
        return f"hotline/{self._site_name}/{name}"

    def publish(self, name: str, payload: Mapping[str, Any], *, retain: bool) -> None:
        """Have a state (``retain``) or an event told, soon. Never waits and never fails; plain data only.

        The version of `hotline.live.topics` is added to it.
        """
        told = _message(payload)
        if retain:
            self._states[name] = told
            self._untold[name] = None
        else:
            if len(self._events) >= LARGEST_BACKLOG:
                self._events.popleft()
                self._dropped += 1
            self._events.append((name, told))
        self._news.set()

    def statistics(self) -> BusStatistics:
        """Return how it fares now."""
        return BusStatistics(
            connected=self._connected,
            connections=self._connections,
            published=self._published,
            waiting=len(self._untold) + len(self._events) + self._under_way,
            dropped=self._dropped,
            trouble=self._trouble,
        )

    async def run(self) -> None:
        """Keep a connection, for ever. Cancelled, it says goodbye; when it dies the broker does that for it."""
        pause = FIRST_PAUSE_S
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        while True:
            began = loop.time()
            try:
                async with self._client() as client:
                    await self._serve(client)
            except aiomqtt.MqttError as error:
                if task is not None and task.cancelling():  # cancelled, and the goodbye failed
                    raise asyncio.CancelledError from error
                self._lost(str(error))
            if loop.time() - began > LONGEST_PAUSE_S:
                pause = FIRST_PAUSE_S
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _client(self) -> aiomqtt.Client:
        # With one name for every connection the broker ends an old one, will and all, before it takes a new one.
        return aiomqtt.Client(
            self._host,
            self._port,
            username=self._username,
            password=self._password,
            tls_context=self._tls,
            identifier=f"hotline-{self._site_name}",
            will=aiomqtt.Will(self.topic(ENGINE), _state("offline"), qos=1, retain=True),
            keepalive=KEEPALIVE_S,
            timeout=ANSWER_S,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )

    async def _serve(self, client: aiomqtt.Client) -> None:
        """Tell this connection everything, then what is new. Raises `aiomqtt.MqttError` when it is lost."""
        tasks = [asyncio.ensure_future(_until_lost(client)), asyncio.ensure_future(self._tell(client))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await client.publish(self.topic(ENGINE), _state("offline"), qos=1, retain=True, timeout=1.0)
            raise
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            self._connected = False
        raise next(end for end in ends if isinstance(end, Exception))

    async def _tell(self, client: aiomqtt.Client) -> None:
        await client.publish(self.topic(ENGINE), _state("online"), qos=1, retain=True)
        self._found()
        self._untold.update(dict.fromkeys(self._states))
        while True:
            self._news.clear()
            while self._untold or self._events:
                await self._tell_some(client)
            await self._news.wait()

    async def _tell_some(self, client: aiomqtt.Client) -> None:
        """Tell states, else events, so many that the way to the broker and back is worth it.

        A state is told at most once: what is lost with a connection is told to the next.
        """
        retain = bool(self._untold)
        if retain:
            names = list(islice(self._untold, MOST_UNDER_WAY))
            some = [(name, self._states[name]) for name in names]
            for name in names:
                del self._untold[name]
        else:
            some = [self._events.popleft() for _ in range(min(MOST_UNDER_WAY, len(self._events)))]
        self._under_way = len(some)
        tasks = [
            asyncio.ensure_future(
                client.publish(self.topic(name), told, qos=1, retain=retain, timeout=math.inf)
            )
            for name, told in some
        ]
        try:
            async with asyncio.timeout(ANSWER_S):  # one for all, where aiomqtt would start a task for each
                await asyncio.gather(*tasks)
        except TimeoutError:
            raise aiomqtt.MqttError("the broker acknowledges nothing") from None
        finally:
            lost = [one for one, task in zip(some, tasks, strict=True) if not _succeeded(task)]
            for task in tasks:
                task.cancel()
            self._under_way = 0
            self._published += len(some) - len(lost)
            if not retain:
                self._events.extendleft(reversed(lost))

    def _found(self) -> None:
        self._connected = True
        self._connections += 1
        if self._trouble is not None or self._connections == 1:
            log.info("mqtt broker found", host=self._host, port=self._port)
        self._trouble = None

    def _lost(self, why: str) -> None:
        if self._trouble is None:
            log.warning(
                "mqtt broker away; calls go on, live figures are not told",
                host=self._host,
                port=self._port,
                reason=why,
            )
        self._trouble = why


async def _until_lost(client: aiomqtt.Client) -> None:
    """Read on, though nothing is subscribed to: so the end of the connection is known at once."""
    async for _ in client.messages:
        pass


def _succeeded(task: asyncio.Future[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _message(payload: Mapping[str, Any]) -> bytes:
    return json.dumps({"v": VERSION, **payload}).encode()


def _state(state: str) -> bytes:
    return _message({"state": state})
