"""A mistake in a file that a person wrote: what is wrong, where it stands, and the nearest right word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. ``line`` and ``column`` count from 1; ``path`` is the key's, as ``nodes.main.keys``."""

    file: Path
    line: int
    column: int
    path: str
    code: str
    severity: Severity
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: "
        return f"{place}{self.path}: {self.message}" if self.path else f"{place}{self.message}"


class SourceErrors(Exception):
    """Files that cannot be used. ``problems`` holds everything found, in the files' order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda found: (found.file, found.line, found.column)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like ``word``, or None when none is like it."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    # difflib is quadratic in the length, and a word may come from a broken file.
    found = difflib.get_close_matches(word[:80].casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, candidates: Iterable[str], most: int = 12) -> str:
    """Return the end of a message: the nearest right word, else the few that exist, else nothing."""
    known = list(dict.fromkeys(candidates))
    near = nearest(word, known)
    if near is not None:
        return f"; did you mean {near!r}?"
    return f"; known here: {', '.join(known)}" if 0 < len(known) <= most else ""
