"""``split``: divide callers by percentages, each caller always the same way."""

from __future__ import annotations

import hashlib
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.here import Here
from ivr.language.words import NodeName
from ivr.verbs.verb import Verb


def share_of(caller: str, *what: str) -> float:
    """Return a number from 0 up to 100 that is always the same for a caller and a matter, and else evenly spread."""
    digest = hashlib.sha256("\0".join((caller, *what)).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 * 100


class Split(Verb):
    """Divide callers by percentages; the same number goes the same way each time that it calls."""

    verb = "split"
    example = "{split: {new-menu: 10, old-menu: 90}}"

    split: dict[NodeName, Annotated[int, Field(ge=0, le=100)]] = Field(
        description="Each node with its percentage of callers; 100 in all.", min_length=2
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        total = sum(self.split.values())
        if total != 100:
            raise PydanticCustomError(
                "percentages", "the percentages sum up to {total}; let it be 100", {"total": total}
            )
        return self

    async def run(self, here: Here) -> str:
        """Go by the caller's number; one who withholds it goes by his call."""
        share = share_of(here.caller.number or here.call.id, here.flow, here.node)
        for name, percent in self.split.items():
            share -= percent
            if share < 0:
                return str(name)
        return str(next(reversed(self.split)))

    def way(self, name: str) -> NodeName | None:
        """Return the node, which is the exit's own name."""
        return super().way(name) if name == "error" else NodeName(name)
