"""Exact answers of queueing theory for what the distributor is held against. Times in the unit of ``talk``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp


@dataclass(frozen=True, slots=True)
class Waits:
    """What one kind of caller meets, in the long run: of all of them, those who need not wait and who give up too."""

    wait: float
    p_wait: float
    p_abandon: float = 0.0


def erlang_c(servers: int, erlangs: float, talk: float) -> Waits:
    """Return the waits of M/M/c: Poisson arrivals, exponential service, first come, first served.

    Source: Erlang, "Solution of some problems in the theory of probabilities of significance in automatic telephone
    exchanges", 1917. By the recursion of Erlang B, which is stable for any size. Raises `ValueError` where the load is
    more than the servers can carry.
    """
    if erlangs >= servers:
        raise ValueError(
            f"{servers} servers cannot carry {erlangs} Erlangs; with no end to the line it has no mean"
        )
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = erlangs * blocked / (n + erlangs * blocked)
    p_wait = blocked / (1 - erlangs / servers * (1 - blocked))
    return Waits(p_wait * talk / (servers - erlangs), p_wait)


def erlang_c_over(servers: int, erlangs: float, talk: float, over: float) -> float:
    """Return the share of M/M/c's callers who wait for longer than ``over``; who waits at all does so exponentially."""
    return erlang_c(servers, erlangs, talk).p_wait * exp(-over * (servers - erlangs) / talk)


def erlang_a(servers: int, erlangs: float, talk: float, patience: float) -> Waits:
    """Return the waits of M/M/c+M: callers give up after an exponential time.

    Source: Palm, "Research on telephone traffic carried by full availability groups", 1957. The chain of how many are
    there is solved by its balance, as far as its states have weight.
    """
    weight, served = 1.0, 1.0
    for n in range(1, servers + 1):
        weight *= erlangs / n
        served += weight
    served -= weight
    waiting, in_line, n = 0.0, 0.0, 0
    while weight > 1e-15 * (served + waiting):
        waiting += weight
        in_line += n * weight
        n += 1
        weight *= erlangs / (servers + n * talk / patience)
    all_states = served + waiting
    wait = in_line / all_states * talk / erlangs
    return Waits(wait, waiting / all_states, wait / patience)


def priorities(servers: int, erlangs: Sequence[float], talk: float) -> list[Waits]:
    """Return the waits of M/M/c with non-preemptive priorities, the first kind first, all with the same mean service.

    Source: Cobham, "Priority assignment in waiting line problems", 1954; Kella and Yechiali, "Waiting times in the
    non-preemptive priority M/M/c queue", 1985.
    """
    p_wait = erlang_c(servers, sum(erlangs), talk).p_wait
    found, above = [], 1.0
    for n in range(len(erlangs)):
        left = 1 - sum(erlangs[: n + 1]) / servers
        found.append(Waits(p_wait * talk / servers / (above * left), p_wait))
        above = left
    return found
