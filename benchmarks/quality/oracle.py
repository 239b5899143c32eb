"""The same callers through Ciw, which knows nothing of the distributor: caller by caller, who waits how long.

Ciw: Palmer, Knight, Harper and Hawa, "Ciw: an open-source discrete event simulation library", 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import ciw  # type: ignore[import-untyped]  # it ships no types

from benchmarks.quality.traffic import Calls, Times


class _Own(ciw.dists.Distribution):  # type: ignore[misc]
    """Gives each caller his own time. Ciw numbers them from 1, as they come."""

    def __init__(self, times: Times) -> None:
        self._times: list[int] = times.tolist()

    def sample(self, t: object = None, ind: Any = None) -> int:  # noqa: ARG002 -- Ciw passes both by name
        """Return the time of a caller."""
        number: int = ind.id_number
        return self._times[number - 1]


def waits(calls: Calls, servers: int, priorities: Mapping[str, int]) -> list[tuple[int, bool]]:
    """Return how long each of the calls waits, ms, and whether it gives up, where any server can take it.

    Of the queues the one with the highest priority goes first, and within one queue the oldest.
    """
    comes = {
        queue: [at for name, at in zip(calls.queues, calls.at.tolist(), strict=True) if name == queue]
        for queue in priorities
    }
    gaps = {queue: [later - earlier for earlier, later in pairwise([0, *at])] for queue, at in comes.items()}
    patience = None if calls.patience is None else [_Own(calls.patience)]
    network = ciw.create_network(
        arrival_distributions={
            queue: [ciw.dists.Sequential([*times, float("inf")])] for queue, times in gaps.items()
        },
        service_distributions={queue: [_Own(calls.talk)] for queue in priorities},
        reneging_time_distributions=None if patience is None else dict.fromkeys(priorities, patience),
        priority_classes={queue: max(priorities.values()) - one for queue, one in priorities.items()},
        number_of_servers=[servers],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(float(calls.at[-1] + calls.talk.sum()))
    records = sorted(simulation.get_all_records(), key=lambda record: record.id_number)
    return [(round(record.waiting_time), record.record_type == "renege") for record in records]
