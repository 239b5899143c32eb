"""A seat stands at a moment as its recorded states say, with all that the order of seats looks at."""

from __future__ import annotations

import pytest

from hotline.explain.seats import as_it_stood, interval_at, on_duty
from ledger.records import SeatInterval


def states(*told: tuple[int, int | None, str, str]) -> list[SeatInterval]:
    """Intervals of a seat: from, to, state, event; those with calls are of offers numbered from 1."""
    calls = ("reserved", "ringing", "talking", "wrap-up")
    return [
        SeatInterval(
            "s", "s", "ann", n, "p1", state, None, f"c/1/{n}" if state in calls else None, event, began, ended
        )
        for n, (began, ended, state, event) in enumerate(told, 1)
    ]


DAY = states(
    (0, 100, "ready", "sign-in"),
    (100, 110, "reserved", "reserve"),
    (110, 150, "ready", "spare"),
    (150, 160, "reserved", "reserve"),
    (160, 200, "talking", "answer"),
    (200, 210, "wrap-up", "end"),
    (210, 300, "ready", "wrap-up-over"),
    (400, 500, "not-ready", "sign-in"),
    (500, 500, "ready", "ready"),
    (500, None, "reserved", "reserve"),
)


@pytest.mark.parametrize(
    ("at", "late", "state"),
    [
        (99, True, "ready"),
        (100, True, "reserved"),
        (100, False, "ready"),
        (300, False, "ready"),
        (300, True, None),
        (350, True, None),
        (500, False, "not-ready"),
        (500, True, "reserved"),
        (9_000, True, "reserved"),
    ],
)
def test_what_happened_within_the_millisecond_has_happened_or_not_as_is_asked(
    at: int, late: bool, state: str | None
) -> None:
    found = interval_at(DAY, at, late=late)
    assert (DAY[found].state if found is not None else None) == state


def test_what_came_of_an_offer_that_is_undone_has_not_happened() -> None:
    assert interval_at(DAY, 500, late=True, undone={"c/1/10"}) == 8
    assert interval_at(DAY, 160, late=True, undone={"c/1/4", "c/1/5"}) == 2
    assert interval_at(DAY[1:], 105, late=True, undone={"c/1/2"}) is None


def test_an_offer_that_was_no_doing_of_the_seat_leaves_it_as_long_idle_as_before() -> None:
    assert [as_it_stood(DAY, index, 0, {}).idle_since for index in (0, 2, 6)] == [0, 0, 210]


def test_a_private_call_begins_no_new_idle_time_but_ends_a_wrap_up_as_nothing_else_does() -> None:
    used = states(
        (0, 100, "ready", "sign-in"),
        (100, 120, "not-ready", "phone-busy"),
        (120, 130, "ready", "phone-free"),
        (130, 140, "reserved", "reserve"),
        (140, 150, "talking", "answer"),
        (150, 170, "wrap-up", "end"),
        (170, 180, "not-ready", "phone-busy"),
        (180, None, "ready", "phone-free"),
    )
    assert as_it_stood(used, 2, 0, {}).idle_since == 0
    assert as_it_stood(used, 7, 0, {}).idle_since == 170


def test_time_with_calls_and_away_is_counted_from_signing_in() -> None:
    stood = as_it_stood(DAY, 6, 0, {})
    assert (stood.signed_in, stood.busy_ms, stood.away_ms) == (0, 70, 0)
    stood = as_it_stood(DAY, 8, 0, {})
    assert (stood.signed_in, stood.busy_ms, stood.away_ms, stood.idle_since) == (400, 0, 100, 500)


def test_a_new_engine_knows_only_the_state_in_which_it_finds_a_seat() -> None:
    stood = as_it_stood(DAY, 6, 170, {})
    assert (stood.signed_in, stood.busy_ms, stood.idle_since) == (160, 50, 210)
    assert as_it_stood(DAY, 6, 250, {}).idle_since == 210


def test_an_owner_who_went_and_came_back_was_not_on_duty_all_the_time() -> None:
    assert on_duty(DAY, 100, 250, 50)
    assert not on_duty(DAY, 250, 450, 50)
    assert not on_duty(DAY, 350, 450, 50)


@pytest.mark.parametrize(("until", "is_on_duty"), [(149, True), (150, False)])
def test_one_whose_phone_is_lost_for_long_is_off_duty(until: int, is_on_duty: bool) -> None:
    lost = states((0, 100, "ready", "sign-in"), (100, None, "unreachable", "phone-lost"))
    assert on_duty(lost, 10, until, 50) is is_on_duty
