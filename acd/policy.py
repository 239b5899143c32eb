"""Who can serve whom: skills and their levels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

Needs: TypeAlias = tuple[tuple[str, int], ...]  # sorted (skill, least level): equal needs are equal keys
Alternatives: TypeAlias = tuple[Needs, ...]  # sorted, each enough alone


def needs(*required: Mapping[str, int]) -> Needs:
    """Return all that is required together; of two levels of one skill the higher counts."""
    together: dict[str, int] = {}
    for one in required:
        for skill, level in one.items():
            together[skill] = max(level, together.get(skill, 0))
    return tuple(sorted(together.items()))


def either(ways: Iterable[Needs]) -> Alternatives:
    """Return needs of which a seat must meet any one."""
    return tuple(sorted(set(ways)))


def can_serve(skills: Mapping[str, int], required: Needs) -> bool:
    """Tell whether a seat has every skill at its level. A skill that it does not list never matches."""
    return all(skill in skills and skills[skill] >= level for skill, level in required)


def meets(skills: Mapping[str, int], ways: Alternatives) -> bool:
    """Tell whether a seat can serve in any of these ways."""
    return any(can_serve(skills, required) for required in ways)


def lacking(skills: Mapping[str, int], required: Needs) -> Needs:
    """Return what a seat lacks of these needs."""
    return tuple((skill, level) for skill, level in required if not can_serve(skills, ((skill, level),)))
