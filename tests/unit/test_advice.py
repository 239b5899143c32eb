"""Advice: what callers would complain about, measured on the shortest ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.flow_folder import END, HEAD, found, problems

WARNINGS = ("many-choices", "deep-menu", "long-greeting", "long-way", "no-person")
QUEUE = "  person: {queue: faults, otherwise: end}\n"


def prompts(**seconds: float) -> str:
    """Return prompts of so many seconds by estimate."""
    return "prompts:\n" + "".join(
        f"  {name}: {{en: {'a' * round(s / 0.065)}}}\n" for name, s in seconds.items()
    )


def test_six_choices_are_too_many_and_the_star_is_none(tmp_path: Path) -> None:
    five = "1: person, 2: person, 3: person, 4: person, 5: person, '*': main, '#': main"
    menu = f"  main: {{menu: hello, keys: {{{five}}}, failure: end}}\n"
    assert found(tmp_path, menu + QUEUE, *WARNINGS) == []
    assert found(tmp_path, menu.replace("'*'", "6") + QUEUE, *WARNINGS) == [
        "nodes.main.keys: 6 choices are more than people remember; 5 are enough"
    ]


def test_a_fourth_menu_is_too_deep_and_told_once(tmp_path: Path) -> None:
    menus = "".join(
        f"  {name}: {{menu: hello, keys: {{1: {below}}}, failure: end}}\n"
        for name, below in [("main", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "person")]
    )
    assert found(tmp_path, menus + QUEUE, *WARNINGS) == [
        "nodes.d: callers go through 3 menus before this one; 3 in all are plenty"
    ]


def test_menus_of_a_flow_that_is_called_count_with_those_before_it(tmp_path: Path) -> None:
    nodes = (
        "  main: {menu: hello, keys: {1: b}, failure: end}\n  b: {menu: hello, keys: {1: c}, failure: end}\n"
    )
    nodes += "  c: {flow: sub, next: person}\n" + QUEUE
    sub = HEAD.replace("demo", "sub") + "  main: {menu: hello, keys: {1: two}, failure: back}\n"
    sub += "  two: {menu: hello, keys: {1: back}, failure: back}\n  back: {return: }\n"
    (tmp_path / "sub.yaml").write_text(sub)
    told = [(problem.file.name, problem.path) for problem in problems(tmp_path, HEAD + nodes + END)]
    assert told == [("sub.yaml", "nodes.two")]


@pytest.mark.parametrize(("seconds", "told"), [(7, False), (8, True)])
def test_a_long_greeting_is_told_with_its_length(tmp_path: Path, seconds: int, told: bool) -> None:
    nodes = "  main: {play: long, next: again}\n  again: {play: long, next: menu}\n"
    nodes += "  menu: {menu: hello, keys: {1: person}, failure: end}\n" + QUEUE
    words = found(tmp_path, nodes, *WARNINGS, prompts=prompts(long=seconds))
    assert words == ["nodes.main: callers listen to 16 s before the first choice; 15 are plenty"] * told


def test_a_long_way_to_a_person_is_told_at_the_person(tmp_path: Path) -> None:
    nodes = "  main: {menu: long, keys: {1: more}, failure: end}\n"
    nodes += "  more: {menu: long, keys: {1: person, 2: other}, failure: end}\n" + QUEUE
    nodes += "  other: {play: long, next: further}\n  further: {callback: faults, number: =caller.number, "
    nodes += "next: end, not_allowed: end}\n"
    assert found(tmp_path, nodes, *WARNINGS, prompts=prompts(long=25)) == [
        "nodes.further: the quickest way to this person takes 75 s of listening; 60 are plenty"
    ]


def test_a_flow_that_leads_to_nobody_is_told(tmp_path: Path) -> None:
    assert found(tmp_path, "  main: {play: hello, next: end}\n", *WARNINGS) == [
        "start: no way of this flow leads to a person: to a queue, a transfer or a call-back"
    ]


def test_a_person_in_a_flow_that_is_called_is_one(tmp_path: Path) -> None:
    sub = (
        HEAD.replace("demo", "sub")
        + "  main: {queue: faults, answered: back, otherwise: back}\n  back: {return: }\n"
    )
    assert found(tmp_path, "  main: {flow: sub, next: end}\n", *WARNINGS, sub=sub) == []


def test_a_flow_with_a_broken_way_gets_no_advice_on_its_ways(tmp_path: Path) -> None:
    assert found(tmp_path, "  main: {play: hello, next: edn}\n", *WARNINGS) == []
