"""``transfer``: put the caller through to a number outside, or to one seat."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.call import Line
from ivr.door import Wish
from ivr.facts import Transferred
from ivr.here import Here
from ivr.language.duration import Seconds
from ivr.language.expression import Computed, Expression
from ivr.language.part import Part
from ivr.language.words import NodeName, QueueName, SeatName
from ivr.verbs.verb import Verb
from ivr.verbs.waiting import PATIENCE, wait_for_person


class Target(Part):
    """Where the caller is put through to: a number, or a seat."""

    number: Computed = Field(
        None,
        description="A number outside that the site's `outbound.allow` lets through: as it is, or after = an "
        "expression.",
    )
    seat: SeatName | None = Field(None, description="An agent of the site, who alone is asked.")
    queue: QueueName | None = Field(None, description="The queue in which the caller waits for that agent.")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.number is None) == (self.seat is None) or (self.seat is None) != (self.queue is None):
            message = "write {number: …}, or {seat: NAME, queue: NAME} for an agent of the site"
            raise PydanticCustomError("target", "{message}", {"message": message})
        return self


class Transfer(Verb):
    """Put the caller through to a number outside, or to one agent."""

    verb = "transfer"
    example = '{transfer: {number: "075586001234"}, wait: 25s, answered: goodbye, failure: voicemail}'
    needs_caller = frozenset({"answered"})
    outcomes: ClassVar = ("busy", "no_answer", "not_allowed")

    transfer: Target = Field(description="Where to.")
    wait: Annotated[Seconds, Field(gt=0, le=300)] = Field(
        30.0, description="How long it may ring, or how long the caller waits for the agent."
    )
    answered: NodeName | None = Field(None, description="After the conversation; without it the call ends.")
    busy: NodeName | None = Field(None, description="The number is busy.")
    no_answer: NodeName | None = Field(None, description="Nobody answered in time.")
    not_allowed: NodeName | None = Field(
        None, description="The number may not be called from here, or not so often."
    )
    failure: NodeName = Field(description="For each of these that is not given, and for every other failure.")

    async def run(self, here: Here) -> str:
        """Ring, talk, and go on."""
        here.ahead = None
        if here.talked:
            return "answered"
        if self.transfer.seat is not None and self.transfer.queue is not None:
            wish = Wish(
                here.call.id,
                str(self.transfer.queue),
                {},
                0,
                here.language,
                seat=str(self.transfer.seat),
            )
            left = await wait_for_person(here, wish, seconds=self.wait)
            return {"answered": "answered", PATIENCE: "no_answer"}.get(left, "failure")
        return await self._to_number(here, str(here.value(self.transfer.number)))

    async def _to_number(self, here: Here, number: str) -> str:
        numbers = here.house.numbers
        # What an admin wrote himself is limited by the patterns alone; what a caller can influence, also by counts.
        influenced = isinstance(self.transfer.number, Expression)
        refusal = numbers.refuses(number)
        if refusal == "not-allowed" or (influenced and refusal is not None):
            return "not_allowed"
        if influenced:
            numbers.called(number)
        here.heard = True
        connected = await here.call.connect(Line(number, self.wait))
        talked = (connected.ended_at or 0) - (connected.answered_at or 0) if connected.answered_at else 0
        here.note(Transferred(number, connected.outcome, max(0, talked)))
        outcomes = {"answered": "answered", "busy": "busy", "no-answer": "no_answer"}
        return outcomes.get(connected.outcome, "failure")

    def way(self, name: str) -> NodeName | None:
        """Return the node of an exit; `failure` where an outcome has none of its own."""
        return super().way(name) or (self.failure if name in self.outcomes else None)

    @property
    def may_end(self) -> bool:
        """Whether the call ends when the conversation is over."""
        return self.answered is None
