"""A plan out of its plain data, as it was recorded: what `dataclasses.asdict` made of it, perhaps by way of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from acd.plan import Plan, QueuePlan, Reserve, Step

_Part = TypeVar("_Part", Plan, QueuePlan, Reserve, Step)


def plan_from(data: Mapping[str, Any]) -> Plan:
    """Return the plan that was recorded.

    What this version does not know is dropped, and what it knows beyond the record is as it is by default. Raises
    `TypeError` or `KeyError` where something is missing that every version records, and `PlanError`.
    """
    queues = {name: _queue({"name": name} | dict(queue)) for name, queue in data["queues"].items()}
    groups = {name: tuple(seats) for name, seats in data.get("groups", {}).items()}
    reserves = tuple(_part(Reserve, reserve) for reserve in data.get("reserves", ()))
    return _part(Plan, {**data, "queues": queues, "groups": groups, "reserves": reserves})


def _queue(data: Mapping[str, Any]) -> QueuePlan:
    steps = tuple(_part(Step, _tuples(step)) for step in data.get("steps", ()))
    return _part(QueuePlan, {**_tuples(data), "steps": steps})


def _part(kind: type[_Part], data: Mapping[str, Any]) -> _Part:
    known = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in data.items() if name in known})


def _tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no tuples, and no part of a plan holds a list."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
