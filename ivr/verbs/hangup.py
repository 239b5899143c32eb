"""``hangup``: say goodbye and let the caller go."""

from __future__ import annotations

from pydantic import Field

from ivr.here import Here
from ivr.language.prompt import Phrase
from ivr.language.words import NodeName
from ivr.verbs.verb import Verb


class Hangup(Verb):
    """Say a last prompt, if any, and let the caller go."""

    verb = "hangup"
    example = "{hangup: goodbye}"

    hangup: Phrase | None = Field(description="The last prompt, or a list of prompts and values, or nothing.")

    async def run(self, here: Here) -> str:
        """Say it; the runner hangs up."""
        await here.say(self.hangup or ())
        return "end"

    def way(self, name: str) -> NodeName | None:
        """Return nothing: the call ends here."""
        return self.error if name == "error" else None

    @property
    def may_end(self) -> bool:
        """Whether a call may end here: yes."""
        return True
