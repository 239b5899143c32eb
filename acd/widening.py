"""What a caller needs, and how that widens with the time that he has waited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from acd.plan import QueuePlan, group_skill, own_skill
from acd.policy import Alternatives, Needs, either, needs


@dataclass(frozen=True, slots=True)
class Stage:
    """The needs from ``after_ms`` of waiting on; ``reach`` are these and all that later stages will accept."""

    after_ms: int
    ways: Alternatives
    reach: Alternatives


def stages(queue: QueuePlan, queues: Mapping[str, QueuePlan], call: Mapping[str, int]) -> tuple[Stage, ...]:
    """Return the stages of a call in a queue, the first at 0; ``call`` are the skills that the call adds.

    A step changes the needs of the queue and of the call together. A partner's needs are taken as they are, with what
    is left of the call's own (its language, say).
    """
    own = dict(needs(queue.skills, call))
    groups = set(queue.groups)
    partners: list[QueuePlan] = []
    found: list[tuple[int, Alternatives]] = [(0, _ways(own, groups, partners, call))]
    for step in queue.steps:
        own = {skill: level for skill, level in {**own, **step.skills}.items() if skill not in step.drop}
        if groups:  # a queue that is not kept to groups is open to all of them
            groups |= set(step.groups)
        if step.partner is not None:
            partners.append(queues[step.partner])
        found.append((step.after_ms, _ways(own, groups, partners, call)))
    later: set[Needs] = set()
    backwards = []
    for after_ms, ways in reversed(found):
        later.update(ways)
        backwards.append(Stage(after_ms, ways, either(later)))
    return tuple(reversed(backwards))


def _ways(
    own: Mapping[str, int], groups: Iterable[str], partners: Iterable[QueuePlan], call: Mapping[str, int]
) -> Alternatives:
    of_call = {skill: own[skill] for skill in call if skill in own}
    ways = _in_groups(own, groups)
    for partner in partners:
        ways += _in_groups(dict(needs(partner.skills, of_call)), partner.groups)
    return either(ways)


def _in_groups(required: Mapping[str, int], groups: Iterable[str]) -> list[Needs]:
    return [needs(required, {group_skill(group): 1}) for group in groups] or [needs(required)]


def stage_at(ladder: tuple[Stage, ...], waited_ms: int) -> tuple[Stage, int | None]:
    """Return the stage after so long a wait, and after how long the next one follows (None: no more)."""
    current, following = ladder[0], None
    for stage in ladder[1:]:
        if stage.after_ms > waited_ms:
            following = stage.after_ms
            break
        current = stage
    return current, following


def for_owner(ways: Alternatives, owner: str) -> Alternatives:
    """Return the same needs, of the owner alone."""
    return either(needs(dict(required), {own_skill(owner): 1}) for required in ways)
