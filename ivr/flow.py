"""The flow language: one document for each flow, one verb for each node, its named exits beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from ivr.duration import Seconds
from ivr.problem import nearest
from ivr.validation import shown

KEYS = "0123456789*#"
APOLOGY = {
    "zh": "非常抱歉，系统暂时出现故障，请您稍后再拨。",
    "en": "We are very sorry, something has gone wrong on our side. Please call again a little later.",
}

Name: TypeAlias = Annotated[str, Field(pattern=r"^[\w-]+$", max_length=80)]
Language: TypeAlias = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)?$")]
MenuKey: TypeAlias = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Level: TypeAlias = Annotated[int, Field(ge=1, le=5)]
Prompts: TypeAlias = Annotated[
    tuple[Name, ...], BeforeValidator(lambda written: (written,) if isinstance(written, str) else written)
]


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of a node. ``by_caller``: it is not taken unless a caller does something, or an agent did."""

    name: str
    target: str
    path: tuple[str | int, ...]
    by_caller: bool = False


class Part(BaseModel):
    """A piece of a flow document: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Play(Part):
    """Say one or several prompts, then go on."""

    play: Prompts = Field(description="The prompt to say, or a list of prompts.", min_length=1)
    barge_in: bool = Field(False, description="Let a key end the prompt; the key counts for the next menu.")
    next: Name = Field(description="The node that follows.")

    def exits(self) -> Iterator[Exit]:
        """Yield every way out."""
        yield Exit("next", self.next, ("next",))


class Menu(Part):
    """Say a prompt and let the caller choose with a key."""

    menu: Prompts = Field(
        description="The prompt that offers the choices, or a list of prompts.", min_length=1
    )
    keys: dict[MenuKey, Name] = Field(description="Each key with the node it leads to.", min_length=1)
    tries: int = Field(3, ge=1, le=10, description="How often the choices are offered at most.")
    wait: Seconds = Field(5.0, gt=0, le=60, description="How long to wait for a key after the prompt.")
    barge_in: bool = Field(True, description="Let a key end the prompt.")
    invalid_prompt: Prompts = Field((), description="What is said after a key that is no choice.")
    timeout_prompt: Prompts = Field((), description="What is said when no key came in time.")
    failure: Name | None = Field(None, description="The node to go on at when all tries are used up.")
    invalid: Name | None = Field(None, description="The same, if the last try was a wrong key.")
    timeout: Name | None = Field(None, description="The same, if the last try was silence.")

    @model_validator(mode="after")
    def _has_a_way_out(self) -> Self:
        if self.failure is None and (self.invalid is None or self.timeout is None):
            message = "the key 'failure' is missing: the node to go on at when all tries are used up"
            raise PydanticCustomError("exit_missing", message)
        return self

    def exits(self) -> Iterator[Exit]:
        """Yield every way out; the keys are named by themselves."""
        for key, target in self.keys.items():
            yield Exit(key, target, ("keys", key), by_caller=True)
        others = {"failure": self.failure, "invalid": self.invalid, "timeout": self.timeout}
        for name, other in others.items():
            if other is not None:
                yield Exit(name, other, (name,), by_caller=name == "invalid")


class Queue(Part):
    """Let the caller wait, with music, for a person."""

    queue: Name = Field(description="The queue, as the site names it.")
    skills: dict[Name, Level] = Field(
        {}, description="Skills wanted beyond the queue's own, each with its least level."
    )
    priority: int = Field(0, ge=0, le=9, description="Higher goes first; equals by the age of the call.")
    answered: Name | None = Field(None, description="After the conversation; without it the call ends.")
    full: Name | None = Field(None, description="The queue takes no more callers.")
    no_agents: Name | None = Field(None, description="Nobody who could answer is signed in.")
    timeout: Name | None = Field(None, description="The caller waited as long as the queue allows.")
    otherwise: Name | None = Field(None, description="For each of full, no_agents and timeout not given.")

    @model_validator(mode="after")
    def _has_every_way_out(self) -> Self:
        given = {"full": self.full, "no_agents": self.no_agents, "timeout": self.timeout}
        missing = [name for name, target in given.items() if target is None]
        if missing and self.otherwise is None:
            message = "no way on for {missing}: name a node for each, or one for all as 'otherwise'"
            raise PydanticCustomError("exit_missing", message, {"missing": ", ".join(missing)})
        return self

    def exits(self) -> Iterator[Exit]:
        """Yield every way out that the document names."""
        for name in ("answered", "full", "no_agents", "timeout", "otherwise"):
            target = getattr(self, name)
            if target is not None:
                yield Exit(name, target, (name,), by_caller=name == "answered")


class SetLanguage(Part):
    """Go on in another language."""

    language: Language = Field(description="The language, one of the flow's.")
    next: Name = Field(description="The node that follows.")

    def exits(self) -> Iterator[Exit]:
        """Yield every way out."""
        yield Exit("next", self.next, ("next",))


class Hangup(Part):
    """Say a last prompt, if any, and let the caller go."""

    hangup: Prompts | None = Field(description="The last prompt, or a list of prompts, or nothing.")

    def exits(self) -> Iterator[Exit]:
        """Yield nothing: the call ends here."""
        return iter(())


VERBS: Mapping[str, type[Part]] = {
    "play": Play,
    "menu": Menu,
    "queue": Queue,
    "language": SetLanguage,
    "hangup": Hangup,
}


def _one_verb(written: Any) -> Any:
    if isinstance(written, Part):
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
    if isinstance(written, dict):
        return next(f"verb {verb}" for verb in VERBS if verb in written)
    return next(f"verb {verb}" for verb, model in VERBS.items() if isinstance(written, model))


Node: TypeAlias = Play | Menu | Queue | SetLanguage | Hangup
AnyNode: TypeAlias = Annotated[
    Annotated[
        Annotated[Play, Tag("verb play")]
        | Annotated[Menu, Tag("verb menu")]
        | Annotated[Queue, Tag("verb queue")]
        | Annotated[SetLanguage, Tag("verb language")]
        | Annotated[Hangup, Tag("verb hangup")],
        Discriminator(_tag),
    ],
    BeforeValidator(_one_verb),
]


class SoundFile(Part):
    """A recording, and the words in it."""

    sound: str = Field(description="The sound file, seen from the flows' folder.", min_length=1)
    text: str = Field("", description="What it says, for rehearsals and for whoever reads the flow.")


Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=4000)]
Prompt: TypeAlias = dict[Language, Text | SoundFile]


class PromptFile(Part):
    """Prompts that all flows share: ``prompts.yaml``."""

    prompts: dict[Name, Prompt] = Field(description="Each prompt: for each language a text or a sound file.")


class Flow(Part):
    """One flow: what callers of one number, or of one part of it, go through."""

    flow: Name = Field(description="The flow's name, by which numbers and other flows call it.")
    languages: tuple[Language, ...] = Field(
        description="The languages that it speaks; a call begins in the first.", min_length=1
    )
    start: Name = Field(description="The node where a call begins.")
    error: Name | None = Field(
        None, description="Where a call goes when a node fails; without it the prompt 'apology', and the end."
    )
    prompts: dict[Name, Prompt] = Field({}, description="The flow's own prompts; they go before shared ones.")
    nodes: dict[Name, AnyNode] = Field(description="The nodes, by name.", min_length=1)


@dataclass(frozen=True, slots=True)
class Spoken:
    """One prompt in one language. ``sound``, a file on disk, takes precedence over ``text``."""

    prompt: str
    language: str
    text: str
    sound: Path | None = None
    digest: str = ""  # of the sound file's content


@dataclass(frozen=True, slots=True)
class FlowSet:
    """Flows that went live together, with all that they say. A call ends on the set that it began on."""

    version: str
    flows: Mapping[str, Flow]
    spoken: Mapping[tuple[str, str, str], Spoken]  # by flow, prompt, language


def prompts_of(node: Node) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each prompt that a node names, after its path in the node."""
    match node:
        case Play():
            named = {"play": node.play}
        case Menu():
            named = {
                "menu": node.menu,
                "invalid_prompt": node.invalid_prompt,
                "timeout_prompt": node.timeout_prompt,
            }
        case Hangup(hangup=prompts) if prompts is not None:
            named = {"hangup": prompts}
        case _:
            named = {}
    for key, names in named.items():
        for index, name in enumerate(names):
            yield (key, index), name
