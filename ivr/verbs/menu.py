"""``menu``: say the choices and let the caller press one."""

from __future__ import annotations

from typing import Annotated, Self, TypeAlias

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ivr.here import KEYS, Here
from ivr.language.duration import Seconds
from ivr.language.prompt import Phrase
from ivr.language.words import NodeName, VariableName
from ivr.verbs.matcher import match
from ivr.verbs.verb import Verb, missing_exit


class _KeyForm:
    """What may stand as a key of a menu."""

    @staticmethod
    def check(written: str) -> str:
        if written.strip() != written and written.strip():
            message = (
                f"no key can be {written!r}, with blanks, so nobody reaches this; write {written.strip()!r}"
            )
            raise PydanticCustomError("key_never_reached", "{message}", {"message": message})
        if not written or len(written) > 20 or set(written) - set(KEYS + "XZN"):
            message = f"{written!r} is no key; write digits, * or #; X is any digit, Z is 1 to 9, N is 2 to 9"
            raise PydanticCustomError("key_form", "{message}", {"message": message})
        return written

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        text = core_schema.str_schema()
        return core_schema.no_info_after_validator_function(cls.check, text)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(core), "pattern": "^[0-9*#XZN]{1,20}$"}


MenuKey: TypeAlias = Annotated[str, _KeyForm]
Wait: TypeAlias = Annotated[Seconds, Field(gt=0, le=60)]


class Menu(Verb):
    """Say a prompt and let the caller choose with a key, or several keys in a row."""

    verb = "menu"
    example = """\
menu: main-menu
again: main-menu-short
keys: {1: billing, 2: faults, "*": main, 9XX: extension}
invalid_prompt: invalid-key
timeout_prompt: no-key
failure: operator
"""

    menu: Phrase = Field(
        description="The prompt that offers the choices, or a list of prompts and values.", min_length=1
    )
    again: Phrase = Field(
        (), description="What offers the choices from the second time on, when it shall be shorter."
    )
    keys: dict[MenuKey, NodeName] = Field(
        description="Each key with the node it leads to. Several keys in a row are one choice, as 12; "
        "in it X is any digit, Z is 1 to 9, N is 2 to 9.",
        min_length=1,
    )
    into: VariableName | None = Field(None, description="The variable that keeps the keys that were pressed.")
    tries: int = Field(3, ge=1, le=10, description="How often the choices are offered at most.")
    wait: Wait = Field(5.0, description="How long to wait for the first key after the prompt.")
    between: Wait = Field(2.0, description="How long to wait for a further key, where one could follow.")
    barge_in: bool = Field(True, description="Let a key end the prompt.")
    invalid_prompt: Phrase = Field((), description="What is said after a key that is no choice.")
    timeout_prompt: Phrase = Field((), description="What is said when no key came in time.")
    failure: NodeName | None = Field(None, description="The node to go on at when all tries are used up.")
    invalid: NodeName | None = Field(None, description="The same, if the last try was a wrong key.")
    timeout: NodeName | None = Field(None, description="The same, if the last try was silence.")

    @model_validator(mode="after")
    def _has_a_way_out(self) -> Self:
        if self.failure is None and (self.invalid is None or self.timeout is None):
            raise missing_exit(
                "the key 'failure' is missing: the node to go on at when all tries are used up"
            )
        return self

    async def run(self, here: Here) -> str:
        """Offer the choices until one is made or the tries are used up."""
        name = "timeout"
        for tried in range(self.tries):
            pressed = here.take_ahead()
            if pressed is None:
                offer = self.again or self.menu if tried else self.menu
                pressed = await here.say(offer, KEYS if self.barge_in else "")
            if pressed is None:
                pressed = await here.key(self.wait)
            if pressed is not None:
                choice, pressed = await self._choice(here, pressed)
                if choice is not None:
                    here.last_keys = pressed
                    if self.into is not None:
                        here.variables[self.into] = pressed
                    return choice
            name = "timeout" if pressed is None else "invalid"
            if tried + 1 < self.tries:
                told = self.timeout_prompt if pressed is None else self.invalid_prompt
                here.ahead = await here.say(told, KEYS if self.barge_in else "")
        return name if getattr(self, name) is not None else "failure"

    async def _choice(self, here: Here, pressed: str) -> tuple[str | None, str]:
        while True:
            matched = match(pressed, self.keys)
            if matched.answer in ("no-match", "longest-match"):
                return matched.choice, pressed
            key = await here.key(self.between)
            if key is None:
                return matched.choice, pressed
            pressed += key

    def way(self, name: str) -> NodeName | None:
        """Return the node to which a key, or another exit, leads."""
        return self.keys[name] if name in self.keys else super().way(name)

    def by_caller(self, name: str) -> bool:
        """Tell whether an exit needs a key of the caller."""
        return name in self.keys or name == "invalid"
