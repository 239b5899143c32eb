"""One AGI session: commands on one channel, one at a time, until either side ends it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import structlog

from ivr.agi.commands import REPLY_TIMEOUT, AgiCommands
from ivr.agi.errors import (
    AgiError,
    BadCommand,
    CallerHungUp,
    CommandRefused,
    CommandTimedOut,
    ConnectionLost,
    DeadChannel,
    ProtocolViolation,
    SessionEnded,
    SessionSealed,
)
from ivr.agi.protocol import Refusal, Reply, ReplyReader, command_line, parse_path

log = structlog.get_logger(__name__)

_REFUSALS: Final[Mapping[int, type[CommandRefused]]] = {510: BadCommand, 520: BadCommand, 511: DeadChannel}

_HUNG_UP: Final = (CallerHungUp, "the caller hung up")


class _Command:
    """A command on its way: its line, its deadline by the loop's clock, and who waits for the reply."""

    __slots__ = ("deadline", "line", "reply", "timeout", "verb")

    def __init__(self, loop: asyncio.AbstractEventLoop, verb: str, line: bytes, timeout: float) -> None:
        self.verb = verb
        self.line = line
        self.timeout = timeout
        self.deadline = loop.time() + timeout
        self.reply: asyncio.Future[Reply] = loop.create_future()


class AgiSession(AgiCommands):
    """A session that Asterisk opened, on one channel, in the role that its AGI path names.

    It belongs to one task. It is over, and `ended` set, as soon as Asterisk says ``HANGUP`` or closes, be a
    command outstanding or not; the socket is then closed at once, since a redirect waits for that. Whether the
    call is over too, only its channel can tell.
    """

    def __init__(self, transport: asyncio.Transport, environment: Mapping[str, str]) -> None:
        self.environment: Mapping[str, str] = MappingProxyType(dict(environment))
        self.role, self.rest = parse_path(environment["agi_request"])
        self.ended = asyncio.Event()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._reader = ReplyReader()
        self._outstanding: _Command | None = None
        self._next: _Command | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._over: tuple[type[AgiError], str] | None = None

    @property
    def channel(self) -> str:
        """The channel's name, such as ``PJSIP/trunk-00000001``. It may change while the call lives."""
        return self.environment["agi_channel"]

    @property
    def uniqueid(self) -> str:
        """Asterisk's Uniqueid of the channel."""
        return self.environment["agi_uniqueid"]

    @property
    def caller_id(self) -> str | None:
        """The caller's number as he gives it (ANI), or None when it is withheld."""
        return _known(self.environment.get("agi_callerid"))

    @property
    def dnis(self) -> str | None:
        """The number that was dialled, or None when the trunk does not tell."""
        return _known(self.environment.get("agi_dnid"))

    async def command(self, verb: str, *arguments: str | int, timeout: float | None = REPLY_TIMEOUT) -> Reply:
        """Send one command and return Asterisk's reply.

        ``timeout`` is in seconds; None sets no limit. Cancelling stops nothing in Asterisk: the reply that it
        still owes is awaited and dropped before the next command is sent, within that one's time limit.
        To stop a sound first, use AMI ``ControlPlayback``.

        Raises `IllegalArgument` (nothing was sent), `BadCommand`, `DeadChannel` or another `CommandRefused`,
        `SessionEnded` or one of its kinds, `CommandTimedOut` (which seals the session), `SessionSealed`.
        """
        line = command_line(verb, *arguments)
        if self._over:
            raise _error(self._over)
        command = _Command(self._loop, verb, line, math.inf if timeout is None else timeout)
        # Asterisk reads ahead: of two commands in one segment it would leave the second lie until a third
        # comes. So never are two of them on the way.
        if self._outstanding is None:
            self._send(command)
        elif self._outstanding.reply.cancelled() and (self._next is None or self._next.reply.cancelled()):
            self._next = command
        else:
            raise RuntimeError(f"{verb} was given while {self._outstanding.verb} is outstanding")
        if command.deadline < (self._alarm.when() if self._alarm else math.inf):
            self._set_alarm(command.deadline)
        return await command.reply

    def caller_hung_up(self) -> None:
        """Take note, from whoever watches channels, that the caller is gone.

        AMI tells by ``HangupRequest`` and ``Hangup``. The session ends at once and raises `CallerHungUp` from
        now on.
        """
        if self._over and issubclass(self._over[0], SessionEnded):
            self._over = _HUNG_UP
        self._end(*_HUNG_UP)

    def close(self) -> None:
        """Close the session from our side; Asterisk goes on in the dialplan. Does nothing the second time."""
        self._end(SessionSealed, "the session was closed by the engine")

    def line_received(self, line: bytes) -> None:
        """Take a line from Asterisk, without its end."""
        if self._over:
            return
        try:
            message = self._reader.read(line)
            if message is None:
                return
            if message == "HANGUP":
                self._end(SessionEnded, "Asterisk ended the session (HANGUP)")
            elif self._outstanding is None:
                self.broken("a reply came to no command")
            else:
                self._settle(self._outstanding, message)
        except ProtocolViolation as violation:
            self.broken(str(violation))

    def broken(self, problem: str) -> None:
        """Cut the session: its peer does not speak AGI."""
        if self._over is None:
            log.warning("agi session broken", problem=problem, role=self.role, uniqueid=self.uniqueid)
            self._end(ProtocolViolation, problem)

    def connection_lost(self, error: Exception | None) -> None:
        """Take note that the connection is gone: closed in order, or by an error."""
        if error is None:
            self._end(SessionEnded, "Asterisk ended the session (closed the connection)")
        else:
            self._end(ConnectionLost, f"the connection to Asterisk broke: {type(error).__name__}")

    def _send(self, command: _Command) -> None:
        self._outstanding = command
        self._transport.write(command.line)

    def _settle(self, command: _Command, message: Reply | Refusal) -> None:
        self._outstanding = None
        if not command.reply.done():
            if isinstance(message, Reply):
                command.reply.set_result(message)
            else:
                kind = _REFUSALS.get(message.code, CommandRefused)
                command.reply.set_exception(kind(command.verb, message.code, message.text))
        following, self._next = self._next, None
        if following and not following.reply.done():
            self._send(following)

    def _set_alarm(self, when: float) -> None:
        # One timer for the session, moved when it rings early: commands are many, time-outs few.
        if self._alarm:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(when, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        # A command that was cancelled before it was sent owes nothing; one that was sent does.
        unsent = self._next if self._next and not self._next.reply.done() else None
        command = min(filter(None, (self._outstanding, unsent)), key=lambda c: c.deadline, default=None)
        if command is None or command.deadline == math.inf:
            return
        if command.deadline > self._loop.time():
            self._set_alarm(command.deadline)
            return
        log.warning("agi command timed out", verb=command.verb, role=self.role, uniqueid=self.uniqueid)
        if not command.reply.done():
            command.reply.set_exception(CommandTimedOut(command.verb, command.timeout))
        self._end(SessionSealed, f"the session was sealed: {command.verb} got no reply in time")

    def _end(self, kind: type[AgiError], what: str) -> None:
        if self._over:
            return
        self._over = kind, what
        if self._alarm:
            self._alarm.cancel()
        for command in (self._outstanding, self._next):
            if command and not command.reply.done():
                command.reply.set_exception(kind(what))
        # A peer that leaves our last command unread would hold up an orderly close for ever.
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()
        self.ended.set()


def _error(over: tuple[type[AgiError], str]) -> AgiError:
    kind, what = over
    return kind(what)


def _known(value: str | None) -> str | None:
    return None if value in (None, "", "unknown") else value
