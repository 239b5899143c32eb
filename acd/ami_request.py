"""An AMI action on its way: checked before it is sent, and complete when its whole answer is there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from panoramisk.actions import Action
from panoramisk.message import Message
from panoramisk.utils import IdGenerator

from acd.ami_errors import IllegalValue

Value = str | int | Sequence[str]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
# Asterisk ends a line at LF; the rest are what other readers of the same text, and logs, take for a line's end.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
# Asterisk 22: one byte more, or one line more, and it answers with an error that may lack the ActionID.
_LINE_BYTES = 1022
_LINES = 128
_OURS = ("Action", "ActionID")


class Request(Action):  # type: ignore[misc]  # panoramisk has no types
    """An action that one response answers.

    panoramisk guesses from the words of the response whether more will come, and waits for ever, or fails,
    where it guesses wrong. Here the caller says which kind it is.

    Raises IllegalValue for what AMI cannot carry.
    """

    action_id_generator = IdGenerator("action")

    def __init__(self, name: str, headers: Mapping[str, Value] | None = None) -> None:
        headers = headers or {}
        lines = {"Action": name, **{header: _texts(value) for header, value in headers.items()}}
        _check(name, headers)
        super().__init__(lines)
        self.name = name

    def owns(self, message: Message) -> bool:
        """Tell whether a message with this ActionID is for the one who asked, and not an event for everybody."""
        return "event" not in message

    def add_message(self, message: Message) -> bool:
        """Take one message of the answer; return True when that was the last."""
        self.responses.append(message)
        if not self.complete(message):
            return False
        if not self.future.done():
            self.future.set_result(self.responses)
        return True

    def complete(self, message: Message) -> bool:  # noqa: ARG002 -- the list decides by it
        """Tell whether the answer ends with this message."""
        return True


class ListRequest(Request):
    """An action that a response and then one event per row answer."""

    # Rows of a list that nobody waits for any more are known by this name, and thrown away.
    action_id_generator = IdGenerator("list")

    def owns(self, message: Message) -> bool:  # noqa: ARG002 -- all are rows
        """Every message with a list's ActionID is part of it."""
        return True

    def complete(self, message: Message) -> bool:
        """A list ends with the row that says so, or at once where Asterisk does not start one."""
        marker = str(message.eventlist).lower()
        return marker == "complete" if "event" in message else not (message.success and marker == "start")


def is_list_id(action_id: str) -> bool:
    """Tell whether ``action_id`` is that of a `ListRequest`."""
    return action_id.startswith("list/")


def check_value(header: str, value: str) -> None:
    """Raise IllegalValue where ``value`` would end its line, cannot be encoded, or is too long for Asterisk."""
    if _FORBIDDEN.search(value):
        raise IllegalValue(header, "holds a line break or another control character")
    try:
        line = f"{header}: {value}".encode()
    except UnicodeEncodeError:
        raise IllegalValue(header, "holds half a surrogate pair, which UTF-8 cannot carry") from None
    if len(line) > _LINE_BYTES:
        raise IllegalValue(
            header, f"makes a line of {len(line)} bytes, of which Asterisk takes {_LINE_BYTES}"
        )


def _check(name: str, headers: Mapping[str, Value]) -> None:
    check_value("Action", name)
    count = len(_OURS)
    for header, value in headers.items():
        if not _NAME.fullmatch(header):
            raise IllegalValue(header, "has a name that is not letters, digits, - and _")
        if header.lower() in map(str.lower, _OURS):
            raise IllegalValue(header, "is the client's own")
        for text in _texts(value):
            check_value(header, text)
            count += 1
    if count > _LINES:
        raise IllegalValue("Action", f"has {count} lines, of which Asterisk takes {_LINES}")


def _texts(value: Value) -> list[str]:
    return [str(value)] if isinstance(value, str | int) else list(value)
