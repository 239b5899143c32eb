"""``seat``: what an agent asks of his seat, from his own phone."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ivr.here import Here
from ivr.house import SeatWish
from ivr.language.duration import Seconds
from ivr.language.expression import Computed
from ivr.language.words import NodeName
from ivr.verbs.verb import Verb, missing_exit


class Seat(Verb):
    """Sign an agent in or out at the site's phone that calls, or make his seat ready or not."""

    verb = "seat"
    example = "{seat: sign-in, agent: =vars.agent, pin: =vars.pin, next: signed-in, wrong_pin: again, refused: sorry}"

    seat: Literal["look", "sign-in", "sign-out", "ready", "not-ready", "more-time"] = Field(
        description="What is asked: `look` only tells who sits at the phone; `more-time` is for wrap-up."
    )
    agent: Computed = Field(
        None, description="For `sign-in`: the agent's number, or name, in the site. Otherwise who sits there."
    )
    pin: Computed = Field(None, description="For `sign-in`: the agent's PIN (`hotline agents`).")
    reason: Computed = Field("unsaid", description="For `not-ready`: why.")
    time: Annotated[Seconds, Field(gt=0, le=3600)] = Field(
        60.0, description="For `more-time`: how much more, from now."
    )
    next: NodeName = Field(description="It was done; for `look`: somebody is signed in at the phone.")
    signed_out: NodeName | None = Field(
        None, description="Nobody is signed in at the phone; without it, `refused`."
    )
    wrong_pin: NodeName | None = Field(
        None, description="Agent and PIN do not belong together; without it, `refused`."
    )
    refused: NodeName = Field(
        description="It cannot be done now: another sits there, say; or too many PINs were wrong."
    )

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        if self.seat == "sign-in" and (self.agent is None or self.pin is None):
            raise missing_exit("to sign in takes {what}", what="agent and pin")
        return self

    async def run(self, here: Here) -> str:
        """Ask the house, and go on by its answer."""
        wish = SeatWish(
            here.caller.phone,
            self.seat,
            agent=str(here.value(self.agent)),
            pin=str(here.value(self.pin)),
            reason=str(here.value(self.reason)),
            seconds=self.time,
        )
        return here.house.seats.do(wish)

    def way(self, name: str) -> NodeName | None:
        """Return the node of an exit."""
        return super().way(name) or (self.refused if name in ("signed_out", "wrong_pin") else None)
