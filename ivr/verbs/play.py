"""``play``: say something."""

from __future__ import annotations

from pydantic import Field

from ivr.here import KEYS, Here
from ivr.language.prompt import Phrase
from ivr.language.words import NodeName
from ivr.verbs.verb import Verb


class Play(Verb):
    """Say prompts and values, then go on."""

    verb = "play"
    example = "{play: [your-balance, {money: =vars.balance}], next: main}"

    play: Phrase = Field(description="The prompt to say, or a list of prompts and values.", min_length=1)
    barge_in: bool = Field(False, description="Let a key end the prompt; the key counts for the next menu.")
    next: NodeName = Field(description="The node that follows.")

    async def run(self, here: Here) -> str:
        """Say it; a caller who has pressed a key already hears no more of what a key may end."""
        if not (self.barge_in and here.ahead):
            here.ahead = await here.say(self.play, KEYS if self.barge_in else "") or here.ahead
        return "next"
