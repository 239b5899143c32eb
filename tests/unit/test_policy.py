"""Who can serve whom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from acd.policy import can_serve, either, lacking, meets, needs

skills = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 5))


def test_an_undefined_skill_is_not_level_zero_and_never_matches() -> None:
    assert not can_serve({"billing": 5}, needs({"english": 0}))
    assert can_serve({"billing": 5}, needs())


def test_of_two_levels_of_one_skill_the_higher_is_needed() -> None:
    assert needs({"english": 2, "billing": 1}, {"english": 4}) == (("billing", 1), ("english", 4))


def test_of_several_ways_to_serve_one_is_enough() -> None:
    ways = either([needs({"english": 3}), needs({"sales": 1})])
    assert meets({"sales": 2}, ways)
    assert not meets({"english": 2}, ways)


@given(skills, skills)
def test_a_seat_can_serve_exactly_when_it_lacks_nothing(seat: dict[str, int], wanted: dict[str, int]) -> None:
    assert can_serve(seat, needs(wanted)) == (not lacking(seat, needs(wanted)))


@given(skills, skills, skills)
def test_who_meets_more_meets_less(seat: dict[str, int], one: dict[str, int], other: dict[str, int]) -> None:
    if can_serve(seat, needs(one, other)):
        assert can_serve(seat, needs(one))
        assert can_serve(seat, needs(other))
