"""``tag``: note what a call is about."""

from __future__ import annotations

from pydantic import Field

from ivr.facts import Tagged
from ivr.here import Here
from ivr.language.expression import Computed
from ivr.language.words import NodeName
from ivr.verbs.verb import Verb

LONGEST = 80


class Tag(Verb):
    """Note what a call is about, for reports: the kind of business, the region."""

    verb = "tag"
    example = "{tag: {business: broadband, region: =vars.region}, next: faults-queue}"

    tag: dict[str, Computed] = Field(
        description="Each tag with its value: a text, or after = an expression.", min_length=1
    )
    next: NodeName = Field(description="The node that follows.")

    async def run(self, here: Here) -> str:
        """Keep the tags with the call."""
        for name, written in self.tag.items():
            here.note(Tagged(name, str(here.value(written))[:LONGEST]))
        return "next"
