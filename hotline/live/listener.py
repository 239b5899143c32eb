"""Listens to a broker, whatever becomes of it, and passes on what sites tell."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiomqtt

from hotline.errors import HotlineError
from hotline.live.bus import PORTS
from hotline.live.wallboard import Link
from hotline.settings import MQTT_ADDRESS

KEEPALIVE_S = 10
ANSWER_S = 5.0
PAUSE_S = 1.0


class BrokerAddressUnclear(HotlineError):
    """What was written is no address of a broker."""

    def __init__(self, written: str) -> None:
        super().__init__(
            f"{written!r} is no MQTT address; write mqtt://HOST:PORT or mqtts://HOST:PORT, the user with --user"
        )


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker, and who we are to it. Raises `BrokerAddressUnclear`."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        try:
            self.host.encode("idna")
        except UnicodeError:
            raise BrokerAddressUnclear(self.url) from None
        if not MQTT_ADDRESS.fullmatch(self.url) or not 0 < self.port < 65_536:
            raise BrokerAddressUnclear(self.url)

    @property
    def host(self) -> str:
        """The broker's host."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The broker's port; that of the protocol where none is written."""
        written = self.url.rpartition(":")[2]
        return int(written) if written.isdigit() else PORTS[self.url.partition(":")[0]]


class Listener:
    """Subscribes to all that one site tells, or all sites do. `run` it in a task; cancel that to end it.

    ``heard`` is called with site, topic below the site's, payload, and whether it is from before we came.
    """

    def __init__(
        self, broker: BrokerAddress, site: str | None, heard: Callable[[str, str, bytes, bool], None]
    ) -> None:
        self.link = Link(connected=False)
        self.changed = asyncio.Event()  # set at every message, and when the link comes or goes
        self._broker = broker
        self._site = site
        self._heard = heard

    async def run(self) -> None:
        """Listen, for ever; a broker that is away is tried every second."""
        while True:
            try:
                await self._listen()
            except aiomqtt.MqttError as error:
                self._now(Link(connected=False, trouble=str(error)))
            await asyncio.sleep(PAUSE_S)

    async def _listen(self) -> None:
        broker = self._broker
        async with aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            tls_context=ssl.create_default_context() if broker.url.startswith("mqtts") else None,
            keepalive=KEEPALIVE_S,
            timeout=ANSWER_S,
        ) as client:
            await client.subscribe(f"hotline/{self._site or '+'}/#", qos=1)
            self._now(Link(connected=True))
            async for message in client.messages:
                _, site, *rest = message.topic.value.split("/", 2)
                if rest and isinstance(
                    message.payload, bytes
                ):  # the site's own topic is subscribed to as well
                    self._heard(site, rest[0], message.payload, bool(message.retain))
                    self.changed.set()

    def _now(self, link: Link) -> None:
        self.link = link
        self.changed.set()
