"""What a reading of files came to: how many lines, and those that could not be used."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to tell about one line. It never holds what the line says of a caller."""

    file: str
    line: int
    reason: str


@dataclass(slots=True)
class Tally:
    """How the reading went. Every line is understood, repeated, unused or skipped.

    ``repeated`` lines were read in another of the files. ``unused`` counts, by their kind, lines that say nothing
    a ledger keeps. ``skipped`` were not understood. ``assumed`` were, but something that they leave out is a guess.
    """

    lines: int = 0
    repeated: int = 0
    unused: Counter[str] = field(default_factory=Counter)
    skipped: list[Remark] = field(default_factory=list)
    assumed: list[Remark] = field(default_factory=list)

    def skip(self, file: str, line: int, reason: str) -> None:
        """Note a line that was not understood."""
        self.skipped.append(Remark(file, line, reason))

    def assume(self, file: str, line: int, reason: str) -> None:
        """Note a line of which something had to be guessed."""
        self.assumed.append(Remark(file, line, reason))
