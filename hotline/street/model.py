"""The traffic model: who calls when, what he presses, how long he waits and talks; stated, seeded, repeatable."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TypeAlias

Range: TypeAlias = tuple[float, float]
"""Least and most, in seconds; every value between is equally likely."""

ENGLISH = "9"
WRONG = "7"
BY_HEART = 0.3  # seconds to a key that needs no prompt
_NUMBERS = 10**8
_STEP = 61_803_399  # has no factor in common with _NUMBERS: so no number comes twice before all were used
_SHORTEST_TALK = 0.5


@dataclass(frozen=True, slots=True)
class Press:
    """A key, pressed so many seconds after the press before it, or after the hotline's answer."""

    after: float
    key: str


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What one caller will do. Times are in seconds.

    ``leaves`` is not None for one who hangs up in the menu, so long after his last press. Else he has asked for a
    person, and ``patience`` counts from his last press.
    """

    offset: float
    ani: str
    dnis: str
    language: str
    presses: tuple[Press, ...]
    leaves: float | None
    patience: float
    talk: float
    caller_ends: bool


def _sample_choices() -> Mapping[str, float]:
    return {"1": 30, "2": 20, "3": 15, "41": 8, "42": 7, "5": 5, "0": 15}


@dataclass(frozen=True)
class TrafficModel:
    """The stated traffic. Equal models give equal calls at equal offsets; times in seconds, shares from 0 to 1.

    Each call and each ring has a random source of its own: so what an agent does does not hang on whose phone rang
    first, and a model that differs in one figure has the same draws for all others, but for the moments of keys.
    """

    seed: int = 1
    per_minute: float = 12.0
    choices: Mapping[str, float] = field(default_factory=_sample_choices)
    """Keys that lead to a person, in the sample's menu, and how often they are chosen."""
    listening: Range = (1.5, 6.0)
    english: float = 0.25
    wrong_key: float = 0.06
    after_wrong_key: Range = (5.0, 8.0)
    """He has to hear out that it was none of the choices: no key counts meanwhile."""
    leaves_in_menu: float = 0.07
    put_through: float = 5.0
    """The announcement after the last press, before which nobody gives up."""
    patience_mean: float = 60.0
    talk_mean: float = 25.0
    talk_spread: float = 0.6
    """Standard deviation of the logarithm of the talk time."""
    caller_ends: float = 0.6
    answer_delay: Range = (1.0, 4.0)
    unanswered: float = 0.03

    def calls(self, numbers: Sequence[str]) -> Iterator[CallPlan]:
        """Yield the calls to these numbers, without end, by offset. No ANI comes twice.

        The first comes at once, from one who knows the menu by heart: something is to be seen soon.
        """
        first = Random(f"{self.seed} numbers").randrange(_NUMBERS)  # noqa: S311 traffic, no secret
        offset = 0.0
        for n in count():
            draw = Random(f"{self.seed} call {n}")  # noqa: S311
            gap = draw.expovariate(1.0) * 60.0 / self.per_minute
            offset += gap if n else 0.0
            ani = f"139{(first + n * _STEP) % _NUMBERS:08d}"
            yield self._call(draw, offset, ani, draw.choice(numbers), by_heart=n == 0)

    def answers_after(self, phone: str, n: int) -> float | None:
        """Return how long the agent at a phone lets its ``n``-th ring go on, or None when he never answers."""
        draw = Random(f"{self.seed} ring {phone} {n}")  # noqa: S311
        delay = draw.uniform(*self.answer_delay)
        return None if draw.random() < self.unanswered else delay

    def talk(self, draw: Random) -> float:
        """Draw how long a conversation takes."""
        mu = math.log(self.talk_mean) - self.talk_spread**2 / 2
        return max(_SHORTEST_TALK, draw.lognormvariate(mu, self.talk_spread))

    def _call(self, draw: Random, offset: float, ani: str, dnis: str, *, by_heart: bool) -> CallPlan:
        chosen = draw.choices(list(self.choices), list(self.choices.values()))[0]
        english, wrong, leaves = (
            draw.random() < share and not by_heart
            for share in (self.english, self.wrong_key, self.leaves_in_menu)
        )
        patience = self.put_through + draw.expovariate(1.0) * self.patience_mean
        talk = self.talk(draw)
        caller_ends = draw.random() < self.caller_ends
        presses = self._presses(draw, ENGLISH * english + WRONG * wrong + chosen)
        if by_heart:
            presses = tuple(Press(BY_HEART, press.key) for press in presses)
        return CallPlan(
            offset=offset,
            ani=ani,
            dnis=dnis,
            language="en" if english else "zh",
            presses=presses[:-1] if leaves else presses,
            leaves=presses[-1].after if leaves else None,
            patience=patience,
            talk=talk,
            caller_ends=caller_ends,
        )

    def _presses(self, draw: Random, keys: str) -> tuple[Press, ...]:
        before = " " + keys
        return tuple(
            Press(draw.uniform(*(self.after_wrong_key if last == WRONG else self.listening)), key)
            for last, key in zip(before, keys, strict=False)
        )

    def describe(self) -> list[str]:
        """Return the model in plain lines."""
        all_choices = sum(self.choices.values())
        keys = ", ".join(f"{keys} {_percent(weight / all_choices)}" for keys, weight in self.choices.items())
        return [
            f"arrivals: one at once who knows the menu by heart, then Poisson, {self.per_minute:g} calls a minute; "
            f"seed {self.seed}",
            f"keys: {keys}; pressed {_range(self.listening)} after the prompt begins",
            f"in the menu: {_percent(self.english)} press {ENGLISH} for English, "
            f"{_percent(self.leaves_in_menu)} hang up, {_percent(self.wrong_key)} press a wrong key first "
            f"and the right one {_range(self.after_wrong_key)} later",
            f"patience: exponential, mean {self.patience_mean:g} s, after {self.put_through:g} s of announcement",
            f"agents answer after {_range(self.answer_delay)}, uniform; {_percent(self.unanswered)} of rings never",
            f"talk: log-normal, mean {self.talk_mean:g} s, sigma {self.talk_spread:g}; "
            f"{_percent(self.caller_ends)} ended by the caller",
        ]


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _range(seconds: Range) -> str:
    return f"{seconds[0]:g} to {seconds[1]:g} s"
