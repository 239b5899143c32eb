"""Fisher's exact test, one-sided: is this share of failures higher than that one by more than chance?"""

from __future__ import annotations

from math import exp, lgamma


def chance(failed: int, of: int, others_failed: int, of_others: int) -> float:
    """Return how likely so many failures, or more, fall on ``of`` if both groups fail equally often.

    The upper tail of the hypergeometric distribution (Fisher, The Design of Experiments, 1935). Takes at most ``of``
    steps, however large the other group.
    """
    all_failed = failed + others_failed
    term = exp(
        _log_ways(of, failed) + _log_ways(of_others, others_failed) - _log_ways(of + of_others, all_failed)
    )
    tail = term
    for count in range(failed, min(of, all_failed)):
        more, fewer = (of - count) * (all_failed - count), (count + 1) * (of_others - all_failed + count + 1)
        term *= more / fewer
        tail += term
    return min(tail, 1.0)


def _log_ways(of: int, chosen: int) -> float:
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
