"""A seat changes its state by one function, and in no other way."""

from __future__ import annotations

from typing import get_args

import pytest

from acd.seats import ON_DUTY, IllegalTransition, SeatEvent, SeatState, transition


def ways_out(state: SeatState) -> set[SeatState]:
    found: set[SeatState] = set()
    for event in get_args(SeatEvent):
        try:
            found.add(transition(state, event))
        except IllegalTransition:
            continue
    return found - {state}


@pytest.mark.parametrize("state", get_args(SeatState))
def test_every_state_has_a_way_out(state: SeatState) -> None:
    assert ways_out(state)


@pytest.mark.parametrize("state", get_args(SeatState))
def test_every_state_can_be_reached_from_signed_out(state: SeatState) -> None:
    reached: set[SeatState] = {"signed-out"}
    while more := {target for one in reached for target in ways_out(one)} - reached:
        reached |= more
    assert state in reached


def test_only_a_ready_seat_can_be_reserved() -> None:
    for state in get_args(SeatState):
        if state == "ready":
            assert transition(state, "reserve") == "reserved"
        else:
            with pytest.raises(IllegalTransition):
                transition(state, "reserve")


def test_all_who_are_signed_in_are_on_duty() -> None:
    assert set(get_args(SeatState)) == ON_DUTY | {"signed-out"}
