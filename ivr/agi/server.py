"""The FastAGI server: Asterisk connects, names a role in the AGI path, and gets a handler for that session.

    exten => _X.,1,AGI(agi://127.0.0.1:4573/caller/${CALL_ID})    ; role "caller", rest ("<call id>",)

Set the channel variable ``AGIEXITONHANGUP=yes`` first: then a redirect need not wait for the engine.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, cast

import structlog

from ivr.agi.errors import CommandTimedOut, ListenFailed, ProtocolViolation, SessionEnded, SessionSealed
from ivr.agi.protocol import REPLY_LIMIT, parse_environment
from ivr.agi.session import AgiSession

log = structlog.get_logger(__name__)

ENVIRONMENT_LIMIT: Final = 16_384
"""The longest environment in bytes. Asterisk's has about 800 and the arguments of the AGI application."""

_WINDOW: Final = 2_048
_BACKLOG: Final = 4_096
_KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)


@dataclass(frozen=True, slots=True)
class AgiStatistics:
    """The server's figures: connections now open, and since the start."""

    open: int
    accepted: int
    refused: int
    """Closed at once, since `max_sessions` were open."""
    strangers: int
    """Ended before a valid environment had come: port scans, half-open peers."""
    failed: int
    """Sessions whose handler raised."""


class AgiServer:
    """Accept AGI sessions and run ``handler`` for each, in a task of its own.

    The handler ends when it likes; then its session is closed. When the session ends first, the handler
    learns it from `AgiSession.ended` or from its next command; let the exception pass, it is no failure.
    What else it raises is logged once, with its role, and ends that session alone.

    At most ``max_sessions`` connections are open; one more is closed at once, and Asterisk goes on in the
    dialplan. A connection has ``environment_timeout`` seconds to say what it is.
    """

    def __init__(
        self,
        handler: Callable[[AgiSession], Awaitable[None]],
        *,
        host: str = "127.0.0.1",
        port: int = 4573,
        max_sessions: int = 20_000,
        environment_timeout: float = 5.0,
    ) -> None:
        self._handler = handler
        self._host = host
        self._port = port
        self._max_sessions = max_sessions
        self._environment_timeout = environment_timeout
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepted = self._refused = self._strangers = self._failed = 0

    @property
    def port(self) -> int:
        """The port listened on; it differs from the one asked for when that was 0."""
        return self._server.sockets[0].getsockname()[1] if self._server else self._port

    async def start(self) -> None:
        """Listen. Raises `ListenFailed` when the address cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: _Connection(self, self._environment_timeout),
                self._host,
                self._port,
                backlog=_BACKLOG,
                start_serving=False,
            )
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise ListenFailed(self._host, self._port, reason) from error
        for listener in self._server.sockets:
            # Accepted sockets inherit these: a peer whose machine died is noticed though we await no reply.
            for level, option, value in _KEEPALIVE:
                listener.setsockopt(level, option, value)
        await self._server.start_serving()

    async def close(self) -> None:
        """Stop listening, cancel every handler, wait until they are done, and close their sessions."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self._connections:
            connection.close()
        await server.wait_closed()

    def statistics(self) -> AgiStatistics:
        """Return the figures of this moment."""
        return AgiStatistics(
            len(self._connections), self._accepted, self._refused, self._strangers, self._failed
        )

    def admit(self, connection: _Connection) -> bool:
        """Count a new connection; say whether there is room for it."""
        if self._server is None:
            return False
        if len(self._connections) >= self._max_sessions:
            self._refused += 1
            log.error("agi connection refused: too many are open", max_sessions=self._max_sessions)
            return False
        self._accepted += 1
        self._connections.add(connection)
        return True

    def forget(self, connection: _Connection) -> None:
        """Take note that a connection is gone."""
        self._connections.discard(connection)

    def turn_away(self, problem: str, peer: str) -> None:
        """Take note of a connection that ended before it was a session."""
        self._strangers += 1
        log.warning("agi connection is no session", problem=problem, peer=peer)

    def begin(self, session: AgiSession) -> None:
        """Run the handler for a new session."""
        task = asyncio.get_running_loop().create_task(self._serve(session))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, session: AgiSession) -> None:
        try:
            await self._handler(session)
        except (SessionEnded, SessionSealed, CommandTimedOut):
            pass  # the session's own end; what of it deserves a line was logged when it happened
        except Exception:
            self._failed += 1
            log.exception("agi handler failed", role=session.role, uniqueid=session.uniqueid)
        finally:
            session.close()


class _Connection(asyncio.BufferedProtocol):
    """One connection: its bytes as lines, first to the environment, then to the session.

    A buffered protocol, because a plain one, and streams on top of it, allocate 256 KiB for each read: that
    more than doubled the CPU of a command and its reply.
    """

    def __init__(self, server: AgiServer, environment_timeout: float) -> None:
        self._server = server
        self._environment_timeout = environment_timeout
        self._window = bytearray(_WINDOW)
        self._partial = b""
        self._environment: list[bytes] = []
        self._environment_size = 0
        self._session: AgiSession | None = None
        self._transport: asyncio.Transport
        self._alarm: asyncio.TimerHandle
        self._over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._alarm = asyncio.get_running_loop().call_later(self._environment_timeout, self._too_late)
        if not self._server.admit(self):
            self.close()

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio's signature
        return self._window

    def buffer_updated(self, nbytes: int) -> None:
        *lines, self._partial = (self._partial + self._window[:nbytes]).split(b"\n")
        for line in lines:
            if self._session:
                self._session.line_received(line)
            elif not self._over:
                self._environment_line(line)
        if self._session:
            if len(self._partial) > REPLY_LIMIT:
                self._session.broken(f"a line is longer than {REPLY_LIMIT} bytes")
        elif self._environment_size + len(self._partial) > ENVIRONMENT_LIMIT:
            self._turn_away(f"its environment is longer than {ENVIRONMENT_LIMIT} bytes")

    def connection_lost(self, exc: Exception | None) -> None:
        if self._session:
            self._session.connection_lost(exc)
        else:
            self._turn_away("it closed before its environment was complete")
        self._server.forget(self)

    def close(self) -> None:
        """Drop the connection at once."""
        self._over = True
        self._alarm.cancel()
        self._transport.abort()

    def _environment_line(self, line: bytes) -> None:
        if line:
            self._environment.append(line)
            self._environment_size += len(line) + 1
            return
        try:
            session = AgiSession(self._transport, parse_environment(self._environment))
        except ProtocolViolation as violation:
            self._turn_away(str(violation))
            return
        self._alarm.cancel()
        self._session = session
        self._server.begin(session)

    def _too_late(self) -> None:
        self._turn_away(f"it sent no complete environment within {self._environment_timeout:g} s")

    def _turn_away(self, problem: str) -> None:
        if not self._over:
            host, port, *_ = self._transport.get_extra_info("peername") or ("?", 0)
            self._server.turn_away(problem, f"{host}:{port}")
            self.close()
