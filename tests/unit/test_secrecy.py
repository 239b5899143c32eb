"""Secrets: where digits that nobody may see would be seen, heard or kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.reading.loader import load_flows
from tests.unit.flow_folder import END, HEAD, SITE, found, problems

ASK = "  main: {collect: hello, into: pin, secret: true, next: two, failure: end}\n"
ANSWER = "  main: {lookup: customer, with: {number: '1'}, into: pin, secret: true, next: two, error: end}\n"

LEAKS = [
    ("{tag: {pin: =vars.pin}, next: end}", "two.tag.pin", "kept in a tag"),
    ("{announce: {area: =vars.pin}, next: end}", "two.announce.area", "used to choose notices"),
    (
        "{queue: faults, attributes: {pin: '=\"x\" + vars.pin'}, otherwise: end}",
        "two.attributes.pin",
        "kept with the visit to the queue",
    ),
    (
        "{lookup: customer, with: {number: =vars.pin}, into: c, next: end, error: end}",
        "two.with.number",
        "part of a URL, which services write into their logs",
    ),
    ("{transfer: {number: =vars.pin}, failure: end}", "two.transfer.number", "called, and kept as a number"),
    (
        "{callback: faults, number: =vars.pin, next: end, not_allowed: end}",
        "two.number",
        "kept with the call-back",
    ),
]
SPOKEN = [
    ("{play: [hello, {digits: =vars.pin}], next: end}", "two.play.1"),
    ("{hangup: {number: =int(vars.pin)}}", "two.hangup"),
    ("{play: says-pin, next: end}", "two.play"),
]
PROMPTS = "prompts: {says-pin: {en: [It is, {digits: =vars.pin}]}}\n"


@pytest.mark.parametrize(("node", "path", "where"), LEAKS)
@pytest.mark.parametrize("first", [ASK, ANSWER])
def test_a_secret_that_would_be_kept_is_refused(
    tmp_path: Path, first: str, node: str, path: str, where: str
) -> None:
    assert found(tmp_path, f"{first}  two: {node}\n", "secret") == [
        f"nodes.{path}: the secret in 'pin' would be {where}, which is forbidden; leave it out here"
    ]


@pytest.mark.parametrize(("node", "path"), SPOKEN)
def test_secret_digits_are_not_spoken(tmp_path: Path, node: str, path: str) -> None:
    assert found(tmp_path, f"{ASK}  two: {node}\n", "secret", prompts=PROMPTS) == [
        f"nodes.{path}: the secret in 'pin' would be spoken aloud, which is forbidden; leave it out here"
    ]


@pytest.mark.parametrize(("node", "path"), SPOKEN)
def test_a_secret_answer_may_be_told_to_its_caller(tmp_path: Path, node: str, path: str) -> None:
    assert found(tmp_path, f"{ANSWER}  two: {node}\n", "secret", prompts=PROMPTS) == []


def test_secret_digits_are_not_read_back(tmp_path: Path) -> None:
    nodes = ASK.replace("secret: true", "secret: true, confirm: hello").replace("next: two", "next: end")
    assert found(tmp_path, nodes, "secret") == [
        "nodes.main.confirm: the secret in 'pin' would be read back aloud, which is forbidden; leave it out here"
    ]


def test_what_is_computed_of_a_secret_is_one(tmp_path: Path) -> None:
    nodes = ASK + "  two: {set: {last: '=vars.first', first: '=\"1\" + vars.pin'}, next: three}\n"
    nodes += "  three: {tag: {x: =vars.last}, next: end}\n"
    assert found(tmp_path, nodes, "secret") == [
        "nodes.three.tag.x: the secret in 'last' would be kept in a tag, which is forbidden; leave it out here"
    ]


SUB = """\
flow: sub
languages: [en]
start: noted
arguments: [given]
nodes:
  noted: {tag: {x: =vars.given}, next: back}
  back: {return: , with: {same: =vars.given}}
"""


def test_a_secret_stays_one_in_the_flow_that_it_is_given_to_and_when_it_comes_back(tmp_path: Path) -> None:
    nodes = ASK + "  two: {flow: sub, with: {given: =vars.pin}, into: got, next: three}\n"
    nodes += "  three: {tag: {x: =vars.got.same}, next: end}\n"
    (tmp_path / "sub.yaml").write_text(SUB)
    told = [
        (problem.file.name, problem.path)
        for problem in problems(tmp_path, HEAD + nodes + END)
        if problem.code == "secret"
    ]
    assert told == [("demo.yaml", "nodes.three.tag.x"), ("sub.yaml", "nodes.noted.tag.x")]


def test_what_is_no_secret_goes_anywhere(tmp_path: Path) -> None:
    nodes = ASK + "  two: {collect: hello, into: age, next: three, failure: end}\n"
    nodes += "  three: {tag: {x: =vars.age}, next: four}\n  four: {play: {number: =vars.age}, next: end}\n"
    assert found(tmp_path, nodes, "secret") == []


def test_a_secret_may_be_compared_and_asked_about_where_it_stands_in_no_url(tmp_path: Path) -> None:
    nodes = ASK + "  two: {switch: [{if: vars.pin == '1234', then: end}], otherwise: end}\n"
    assert found(tmp_path, nodes, "secret") == []


def test_a_live_set_knows_its_secrets(tmp_path: Path) -> None:
    nodes = ASK + "  two: {set: {copy: =vars.pin, age: 3}, next: end}\n"
    problems(tmp_path, HEAD + nodes + END)
    assert load_flows(tmp_path, SITE).secrets["demo"] == {"pin", "copy"}
