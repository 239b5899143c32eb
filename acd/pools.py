"""Pools: for each set of needs, all seats that could serve them and all callers who have them.

Seats with the same abilities share a profile, so that a pool knows a few profiles, not thousands of seats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from acd.choice import Suit, suit
from acd.estimate import Mean
from acd.order import Order
from acd.plan import Plan, QueuePlan, own_skill
from acd.policy import Alternatives, either, meets

if TYPE_CHECKING:
    from acd.lines import VisitState
    from acd.seating import SeatStatus

LineKey: TypeAlias = tuple[str, int, int]  # queue, priority, tier: within these the older is always first


@dataclass(slots=True, eq=False)
class Profile:
    """Seats with the same abilities and ranks. ``bench`` are the ready ones, the longest idle first."""

    skills: Mapping[str, int]
    ranks: Mapping[str, int]
    reserves: tuple[int, ...]  # the plan's reserves to which these seats belong
    bench: Order[SeatStatus] = field(default_factory=Order)
    pools: list[Pool] = field(default_factory=list)
    on_duty: int = 0
    working: int = 0  # of these, ready or busy with a call
    handling: Mean = field(default_factory=Mean)  # how long a call takes one of these seats, ms


@dataclass(slots=True, eq=False)
class Pool:
    """All who can serve some needs. ``waiting`` are the lines of those who have them now.

    ``reaching`` are the callers whom this pool could serve now or at a later step. ``named`` are seats that are wanted
    in person.
    """

    ways: Alternatives
    profiles: list[Profile]
    named: tuple[SeatStatus, ...]
    waiting: dict[LineKey, Order[VisitState]] = field(default_factory=dict)
    reaching: dict[str, VisitState] = field(default_factory=dict)
    suits: dict[tuple[str, int], Suit] = field(default_factory=dict)

    def somebody_on_duty(self) -> bool:
        """Tell whether anybody on duty could serve, now or later."""
        return any(profile.on_duty for profile in self.profiles) or any(seat.duty for seat in self.named)

    def suit(self, queue: QueuePlan, profile: Profile) -> Suit:
        """Return how well a profile suits a queue's callers who have these needs."""
        key = (queue.name, id(profile))
        found = self.suits.get(key)
        if found is None:
            found = self.suits[key] = suit(queue, profile.skills, self.ways)
        return found


class Pools:
    """Every pool that was ever asked for; the needs that flows can name are few. Personal ones go when empty."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._profiles: dict[tuple[object, ...], Profile] = {}
        self._pools: dict[Alternatives, Pool] = {}
        self._personal: dict[str, dict[Alternatives, Pool]] = {}
        self._seats: dict[str, SeatStatus] = {}
        self.reserve_ready = [0] * len(plan.reserves)

    @property
    def profiles(self) -> Iterator[Profile]:
        """Every profile."""
        return iter(self._profiles.values())

    def __iter__(self) -> Iterator[Pool]:
        yield from self._pools.values()

    def join(self, seat: SeatStatus, abilities: Mapping[str, int], ranks: Mapping[str, int]) -> Profile:
        """Take in a seat; return its profile."""
        self._seats[seat.name] = seat
        key = (tuple(sorted(abilities.items())), tuple(sorted(ranks.items())))
        profile = self._profiles.get(key)
        if profile is None:
            reserves = tuple(
                n for n, r in enumerate(self._plan.reserves) if abilities.get(r.skill, 0) >= max(r.level, 1)
            )
            profile = self._profiles[key] = Profile(abilities, ranks, reserves)
            for pool in self._pools.values():
                if meets(abilities, pool.ways):
                    pool.profiles.append(profile)
                    profile.pools.append(pool)
        return profile

    def of(self, ways: Alternatives) -> Pool:
        """Return the pool for these needs."""
        pool = self._pools.get(ways)
        return pool if pool is not None else self._open(ways)

    def _open(self, ways: Alternatives) -> Pool:
        wanted = sorted({skill[1:] for required in ways for skill, _ in required if skill[0] == "@"})
        named = [self._seats[name] for name in wanted if name in self._seats]
        general = either(r for r in ways if not any(skill[0] == "@" for skill, _ in r))
        profiles = [p for p in self._profiles.values() if meets(p.skills, general)]
        pool = Pool(ways, profiles, tuple(s for s in named if meets(abilities_of(s), ways)))
        self._pools[ways] = pool
        for profile in profiles:
            profile.pools.append(pool)
        for seat in pool.named:
            self._personal.setdefault(seat.name, {})[ways] = pool
        return pool

    def close(self, pool: Pool) -> None:
        """Forget a pool that names seats, once nobody is in it."""
        if pool.named and not pool.waiting and not pool.reaching and self._pools.get(pool.ways) is pool:
            del self._pools[pool.ways]
            for seat in pool.named:
                del self._personal[seat.name][pool.ways]
            for profile in pool.profiles:
                profile.pools.remove(pool)

    def at(self, seat: SeatStatus) -> Iterator[Pool]:
        """Iterate over the pools that a seat is in."""
        yield from seat.profile.pools
        if seat.name in self._personal:
            yield from [pool for pool in self._personal[seat.name].values() if pool not in seat.profile.pools]


def abilities_of(seat: SeatStatus) -> dict[str, int]:
    """Return all that a seat can do, and be."""
    return {**seat.profile.skills, own_skill(seat.name): 5}
