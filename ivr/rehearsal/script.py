"""What a rehearsed caller does: acts, and where they come from."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias


@dataclass(frozen=True, slots=True)
class Press:
    """The caller presses a key: into the prompt, or with ``after_prompt`` once it is over."""

    key: str
    after_prompt: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """The caller hears a prompt out and lets the time for a key pass, or waits until a queue's time is over."""


@dataclass(frozen=True, slots=True)
class Say:
    """The caller speaks into a recording, for so many seconds; 0 for not a word."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """The caller hangs up, at the next prompt, wait for a key, or wait in a queue."""


Act: TypeAlias = Press | Silence | Say | HangUp
Kind: TypeAlias = (
    Literal["answer", "heard", "key", "silence", "says", "music on", "music off", "record"]
    | Literal[
        "lookup",
        "queue",
        "sent on",
        "ring",
        "line",
        "talk",
        "call back",
        "seat",
        "way",
        "hang up",
        "lost",
        "left waiting",
    ]
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, ``at`` seconds after the call began. ``prompts``: the names of what was heard."""

    at: float
    kind: Kind
    what: str = ""
    prompts: tuple[str, ...] = ()


class Script:
    """Acts in order, each done when its turn has come; after the last the caller is silent."""

    def __init__(self, acts: Iterable[Act | str] = ()) -> None:
        """A text is a key pressed."""
        self._acts = deque(Press(act) if isinstance(act, str) else act for act in acts)

    def head(self) -> Act | None:
        """Return the act that is due, and leave it there."""
        return self._acts[0] if self._acts else None

    def take(self) -> None:
        """Remove the act that was due: it has been done."""
        self._acts.popleft()

    def happened(self, moment: Moment) -> None:
        """Take in what happens in the call."""

    async def coming(self) -> Act | None:
        """Return the next act, waiting for it where a person decides; None for silence."""
        return self.head()

    async def chosen(self, keys: str) -> str:
        """Wait, while the caller waits for a person, for one of these keys; it is taken."""
        match self.head():
            case Press(key=key) if key in keys:
                self.take()
                return key
        return await _for_ever()

    async def hung_up(self) -> None:
        """Wait, while the caller waits for a person, until he hangs up."""
        if not isinstance(self.head(), HangUp):
            await _for_ever()

    async def outlasted(self) -> bool:
        """Tell whether the caller waits in a queue until its time is over; if not, nothing more happens there."""
        if isinstance(self.head(), Silence):
            self.take()
            return True
        return False


async def _for_ever() -> NoReturn:
    await asyncio.Event().wait()
    raise AssertionError
