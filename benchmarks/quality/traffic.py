"""Callers by chance, from a seed: Poisson arrivals, exponential talk and patience."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from acd.simulation import Caller

Times: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
TALK = 180.0  # s, on average


@dataclass(frozen=True, slots=True)
class Traffic:
    """What callers of each kind bring, Erlangs; and how patient all of them are, s (None: for ever)."""

    erlangs: Mapping[str, float]
    patience: float | None = None


@dataclass(frozen=True, slots=True)
class Calls:
    """So many calls: when each comes, for which queue, for how long it talks and is patient, ms."""

    queues: Sequence[str]
    at: Times
    talk: Times
    patience: Times | None

    def __iter__(self) -> Iterator[Caller]:
        rest = iter(self.patience.tolist()) if self.patience is not None else None
        for queue, at, talk in zip(self.queues, self.at.tolist(), self.talk.tolist(), strict=True):
            yield Caller(at, queue, talk, None if rest is None else next(rest))


def calls(traffic: Traffic, number: int, seed: int) -> Calls:
    """Return that many calls. A kind of caller has a queue of its name."""
    dice = np.random.default_rng(seed)
    kinds = list(traffic.erlangs)
    whole = sum(traffic.erlangs.values())
    at = dice.exponential(1000 * TALK / whole, number).cumsum()
    talk = dice.exponential(1000 * TALK, number)
    kind = dice.choice(len(kinds), number, p=[traffic.erlangs[name] / whole for name in kinds])
    patience = None if traffic.patience is None else dice.exponential(1000 * traffic.patience, number)
    return Calls(
        [kinds[n] for n in kind.tolist()],
        at.round().astype(np.int64),
        talk.round().astype(np.int64),
        None if patience is None else patience.round().astype(np.int64),
    )


def plain_waits(calls: Calls, servers: int) -> Times:
    """Return how long each call waits where servers of one kind take the oldest, and nobody gives up, ms.

    Source: Kiefer and Wolfowitz, "On the theory of queues with many servers", 1955.
    """
    free = [0] * servers
    waits = []
    for at, talk in zip(calls.at.tolist(), calls.talk.tolist(), strict=True):
        begins = max(at, free[0])
        heapq.heapreplace(free, begins + talk)
        waits.append(begins - at)
    return np.array(waits)


def plain_waits_apart(calls: Calls, servers: int) -> Times:
    """Return the same where each queue has so many servers of its own."""
    queues = np.array(calls.queues)
    waits = np.zeros(len(queues), dtype=np.int64)
    for queue in sorted(set(calls.queues)):
        own = queues == queue
        alone = Calls([queue] * int(own.sum()), calls.at[own], calls.talk[own], None)
        waits[own] = plain_waits(alone, servers)
    return waits
