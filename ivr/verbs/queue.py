"""``queue``: wait for a person."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from ivr.door import Wish
from ivr.here import Here
from ivr.language.duration import Seconds
from ivr.language.expression import Computed
from ivr.language.part import Part
from ivr.language.prompt import Phrase
from ivr.language.words import NodeName, QueueName, SkillName
from ivr.verbs.verb import Verb, missing_exit
from ivr.verbs.waiting import PLACE, Telling, wait_for_person

Level: TypeAlias = Annotated[int, Field(ge=1, le=5)]
Key: TypeAlias = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"]
REFUSALS = ("full", "no_agents", "timeout")
INSTEAD = {"long_wait": "timeout", "closed": "no_agents"}


class Tell(Part):
    """What a caller is told of his place while he waits."""

    after: Annotated[Seconds, Field(ge=1, le=3600)] = Field(
        30.0, description="How long he has waited when he is told first."
    )
    every: Annotated[Seconds, Field(ge=5, le=3600)] = Field(
        60.0, description="After so long he is told again."
    )
    place: Phrase = Field(
        description="What he is told of his place; `vars.place` is it, and 1 means that he is next."
    )
    wait: Phrase = Field(
        (),
        description="What he is told of the wait still to come, in minutes, from `vars.wait_from` to `vars.wait_to`; "
        "only where the queue's estimates have proved good.",
    )


class Queue(Verb):
    """Let the caller wait, with music, for a person."""

    verb = "queue"
    example = """\
queue: faults
skills: {broadband: 3}
keys: {1: call-back}
answered: survey
otherwise: voicemail
"""
    needs_caller = frozenset({"answered"})

    queue: QueueName = Field(description="The queue, as the site names it.")
    skills: dict[SkillName, Level] = Field(
        {}, description="Skills wanted beyond the queue's own, each with its least level."
    )
    priority: int = Field(0, ge=0, le=9, description="Higher goes first; equals by the age of the call.")
    attributes: dict[str, Computed] = Field(
        {}, description="Words about the call that are kept with its visit: {tier: gold}."
    )
    tier: Computed = Field(
        None,
        description="The customer's tier, as the site names it; the highest that is known of him counts.",
    )
    owner: Computed = Field(
        None,
        description="The agent who has the customer's case, and is asked first (the queue's `owner_wait`).",
    )
    keys: dict[Key, NodeName] = Field(
        {},
        description="Keys that the caller may press while he waits. He keeps his place for as long as he does not "
        "enter another queue, ask to be called back, or hang up: coming back here, he goes on waiting.",
    )
    tell: Tell | None = Field(
        None, description="Tell the caller his place, and how long he will wait, while he waits."
    )
    answered: NodeName | None = Field(None, description="After the conversation; without it the call ends.")
    full: NodeName | None = Field(None, description="The queue takes no more callers.")
    no_agents: NodeName | None = Field(None, description="Nobody who could answer is signed in.")
    closed: NodeName | None = Field(
        None, description="A supervisor has closed the queue; without it, `no_agents`."
    )
    timeout: NodeName | None = Field(None, description="The caller waited as long as the queue allows.")
    long_wait: NodeName | None = Field(
        None, description="The wait is estimated to be longer than the queue allows; without it, `timeout`."
    )
    otherwise: NodeName | None = Field(
        None, description="For each of full, no_agents and timeout that is not given."
    )

    @model_validator(mode="after")
    def _has_every_way_out(self) -> Self:
        missing = [name for name in REFUSALS if getattr(self, name) is None]
        if missing and self.otherwise is None:
            message = "no way on for {missing}: name a node for each, or one for all as 'otherwise'"
            raise missing_exit(message, missing=", ".join(missing))
        return self

    async def run(self, here: Here) -> str:
        """Wait, talk, and go on."""
        here.ahead = None
        if here.talked:
            return "answered"
        wish = Wish(
            here.call.id,
            str(self.queue),
            {str(name): level for name, level in self.skills.items()},
            self.priority,
            here.language,
            attributes={name: str(value) for name, value in here.values(self.attributes).items()},
            tier=_name(here.value(self.tier)),
            owner=_name(here.value(self.owner)),
        )
        return await wait_for_person(here, wish, keys="".join(self.keys), telling=self._telling())

    def _telling(self) -> Telling | None:
        if self.tell is None:
            return None
        return Telling(self.tell.after, self.tell.every, self.tell.place, self.tell.wait)

    def way(self, name: str) -> NodeName | None:
        """Return the node of a key or another exit."""
        if name in INSTEAD and getattr(self, name) is None:
            name = INSTEAD[name]
        if name in REFUSALS:
            return super().way(name) or self.otherwise
        own: dict[str, NodeName] = {str(key): target for key, target in self.keys.items()}
        return own[name] if name in own else super().way(name)

    @property
    def says(self) -> frozenset[str]:
        """What a caller is told of his place."""
        return frozenset(PLACE) if self.tell is not None else frozenset()

    def by_caller(self, name: str) -> bool:
        """Tell whether an exit is a key's, or follows a conversation."""
        return name in self.keys or name == "answered"

    @property
    def may_end(self) -> bool:
        """Whether the call ends when the conversation is over."""
        return self.answered is None


def _name(value: object) -> str | None:
    return str(value) if value not in (None, "") else None
