"""``lookup``: ask a service of the site."""

from __future__ import annotations

import json
from typing import Annotated

import structlog
from pydantic import Field

from ivr.here import Here
from ivr.house import LookupFailed, LookupTimedOut
from ivr.language.duration import Seconds
from ivr.language.expression import Computed
from ivr.language.prompt import Phrase
from ivr.language.words import LookupName, NodeName, VariableName
from ivr.verbs.verb import Verb

LARGEST = 16_000  # characters of JSON

log = structlog.get_logger(__name__)


class Lookup(Verb):
    """Ask a service of the site, and keep what it says in a variable."""

    verb = "lookup"
    example = """\
lookup: customer
with: {number: =caller.number}
into: customer
wait: 3s
next: greet-customer
nothing: ask-number
error: operator
"""

    lookup: LookupName = Field(description="The lookup, as the site names it.")
    given: dict[str, Computed] = Field(
        {}, alias="with", description="What it is asked: each argument with its value."
    )
    into: VariableName = Field(
        description="The variable that keeps the answer, as vars.NAME.KEY; one over 16,000 characters is an `error`."
    )
    secret: bool = Field(False, description="The answer is never stored, logged or shown.")
    wait: Annotated[Seconds, Field(gt=0, le=30)] = Field(3.0, description="How long the answer may take.")
    meanwhile: Phrase = Field((), description="What is said before, as: one moment please.")
    next: NodeName = Field(description="The node that follows when there is an answer.")
    nothing: NodeName | None = Field(
        None, description="The service knows of nothing like it; without it, `error`."
    )
    timeout: NodeName | None = Field(None, description="No answer came in time; without it, `error`.")

    async def run(self, here: Here) -> str:
        """Ask, for no longer than `wait`."""
        await here.say(self.meanwhile)
        try:
            answer = await here.house.lookups.look_up(self.lookup, here.values(self.given), self.wait)
        except LookupTimedOut:
            return self._or_error("timeout")
        except LookupFailed:
            return "error"
        if answer is None:
            return self._or_error("nothing")
        if len(json.dumps(answer, default=str)) > LARGEST:  # the journal has every variable at every node
            log.warning("the answer of a lookup is too large for a variable", lookup=str(self.lookup))
            return "error"
        here.variables[str(self.into)] = answer
        return "next"

    def _or_error(self, name: str) -> str:
        return name if getattr(self, name) is not None else "error"

    @property
    def secrets(self) -> frozenset[str]:
        """The variable of the answer, if that is secret."""
        return frozenset({str(self.into)}) if self.secret else frozenset()
