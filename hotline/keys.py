"""The keys that callers press while no AGI command takes them: with music, and while a phone rings. Fed by AMI.

Every key of every caller comes by, also those that AGI has taken, a secret one among them. So a key counts only
while its call listens, and only after a mark that the call has put into its channel's own events: what comes before
the mark was pressed before. All else is dropped where it arrives.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import count
from weakref import WeakValueDictionary

MOST_AHEAD = 16  # keys of one caller that nobody has taken yet


class Keypad:
    """The keys of one caller, in order, from each `listen` to the next `stop`."""

    def __init__(self, marks: count[int]) -> None:
        self._marks = marks
        self._mark: str | None = None  # None while it does not listen
        self._open = False
        self._keys: deque[str] = deque(maxlen=MOST_AHEAD)
        self._news = asyncio.Event()

    def listen(self) -> str | None:
        """Begin to listen, and return the mark to be made in the channel's events; None when it listens already."""
        if self._mark is not None:
            return None
        self._mark = str(next(self._marks))
        return self._mark

    def stop(self) -> None:
        """Listen no more, and forget what nobody took. Whoever waits in `news` goes on waiting."""
        self._mark, self._open = None, False
        self._keys.clear()

    def take(self, wanted: str) -> str | None:
        """Return the next key out of ``wanted``; None when there is none. Others before it are dropped."""
        while self._keys:
            key = self._keys.popleft()
            if key in wanted:
                return key
        self._news.clear()
        return None

    async def news(self) -> None:
        """Wait until a key has come since `take` found none. Cancelling takes none."""
        await self._news.wait()

    def marked(self, mark: str | None = None) -> None:
        """Take in that a mark came by; None stands for the one that is awaited."""
        if self._mark is not None and mark in (None, self._mark):
            self._open = True

    def pressed(self, key: str) -> None:
        """Take in a key."""
        if self._open:
            self._keys.append(key)
            self._news.set()


class Keys:
    """The keypads of the callers, by call. One that its owner has let go of is forgotten."""

    def __init__(self) -> None:
        self._keypads: WeakValueDictionary[str, Keypad] = WeakValueDictionary()
        self._marks = count(1)

    def of(self, call: str) -> Keypad:
        """Return a new keypad for a call, in place of what it had."""
        keypad = self._keypads[call] = Keypad(self._marks)
        return keypad

    def marked(self, call: str, mark: str) -> None:
        """Take in a mark in the events of a call's channel."""
        keypad = self._keypads.get(call)
        if keypad is not None:
            keypad.marked(mark)

    def pressed(self, call: str, key: str) -> None:
        """Take in a key on any channel. Nearly all are nobody's: AGI has taken them, or two people talk."""
        keypad = self._keypads.get(call)
        if keypad is not None:
            keypad.pressed(key)

    def answered(self, call: str) -> None:
        """Take in that a caller talks with somebody: what he presses now is not for us."""
        keypad = self._keypads.get(call)
        if keypad is not None:
            keypad.stop()

    def caught_up(self) -> None:
        """Take in that AMI is there anew. What came by before, keys and marks, is lost with the old connection."""
        for keypad in list(self._keypads.values()):
            keypad.marked()
