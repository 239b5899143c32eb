"""The AGI commands that the hotline speaks, with types: what goes in, what comes back, what -1 means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final, NoReturn

from ivr.agi.errors import CommandFailed, DeadChannel
from ivr.agi.protocol import Reply

REPLY_TIMEOUT: Final = 10.0
"""Seconds that Asterisk has for a command that does not wait for a person."""


@dataclass(frozen=True, slots=True)
class Played:
    """How a sound, or a recording, ended: by a digit or by itself, and where, in samples (8 a ms at 8 kHz)."""

    digit: str | None
    endpos: int


class AgiCommands(ABC):
    """Typed commands over one `command`. Each raises what that raises."""

    @abstractmethod
    async def command(self, verb: str, *arguments: str | int, timeout: float | None = REPLY_TIMEOUT) -> Reply:
        """Send one command and return Asterisk's reply."""

    async def answer(self) -> None:
        """Pick up. Does nothing on a channel that is up."""
        if (await self.command("ANSWER")).result == "-1":
            await self._fail("ANSWER", "the channel could not be answered")

    async def stream_file(
        self, name: str, escape_digits: str = "", *, offset: int = 0, timeout: float | None = None
    ) -> Played:
        """Play a sound (named without its suffix) from a sample on; one of ``escape_digits`` ends it.

        AMI ``ControlPlayback`` with ``Control: stop`` ends it too. Raises `CommandFailed` when the file is
        missing or unreadable.
        """
        reply = await self.command("STREAM FILE", name, escape_digits, offset, timeout=timeout)
        if reply.result == "-1":
            await self._fail("STREAM FILE", f"Asterisk finds no sound {name!r} that it can play")
        return Played(_digit(reply), reply.endpos or 0)

    async def record_file(
        self,
        name: str,
        escape_digits: str = "",
        *,
        longest: float,
        silence: int | None = None,
        beep: bool = False,
    ) -> Played:
        """Record the channel into a WAV file (named without its suffix); then the file is complete.

        It ends by one of ``escape_digits``, after ``longest`` seconds, or after ``silence`` whole seconds without
        speech, of which one second stays in the file. A digit into the beep ends it before anything is written.

        Raises `SessionEnded` when the channel is hung up meanwhile, once the file is complete; `CommandFailed`
        when the file cannot be written, or the beep not be played.
        """
        options = [*(["BEEP"] if beep else []), *([] if silence is None else [f"s={silence}"])]
        milliseconds = round(longest * 1000)
        reply = await self.command(
            "RECORD FILE",
            name,
            "wav",
            escape_digits,
            milliseconds,
            *options,
            timeout=longest + REPLY_TIMEOUT,
        )
        # Asterisk replies before it closes the file, and reads no further command until that is done.
        await self.command("NOOP")
        if reply.data == "writefile":
            problem = "Asterisk cannot write the file; its user needs the right to write into that folder"
            raise CommandFailed("RECORD FILE", problem)
        if reply.result == "-1":
            raise CommandFailed(
                "RECORD FILE", "the channel could not be recorded, or the sound beep is missing"
            )
        # The result is a digit in these two cases alone; the second is that of a digit into the beep.
        by_digit = reply.data in ("dtmf", "randomerror")
        return Played(_digit(reply) if by_digit else None, reply.endpos or 0)

    async def wait_for_digit(self, seconds: float | None) -> str | None:
        """Return the next digit pressed, or None when none came in time. None as the time waits for ever."""
        milliseconds = -1 if seconds is None else max(0, round(seconds * 1000))
        timeout = None if seconds is None else seconds + REPLY_TIMEOUT
        reply = await self.command("WAIT FOR DIGIT", milliseconds, timeout=timeout)
        if reply.result == "-1":
            await self._fail("WAIT FOR DIGIT", "the channel gave no digits")
        return _digit(reply)

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable, or a function such as ``CALLERID(name)``, to exactly this text."""
        await self.command("SET VARIABLE", name, value)

    async def get_variable(self, name: str) -> str:
        """Return the value of a channel variable or a function; "" when it is not set."""
        # Asterisk's own GET VARIABLE cuts a value at 1,023 bytes, in the midst of a character too.
        return await self.get_full_variable(f"${{{name}}}")

    async def get_full_variable(self, expression: str) -> str:
        """Return a dialplan expression such as ``${A}-${B}``, expanded.

        Never build the expression from what a caller wrote: Asterisk would run the functions in it.
        """
        return (await self.command("GET FULL VARIABLE", expression)).data or ""

    async def set_music(self, on: bool, music_class: str = "default") -> None:
        """Begin or end music on hold. It plays on between commands, until the next sound."""
        await self.command("SET MUSIC", "ON" if on else "OFF", music_class)

    async def exec(self, application: str, *options: str, timeout: float | None = None) -> int:
        """Run a dialplan application, its options joined by commas, and return its result.

        A result of -1 does not say that the call is over: ``Dial`` without ``g`` returns it when the other
        side hangs up. Raises `CommandFailed` when the application is not loaded.
        """
        reply = await self.command("EXEC", application, ",".join(options), timeout=timeout)
        if reply.result == "-2":
            raise CommandFailed("EXEC", f"Asterisk has no application {application}; load its module")
        return int(reply.result)

    async def hangup(self) -> None:
        """Hang the channel up; the session ends with it. Does nothing on a dead channel."""
        try:
            await self.command("HANGUP")
        except DeadChannel:
            return

    async def _fail(self, verb: str, problem: str) -> NoReturn:
        # -1 stands for "could not" and for "hung up or redirected meanwhile". For the latter Asterisk
        # writes HANGUP, or closes, before it reads another command: so this one ends with SessionEnded.
        await self.command("NOOP")
        raise CommandFailed(verb, problem)


def _digit(reply: Reply) -> str | None:
    return None if reply.result in ("0", "") else chr(int(reply.result))
