"""The digit matcher: four answers, exact choices before patterns, and which choices shadow others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.verbs.matcher import ANY, covers, match

CHOICES = ("1", "12", "3", "8XX", "8500", "*", "N0")
KEYS = "0123456789*#"


@pytest.mark.parametrize(
    ("pressed", "answer", "choice"),
    [
        ("1", "match", "1"),
        ("12", "longest-match", "12"),
        ("3", "match", "3"),
        ("8", "potential-match", None),
        ("85", "potential-match", None),
        ("850", "match", "8XX"),
        ("8500", "longest-match", "8500"),
        ("851", "longest-match", "8XX"),
        ("20", "longest-match", "N0"),
        ("10", "no-match", None),
        ("#", "no-match", None),
        ("*", "longest-match", "*"),
    ],
)
def test_keys_are_matched(pressed: str, answer: str, choice: str | None) -> None:
    matched = match(pressed, CHOICES)
    assert (matched.answer, matched.choice) == (answer, choice)


def test_an_exact_choice_goes_before_a_pattern_whatever_their_order() -> None:
    assert match("12", ("XX", "12")).choice == match("12", ("12", "XX")).choice == "12"


def test_of_patterns_the_first_is_taken() -> None:
    assert match("12", ("1X", "X2")).choice == "1X"


choices = st.text(alphabet="01289*#XZN", min_size=1, max_size=3)


def expanded(choice: str) -> set[str]:
    found = {""}
    for key in choice:
        found = {before + more for before in found for more in ANY.get(key, key)}
    return found


@given(st.lists(choices, min_size=1, max_size=5), st.text(alphabet=KEYS, min_size=1, max_size=4))
def test_the_answers_are_those_of_all_keys_written_out(written: list[str], pressed: str) -> None:
    matched = match(pressed, written)
    whole = [choice for choice in written if pressed in expanded(choice)]
    longer = any(
        other.startswith(pressed) and other != pressed for choice in written for other in expanded(choice)
    )
    assert (matched.choice is not None) == bool(whole)
    assert matched.choice in [*whole, None]
    assert (matched.answer in ("match", "potential-match")) == longer


@given(choices, choices)
def test_one_choice_covers_another_if_it_takes_all_its_keys(wide: str, narrow: str) -> None:
    assert covers(wide, narrow) == (expanded(narrow) <= expanded(wide))
