"""One AMI connection, from the greeting to the loss; it is never opened twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from acd.ami_errors import (
    ActionTimedOut,
    AmiError,
    ConnectFailed,
    ConnectionLost,
    EventOverflow,
    NotConnected,
    refusal,
)
from acd.ami_request import Request, is_list_id

_GREETING = b"Asterisk Call Manager/"
_END = b"\r\n\r\n"
# A read is parsed in one go; this much takes a millisecond or two, then the event loop serves others.
_READ_BYTES = 16 * 1024
_LINE_BYTES = 64 * 1024
_MESSAGE_BYTES = 1024 * 1024


class Protocol(AMIProtocol, asyncio.BufferedProtocol):  # type: ignore[misc]  # panoramisk has no types
    """Cut the bytes into messages and give each to the action that it answers, or to the link."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._window = memoryview(bytearray(_READ_BYTES))
        self._unread = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read."""
        super().connection_made(transport)
        self.factory = self._link
        self.encoding = "utf-8"

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 -- a small window bounds each parse
        """Return where the next bytes go."""
        return self._window

    def buffer_updated(self, nbytes: int) -> None:
        """Read what has come."""
        self.data_received(bytes(self._window[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Read whole messages; whole ones alone are decoded, since a chunk may end within a letter."""
        seen = len(self._unread)
        self._unread += data
        if self.version is None and not self._greeted():
            return
        if self._unread.find(_END, max(0, seen - len(_END) + 1)) >= 0:
            *messages, self._unread = self._unread.split(_END)
            for message in messages:
                self._parse(message)
        line = len(self._unread) - self._unread.rfind(b"\n") - 1
        if line > _LINE_BYTES or len(self._unread) > _MESSAGE_BYTES:
            self._unread.clear()
            self._link.drop(ConnectionLost("it sent a line or a message too long to be AMI"))

    def _greeted(self) -> bool:
        greeting, newline, rest = self._unread.partition(b"\r\n")
        if not _GREETING.startswith(bytes(greeting[: len(_GREETING)])) or len(greeting) > len(_GREETING) + 64:
            self._unread.clear()
            self._link.refuse("what listens there does not speak AMI")
            return False
        if newline:
            self.version = greeting[len(_GREETING) :].decode("ascii", "replace")
            self._unread = rest
        return bool(newline)

    def _parse(self, raw: bytearray) -> None:
        # Some actions end their answer with one blank line too many. The end stays: it may be an empty value.
        message = Message.from_line(raw.lstrip(b"\r\n").decode("utf-8", "replace"))
        if message is not None:
            self.handle_message(message)

    def handle_message(self, message: Message) -> None:
        """Give a message to the action that it answers, or to everybody."""
        action_id = str(message.actionid)
        request = self.responses.get(action_id)
        if request is not None and request.owns(message):
            if request.add_message(message):
                self.responses.pop(action_id, None)
        elif "event" not in message or is_list_id(action_id):
            self._link.on_late()
        else:
            self._link.dispatch(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the link; it decides what follows."""
        self._link.connection_lost(exc)

    def fail(self, error: AmiError) -> None:
        """End every action in flight with ``error``; none is kept to be sent again."""
        for request in self.responses.values():
            if not request.future.done():
                request.future.set_exception(error)
        self.responses.clear()
        self.transport.abort()


class Link(Manager):  # type: ignore[misc]  # panoramisk has no types
    """One connection: its actions, and its events in order in ``events``, the last of which is None.

    At most ``queue_size`` events wait; one more drops the connection. ``lost`` then holds why it ended.
    """

    def __init__(self, host: str, port: int, *, queue_size: int, on_late: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(host=host, port=port, loop=loop, protocol_factory=lambda: Protocol(self))
        self.on_late = on_late
        self.events: asyncio.Queue[Message | None] = asyncio.Queue()
        self.booted: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[AmiError] = loop.create_future()
        self.discarded = 0
        self.peak = 0
        self._queue_size = queue_size

    async def open(self, timeout: float) -> None:
        """Connect within ``timeout`` seconds. Raises ConnectFailed."""
        host, port = self.config["host"], self.config["port"]
        try:
            async with asyncio.timeout(timeout):
                await self.connect()
        except TimeoutError:
            raise ConnectFailed(host, port, f"no answer within {timeout:g} s") from None
        except OSError as error:
            raise ConnectFailed(host, port, error.strerror or str(error)) from error

    def connection_made(self, f: asyncio.Task[tuple[asyncio.Transport, Protocol]]) -> None:
        """Keep the protocol. Who connects logs in, pings, and tries again: here nothing happens by itself."""
        if not f.cancelled() and f.exception() is None:
            _, self.protocol = f.result()

    async def request(self, request: Request, timeout: float) -> list[Message]:
        """Send an action; return its response and rows.

        Raises ActionFailed, ActionTimedOut, NotConnected when the link was lost before, ConnectionLost when it
        is lost meanwhile. When cancelled, or out of time, an answer that comes later is thrown away.
        """
        if self.lost.done():
            raise NotConnected(request.name) from self.lost.result()
        try:
            async with asyncio.timeout(timeout):
                answer: list[Message] = await self.send_action(request)
        except TimeoutError:
            raise ActionTimedOut(request.name, timeout) from None
        finally:
            self.protocol.responses.pop(request.id, None)
        if not answer[0].success:
            raise refusal(request.name, str(answer[0].message))
        return answer

    def dispatch(self, event: Message) -> None:
        """Queue an event."""
        if event.event == "FullyBooted" and not self.booted.done():
            self.booted.set_result(None)
        if self.lost.done():
            self.discarded += 1
        elif self.events.qsize() >= self._queue_size:
            self.discarded += 1
            self.drop(EventOverflow(self.events.qsize()))
        else:
            self.events.put_nowait(event)
            self.peak = max(self.peak, self.events.qsize())

    def drop(self, reason: AmiError) -> None:
        """End the connection at once; the first reason counts."""
        if self.lost.done():
            return
        self.lost.set_result(reason)
        self.events.put_nowait(None)
        if self.protocol is not None:
            self.protocol.fail(reason)

    def refuse(self, reason: str) -> None:
        """End the connection, since it is not to an Asterisk."""
        self.drop(ConnectFailed(self.config["host"], self.config["port"], reason))

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the other side has ended it."""
        self.drop(ConnectionLost(str(exc) if exc else "Asterisk closed it"))

    def close(self) -> None:
        """End the connection from this side. It stays closed."""
        self.drop(ConnectionLost("closed by this side"))
