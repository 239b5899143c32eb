"""What can go wrong between the engine and Asterisk over AMI: one class per situation."""

from __future__ import annotations

_REMEDIES = {
    "permission denied": "; add the class that it needs to `write =` of this user in manager.conf",
    "invalid/unknown command": "; load the Asterisk module that has it (see modules.conf)",
}


class AmiError(Exception):
    """The root of all AMI errors."""


class IllegalValue(AmiError, ValueError):
    """An action was refused before it was sent: AMI cannot carry it. The value itself stays out of the message."""

    def __init__(self, header: str, problem: str) -> None:
        super().__init__(f"AMI header {header!r} {problem}; remove that before you send it")
        self.header = header


class ActionFailed(AmiError):
    """Asterisk answered an action with an error. ``text`` is what it said."""

    def __init__(self, action: str, text: str) -> None:
        remedy = next((then for when, then in _REMEDIES.items() if text.lower().startswith(when)), "")
        super().__init__(f"Asterisk refused {action}: {text}{remedy}")
        self.action = action
        self.text = text


class NoSuchChannel(ActionFailed):
    """The action names a channel that is not there, most often because it has just hung up."""


class ActionTimedOut(AmiError):
    """No complete reply came in time. Whether Asterisk carried the action out is not known."""

    def __init__(self, action: str, seconds: float) -> None:
        super().__init__(f"Asterisk did not answer {action} within {seconds:g} s; it may still carry it out")
        self.action = action
        self.seconds = seconds


class NotConnected(AmiError):
    """There is no connection now, so the action was not sent. The cause, where known, is chained to it."""

    def __init__(self, action: str) -> None:
        super().__init__(f"{action} was not sent: there is no AMI connection to Asterisk now")
        self.action = action


class ConnectFailed(AmiError):
    """Nobody listens, or nobody who speaks AMI."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"cannot reach Asterisk's manager (AMI) on {host}:{port}: {reason}; "
            "is Asterisk running, with `enabled = yes`, this bindaddr and this port in manager.conf?"
        )
        self.host = host
        self.port = port


class LoginRefused(AmiError):
    """Asterisk does not let this user in."""

    def __init__(self, host: str, port: int, username: str, text: str) -> None:
        super().__init__(
            f"Asterisk's manager (AMI) on {host}:{port} refused the user {username!r}: {text}; make the name and "
            "secret the same on both sides, see that `permit`/`deny` of that section in manager.conf let this "
            "address in, and say `manager reload` in Asterisk's console"
        )
        self.username = username
        self.text = text


class ConnectionLost(AmiError):
    """The connection ended. Actions in flight raise this; whether Asterisk carried them out is not known."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the AMI connection to Asterisk ended: {reason}")
        self.reason = reason


class EventOverflow(ConnectionLost):
    """Events came faster than the handler took them, so the connection was dropped, to start again in order."""

    def __init__(self, queued: int) -> None:
        super().__init__(
            f"{queued} events were waiting for the event handler; narrow `eventfilter` in manager.conf, "
            "or make the handler quicker"
        )
        self.queued = queued


def refusal(action: str, text: str) -> ActionFailed:
    """Return the error for Asterisk's own words ``text``."""
    missing = text.lower().startswith(
        ("no such channel", "channel does not exist", "channel specified does not")
    )
    return NoSuchChannel(action, text) if missing else ActionFailed(action, text)
