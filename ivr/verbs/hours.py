"""``hours``: go on by opening hours."""

from __future__ import annotations

from pydantic import Field

from ivr.here import Here
from ivr.language.words import NodeName, ScheduleName
from ivr.verbs.verb import Verb


class Hours(Verb):
    """Go on by opening hours: open, closed, a holiday, or night service."""

    verb = "hours"
    example = "{hours: office, open: main, closed: voicemail, holiday: greetings}"

    hours: ScheduleName = Field(description="The opening hours, under `hours` in this flow or in hours.yaml.")
    open: NodeName = Field(description="Within opening hours.")
    closed: NodeName = Field(description="Outside of them.")
    holiday: NodeName | None = Field(None, description="On a holiday; without it, `closed`.")
    night: NodeName | None = Field(
        None, description="In the hours of the night service; without it, `closed`."
    )

    async def run(self, here: Here) -> str:
        """Look at the time."""
        return here.live.schedules[here.flow, self.hours].state(here.house.clock.local())

    def way(self, name: str) -> NodeName | None:
        """Return the node for a state of the schedule."""
        return super().way(name) or (None if name == "error" else self.closed)
