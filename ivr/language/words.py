"""The words of a flow, each of a type that says what it names, so that one walk finds them all with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ivr.reading.validation import shown

LONGEST = 80


class Word(str):
    """A text that names something. ``kind`` is what; ``form`` is the form that it has, ``told`` the same in words."""

    kind: ClassVar[str] = "word"
    form: ClassVar[str] = r"^[\w-]+$"
    told: ClassVar[str] = "has letters, digits, _ and - alone"

    __slots__ = ()

    @classmethod
    def named(cls, written: Any) -> Self:
        """Make a word of a text that has its form. Raises `PydanticCustomError`."""
        name = f"the name of {'an' if cls.kind[0] in 'aeiou' else 'a'} {cls.kind}"
        if not isinstance(written, str):
            end = (
                f"write {name}"
                if written is None or isinstance(written, (dict, list))
                else "put it in quotes"
            )
            message = f"found {shown(written)}; {end}"
            raise PydanticCustomError("name_type", "{message}", {"message": message})
        if len(written) > LONGEST or not re.fullmatch(cls.form, written):
            most = f", at most {LONGEST} of them" if len(written) > LONGEST else ""
            message = f"found {shown(written)}; {name} {cls.told}{most}"
            raise PydanticCustomError("name_form", "{message}", {"message": message})
        return cls(written)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.named, json_schema_input_schema=core_schema.str_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        # In the regular expressions of JSON Schema \w has no Chinese letters.
        form = {} if r"\w" in cls.form else {"pattern": cls.form}
        return {"type": "string", **form, "minLength": 1, "maxLength": LONGEST}


class NodeName(Word):
    """A node of the same flow."""

    kind = "node"


class PromptName(Word):
    """A prompt of the flow, or one that all flows share."""

    kind = "prompt"


class FlowName(Word):
    """A flow of the same folder."""

    kind = "flow"


class QueueName(Word):
    """A queue of the site."""

    kind = "queue"
    form = r"^[\w.-]+$"
    told = "has letters, digits, _, . and - alone"


class SkillName(Word):
    """A skill of the site."""

    kind = "skill"
    form = r"^[\w.-]+$"
    told = "has letters, digits, _, . and - alone"


class SeatName(Word):
    """An agent of the site."""

    kind = "agent"
    form = r"^[\w.-]+$"
    told = "has letters, digits, _, . and - alone"


class LookupName(Word):
    """A lookup of the site."""

    kind = "lookup"
    form = r"^[\w.-]+$"
    told = "has letters, digits, _, . and - alone"


class ScheduleName(Word):
    """Opening hours, of the flow or shared."""

    kind = "schedule"


class LanguageName(Word):
    """A language that the flow speaks, such as zh or en-GB."""

    kind = "language"
    form = r"^[a-z]{2,3}(-[A-Za-z0-9]+)?$"
    told = "is written as zh, en or en-GB"


class VariableName(Word):
    """A variable that the node sets; conditions read it as ``vars.NAME``."""

    kind = "variable"
    form = r"^[a-z_][a-z0-9_]*$"
    told = "has small letters, digits and _ alone, and no digit first"


@dataclass(frozen=True, slots=True)
class Found:
    """A word and where it stands; ``of_key``: it is itself a key there."""

    word: Word
    path: tuple[str | int, ...]
    of_key: bool = False


def words_in(part: Any, path: tuple[str | int, ...] = ()) -> Iterator[Found]:
    """Yield every word in a part of a document, in the document's order."""
    if isinstance(part, Word):
        yield Found(part, path)
    elif isinstance(part, BaseModel):
        for name, field in type(part).model_fields.items():
            yield from words_in(getattr(part, name), (*path, field.alias or name))
    elif isinstance(part, Mapping):
        for key, value in part.items():
            if isinstance(key, Word):
                yield Found(key, (*path, str(key)), of_key=True)
            yield from words_in(value, (*path, str(key)))
    elif isinstance(part, tuple):
        for index, value in enumerate(part):
            yield from words_in(value, (*path, index))
