"""Prompts: for each language a text, a recording, or parts of these and of values that are spoken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from ivr.language.expression import Computed
from ivr.language.part import Part
from ivr.language.words import LanguageName, PromptName
from ivr.saying import KINDS

Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=4000)]


class SoundFile(Part):
    """A recording, and the words in it."""

    sound: str = Field(description="The sound file, seen from the flows' folder.", min_length=1)
    text: str = Field("", description="What it says, for rehearsals and for whoever reads the flow.")


class SpokenValue(Part):
    """A value that is spoken, one of its kinds: its digits, a number, an amount, a date, a time, a duration."""

    digits: Computed = Field(None, description="Digit by digit, as a telephone or card number.")
    number: Computed = Field(None, description="As a number.")
    money: Computed = Field(None, description="As an amount of money.")
    date: Computed = Field(None, description='As a date; the value is as "2027-02-17".')
    time: Computed = Field(None, description='As a time of day; the value is as "14:30".')
    duration: Computed = Field(None, description="As a duration; the value is in seconds.")
    currency: Literal["CNY", "USD", "EUR", "HKD", "GBP", "JPY"] = Field(
        "CNY", description="Of which money the amount is."
    )

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        if len(self.model_fields_set - {"currency"}) != 1:
            raise PydanticCustomError(
                "value", f"write one of {', '.join(KINDS)}, as {{money: =vars.balance}}"
            )
        return self

    @property
    def kind(self) -> str:
        """Which of the kinds."""
        return next(iter(self.model_fields_set - {"currency"}))

    @property
    def value(self) -> Any:
        """What is spoken: a literal or an expression."""
        return getattr(self, self.kind)


def _form(written: Any) -> str:
    if isinstance(written, str):
        return "a text"
    if isinstance(written, SoundFile) or (isinstance(written, dict) and "sound" in written):
        return "a recording"
    if isinstance(written, (list, tuple)):
        return "parts"
    return "a value" if isinstance(written, (dict, SpokenValue)) else "a text"


Piece: TypeAlias = Annotated[
    Annotated[Text, Tag("a text")]
    | Annotated[SoundFile, Tag("a recording")]
    | Annotated[SpokenValue, Tag("a value")],
    Discriminator(_form),
]
Wording: TypeAlias = Annotated[
    Annotated[Text, Tag("a text")]
    | Annotated[SoundFile, Tag("a recording")]
    | Annotated[SpokenValue, Tag("a value")]
    | Annotated[tuple[Piece, ...], Tag("parts")],
    Discriminator(_form),
]
Prompt: TypeAlias = dict[LanguageName, Wording]


def listed(written: Any) -> Any:
    """Return a list of what stands alone."""
    return written if isinstance(written, (list, tuple)) else (written,)


Said: TypeAlias = Annotated[
    Annotated[PromptName, Tag("a text")] | Annotated[SpokenValue, Tag("a value")],
    Discriminator(lambda written: "a value" if isinstance(written, (dict, SpokenValue)) else "a text"),
]
Phrase: TypeAlias = Annotated[
    tuple[Said, ...], BeforeValidator(listed, json_schema_input_type=Said | tuple[Said, ...])
]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece of sound: a text in one language, or ``sound``, a file on disk, which takes precedence.

    ``pace``: a prompt stands alone, with a breath around it; a word is one of a row.
    """

    prompt: str
    language: str
    text: str
    sound: Path | None = None
    digest: str = ""  # of the sound file's content
    pace: Literal["prompt", "word"] = "prompt"


def pieces_of(wording: Wording) -> tuple[str | SoundFile | SpokenValue, ...]:
    """Return the parts of a prompt in one language; a prompt of one part has one."""
    return wording if isinstance(wording, tuple) else (wording,)
