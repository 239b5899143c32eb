"""Why a call waits, and why a seat is idle: told from the state, without changing it."""

from __future__ import annotations

from typing import Any

from acd.floor import Floor
from acd.lines import VisitState
from acd.matching import Matching
from acd.policy import lacking, meets
from acd.pools import abilities_of
from acd.seating import SeatStatus
from acd.turns import turn

MOST = 20  # callers ahead that are named; the rest are counted


def visit(floor: Floor, matching: Matching, waiting: VisitState, now: int) -> dict[str, Any]:
    """Return what a caller needs now, what rules out each seat, and who is due before him, and why."""
    its_turn = turn(waiting, now, floor.plan)
    ahead = [
        (turn(other, now, floor.plan), other)
        for pool, _ in floor.lines.ahead_of(waiting, now)
        for line in pool.waiting.values()
        for other in line
    ]
    before = sorted((one for one in ahead if one[0] < its_turn), key=lambda one: one[0])
    return {
        "visit": waiting.id,
        "queue": waiting.queue.name,
        "needs": [dict(required) for required in waiting.pool.ways],
        "widened_after_ms": waiting.stage.after_ms,
        "waited_ms": now - waiting.arrived,
        "priority": -its_turn[1] if floor.plan.order == "priority" else waiting.priority,
        "offer": waiting.offer,
        "held": floor.held_until is not None and floor.held_until > now,
        "aside_until": waiting.aside_until,
        "ahead": len(before),
        "first_ahead": [
            {"visit": other.id, "queue": other.queue.name, "because": _because(key, its_turn, floor)}
            for key, other in before[:MOST]
        ],
        "seats": {name: rules_out(matching, seat, waiting, now) for name, seat in floor.seating.all.items()},
    }


def seat(floor: Floor, matching: Matching, idle: SeatStatus, now: int) -> dict[str, Any]:
    """Return the state of a seat, and what keeps each waiting caller from it, the first in turn first."""
    callers = floor.lines.all(now)
    return {
        "seat": idle.name,
        "state": idle.state,
        "since_ms": now - idle.since,
        "reason": idle.reason,
        "until": idle.until,
        "offer": idle.offer,
        "held": floor.held_until is not None and floor.held_until > now,
        "waiting": len(callers),
        "callers": {one.id: rules_out(matching, idle, one, now) for one in callers[:MOST]},
    }


def rules_out(matching: Matching, one: SeatStatus, waiting: VisitState, now: int) -> str | None:
    """Return what keeps a seat and a caller apart; None where nothing does but the turn of others."""
    abilities = abilities_of(one)
    if waiting.waits_for is not None and waiting.waits_for != one.name:
        return f"the call waits for its owner {waiting.waits_for}"
    if not meets(abilities, waiting.pool.ways):
        lacks = min((lacking(abilities, required) for required in waiting.pool.ways), key=len)
        return "lacks " + ", ".join(f"{skill} {level}" for skill, level in lacks)
    if one.state != "ready":
        return one.state if one.reason is None else f"{one.state}: {one.reason}"
    if waiting.avoids(one.name, now):
        return f"missed this call; not again for {waiting.avoid[one.name] - now} ms"
    tier = matching.reserved_for(one, waiting.tier)
    return None if tier is None else f"kept in reserve for tier {tier}"


def _because(theirs: tuple[int, ...], its: tuple[int, ...], floor: Floor) -> str:
    if theirs[1] != its[1]:
        return "higher priority"
    if theirs[2] != its[2]:
        return "older" if floor.plan.order == "priority" else "its target runs out first"
    return "came first"
