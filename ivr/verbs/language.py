"""``language``: go on in another language."""

from __future__ import annotations

from pydantic import Field

from ivr.here import Here
from ivr.language.words import LanguageName, NodeName
from ivr.verbs.verb import Verb


class SetLanguage(Verb):
    """Go on in another language."""

    verb = "language"
    example = "{language: en, next: main}"

    language: LanguageName = Field(description="The language, one of the flow's.")
    next: NodeName = Field(description="The node that follows.")

    async def run(self, here: Here) -> str:
        """Change the language."""
        here.language = str(self.language)
        return "next"
