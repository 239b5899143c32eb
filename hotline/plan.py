"""The site as the distributor is told of it."""

from __future__ import annotations

from acd.plan import Plan, QueuePlan, Reserve, Step, own_skill
from hotline.settings import Queue, Settings


def plan_of(s: Settings) -> Plan:
    """Return what the distributor needs to know of a site that has no contradictions."""
    return Plan(
        queues={name: _queue(name, queue) for name, queue in s.queues.items()},
        seats={name: {**agent.skills, own_skill(name): 5} for name, agent in s.agents.items()},
        misses_allowed=s.rona.misses,
        missed_pause_ms=s.rona.pause,
        groups={name: tuple(seats) for name, seats in s.groups.items()},
        ranks={name: dict(agent.ranks) for name, agent in s.agents.items() if agent.ranks},
        wrap_ups={name: agent.wrap_up for name, agent in s.agents.items() if agent.wrap_up is not None},
        reserves=tuple(
            Reserve(reserve.skill, reserve.level, reserve.keep, s.tiers[reserve.tier].level)
            for reserve in s.reserves
        ),
        order=s.order,
        ageing_ms=s.ageing,
    )


def _queue(name: str, queue: Queue) -> QueuePlan:
    return QueuePlan(
        name=name,
        skills=queue.skills,
        ring_ms=queue.ring,
        wrap_up_ms=queue.wrap_up,
        priority=queue.priority,
        capacity=queue.capacity,
        longest_wait_ms=queue.longest_wait,
        longest_estimate_ms=queue.longest_estimate,
        target_ms=queue.target,
        prefer=queue.prefer,
        groups=queue.groups,
        steps=tuple(
            Step(step.after, step.skills, step.drop, step.groups, step.partner) for step in queue.widen
        ),
        seat_order=queue.seats,
        ring_all=queue.ring_all,
        owner_ms=queue.owner_wait,
    )
