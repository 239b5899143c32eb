"""What Asterisk says over AMI, as facts: headers, events, replies, and a channel as `Status` shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

_ESCAPED = re.compile(r"\\(.)")
_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_UNSET = "(null)"


class Headers(Mapping[str, str]):
    """Hold the headers of one message. Names match in any case; a repeated header reads as its last value."""

    __slots__ = ("_values",)

    def __init__(self, items: Iterable[tuple[str, str | list[str]]]) -> None:
        self._values: dict[str, tuple[str, ...]] = {
            name.lower(): tuple(value) if isinstance(value, list) else (value,) for name, value in items
        }

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()][-1]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        # Names alone: the values carry callers' numbers, and reprs end up in logs.
        return f"Headers({', '.join(self._values)})"

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a repeated header, in the order sent; empty where there is none."""
        return self._values.get(name.lower(), ())


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in Asterisk.

    ``lag_ms`` is the age it had when it reached the handler, in milliseconds: the wall time less Asterisk's
    ``Timestamp``. It is None for a row of a list, and where manager.conf lacks ``timestampevents = yes``.
    """

    name: str
    headers: Headers
    lag_ms: int | None = None

    @property
    def variables(self) -> Mapping[str, str]:
        """Return the channel variables that ``channelvars`` in manager.conf adds to the event."""
        return self.variables_of("")

    def variables_of(self, prefix: str) -> Mapping[str, str]:
        """Return the variables of the event's other channel, such as ``Dest`` in `DialBegin`."""
        return dict(_assignments(map(_unescaped, self.headers.all(f"{prefix}ChanVariable"))))


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's consent to one action; a refusal is raised instead."""

    headers: Headers

    @property
    def text(self) -> str:
        """Return what Asterisk said in words, often nothing."""
        return self.headers.get("Message", "")

    @property
    def output(self) -> tuple[str, ...]:
        """Return the lines that a `Command` printed."""
        return self.headers.all("Output")


@dataclass(frozen=True, slots=True)
class ChannelSnapshot:
    """One living channel. ``seconds`` is its age; ``variables`` has those asked for that are set."""

    uniqueid: str
    linkedid: str
    channel: str
    state: str
    context: str
    exten: str
    application: str
    bridge: str
    seconds: int
    variables: Mapping[str, str]

    @classmethod
    def read(cls, event: Event) -> Self:
        """Read a snapshot from a row of the `Status` list."""
        headers = event.headers
        asked = _assignments(headers.all("Variable"))
        return cls(
            uniqueid=headers["Uniqueid"],
            linkedid=headers["Linkedid"],
            channel=headers["Channel"],
            state=headers["ChannelStateDesc"],
            context=headers["Context"],
            exten=headers["Exten"],
            application=headers["Application"],
            bridge=headers["BridgeID"],
            seconds=int(headers["Seconds"]),
            variables={name: value for name, value in asked if value != _UNSET},
        )


def _assignments(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition("=")
        yield name, value


def _unescaped(text: str) -> str:
    # Asterisk writes ChanVariable (and it alone) the way C writes a string.
    return _ESCAPED.sub(lambda found: _CONTROLS.get(found[1], found[1]), text) if "\\" in text else text
