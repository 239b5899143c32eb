"""``survey``: ask the caller how it was, from 1 to 5."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from ivr.facts import Rated
from ivr.here import Here
from ivr.language.prompt import Phrase, listed
from ivr.language.words import NodeName, PromptName
from ivr.verbs.menu import Wait
from ivr.verbs.verb import Verb

ANSWERS = "12345"


class Survey(Verb):
    """Ask questions that are answered by 1 to 5, and keep the answers with the call, its queue and its seat."""

    verb = "survey"
    example = "{survey: [how-was-the-agent, was-it-solved], next: goodbye}"

    survey: Annotated[
        tuple[PromptName, ...],
        Field(min_length=1),
        BeforeValidator(listed, json_schema_input_type=PromptName | tuple[PromptName, ...]),
    ] = Field(description="The questions: prompts that ask for a key from 1 to 5.")
    invalid_prompt: Phrase = Field((), description="What is said after a key that is no answer.")
    tries: int = Field(2, ge=1, le=5, description="How often each question is asked at most.")
    wait: Wait = Field(5.0, description="How long to wait for a key after the question.")
    next: NodeName = Field(description="All questions were asked.")
    unanswered: NodeName | None = Field(
        None, description="A question was not answered, and the rest not asked; without it, `next`."
    )

    async def run(self, here: Here) -> str:
        """Ask one after the other; a caller who leaves one unanswered is asked no more."""
        here.ahead = None
        for question in self.survey:
            answer = await self._answer(here, question)
            if answer is None:
                return "unanswered"
            here.note(Rated(here.node, str(question), int(answer)))
        return "next"

    async def _answer(self, here: Here, question: str) -> str | None:
        for _ in range(self.tries):
            key = await here.say((question,), ANSWERS) or await here.key(self.wait)
            if key is not None and key in ANSWERS:
                return key
            if key is not None:
                await here.say(self.invalid_prompt)
        return None

    def way(self, name: str) -> NodeName | None:
        """Return the node of an exit."""
        return super().way(name) or (self.next if name == "unanswered" else None)
