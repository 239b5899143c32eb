"""Rehearsals in files, ``flows/rehearsals/*.yaml``: conversations that a flow must be able to have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.call import RingOutcome
from ivr.door import CallbackAnswer
from ivr.house import SeatAnswer
from ivr.language.duration import Seconds
from ivr.language.flow import FlowSet
from ivr.language.part import Part
from ivr.language.words import FlowName, LanguageName, LookupName, NodeName, PromptName, QueueName, words_in
from ivr.reading.names import SiteNames
from ivr.reading.problem import Problem, SourceErrors, did_you_mean
from ivr.reading.source import Source, read, validated
from ivr.rehearsal.house import QueueDoes

FOLDER = "rehearsals"
Times: TypeAlias = Annotated[int, Field(ge=1, le=20)]


def _moment(written: Any) -> datetime:
    try:
        return datetime.fromisoformat(written).replace(tzinfo=None)
    except (TypeError, ValueError):
        message = 'write a day and a time, as "2027-02-17 21:00"'
        raise PydanticCustomError("moment", "{message}", {"message": message}) from None


def _listed(written: Any) -> Any:
    return (written,) if isinstance(written, str) else written


def _text(written: Any) -> Any:
    return str(written) if isinstance(written, int) and not isinstance(written, bool) else written


def _heard(written: Any) -> Any:
    return {"prompt": written} if isinstance(written, str) else written


def _worded(written: Any) -> Any:
    words = {"waits": {"waits": 1}, "hangs up": {"hangs_up": True}, "talks": {"talks": True}}
    return words.get(written, written) if isinstance(written, str) else written


At: TypeAlias = Annotated[datetime, BeforeValidator(_moment)]
Keys: TypeAlias = Annotated[str, BeforeValidator(_text), Field(pattern=r"^[0-9*#]{1,60}$")]
Number: TypeAlias = Annotated[str, BeforeValidator(_text), Field(pattern=r"^\+?[0-9]{0,20}$")]


class Hears(Part):
    """What the caller must hear: a prompt, some words, or both in one."""

    prompt: PromptName | None = Field(None, description="The prompt's name, or a notice's.")
    text: str | None = Field(None, description="Words in it; blanks and capitals make no difference.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.prompt is None and not self.text:
            raise PydanticCustomError("hears", "write a prompt's name, or {text: …} with some words of it")
        return self


class Step(Part):
    """One thing that happens in the conversation."""

    hears: Annotated[Hears, BeforeValidator(_heard)] | None = Field(
        None, description="The caller hears this: a prompt's name, or {text: some words of it}."
    )
    presses: Keys | None = Field(None, description="The caller presses these keys.")
    waits: Times | None = Field(
        None,
        description="The caller lets the time for a key pass, so many times; or in a queue, that of the queue.",
    )
    says: Seconds | None = Field(None, description="The caller speaks into a recording for so long.")
    hangs_up: Literal[True] | None = Field(None, description="The caller hangs up.")
    queued: QueueName | None = Field(None, description="The caller enters this queue.")
    talks: Literal[True] | None = Field(None, description="The caller talks with a person.")
    transferred: Number | None = Field(None, description="This number is called for him.")
    called_back: QueueName | None = Field(None, description="A call-back by this queue is noted for him.")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            names = ", ".join(type(self).model_fields)
            message = f"a step is one of {names}; make a step of each"
            raise PydanticCustomError("step", "{message}", {"message": message})
        return self

    def __str__(self) -> str:
        if self.hears is not None:
            words = f'"{self.hears.text}"' if self.hears.text else ""
            return " ".join(filter(None, ("hears", self.hears.prompt, words)))
        name = next(iter(self.model_fields_set))
        value = getattr(self, name)
        return name.replace("_", " ") if value is True else f"{name.replace('_', ' ')} {value}"


class Ending(Part):
    """How and where a call must end."""

    how: Literal["let-go", "hung-up", "in-queue", "error"] | None = Field(
        None,
        description="let-go: the hotline ends the call; hung-up: the caller does; in-queue: he still waits; "
        "error: a node failed.",
    )
    flow: FlowName | None = Field(None, description="The flow that the call was in.")
    node: NodeName | None = Field(None, description="The last node.")
    exit: str | None = Field(None, description="The exit by which it left that node.")


def _ending(written: Any) -> Any:
    return {"how": written} if isinstance(written, str) else written


class NoticeOn(Part):
    """A notice that is on in a rehearsal."""

    name: str = Field(description="Its name.", pattern=r"^[\w.-]+$")
    areas: tuple[str, ...] = Field((), description="The areas that it concerns; none for all.")
    services: tuple[str, ...] = Field((), description="The services that it concerns; none for all.")
    text: dict[LanguageName, str] = Field(description="What it says, by language.", min_length=1)


class Rehearsal(Part):
    """One conversation: who calls when, what the world is like, what is said, and how it ends."""

    name: str = Field(description="What the rehearsal shows, in a sentence.", min_length=1, max_length=200)
    flow: FlowName = Field(description="The flow that answers.")
    from_: NodeName | None = Field(None, alias="from", description="The node to begin at; else the start.")
    vars: dict[str, Any] = Field({}, description="Variables that the call begins with.")
    at: At | None = Field(None, description="The site's time; without it a working Monday, 10:00.")
    number: Number = Field("", description="Who calls; nothing for a number withheld.")
    dialled: Number = Field("", description="The number that was called.")
    language: LanguageName | None = Field(
        None, description="The language to begin in; without it the flow's first."
    )
    queues: dict[QueueName, Annotated[tuple[QueueDoes, ...], BeforeValidator(_listed)]] = Field(
        {},
        description="What each queue does: answers (if nothing is said), busy, full, no_agents, closed, long_wait or "
        "timeout; "
        "or a list, for one visit after the other.",
    )
    figures: dict[
        QueueName, dict[Literal["waiting", "longest_wait", "estimated_wait", "seats_ready"], float]
    ] = Field({}, description="The figures of queues that conditions read.")
    lookups: dict[LookupName, Any] = Field(
        {}, description="What each lookup answers; or timeout, error, nothing."
    )
    notices: tuple[NoticeOn, ...] = Field((), description="The notices that are on.")
    rings: tuple[RingOutcome, ...] = Field(
        (), description="How phones that are rung, and numbers that are called, answer in turn; then all do."
    )
    callbacks: CallbackAnswer = Field("taken", description="What the house says to a wish to be called back.")
    seats: Annotated[tuple[SeatAnswer, ...], BeforeValidator(_listed)] = Field(
        (), description="What is answered to each wish about a seat, in turn; next if nothing is said."
    )
    call: tuple[Annotated[Step, BeforeValidator(_worded)], ...] = Field(
        (), description="The conversation, step by step."
    )
    exactly: bool = Field(
        False, description="Nothing may be heard beyond what the steps name; else it may, in between."
    )
    ends: Annotated[Ending, BeforeValidator(_ending)] = Field(
        Ending(how=None, flow=None, node=None, exit=None), description="How and where the call must end."
    )
    tags: dict[str, Annotated[str, BeforeValidator(_text)]] = Field(
        {}, description="Tags that the call must have been given."
    )
    ratings: dict[PromptName, Annotated[int, Field(ge=1, le=5)]] = Field(
        {}, description="Answers that must have been kept, by the question's prompt."
    )
    messages: tuple[str, ...] = Field((), description="The boxes in which recordings must have been left.")


class RehearsalFile(Part):
    """A file of rehearsals."""

    rehearsals: tuple[Rehearsal, ...] = Field(description="The rehearsals.")


@dataclass(frozen=True, slots=True)
class Written:
    """A rehearsal and where it stands. ``lines`` are those of its steps; ``line`` is its own."""

    rehearsal: Rehearsal
    file: Path
    line: int
    lines: tuple[int, ...]


def rehearsals_in(files: Sequence[Path], live: FlowSet, site: SiteNames) -> list[Written]:
    """Read rehearsals. Raises `SourceErrors` with everything that is wrong in any of the files. Blocks."""
    problems: list[Problem] = []
    found: list[Written] = []
    for file in files:
        try:
            source = read(file)
        except SourceErrors as errors:
            problems.extend(errors.problems)
            continue
        made, wrong = validated(source, RehearsalFile)
        problems.extend(wrong)
        for index, rehearsal in enumerate(made.rehearsals if made is not None else ()):
            path = ("rehearsals", index)
            problems.extend(_unknown(source, path, rehearsal, live, site))
            lines = tuple(source.place((*path, "call", step))[0] for step in range(len(rehearsal.call)))
            found.append(Written(rehearsal, file, source.place(path)[0], lines))
    if problems:
        raise SourceErrors(problems)
    return found


def _unknown(
    source: Source, path: tuple[str | int, ...], rehearsal: Rehearsal, live: FlowSet, site: SiteNames
) -> Iterator[Problem]:
    flow = live.flows.get(str(rehearsal.flow))
    ending = live.flows.get(str(rehearsal.ends.flow or rehearsal.flow))
    prompts = {prompt for name, prompt, _ in live.spoken if flow is None or name in _below(live, flow.flow)}
    known: Mapping[str, Collection[str]] = {
        "flow": live.flows,
        "queue": site.queues,
        "lookup": site.lookups,
        "language": flow.languages if flow is not None else (),
        "prompt": sorted(prompts | {notice.name for notice in rehearsal.notices}),
    }
    for found in words_in(rehearsal):
        names = known.get(found.word.kind)
        if found.word.kind == "node":
            where = ending if found.path[0] == "ends" else flow
            names = where.nodes if where is not None else None
        if found.word.kind == "language" and (flow is None or found.path[0] == "notices"):
            names = None
        if found.word.kind == "prompt" and flow is None:
            names = None
        if names is not None and found.word not in names:
            message = f"unknown {found.word.kind} {str(found.word)!r}{did_you_mean(found.word, names)}"
            place = (*path, *found.path)
            yield source.problem(place, f"unknown-{found.word.kind}", message, of_key=found.of_key)


def _below(live: FlowSet, name: str) -> set[str]:
    """Return a flow and all that it calls, these and theirs."""
    found, ahead = {name}, [name]
    while ahead:
        new = live.flows[ahead.pop()].callees().keys() - found
        found |= new
        ahead.extend(new)
    return found
