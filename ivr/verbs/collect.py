"""``collect``: let the caller enter digits."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from ivr.here import KEYS, Here
from ivr.language.prompt import Phrase, SpokenValue
from ivr.language.words import NodeName, VariableName
from ivr.verbs.menu import Wait
from ivr.verbs.verb import Verb, missing_exit

CONFIRM, AGAIN = "1", "2"


def _pattern(written: str) -> str:
    """Allow a pattern of digits alone: what can be matched in time that grows with the digits, and no faster."""
    if not re.fullmatch(r"(?:(?:[0-9X*#]|\[[0-9-]+\])(?:\{\d{1,2}(?:,\d{1,2})?\}|[?])?|[|])+", written):
        message = "write digits, X for any, [1-5] for one of some, {4} for how many, | for or: 1[3-9]X{9}"
        raise PydanticCustomError("pattern", "{message}", {"message": message})
    try:
        re.compile(written.replace("X", "[0-9]").replace("*", r"\*"))
    except re.error:
        raise PydanticCustomError(
            "pattern", "this pattern cannot be read; write one as 1[3-9]X{{9}}"
        ) from None
    return written


def _length(written: Any) -> str:
    text = str(written)
    if isinstance(written, bool) or not re.fullmatch(r"\d{1,2}(-\d{1,2})?", text, re.ASCII):
        message = "write how many digits: 4, or at least and at most, as 16-19"
        raise PydanticCustomError("length", message)
    return text


Length: TypeAlias = Annotated[
    str,
    BeforeValidator(_length),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "pattern": r"^\d{1,2}(-\d{1,2})?$",
            "minimum": 1,
            "maximum": 60,
            "examples": ["16-19", 4],
        }
    ),
]


class Collect(Verb):
    """Let the caller enter digits."""

    verb = "collect"
    example = """\
collect: enter-card-number
into: card
length: 16-19
secret: true
invalid_prompt: invalid-card
next: check-card
failure: operator
"""

    collect: Phrase = Field(
        description="The prompt that asks for the digits, or a list of prompts.", min_length=1
    )
    into: VariableName = Field(description="The variable that keeps them, as a text.")
    length: Length = Field("1-20", description="How many digits: 4, or at least and at most, as 16-19.")
    finish: Literal["#", "*", ""] = Field("#", description='The key that ends the entry; "" for none.')
    pattern: Annotated[str, AfterValidator(_pattern)] | None = Field(
        None, description="What the digits must look like: X is any digit, as 1[3-9]X{9}."
    )
    secret: bool = Field(
        False,
        description="Never stored, logged or shown: a card number, a PIN. It cannot be spoken or tagged, and "
        "if the engine dies it is gone: what needs it then takes its `error` way.",
    )
    confirm: Phrase = Field(
        (),
        description="Said after the digits were read back: press 1 if that is right, 2 to enter them again.",
    )
    readback: Literal["digits", "number", "money"] = Field("digits", description="How they are read back.")
    keys: dict[Literal["*", "#"], NodeName] = Field(
        {}, description="A key that as the first leads to another node, as * to go back."
    )
    tries: int = Field(3, ge=1, le=10, description="How often the caller may try.")
    wait: Wait = Field(8.0, description="How long to wait for the first digit after the prompt.")
    between: Wait = Field(4.0, description="How long to wait for each further digit.")
    barge_in: bool = Field(True, description="Let a key end the prompt; it is the first digit.")
    invalid_prompt: Phrase = Field((), description="What is said after digits that cannot be right.")
    timeout_prompt: Phrase = Field((), description="What is said when none came in time.")
    next: NodeName = Field(description="The node that follows when the digits are right.")
    failure: NodeName | None = Field(None, description="The node to go on at when all tries are used up.")
    invalid: NodeName | None = Field(None, description="The same, if the last try was wrong digits.")
    timeout: NodeName | None = Field(None, description="The same, if the last try was silence.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        least, most = self.lengths
        if not 1 <= least <= most <= 60:
            message = "the length must be from 1 to 60, and the least first: 16-19"
            raise PydanticCustomError("length", message)
        if self.finish in self.keys:
            raise PydanticCustomError(
                "key_never_reached", "{message}", {"message": f"{self.finish!r} ends the entry: see `finish`"}
            )
        if self.failure is None and (self.invalid is None or self.timeout is None):
            raise missing_exit(
                "the key 'failure' is missing: the node to go on at when all tries are used up"
            )
        return self

    @property
    def lengths(self) -> tuple[int, int]:
        """The least and the most digits."""
        least, _, most = self.length.partition("-")
        return int(least), int(most or least)

    async def run(self, here: Here) -> str:
        """Ask until the digits are right or the tries are used up."""
        name = "timeout"
        for tried in range(self.tries):
            first = here.take_ahead() or await here.say(self.collect, KEYS if self.barge_in else "")
            if first is None:
                first = await here.key(self.wait)
            if first is not None and first in self.keys:
                return first
            digits = await self._digits(here, first)
            if digits and self._is_right(digits):
                if not self.confirm or await self._is_confirmed(here, digits):
                    here.variables[str(self.into)] = digits
                    return "next"
                name = "invalid"
                continue
            name = "invalid" if first is not None else "timeout"
            if tried + 1 < self.tries:
                await here.say(self.invalid_prompt if first is not None else self.timeout_prompt)
        return name if getattr(self, name) is not None else "failure"

    async def _digits(self, here: Here, first: str | None) -> str:
        _, most = self.lengths
        digits, key = "", first
        while key is not None and (not self.finish or key != self.finish):
            digits += key
            if len(digits) == most:
                break
            key = await here.key(self.between)
        return digits

    def _is_right(self, digits: str) -> bool:
        least, most = self.lengths
        if not least <= len(digits) <= most or not digits.isdecimal():
            return False
        return self.pattern is None or any(
            re.fullmatch(way.replace("X", "[0-9]").replace("*", r"\*"), digits)
            for way in self.pattern.split("|")
        )

    async def _is_confirmed(self, here: Here, digits: str) -> bool:
        key = await here.say((self.spoken(digits), *self.confirm), KEYS)
        while key not in (CONFIRM, AGAIN):
            key = await here.key(self.wait)
            if key is None:
                return False
        return key == CONFIRM

    def spoken(self, digits: str) -> SpokenValue:
        """Return how digits are read back."""
        return SpokenValue.model_validate({self.readback: digits})

    def way(self, name: str) -> NodeName | None:
        """Return the node to which a key, or another exit, leads."""
        found: NodeName | None = getattr(self, name, None)
        return self.keys.get("*" if name == "*" else "#") if name in ("*", "#") else found

    def by_caller(self, name: str) -> bool:
        """Tell whether an exit needs a key of the caller."""
        return name in ("next", "invalid", "*", "#")

    @property
    def secrets(self) -> frozenset[str]:
        """The variable, if it is secret."""
        return frozenset({str(self.into)}) if self.secret else frozenset()
