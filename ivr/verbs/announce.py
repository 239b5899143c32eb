"""``announce``: say the notices that are on and concern the caller."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from ivr.facts import NoticeHeard
from ivr.here import KEYS, Here
from ivr.house import Notice
from ivr.language.expression import Computed
from ivr.language.part import Part
from ivr.language.words import NodeName
from ivr.verbs.verb import Verb


class Concern(Part):
    """Whom notices must concern to be said."""

    area: Computed = Field(None, description="The caller's area; a notice for other areas alone is not said.")
    service: Computed = Field(None, description="The service he asks for; likewise.")


class Announce(Verb):
    """Say the notices that a supervisor has switched on (`hotline notice`) and that concern the caller."""

    verb = "announce"
    example = "{announce: {area: =vars.area, service: broadband}, next: main, heard: ask-to-go-on}"

    announce: Concern = Field(
        description="Whom the notices must concern; {} for those that concern everybody."
    )
    barge_in: bool = Field(True, description="Let a key end a notice; the key counts for the next menu.")
    next: NodeName = Field(description="The node that follows.")
    heard: NodeName | None = Field(None, description="The same, if there was a notice to hear.")

    async def run(self, here: Here) -> str:
        """Say them, the oldest first."""
        area, service = here.value(self.announce.area), here.value(self.announce.service)
        notices = concerning(here.house.notices.active(), area, service)
        for notice in notices:
            if here.ahead:
                break
            sound = notice.sounds.get(here.language) or next(iter(notice.sounds.values()))
            here.ahead = await here.play([sound], KEYS if self.barge_in else "")
            here.note(NoticeHeard(notice.name))
        return "heard" if notices and self.heard is not None else "next"


def concerning(notices: Sequence[Notice], area: object, service: object) -> list[Notice]:
    """Return the notices that concern a caller of an area (None: unknown) about a service (None: any)."""

    def concerns(named: frozenset[str], own: object) -> bool:
        return not named or (own is not None and str(own) in named)

    return [
        notice for notice in notices if concerns(notice.areas, area) and concerns(notice.services, service)
    ]
