"""Numbers that are shown with their middle hidden."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.number import masked


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13812341234", "138****1234"),
        ("+8613812341234", "+86138****1234"),
        ("075526001234", "0755****1234"),
        ("26001234", "****1234"),
        ("6001", "***1"),
        ("", ""),
    ],
)
def test_the_middle_of_a_number_is_hidden(number: str, shown: str) -> None:
    assert masked(number) == shown


@given(st.text("0123456789", min_size=1, max_size=20))
def test_a_number_keeps_its_length_and_hides_four_digits_or_most_of_them(number: str) -> None:
    shown = masked(number)
    assert len(shown) == len(number)
    assert shown.count("*") >= min(4, 2 * len(number) / 3)
