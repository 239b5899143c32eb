"""An order behaves like a list that is sorted after every change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.order import Order


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=300))
def test_it_is_a_sorted_list(steps: list[tuple[bool, int]]) -> None:
    order: Order[int] = Order()
    plain: list[int] = []
    for add, number in steps:
        if add and number not in plain:
            order.add((number,), number)
            plain = sorted([*plain, number])
        elif not add and plain:
            gone = plain.pop(0 if number % 3 else number % len(plain))
            order.remove((gone,))
        assert list(order) == plain
        assert order.first() == (plain[0] if plain else None)
        assert [order.at(n) for n in range(len(order))] == plain


def test_it_forgets_those_who_left_at_the_start() -> None:
    order: Order[int] = Order()
    for number in range(1000):
        order.add((number,), number)
        if number >= 10:
            order.remove((number - 10,))
    assert len(order._things) < 100


def test_the_first_that_is_accepted_is_found() -> None:
    order: Order[int] = Order()
    for number in (3, 1, 2):
        order.add((number,), number)
    assert order.first(lambda number: number > 1) == 2


def test_what_is_not_in_it_cannot_be_taken_out() -> None:
    with pytest.raises(KeyError):
        Order[int]().remove((1,))
