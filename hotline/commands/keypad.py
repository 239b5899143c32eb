"""A caller at a keyboard: each character is a key of a telephone, and some are more."""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ivr.here import KEYS
from ivr.rehearsal.script import Act, HangUp, Press, Script, Silence

HANG_UP = "hHqQ\x04"
ENTER = "\r\n"


@dataclass(frozen=True, slots=True)
class _Wait:
    accepts: Callable[[Act], bool]
    takes: bool
    at_end: bool  # whether it is over, with nothing, when nothing more can be typed
    found: asyncio.Future[Act | None]


class Keypad(Script):
    """A script that is typed while the call goes on: digits, * and #; h hangs up; Enter lets the time for a key pass.

    A key that is typed early waits until the flow asks for one. When nothing more can be typed, the caller is silent.
    """

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[Act] = deque()
        self._waits: list[_Wait] = []
        self._drops = False  # what nobody waits for
        self._closed = False

    def type(self, text: str) -> None:
        """Take in characters; those that mean nothing are passed over."""
        self._typed.extend(act for character in text if (act := _act(character)) is not None)
        self._serve()

    def close(self) -> None:
        """Take in that nothing more will be typed."""
        self._closed = True
        self._serve()
        for wait in self._waits:
            if wait.at_end and not wait.found.done():
                wait.found.set_result(None)

    def head(self) -> Act | None:
        """Return the act typed first, if any."""
        return self._typed[0] if self._typed else None

    def take(self) -> None:
        """Remove the act typed first."""
        self._typed.popleft()

    async def coming(self) -> Act | None:
        """Wait until something is typed, and leave it there."""
        return await self._wait(lambda _: True, takes=False, at_end=True)

    async def due(self, keys: str) -> None:
        """Wait until one of these keys, or a hang-up, is the next that was typed."""
        await self._wait(
            lambda act: isinstance(act, HangUp) or (isinstance(act, Press) and act.key in keys), takes=False
        )

    async def chosen(self, keys: str) -> str:
        """Wait, while the caller waits for a person, for one of these keys; it is taken."""
        act = await self._wait(lambda act: isinstance(act, Press) and act.key in keys, takes=True)
        return act.key if isinstance(act, Press) else ""

    async def hung_up(self) -> None:
        """Wait, while the caller waits for a person, until he hangs up."""
        await self._wait(lambda act: isinstance(act, HangUp), takes=False)

    async def outlasted(self) -> bool:
        """Wait in a queue where nothing happens until Enter lets its time pass; keys that mean nothing are dropped."""
        self._drops = True
        try:
            act = await self._wait(lambda act: isinstance(act, Silence), takes=True, at_end=True)
        finally:
            self._drops = False
        return act is not None

    async def _wait(self, accepts: Callable[[Act], bool], *, takes: bool, at_end: bool = False) -> Act | None:
        wait = _Wait(accepts, takes, at_end, asyncio.get_running_loop().create_future())
        self._waits.append(wait)
        self._serve()
        if at_end and self._closed and not wait.found.done():
            wait.found.set_result(None)
        try:
            return await wait.found
        except asyncio.CancelledError:
            if takes and wait.found.done() and not wait.found.cancelled():
                self._typed.extendleft(act for act in [wait.found.result()] if act is not None)
            raise
        finally:
            with suppress(ValueError):
                self._waits.remove(wait)

    def _serve(self) -> None:
        while self._typed:
            act = self._typed[0]
            wait = next((wait for wait in self._waits if not wait.found.done() and wait.accepts(act)), None)
            if wait is not None:
                wait.found.set_result(act)
                if not wait.takes:
                    return
            elif not self._drops:
                return
            self._typed.popleft()


def _act(character: str) -> Act | None:
    if character in KEYS:
        return Press(character)
    if character in ENTER:
        return Silence()
    return HangUp() if character in HANG_UP else None


@contextmanager
def typed_into(keypad: Keypad, stdin: int) -> Iterator[None]:
    """Type what comes on a terminal, key by key, or from a pipe or a file, into a keypad."""
    loop = asyncio.get_running_loop()
    before = termios.tcgetattr(stdin) if os.isatty(stdin) else None

    def read() -> None:
        text = os.read(stdin, 4096).decode("utf-8", "ignore")
        if text:
            keypad.type(text)
        else:
            loop.remove_reader(stdin)
            keypad.close()

    if before is not None:
        tty.setcbreak(stdin)
    try:
        loop.add_reader(stdin, read)
    except PermissionError:  # a file: it can be read at once, and not be waited for
        while text := os.read(stdin, 65536).decode("utf-8", "ignore"):
            keypad.type(text)
        keypad.close()
    try:
        yield
    finally:
        loop.remove_reader(stdin)
        if before is not None:
            termios.tcsetattr(stdin, termios.TCSADRAIN, before)
