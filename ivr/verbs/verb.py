"""What every verb of the flow language is: a node's options, its exits, and what it does with a call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from pydantic import Field
from pydantic_core import PydanticCustomError

from ivr.here import Here
from ivr.language.expression import Expression
from ivr.language.part import Part
from ivr.language.words import Found, NodeName, VariableName, words_in


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of a node. ``by_caller``: it is not taken unless a caller does something, or a person spoke to him."""

    name: str
    target: NodeName
    path: tuple[str | int, ...]
    by_caller: bool = False


class Verb(Part, ABC):
    """A node of a flow. Each verb adds its options, and `run`, which returns the exit that the call takes."""

    verb: ClassVar[str]
    example: ClassVar[str]  # YAML, for the reference page; a test reads it
    needs_caller: ClassVar[frozenset[str]] = (
        frozenset()
    )  # exits that are taken by a caller's or an agent's doing

    error: NodeName | None = Field(
        None, description="Where a call goes when this node fails; without it, the flow's own `error`."
    )

    @abstractmethod
    async def run(self, here: Here) -> str:
        """Do what the node says, and return the name of the exit. Whatever it raises leads to the exit ``error``."""

    @cached_property
    def words(self) -> tuple[Found, ...]:
        """Every word in the node, in the document's order."""
        return tuple(words_in(self))

    def way(self, name: str) -> NodeName | None:
        """Return the node to which an exit leads; None when the call ends, or returns, there."""
        found: NodeName | None = getattr(self, name)
        return found

    def exits(self) -> Iterator[Exit]:
        """Yield every way out that the document names."""
        for found in self.words:
            if isinstance(found.word, NodeName):
                name = self.exit_name(found.path)
                yield Exit(name, found.word, found.path, by_caller=self.by_caller(name))

    def exit_name(self, path: tuple[str | int, ...]) -> str:
        """Return the name of the exit whose target stands at a path."""
        return str(path[-1])

    def by_caller(self, name: str) -> bool:
        """Tell whether an exit is not taken unless a caller, or a person who spoke with him, does something."""
        return name in self.needs_caller

    @property
    def may_end(self) -> bool:
        """Whether a call may end, or return to the flow that called this one, at the node."""
        return False

    def sets(self) -> Iterator[VariableName]:
        """Yield the variables that the node may set."""
        for found in self.words:
            if isinstance(found.word, VariableName):
                yield found.word

    @property
    def says(self) -> frozenset[str]:
        """The variables that are there for what the node itself says, and nowhere for sure."""
        return frozenset()

    @property
    def secrets(self) -> frozenset[str]:
        """The variables that hold secrets after the node, whatever is in them."""
        return frozenset()

    def reads(self) -> Iterator[tuple[tuple[str | int, ...], Expression]]:
        """Yield every expression of the node with its path."""
        for found in self.words:
            if isinstance(found.word, Expression):
                yield found.path, found.word


def missing_exit(message: str, **context: str) -> PydanticCustomError:
    """Return the error of a node that has no way on for something that can happen."""
    return PydanticCustomError("exit_missing", message, dict(context))
