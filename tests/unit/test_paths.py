"""Ways through a graph, against what follows from reachability alone."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ivr.lint.paths import components, reached, round_trip

NAMES = "abcdef"
GRAPHS = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3) for name in NAMES})


@given(GRAPHS)
def test_two_nodes_share_a_component_exactly_when_each_reaches_the_other(graph: dict[str, list[str]]) -> None:
    far = {name: reached(graph, [name]) for name in NAMES}
    together = {(one, two) for component in components(graph) for one in component for two in component}
    assert together == {(one, two) for one in NAMES for two in NAMES if two in far[one] and one in far[two]}


@given(GRAPHS)
def test_a_component_comes_after_all_that_it_leads_to(graph: dict[str, list[str]]) -> None:
    seen: set[str] = set()
    for component in components(graph):
        seen |= set(component)
        assert all(target in seen for name in component for target in graph[name])


@given(GRAPHS)
def test_a_round_trip_is_a_way_of_the_graph_and_found_when_there_is_one(graph: dict[str, list[str]]) -> None:
    way = round_trip(graph, "a")
    assert bool(way) == any("a" in reached(graph, [target]) for target in graph["a"])
    assert not way or way[0] == way[-1] == "a"
    assert all(two in graph[one] for one, two in pairwise(way))
