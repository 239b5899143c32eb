"""``flow`` and ``return``: a flow within a flow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from pydantic import Field, model_validator

from ivr.here import Here
from ivr.language.expression import Computed
from ivr.language.words import FlowName, NodeName, VariableName, Word
from ivr.verbs.verb import Verb, missing_exit

CALL = "call"
RETURN = "return"


class ExitName(Word):
    """The name of an exit of a sub-flow."""

    kind = "exit"


class SubFlow(Verb):
    """Run another flow, and go on when it returns. It sees its arguments, and none of this flow's variables."""

    verb = "flow"
    example = """\
flow: identify
with: {tries: 2}
into: customer
exits: {unknown: operator}
next: main
"""

    flow: FlowName = Field(description="The flow to run; it speaks this flow's languages.")
    given: dict[Word, Computed] = Field(
        {}, alias="with", description="Its arguments: the variables that it begins with."
    )
    into: VariableName | None = Field(
        None, description="The variable that keeps what it returns, as vars.NAME.KEY."
    )
    exits_: dict[ExitName, NodeName] = Field(
        {}, alias="exits", description="A node for each way in which it returns."
    )
    next: NodeName | None = Field(
        None, description="The node for every way in which it returns that `exits` does not name."
    )

    @model_validator(mode="after")
    def _has_a_way_out(self) -> Self:
        if self.next is None and not self.exits_:
            raise missing_exit("no way on when the flow returns: name a node for it as 'next'")
        return self

    async def run(self, here: Here) -> str:
        """Tell the runner to go into the flow, with what."""
        here.passed = here.values(self.given)
        return CALL

    def way(self, name: str) -> NodeName | None:
        """Return the node to go on at after a way in which the flow returned."""
        return self.error if name == "error" else self.exits_.get(ExitName(name), self.next)

    def sets(self) -> Iterator[VariableName]:
        """Yield the variable that keeps what is returned; the arguments are the other flow's."""
        if self.into is not None:
            yield self.into


class Return(Verb):
    """Go back to the flow that called this one; where none did, the call ends."""

    verb = "return"
    example = "{return: found, with: {name: =vars.customer.name}}"

    return_: ExitName | None = Field(
        alias="return", description="By which exit the calling node goes on; nothing for its `next`."
    )
    given: dict[str, Computed] = Field(
        {}, alias="with", description="What is returned, each value under its name."
    )

    async def run(self, here: Here) -> str:
        """Tell the runner to go back, with what."""
        here.passed = here.values(self.given)
        return RETURN

    def way(self, name: str) -> NodeName | None:
        """Return nothing: the flow ends here."""
        return self.error if name == "error" else None

    @property
    def may_end(self) -> bool:
        """Whether the flow may end here: yes."""
        return True
