"""The distributor's promises, kept through random histories with failures."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.random_world import live_through

EVENTS = int(os.environ.get("HOTLINE_EVENTS", "100000"))  # nightly: a million


@pytest.mark.timeout(900)
def test_random_events_break_no_promise() -> None:
    """Never two offers for one seat or one caller, nobody lost or idle for nothing, everybody in his turn."""
    outcomes = live_through(EVENTS, seed=20261122)
    common = ("answered", "left", "no_agents", "timeout", "no customer")
    rare = ("full", "queue-removed", "offers of several rings", "group answered")
    assert min(outcomes[one] for one in common) > EVENTS // 200, outcomes
    assert min(outcomes[one] for one in rare) > EVENTS // 5000, outcomes


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), events=st.integers(1, 400))
def test_short_random_histories_break_no_promise(seed: int, events: int) -> None:
    """The same promises, where a failing history can be shrunk to a short one."""
    live_through(events, seed)
