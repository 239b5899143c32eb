"""Variables that nothing has set on some way: a warning where they are read, and none where somebody asked first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.flow_folder import END, HEAD, found, problems

CHOICE = "  main: {menu: hello, keys: {1: one, 2: two}, failure: end}\n  one: {set: {age: 1}, next: two}\n"


def test_what_is_set_on_one_way_alone_may_be_unset(tmp_path: Path) -> None:
    nodes = CHOICE + "  two: {switch: [{if: vars.age > 1, then: end}], otherwise: end}\n"
    assert found(tmp_path, nodes, "maybe-unset") == [
        "nodes.two.switch.0.if: on some way nothing has set the variable 'age' yet, and then this node fails; "
        "set it before, or ask has(vars.age) first"
    ]


def test_what_is_set_on_every_way_is_set(tmp_path: Path) -> None:
    nodes = CHOICE.replace("2: two", "2: other") + "  other: {set: {age: 2}, next: two}\n"
    nodes += "  two: {switch: [{if: vars.age > 1, then: end}], otherwise: end}\n"
    assert found(tmp_path, nodes, "maybe-unset") == []


@pytest.mark.parametrize(
    "node",
    [
        "{switch: [{if: 'has(vars.age) && vars.age > 1', then: end}], otherwise: end}",
        "{switch: [{if: has(vars.age), then: three}], otherwise: end}",
        "{switch: [{if: '!has(vars.age)', then: end}, {if: vars.age > 1, then: end}], otherwise: three}",
    ],
)
def test_who_asks_has_first_is_told_nothing(tmp_path: Path, node: str) -> None:
    nodes = CHOICE + f"  two: {node}\n"
    if "three" in node:
        nodes += "  three: {tag: {age: =vars.age}, next: end}\n"
    assert found(tmp_path, nodes, "maybe-unset") == []


@pytest.mark.parametrize(
    "exit_",
    [
        "failure: two, next: end",
        "invalid: two, timeout: end, next: end",
        "keys: {'*': two}, next: end, failure: end",
    ],
)
def test_a_failed_entry_has_set_nothing(tmp_path: Path, exit_: str) -> None:
    nodes = f"  main: {{collect: hello, into: age, {exit_}}}\n  two: {{tag: {{x: =vars.age}}, next: end}}\n"
    assert [told.partition(":")[0] for told in found(tmp_path, nodes, "maybe-unset")] == ["nodes.two.tag.x"]


def test_the_way_for_errors_begins_with_nothing_set(tmp_path: Path) -> None:
    flow = HEAD.replace("nodes:", "error: sorry\nnodes:") + "  main: {set: {age: 1}, next: end}\n"
    flow += "  sorry: {tag: {x: =vars.age}, next: end}\n" + END
    told = [problem.path for problem in problems(tmp_path, flow) if problem.code == "maybe-unset"]
    assert told == ["nodes.sorry.tag.x"]


def test_a_prompt_reads_what_it_says(tmp_path: Path) -> None:
    nodes = CHOICE + "  two: {play: age, next: end}\n"
    prompts = "prompts: {age: {en: [You are, {number: =vars.age}]}}\n"
    told = found(tmp_path, nodes, "maybe-unset", prompts=prompts)
    assert [message.partition(":")[0] for message in told] == ["nodes.two.play"]


def test_arguments_are_set_from_the_beginning(tmp_path: Path) -> None:
    flow = (
        HEAD.replace("nodes:", "arguments: [age]\nnodes:")
        + "  main: {tag: {x: =vars.age}, next: end}\n"
        + END
    )
    assert [problem.code for problem in problems(tmp_path, flow)] == ["no-person"]
