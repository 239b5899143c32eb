"""``switch``: go on by the first condition that is true."""

from __future__ import annotations

from pydantic import Field

from ivr.here import Here
from ivr.language.expression import Expression
from ivr.language.part import Part
from ivr.language.words import NodeName
from ivr.verbs.verb import Verb


class Case(Part):
    """A condition, and the node for the calls that it is true for."""

    condition: Expression = Field(
        alias="if", description="The condition, a CEL expression that is true or false."
    )
    then: NodeName = Field(description="The node to go on at.")


class NoCondition(Exception):
    """An expression that should be true or false is something else."""

    def __init__(self, condition: Expression) -> None:
        super().__init__(f"the condition {str(condition)!r} is neither true nor false")


class Switch(Verb):
    """Go on by the first condition that is true."""

    verb = "switch"
    example = """\
switch:
  - {if: "vars.balance < 0", then: in-debt}
  - {if: "queue.faults.waiting > 5 && now.hour >= 18", then: call-back}
otherwise: main
"""

    switch: tuple[Case, ...] = Field(description="The conditions, in the order they are tried.", min_length=1)
    otherwise: NodeName = Field(description="The node to go on at when none is true.")

    async def run(self, here: Here) -> str:
        """Try the conditions in order."""
        for number, case in enumerate(self.switch, 1):
            holds = here.value(case.condition)
            if not isinstance(holds, bool):
                raise NoCondition(case.condition)
            if holds:
                return str(number)
        return "otherwise"

    def way(self, name: str) -> NodeName | None:
        """Return the node of the case with that number, from 1."""
        return self.switch[int(name) - 1].then if name.isdigit() else super().way(name)

    def exit_name(self, path: tuple[str | int, ...]) -> str:
        """Return the number of the case, from 1, or the name of another exit."""
        return str(int(path[1]) + 1) if path[0] == "switch" else str(path[-1])
