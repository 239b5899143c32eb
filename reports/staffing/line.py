"""The line of waiting callers in Erlang A: how likely each length is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_NOTHING = 1e-18  # beside a weight of 1


@dataclass(frozen=True, slots=True)
class Line:
    """The weights of the lengths ``first``, ``first + 1`` …, the likeliest being 1; what is left out is nothing.

    ``log_sum`` is the logarithm of the sum of all weights, counted from an empty line's being 1.
    """

    first: int
    weights: Sequence[float]
    log_sum: float


def line(service: float, arrivals: float) -> Line:
    """Return the line's lengths where a length j is ``arrivals / (service + j)`` times as likely as j - 1.

    The sum of their weights is Kummer's function M(1, service + 1, arrivals), and so an incomplete gamma function.
    It is taken from the likeliest length outwards: all terms are positive, and their number grows as the square
    root of ``arrivals`` alone.
    """
    likeliest = max(0, math.floor(arrivals - service))
    shorter, weight, length = list[float](), 1.0, likeliest
    while length > 0 and weight * (service + length) > _NOTHING * (arrivals - service - length):
        weight *= (service + length) / arrivals
        shorter.append(weight)
        length -= 1
    first = length
    longer, weight, length = [1.0], 1.0, likeliest + 1
    while weight * arrivals > _NOTHING * (service + length - arrivals):
        weight *= arrivals / (service + length)
        longer.append(weight)
        length += 1
    weights = [*reversed(shorter), *longer]
    if first == 0:
        log_likeliest = -math.log(weights[0])
    else:
        log_likeliest = (
            likeliest * math.log(arrivals) + math.lgamma(service + 1) - math.lgamma(service + likeliest + 1)
        )
    return Line(first, weights, log_likeliest + math.log(math.fsum(weights)))


def harmonic(service: float, length: int) -> float:
    """Return the sum of 1 / (service + j) for j from 1 to ``length``, a long one by Euler and Maclaurin's formula."""
    one_by_one = min(length, 200)
    head = math.fsum(1 / (service + j) for j in range(1, one_by_one + 1))
    if one_by_one == length:
        return head
    begin, end = service + one_by_one + 0.5, service + length + 0.5
    rest = math.log1p((end - begin) / begin)
    rest += (end**-2 - begin**-2) / 24 - 7 * (end**-4 - begin**-4) / 960
    return head + rest
