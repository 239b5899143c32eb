"""A plan comes back out of its plain data, also out of that of another version."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from acd.plan import Plan, QueuePlan
from acd.plan_data import plan_from
from tests.unit.random_world import PLANS


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_comes_back_out_of_json(plan: Plan) -> None:
    assert plan_from(json.loads(json.dumps(asdict(plan)))) == plan


def test_what_another_version_says_more_is_dropped_and_what_it_says_less_is_as_by_default() -> None:
    data = {"queues": {"q": {"skills": {"b": 1}, "mood": "good"}}, "seats": {}, "season": "spring"}
    assert plan_from(data) == Plan({"q": QueuePlan("q", {"b": 1})}, {})
