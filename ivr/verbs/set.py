"""``set``: keep values in variables."""

from __future__ import annotations

import json

from pydantic import Field

from ivr.here import Here
from ivr.language.expression import Computed
from ivr.language.words import NodeName, VariableName
from ivr.verbs.verb import Verb

LARGEST = 4000


class VariableTooLarge(Exception):
    """A value is too large for a variable. The message holds nothing of it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the value for the variable {name!r} is over {LARGEST} characters of JSON")


class Set(Verb):
    """Keep values in variables."""

    verb = "set"
    example = '{set: {tries: "=vars.tries + 1", region: south}, next: main}'

    set: dict[VariableName, Computed] = Field(
        description="Each variable with its value: a text or number as it is, or after = an expression.",
        min_length=1,
    )
    next: NodeName = Field(description="The node that follows.")

    async def run(self, here: Here) -> str:
        """Set all of them, each seen by those after it."""
        for name, written in self.set.items():
            value = here.value(written)
            if (
                len(json.dumps(value, default=str)) > LARGEST
            ):  # what grows in a loop must not fill the journal
                raise VariableTooLarge(name)
            here.variables[str(name)] = value
        return "next"
