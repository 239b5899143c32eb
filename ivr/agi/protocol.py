"""AGI on the wire, pure: the environment and replies that come in, the command lines that go out.

The forms are those of Asterisk 22's res_agi, and its way to split a line: ``"`` toggles quoting,
``\\`` escapes, blanks separate, a line ends at ``\\n``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ivr.agi.errors import IllegalArgument, ProtocolViolation

COMMAND_LIMIT: Final = 2_000
"""The longest command line in bytes. Asterisk's buffer has 2,048, and it runs a cut line as if whole."""

ARGUMENT_LIMIT: Final = 100
"""The most arguments of a command. Asterisk drops what is past its 127th word."""

REPLY_LIMIT: Final = 65_536
"""The longest reply in bytes; a variable's value may be long."""

_VERB = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)*")
_UNSENDABLE = re.compile(r"[\r\n\0]")
_REPLY = re.compile(r"200 result=(\S*)(?: \((.*)\))?( \w+=.*)?", re.DOTALL)
_OPEN_REPLY = re.compile(r"200 result=\S* \(")
_ENDPOS = re.compile(r" endpos=(\d+)")
_REFUSAL = re.compile(r"(5\d\d)([ -])(.*)")
_VARIABLE = re.compile(rb"(agi_\w+): ?(.*)")

# A carrier may pass on a name in any encoding. That must not cost the caller his call.
_WRITTEN_BY_CALLERS = {"agi_callerid", "agi_calleridname", "agi_dnid", "agi_rdnis", "agi_extension"}
_REQUIRED = ("agi_request", "agi_channel", "agi_uniqueid")


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's answer to a command that it accepted: ``200 result=RESULT (DATA) endpos=ENDPOS``.

    ``endpos`` counts samples: 8 a millisecond at 8 kHz.
    """

    result: str
    data: str | None = None
    endpos: int | None = None

    @property
    def timed_out(self) -> bool:
        """Whether the caller, not Asterisk, let a time limit pass."""
        return self.data == "timeout"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Asterisk's answer to a command that it refused: 503, 510, 511, or 520 with the usage."""

    code: int
    text: str


Hangup: TypeAlias = Literal["HANGUP"]
"""The line that ends a session. It comes between replies and is the reply to nothing."""


class ReplyReader:
    """Put the lines of one session together into replies."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = 0

    def read(self, line: bytes) -> Reply | Refusal | Hangup | None:
        """Take the next line, without its end; return what it completes, or None.

        ``100 Trying`` completes nothing. Within a value that has line breaks of its own, ``HANGUP`` is text.
        Raises `ProtocolViolation` for what is no reply, not UTF-8, or over `REPLY_LIMIT`.
        """
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise ProtocolViolation("a reply is not UTF-8") from None
        return self._continue(text) if self._lines else self._begin(text)

    def _begin(self, line: str) -> Reply | Refusal | Hangup | None:
        if match := _REPLY.fullmatch(line):
            result, data, rest = match.groups()
            endpos = _ENDPOS.search(rest) if rest else None
            return Reply(result, data, int(endpos[1]) if endpos else None)
        if line == "HANGUP":
            return "HANGUP"
        if line.startswith("100 "):
            return None
        refusal = _REFUSAL.fullmatch(line)
        if refusal and refusal[2] == " ":
            return Refusal(int(refusal[1]), refusal[3])
        if refusal or _OPEN_REPLY.match(line):
            self._hold(line)
            return None
        raise ProtocolViolation("a line is no reply of AGI")

    def _continue(self, line: str) -> Reply | Refusal | Hangup | None:
        head = self._lines[0]
        if head.startswith("200"):
            self._hold(line)
            return self._begin(self._release()) if line.endswith(")") else None
        if line == "HANGUP":
            self._release()
            return "HANGUP"
        if line.startswith(f"{head[:3]} "):
            return Refusal(int(head[:3]), self._release()[4:])
        self._hold(line)
        return None

    def _hold(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line) + 1
        if self._size > REPLY_LIMIT:
            raise ProtocolViolation(f"a reply is longer than {REPLY_LIMIT} bytes")

    def _release(self) -> str:
        whole = "\n".join(self._lines)
        self._lines.clear()
        self._size = 0
        return whole


def command_line(verb: str, *arguments: str | int) -> bytes:
    """Return the line that makes Asterisk see exactly these words.

    Raises `IllegalArgument` for a line break or NUL, for text that UTF-8 cannot write, for more than
    `ARGUMENT_LIMIT` arguments, and for a line over `COMMAND_LIMIT` bytes.
    """
    if not _VERB.fullmatch(verb):
        raise IllegalArgument("command", "its verb must be words of the letters A to Z")
    if len(arguments) > ARGUMENT_LIMIT:
        raise IllegalArgument(verb, f"it has {len(arguments)} arguments; AGI carries {ARGUMENT_LIMIT}")
    line = " ".join([verb, *map(_quoted, arguments)])
    if _UNSENDABLE.search(line):
        raise IllegalArgument(verb, "an argument has a line break or NUL, which AGI cannot carry; remove it")
    try:
        encoded = line.encode() + b"\n"
    except UnicodeEncodeError:
        raise IllegalArgument(verb, "an argument has a lone surrogate, which UTF-8 cannot write") from None
    if len(encoded) > COMMAND_LIMIT:
        raise IllegalArgument(verb, f"it is {len(encoded)} bytes long; AGI carries {COMMAND_LIMIT}")
    return encoded


def _quoted(argument: str | int) -> str:
    if isinstance(argument, int):
        return str(argument)
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_environment(lines: Sequence[bytes]) -> dict[str, str]:
    """Return the variables that Asterisk sends ahead of a session.

    What callers write (numbers, names) may be in any encoding: unreadable bytes become U+FFFD. Raises
    `ProtocolViolation` for anything else that is not UTF-8, for a malformed or missing variable, and for one
    that comes twice: a number with a line break in it must not put words into Asterisk's mouth.
    """
    variables: dict[str, str] = {}
    for line in lines:
        match = _VARIABLE.fullmatch(line)
        if not match:
            raise ProtocolViolation("a line of the AGI environment is not `agi_name: value`")
        name = match[1].decode("ascii")
        if name in variables:
            raise ProtocolViolation("a variable comes twice in the AGI environment")
        try:
            variables[name] = match[2].decode(errors="replace" if name in _WRITTEN_BY_CALLERS else "strict")
        except UnicodeDecodeError:
            raise ProtocolViolation("the AGI environment is not UTF-8") from None
    if any(not variables.get(name) for name in _REQUIRED):
        raise ProtocolViolation(f"the AGI environment lacks one of {', '.join(_REQUIRED)}")
    return variables


def parse_path(request: str) -> tuple[str, tuple[str, ...]]:
    """Split ``agi://host:port/role/rest…`` into the role and the rest.

    Raises `ProtocolViolation` when no role is named.
    """
    path = request.partition("://")[2].partition("?")[0].partition("/")[2]
    role, *rest = path.split("/")
    if not role:
        raise ProtocolViolation("the AGI path names no role; the dialplan must say agi://host:port/role/...")
    return role, tuple(rest)
