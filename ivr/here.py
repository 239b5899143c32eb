"""Where a call is, for a verb: what it may say, hear, know and keep there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ivr.call import Call, Sound
from ivr.facts import Fact
from ivr.house import Caller, House
from ivr.language.expression import Expression
from ivr.language.hours import Schedule
from ivr.language.prompt import Spoken, SpokenValue
from ivr.saying import words

KEYS = "0123456789*#"


class Live(Protocol):
    """What was prepared with the flows that the call is on; see `ivr.language.flow.FlowSet`."""

    @property
    def spoken(self) -> Mapping[tuple[str, str, str], Sequence[Spoken | SpokenValue]]:
        """Prompts, by flow, name and language."""

    @property
    def words(self) -> Mapping[tuple[str, str], Spoken]:
        """The words of spoken values, by language and text."""

    @property
    def schedules(self) -> Mapping[tuple[str, str], Schedule]:
        """Opening hours, by flow and name."""


class Prompts(Protocol):
    """Where the sounds of prompts are; see `ivr.prompts.PromptStore`."""

    def sound(self, spoken: Spoken) -> Sound:
        """Return the sound of a prompt."""


class Notes(Protocol):
    """Who is told what a flow learns and does."""

    def noted(self, fact: Fact) -> None:
        """Keep a fact."""


@dataclass(slots=True)
class Here:
    """One call in one flow: its verbs' hands. It changes as the call goes on.

    ``ahead`` is a key that was pressed into a prompt before any menu asked for it. ``heard`` is set when the
    caller hears something, ``pressed`` when he presses a key; the runner resets both.
    """

    live: Live
    call: Call
    caller: Caller
    house: House
    prompts: Prompts
    notes: Notes
    flow: str
    node: str
    language: str
    variables: dict[str, Any] = field(default_factory=dict)
    stack: tuple[str, ...] = ()
    ahead: str | None = None
    last_keys: str = ""
    passed: dict[str, Any] = field(default_factory=dict)  # to the flow that is called, or that called
    heard: bool = False
    pressed: bool = False
    talked: bool = False  # the conversation of this node has taken place already, before the engine's restart

    async def say(self, phrase: Sequence[str | SpokenValue], keys: str = "") -> str | None:
        """Say prompts and values in order; a key out of ``keys`` ends them at once and is returned."""
        if not phrase:
            return None
        self.heard = True
        key = await self.call.play(self.sounds(phrase), keys)
        self.pressed = self.pressed or key is not None
        return key

    def sounds(self, phrase: Iterable[str | SpokenValue]) -> list[Sound]:
        """Return the sounds of prompts and values in the caller's language."""
        found: list[Sound] = []
        for part in phrase:
            if isinstance(part, SpokenValue):
                found.extend(self._spoken_value(part))
                continue
            for piece in self.live.spoken[self.flow, part, self.language]:
                if isinstance(piece, SpokenValue):
                    found.extend(self._spoken_value(piece))
                else:
                    found.append(self.prompts.sound(piece))
        return found

    async def play(self, sounds: Sequence[Sound], keys: str = "") -> str | None:
        """Play sounds that are no prompts of the flow."""
        self.heard = True
        key = await self.call.play(sounds, keys)
        self.pressed = self.pressed or key is not None
        return key

    async def key(self, seconds: float) -> str | None:
        """Return the next key, or None when none comes in time."""
        key = await self.call.key(seconds)
        self.pressed = self.pressed or key is not None
        return key

    async def rest(self, seconds: float) -> None:
        """Let so much of the call's own time pass."""
        await self.call.rest(seconds)

    def take_ahead(self) -> str | None:
        """Return the key that was pressed ahead, if any, and forget it."""
        key, self.ahead = self.ahead, None
        return key

    def value(self, written: Any) -> Any:
        """Return a literal as it is, an expression's value. Raises `ExpressionFailed`."""
        return written.value(self._context(written)) if isinstance(written, Expression) else written

    def values(self, written: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the values of several, by name."""
        return {str(name): self.value(value) for name, value in written.items()}

    def note(self, fact: Fact) -> None:
        """Keep a fact in the ledger."""
        self.notes.noted(fact)

    def _spoken_value(self, part: SpokenValue) -> Iterable[Sound]:
        said = words(part.kind, self.value(part.value), self.language, currency=part.currency)
        return [self.prompts.sound(self.live.words[self.language, word]) for word in said]

    def _context(self, expression: Expression) -> dict[str, Any]:
        context: dict[str, Any] = {}
        for root in expression.roots:
            match root:
                case "vars":
                    context[root] = self.variables
                case "caller":
                    context[root] = {
                        "number": self.caller.number,
                        "dialled": self.caller.dialled,
                        "trunk": self.caller.trunk,
                    }
                case "call":
                    context[root] = {"language": self.language, "flow": self.flow, "pressed": self.last_keys}
                case "now":
                    context[root] = self._now()
                case "queue":
                    figures = self.house.figures
                    context[root] = {name: dict(figures.queue(name)) for name in expression.queues()}
                case "notices":
                    context[root] = [notice.name for notice in self.house.notices.active()]
        return context

    def _now(self) -> dict[str, Any]:
        at = self.house.clock.local()
        return {
            "date": at.strftime("%Y-%m-%d"),
            "time": at.strftime("%H:%M"),
            "weekday": at.isoweekday(),
            "year": at.year,
            "month": at.month,
            "day": at.day,
            "hour": at.hour,
            "minute": at.minute,
        }
