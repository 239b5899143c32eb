"""``callback``: let the caller be called rather than wait."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ivr.door import CallbackWish
from ivr.here import Here
from ivr.language.expression import Computed
from ivr.language.words import NodeName, QueueName, SkillName
from ivr.verbs.queue import Level
from ivr.verbs.verb import Verb

EXITS = {
    "taken": "next",
    "open-already": "open_already",
    "not-allowed": "not_allowed",
    "limit": "not_allowed",
}


class Callback(Verb):
    """Note that the caller wants to be called back. He keeps the place that he had in the queue, if he had one."""

    verb = "callback"
    example = "{callback: faults, number: =caller.number, next: call-back-noted, not_allowed: ask-number}"

    callback: QueueName = Field(description="The queue whose agents call.")
    number: Computed = Field(
        description="The number to call, usually =caller.number or =vars.number; the site's `outbound.allow` must "
        "let it through."
    )
    at: Computed = Field(
        None,
        description='When, in the site\'s time: "2027-02-17 14:30"; without it, when his turn comes.',
    )
    skills: dict[SkillName, Level] = Field({}, description="Skills wanted beyond the queue's own.")
    priority: Annotated[int, Field(ge=0, le=9)] = Field(0, description="Higher goes first.")
    next: NodeName = Field(description="The call-back is noted.")
    open_already: NodeName | None = Field(
        None, description="The number waits for a call-back already; without it, `next`."
    )
    not_allowed: NodeName = Field(
        description="The number, or the time, cannot be; or the number was called too often today."
    )

    async def run(self, here: Here) -> str:
        """Hand the wish to the distributor's door."""
        number = str(here.value(self.number))
        refusal = here.house.numbers.refuses(number)
        if refusal is not None:
            return "not_allowed"
        due = None
        if self.at is not None:
            now = here.house.clock.local()
            try:
                due = datetime.fromisoformat(str(here.value(self.at))).replace(tzinfo=now.tzinfo)
            except ValueError:
                return "not_allowed"
            if due < now:
                return "not_allowed"
        wish = CallbackWish(
            here.call.id,
            str(self.callback),
            number,
            {str(name): level for name, level in self.skills.items()},
            self.priority,
            here.language,
            due=round(due.timestamp() * 1000) if due is not None else None,
        )
        return EXITS[here.house.door.call_back(wish)]

    def way(self, name: str) -> NodeName | None:
        """Return the node of an exit."""
        return super().way(name) or (self.next if name == "open_already" else None)
