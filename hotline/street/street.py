"""The street: its Asterisk, started and stopped, and the traffic on it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import structlog

from acd.ami import AmiClient, AmiError, Event
from hotline.asterisk.config import Layout
from hotline.asterisk.prefix import Toolbox
from hotline.asterisk.process import AsteriskProcess
from hotline.preflight import is_free
from hotline.secrets import Secrets
from hotline.site import Site
from hotline.street.agents import Agents
from hotline.street.callers import Callers, StreetStatistics
from hotline.street.config import StreetPorts, hotline_host, phones_of, write_street
from hotline.street.errors import StreetNotReady, StreetPortInUse
from hotline.street.model import CallPlan, TrafficModel
from hotline.supervisor import wire
from ivr.agi.errors import ListenFailed
from ivr.agi.server import AgiServer
from ivr.agi.session import AgiSession

log = structlog.get_logger(__name__)

CONNECT_S = 20.0
REGISTER_S = 15.0
HANG_UP_LOOKS = 50
RING_S = 8.0


class Street:
    """The callers and the agents' phones of one site, against a hotline that is up.

    Used as an async context manager: entered, every agent's phone is registered; left, nothing of it runs. Raises
    `StreetPortInUse`, `AsteriskDidNotStart` or `StreetNotReady`; then nothing is left running.
    """

    def __init__(
        self,
        site: Site,
        toolbox: Toolbox,
        model: TrafficModel | None = None,
        *,
        ports: StreetPorts | None = None,
        most_live: int = 60,
    ) -> None:
        self.model = model or TrafficModel()
        self.layout = Layout.below(site.data / "street")
        self._site = site
        self._toolbox = toolbox
        self._ports = ports or StreetPorts()
        self._phones = phones_of(site)
        self._asterisk = AsteriskProcess(self.layout, toolbox)
        self._callers = Callers(self, most_live)
        self._agents = Agents(self.model, self._callers)
        self._client: AmiClient | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Street:
        async with AsyncExitStack() as stack:
            server = AgiServer(self._serve, port=self._ports.agi)
            try:
                await server.start()
            except ListenFailed:
                raise StreetPortInUse(self._ports.agi, "tcp") from None
            stack.push_async_callback(server.close)
            wiring = wire(self._site, self._toolbox, {})
            await self._asterisk.stop()  # one that a killed run has left
            ports = replace(self._ports, agi=server.port)
            _check(ports)
            write_street(self._site, wiring, self.layout, ports, self._phones)
            stack.push_async_callback(self._asterisk.stop)
            await self._asterisk.start(ports.ami)
            self._client = await stack.enter_async_context(self._connected(wiring.secrets))
            # Its end sends every channel on to the dialplan's Hangup(): the hotline hears BYE, not silence.
            stack.push_async_callback(self._hang_up, server)
            await self._register(
                self._client, [wiring.secrets.phones[phone].username for phone in self._phones]
            )
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def run(self, seconds: float | None = None) -> None:
        """Place calls as the model says, for so many seconds or for ever; return when the last of them is over.

        Cancelling hangs all of them up.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as calls:
            for plan in self.model.calls(list(self._site.settings.numbers)):
                if seconds is not None and plan.offset >= seconds:
                    break
                await asyncio.sleep(began + plan.offset - loop.time())
                calls.create_task(self._callers.call(plan))

    def statistics(self) -> StreetStatistics:
        """Return what became of the callers so far, as they know it themselves."""
        return self._callers.statistics()

    def describe(self) -> list[str]:
        """Return in plain lines what is on the street."""
        return [f"{len(self._phones)} agents' phones registered", *self.model.describe()]

    async def dial(self, plan: CallPlan) -> None:
        """Place a call to the hotline, without waiting for the answer. Raises `AmiError`."""
        if self._client is None:
            raise RuntimeError("a street places calls only while it is entered")
        await self._client.originate(
            f"PJSIP/{plan.dnis}@hotline",
            context="street-callers",
            exten=plan.ani,
            caller_id=f"<{plan.ani}>",
            ring_seconds=RING_S,
        )

    async def _serve(self, session: AgiSession) -> None:
        if session.role == "phone":
            await self._agents.serve(session)
        else:
            await self._callers.serve(session)

    @asynccontextmanager
    async def _connected(self, secrets: Secrets) -> AsyncIterator[AmiClient]:
        client = AmiClient(
            "127.0.0.1",
            self._ports.ami,
            secrets.ami_user,
            secrets.ami_password,
            on_event=self._heard,
            on_connected=_nothing,
            on_lost=_nothing,
        )
        running = asyncio.create_task(client.run())
        try:
            try:
                async with asyncio.timeout(CONNECT_S):
                    await client.wait_connected()
            except TimeoutError:
                raise StreetNotReady("its Asterisk does not answer by AMI", self.layout) from None
            yield client
        finally:
            running.cancel()
            await asyncio.wait([running])

    async def _heard(self, event: Event) -> None:
        if event.name == "OriginateResponse":
            self._callers.originated(event)

    async def _register(self, client: AmiClient, usernames: Sequence[str]) -> None:
        missing = set(usernames)
        try:
            async with asyncio.timeout(REGISTER_S):
                while missing:
                    rows = await client.list_action("PJSIPShowRegistrationsOutbound")
                    missing -= {
                        r.headers["ObjectName"] for r in rows if r.headers.get("Status") == "Registered"
                    }
                    await asyncio.sleep(0.05)
        except AmiError as error:
            raise StreetNotReady(str(error), self.layout) from error
        except TimeoutError:
            where = f"{hotline_host(self._site)}:{self._site.settings.ports.sip}"
            problem = (
                f"{len(missing)} of {len(usernames)} phones were not let in at {where} in {REGISTER_S:g} s"
            )
            raise StreetNotReady(problem, self.layout) from None

    async def _hang_up(self, server: AgiServer) -> None:
        await server.close()
        if self._client is None:
            return
        try:
            for _ in range(HANG_UP_LOOKS):
                if not await self._client.channels():
                    return
                await asyncio.sleep(0.02)
        except AmiError:
            pass
        log.warning("the hotline is not told that the street's last calls ended")


async def _nothing(_: object) -> None:
    """Take no notice: a street call that cannot be placed is counted as failed."""


def _check(ports: StreetPorts) -> None:
    for port, kind, name in (
        (ports.ami, socket.SOCK_STREAM, "tcp"),
        (ports.sip, socket.SOCK_DGRAM, "udp"),
    ):
        if not is_free("127.0.0.1", port, kind):
            raise StreetPortInUse(port, name)
