"""What can go wrong between the engine and Asterisk over AGI: one class per situation.

Messages name commands and causes, never what a caller said or sent; such text stays in attributes.
"""

from __future__ import annotations


class AgiError(Exception):
    """The root of all AGI errors."""


class ListenFailed(AgiError):
    """The server could not listen on its address."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"cannot listen for Asterisk's FastAGI on {host}:{port}: {reason}; "
            "stop the program that uses it, or give the hotline another AGI port"
        )
        self.host = host
        self.port = port


class IllegalArgument(AgiError, ValueError):
    """A command was refused before it was sent: AGI cannot carry it."""

    def __init__(self, verb: str, problem: str) -> None:
        super().__init__(f"{verb}: {problem}")
        self.verb = verb


class CommandRefused(AgiError):
    """Asterisk answered a command with an error code. ``text`` is what it said, unshortened."""

    def __init__(self, verb: str, code: int, text: str) -> None:
        super().__init__(f"Asterisk refused {verb}: {code} {text.partition(chr(10))[0]}")
        self.verb = verb
        self.code = code
        self.text = text


class BadCommand(CommandRefused):
    """Asterisk does not know the command (510), or not with these arguments (520)."""


class DeadChannel(CommandRefused):
    """The command needs a living channel, and this one is hung up or on its way elsewhere (511)."""


class CommandFailed(AgiError):
    """Asterisk understood a command and could not do it, though the channel lives."""

    def __init__(self, verb: str, problem: str) -> None:
        super().__init__(f"{verb} failed: {problem}")
        self.verb = verb


class CommandTimedOut(AgiError):
    """No reply came in time. The session is sealed: a late reply must not be taken for another's."""

    def __init__(self, verb: str, seconds: float) -> None:
        super().__init__(f"no reply to {verb} within {seconds:g} s; the session is sealed")
        self.verb = verb
        self.seconds = seconds


class SessionSealed(AgiError):
    """A command was given on a session that we ourselves had closed."""


class SessionEnded(AgiError):
    """Asterisk ended the session. Whether the call goes on (it does after a redirect) is not said."""


class CallerHungUp(SessionEnded):
    """The session ended because the caller hung up, as reported by `AgiSession.caller_hung_up`."""


class ConnectionLost(SessionEnded):
    """The connection broke: Asterisk, or the network to it, died."""


class ProtocolViolation(SessionEnded):
    """The peer sent what no Asterisk sends; the session was cut."""
