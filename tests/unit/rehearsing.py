"""A flow of one test, rehearsed: what was heard, which way was taken, what was kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from ivr.call import RingOutcome
from ivr.facts import Fact
from ivr.house import Caller
from ivr.language.flow import AnyNode, Flow, FlowSet, values_of
from ivr.language.hours import Schedule
from ivr.language.prompt import Spoken, SpokenValue
from ivr.language.words import words_in
from ivr.lint.secrecy import secrets_of
from ivr.rehearsal.call import Act, RehearsedCall, UnspokenPrompts
from ivr.rehearsal.house import RehearsedHouse, Stubs
from ivr.run import FlowRun, Position
from ivr.saying import vocabulary

NODES: TypeAdapter[Any] = TypeAdapter(dict[str, AnyNode])
END = {"hangup": "bye"}


def flow_of(nodes: Mapping[str, Any], name: str = "demo", **more: Any) -> Flow:
    """Return a flow that speaks English and Chinese and starts at its first node."""
    return Flow.model_validate(
        {"flow": name, "languages": ("en", "zh"), "start": next(iter(nodes)), "nodes": dict(nodes), **more}
    )


def set_of(*flows: Flow, hours: Mapping[str, Schedule] | None = None) -> FlowSet:
    """Return flows that are live: each prompt says its own name and language."""
    spoken: dict[tuple[str, str, str], tuple[Spoken | SpokenValue, ...]] = {}
    words: dict[tuple[str, str], Spoken] = {}
    for flow in flows:
        prompts = {str(found.word) for found in words_in(flow.nodes) if found.word.kind == "prompt"}
        for language in ("en", "zh"):
            for prompt in (*prompts, "apology"):
                spoken[flow.flow, prompt, language] = (Spoken(prompt, language, f"{prompt}.{language}"),)
            values = [
                *(value for _, value in values_of(flow.nodes)),
                SpokenValue.model_validate({"digits": "0"}),
            ]
            for value in values:
                for word in vocabulary(value.kind, language, currency=value.currency):
                    words[language, word] = Spoken("", language, word, pace="word")
    schedules = {(flow.flow, name): schedule for flow in flows for name, schedule in (hours or {}).items()}
    by_name = {str(flow.flow): flow for flow in flows}
    return FlowSet("1", by_name, spoken, words, schedules, secrets_of(by_name).stored)


@dataclass
class Way:
    """The way that a call took, as ``node>exit``, with the places and the facts on it."""

    taken: list[str] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def entered(
        self, flow: str, node: str, language: str, stack: tuple[str, ...], variables: Mapping[str, Any]
    ) -> None:
        self.taken.append(node)
        self.positions.append(Position(flow, node, language, stack, dict(variables)))

    def left(self, name: str, /) -> None:
        self.taken[-1] += f">{name}"

    def noted(self, fact: Fact) -> None:
        self.facts.append(fact)


@dataclass
class Rehearsed:
    """What came of it."""

    ended: str
    call: RehearsedCall
    way: Way
    house: RehearsedHouse

    @property
    def heard(self) -> list[str]:
        """All that was said."""
        return self.call.heard


async def rehearse(
    nodes: Mapping[str, Any] | FlowSet,
    script: Iterable[Act | str] = (),
    stubs: Stubs | None = None,
    *,
    rings: Iterable[RingOutcome] = (),
    number: str = "13800138000",
    at: Position | None = None,
    **more: Any,
) -> Rehearsed:
    """Lead one rehearsed call through the nodes, or through the flow ``demo`` of a set."""
    call = RehearsedCall(script, rings)
    house = RehearsedHouse(stubs or Stubs(), call)
    way = Way()
    live = nodes if isinstance(nodes, FlowSet) else set_of(flow_of(nodes, **more))
    run = FlowRun(live, "demo", call, house.house, UnspokenPrompts(), way, Caller(number, "10000"), at=at)
    return Rehearsed(await run.run(), call, way, house)
