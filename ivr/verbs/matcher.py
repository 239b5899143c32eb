"""Which choice the keys pressed so far mean: the four answers of a digit matcher."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Answer: TypeAlias = Literal["no-match", "potential-match", "match", "longest-match"]
ANY: dict[str, str] = {"X": "0123456789", "Z": "123456789", "N": "23456789"}


@dataclass(frozen=True, slots=True)
class Matched:
    """What keys mean: ``choice`` is the choice that they are, if any.

    ``potential-match``: more keys could make a choice. ``match``: they are one, and more could make another.
    ``longest-match``: they are one, and no more can follow.
    """

    answer: Answer
    choice: str | None = None


def match(pressed: str, choices: Iterable[str]) -> Matched:
    """Match keys against choices; X is any digit, Z is 1 to 9, N is 2 to 9. An exact choice goes before a pattern."""
    whole = longer = None
    for choice in choices:
        if not _begins(pressed, choice):
            continue
        if len(choice) > len(pressed):
            longer = choice
        elif whole is None or choice == pressed:
            whole = choice
    if whole is not None:
        return Matched("match" if longer is not None else "longest-match", whole)
    return Matched("potential-match" if longer is not None else "no-match")


def covers(wide: str, narrow: str) -> bool:
    """Tell whether one choice takes all keys that another would."""
    return len(wide) == len(narrow) and all(
        set(ANY.get(other, other)) <= set(ANY.get(own, own)) for own, other in zip(wide, narrow, strict=True)
    )


def _begins(pressed: str, choice: str) -> bool:
    return len(pressed) <= len(choice) and all(
        key in ANY.get(own, own) for key, own in zip(pressed, choice, strict=False)
    )
