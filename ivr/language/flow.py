"""The flow language: one document for each flow, one verb for each node, its named exits beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.language.hours import Schedule
from ivr.language.part import Part
from ivr.language.prompt import Prompt, Spoken, SpokenValue
from ivr.language.words import FlowName, LanguageName, NodeName, PromptName, ScheduleName, VariableName
from ivr.reading.problem import nearest
from ivr.reading.validation import shown
from ivr.verbs import VERBS
from ivr.verbs.verb import Verb

APOLOGY = {
    "zh": "非常抱歉，系统暂时出现故障，请您稍后再拨。",
    "en": "We are very sorry, something has gone wrong on our side. Please call again a little later.",
}


def _one_verb(written: Any) -> Any:
    if isinstance(written, Verb):
        return written
    if not isinstance(written, dict):
        message = "found {found}; write a verb with its options, as {play: welcome, next: main}"
        raise PydanticCustomError("verb_missing", message, {"found": shown(written)})
    verbs = [verb for verb in VERBS if verb in written]
    if len(verbs) > 1:
        message = "a node has one verb, and here are {verbs}; make a node of each"
        raise PydanticCustomError("verbs_several", message, {"verbs": " and ".join(verbs)})
    if not verbs:
        meant = next(((key, verb) for key in written if (verb := nearest(key, VERBS))), None)
        end = f"unknown verb {meant[0]!r}; did you mean {meant[1]!r}?" if meant else ""
        message = end or f"this node has no verb; write one of {', '.join(VERBS)}"
        raise PydanticCustomError("verb_missing", "{message}", {"message": message})
    return written


def _tag(written: Any) -> str:
    if isinstance(written, Verb):
        return f"verb {written.verb}"
    return next(f"verb {verb}" for verb in VERBS if verb in written)


if TYPE_CHECKING:
    AnyNode: TypeAlias = Verb
else:
    AnyNode = Annotated[
        Annotated[
            Union[tuple(Annotated[kind, Tag(f"verb {verb}")] for verb, kind in VERBS.items())],  # noqa: UP007
            Discriminator(_tag),
        ],
        BeforeValidator(_one_verb),
    ]


class PromptFile(Part):
    """Prompts that all flows share: ``prompts.yaml``."""

    prompts: dict[PromptName, Prompt] = Field(
        description="Each prompt: for each language a text, a sound file, or a list of parts."
    )


class HoursFile(Part):
    """Opening hours that all flows share: ``hours.yaml``."""

    hours: dict[ScheduleName, Schedule] = Field(description="Each schedule by its name.")


def _percent(written: Any) -> Any:
    if isinstance(written, str) and written.endswith("%") and written[:-1].strip().isdigit():
        return int(written[:-1])
    raise PydanticCustomError("percent", "write a percentage, as 10%")


PERCENT = WithJsonSchema({"type": "string", "pattern": r"^[1-9][0-9]?\s*%$", "examples": ["10%"]})


class Flow(Part):
    """One flow: what callers of one number, or of one part of it, go through."""

    flow: FlowName = Field(description="The flow's name, by which numbers and other flows call it.")
    languages: tuple[LanguageName, ...] = Field(
        description="The languages that it speaks; a call begins in the first.", min_length=1
    )
    start: NodeName = Field(description="The node where a call begins.")
    error: NodeName | None = Field(
        None, description="Where a call goes when a node fails; without it the prompt 'apology', and the end."
    )
    arguments: tuple[VariableName, ...] = Field(
        (), description="The variables that a flow which calls this one gives it with `with`."
    )
    canary: Annotated[int, BeforeValidator(_percent), Field(ge=1, le=99), PERCENT] | None = Field(
        None,
        description="So many of the callers, as 10%, try a new version of the flow, until it has proved itself or "
        "is withdrawn.",
    )
    prompts: dict[PromptName, Prompt] = Field(
        {}, description="The flow's own prompts; they go before shared ones."
    )
    hours: dict[ScheduleName, Schedule] = Field(
        {}, description="The flow's own opening hours; they go before shared ones."
    )
    nodes: dict[NodeName, AnyNode] = Field(description="The nodes, by name.", min_length=1)

    def callees(self) -> dict[str, None]:
        """Return the flows that its nodes call, in their order."""
        found = (word.word for node in self.nodes.values() for word in node.words)
        return {str(name): None for name in found if isinstance(name, FlowName)}


@dataclass(frozen=True, slots=True)
class FlowSet:
    """Flows that went live together, with all that they say. A call ends on the set that it began on.

    ``version`` is a hash of all of it, ``versions`` of each flow with the flows that it calls, their prompts and hours.
    """

    version: str
    flows: Mapping[str, Flow]
    spoken: Mapping[tuple[str, str, str], Sequence[Spoken | SpokenValue]]  # by flow, prompt, language
    words: Mapping[tuple[str, str], Spoken] = field(default_factory=dict)  # by language, text
    schedules: Mapping[tuple[str, str], Schedule] = field(default_factory=dict)  # by flow, name
    secrets: Mapping[str, frozenset[str]] = field(default_factory=dict)  # variables, by flow
    versions: Mapping[str, str] = field(default_factory=dict)  # by flow

    def sounds(self) -> Iterator[Spoken]:
        """Yield everything that must be rendered before the set may go live."""
        for pieces in self.spoken.values():
            yield from (piece for piece in pieces if isinstance(piece, Spoken))
        yield from self.words.values()


def prompts_of(node: Verb) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each prompt that a node names, after its path in the node."""
    for found in node.words:
        if isinstance(found.word, PromptName):
            yield found.path, str(found.word)


def values_of(
    part: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], SpokenValue]]:
    """Yield each spoken value in a node or a prompt, after its path there."""
    if isinstance(part, SpokenValue):
        yield path, part
    elif isinstance(part, Part):
        for name, field_ in type(part).model_fields.items():
            yield from values_of(getattr(part, name), (*path, field_.alias or name))
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from values_of(value, (*path, str(key)))
    elif isinstance(part, tuple):
        for index, value in enumerate(part):
            yield from values_of(value, (*path, index))
