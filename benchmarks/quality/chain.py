"""The N-design by the numbers: its Markov chain, cut off where hardly anybody waits, and solved.

Two kinds of caller, two pools of seats: pool A serves the first kind alone, pool B both. Service is exponential with
one mean for all, which is the unit of time here. Nothing of the distributor is used.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import numpy as np

from benchmarks.quality.exact import Waits

S = TypeVar("S", bound=Hashable)
Static: TypeAlias = tuple[int, int, int, int]  # A busy, B busy, first kind waiting, second kind waiting
Aged: TypeAlias = tuple[str, int, int]  # who is idle, the longest first; then see `_aged`


@dataclass(frozen=True, slots=True)
class Design:
    """The seats of both pools, and the load of both kinds, Erlangs."""

    seats_a: int
    seats_b: int
    first: float
    second: float


def by_priority(design: Design, goes_first: Literal[1, 2], most: tuple[int, int]) -> tuple[Waits, Waits]:
    """Return the waits of both kinds where pool A is rung first, and one kind always goes first at pool B.

    At most so many of each kind wait; who comes then is lost.
    """

    def moves(state: Static) -> Iterator[tuple[Static, float]]:
        a, b, one, two = state
        if a < design.seats_a:
            yield (a + 1, b, one, two), design.first
        elif b < design.seats_b:
            yield (a, b + 1, one, two), design.first
        elif one < most[0]:
            yield (a, b, one + 1, two), design.first
        if b < design.seats_b:
            yield (a, b + 1, one, two), design.second
        elif two < most[1]:
            yield (a, b, one, two + 1), design.second
        if a:
            yield ((a, b, one - 1, two) if one else (a - 1, b, one, two)), a
        if b:
            if one and (goes_first == 1 or not two):
                yield (a, b, one - 1, two), b
            elif two:
                yield (a, b, one, two - 1), b
            else:
                yield (a, b - 1, one, two), b

    chance = stationary((0, 0, 0, 0), moves, lambda state: state[3])
    mean_one = sum(p * one for (_, _, one, _), p in chance.items())
    mean_two = sum(p * two for (_, _, _, two), p in chance.items())
    all_busy = sum(p for (a, b, _, _), p in chance.items() if (a, b) == (design.seats_a, design.seats_b))
    b_busy = sum(p for (_, b, _, _), p in chance.items() if b == design.seats_b)
    return Waits(mean_one / design.first, all_busy), Waits(mean_two / design.second, b_busy)


def oldest_first(design: Design, most: int) -> tuple[Waits, Waits]:
    """Return the waits of both kinds where the oldest call goes first and the longest idle seat is rung.

    At most so many wait. The state is that of Adan and Weiss, "A skill based parallel service system under FCFS-ALIS",
    2014: of those who came after the first caller whom pool A could serve, nobody has asked yet which kind they are.
    """
    chance = stationary(
        ("A" * design.seats_a + "B" * design.seats_b, 0, 0), _aged(design, most), lambda s: s[1] + s[2]
    )
    unasked = sum(p * mixed for (_, _, mixed), p in chance.items())
    second = sum(p * known for (_, known, _), p in chance.items())
    all_busy = sum(p for (idle, _, _), p in chance.items() if not idle)
    b_busy = sum(p for (idle, _, _), p in chance.items() if "B" not in idle)
    whole = design.first + design.second
    return Waits(unasked / whole, all_busy), Waits(unasked / whole + second / design.second, b_busy)


def _aged(design: Design, most: int) -> Callable[[Aged], Iterator[tuple[Aged, float]]]:
    """Return the moves of the chain of (idle seats, the known of the second kind, then the unasked of both kinds)."""
    share = design.first / (design.first + design.second)

    def moves(state: Aged) -> Iterator[tuple[Aged, float]]:
        idle, known, mixed = state
        a, b = design.seats_a - idle.count("A"), design.seats_b - idle.count("B")
        if idle:
            yield (idle[1:], known, 0), design.first
            if "B" in idle:
                yield (idle.replace("B", "", 1), 0, 0), design.second
            elif known < most:
                yield (idle, known + 1, 0), design.second
            yield (idle + "A", known, 0), a
        else:
            if known + mixed < most:
                yield (idle, known, mixed + 1), design.first + design.second
            for passed in range(mixed):  # pool A asks one after the other, to the first whom it can serve
                yield (idle, known + passed, mixed - passed - 1), a * share * (1 - share) ** passed
            yield ("A", known + mixed, 0), a * (1 - share) ** mixed
        if known:
            yield (idle, known - 1, mixed), b
        elif mixed:
            yield (idle, known, mixed - 1), b
        else:
            yield (idle + "B", 0, 0), b

    return moves


def stationary(
    start: S, moves: Callable[[S], Iterable[tuple[S, float]]], level: Callable[[S], int]
) -> dict[S, float]:
    """Return how much of the time a chain is in each state, where no move leads further than to the next level.

    Source: Gaver, Jacobs and Latouche, "Finite birth-and-death models in randomly changing environments", 1984 (linear
    level reduction): from the top, each level's block takes in what comes back from the one above.
    """
    chain = _explored(start, moves)
    levels: list[list[S]] = [[] for _ in range(max(map(level, chain)) + 1)]
    for state in chain:
        levels[level(state)].append(state)
    place = {state: n for states in levels for n, state in enumerate(states)}

    def block(n: int, to: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        found = np.zeros((len(levels[n]), len(levels[to])))
        for row, state in enumerate(levels[n]):
            for target, rate in chain[state]:
                if level(target) == to:
                    found[row, place[target]] += rate
                if n == to:
                    found[row, row] -= rate
        return found

    reduced = block(len(levels) - 1, len(levels) - 1)
    ups = []
    for n in range(len(levels) - 2, -1, -1):
        ups.append(np.linalg.solve(reduced.T, -block(n, n + 1).T).T)
        reduced = block(n, n) + ups[-1] @ block(n + 1, n)
    balance = reduced.T.copy()
    balance[-1] = 1.0  # one of its equations follows from the others; instead, these states weigh 1 together
    weights = [np.linalg.solve(balance, np.eye(len(balance))[-1])]
    for up in reversed(ups):
        weights.append(weights[-1] @ up)
    whole = sum(float(one.sum()) for one in weights)
    return {
        state: float(p) / whole
        for states, chances in zip(levels, weights, strict=True)
        for state, p in zip(states, chances, strict=True)
    }


def _explored(start: S, moves: Callable[[S], Iterable[tuple[S, float]]]) -> dict[S, list[tuple[S, float]]]:
    """Return every state that can be reached, and the moves from there."""
    chain: dict[S, list[tuple[S, float]]] = {}
    new = [start]
    while new:
        for state in new:
            chain[state] = [(target, rate) for target, rate in moves(state) if rate > 0]
        new = list(dict.fromkeys(to for state in new for to, _ in chain[state] if to not in chain))
    return chain
