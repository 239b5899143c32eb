"""JSON Schemas for editors: they take what the program takes, and complete and explain every key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hotline.reference.schema import DIALECT, DOCUMENTS, schema_of
from ivr.reading.document import parse
from ivr.reading.source import read
from ivr.verbs import VERBS
from tests.unit.flow_folder import HEAD

ROOT = Path(__file__).parents[2]
NAMED = {"config.yaml": "config", "prompts.yaml": "prompts", "hours.yaml": "hours"}
FILES = [
    (NAMED.get(file.name, "flow"), file)
    for file in (ROOT / "config.yaml", *sorted((ROOT / "flows").rglob("*.yaml")))
    if "rehearsals" not in file.parts
]


def refused(document: str, data: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema_of(DOCUMENTS[document])).iter_errors(data)]


def flow(node: str) -> Any:
    return parse(f"{HEAD}  main: {node}\n").data


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_schema_is_right_and_says_of_which_kind_it_is(document: str) -> None:
    schema = schema_of(DOCUMENTS[document])
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT


@pytest.mark.parametrize(("document", "file"), FILES, ids=lambda part: getattr(part, "name", part))
def test_every_sample_fits(document: str, file: Path) -> None:
    assert refused(document, read(file).data) == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verbs_example_fits_and_needs_its_verb(verb: str) -> None:
    node = parse(VERBS[verb].example).data
    whole = flow("{hangup: hello}")
    whole["nodes"]["main"] = node
    assert refused("flow", whole) == []
    whole["nodes"]["main"] = {key: part for key, part in node.items() if key != verb}
    assert refused("flow", whole) != []


@pytest.mark.parametrize(
    "node",
    [
        "{play: hello, next: end, nxt: end}",
        "{play: hello}",
        "{menu: hello, keys: {A: end}, failure: end}",
        "{queue: faults, priority: 12, otherwise: end}",
        "{collect: hello, into: Card No, next: end}",
        "{menu: hello, keys: {1: end}, wait: 5, failure: end}",
        "{set: {A b: 1}, next: end}",
    ],
)
def test_what_the_checker_refuses_an_editor_underlines(node: str) -> None:
    assert refused("flow", flow(node)) != []


@pytest.mark.parametrize(
    "node",
    [
        "{play: 问候, next: 结束}",
        "{play: [hello, {digits: =vars.card}], next: end}",
        "{play: {money: 12.5}, next: end}",
        "{hangup: }",
        "{return: }",
        "{collect: hello, into: card, length: 4, next: end}",
        "{switch: [{if: vars.a > 1 && vars.b < 2, then: end}], otherwise: end}",
    ],
)
def test_what_the_checker_takes_an_editor_does_not_underline(node: str) -> None:
    assert refused("flow", flow(node)) == []


def test_a_duration_is_shown_as_people_write_it() -> None:
    menu = schema_of(DOCUMENTS["flow"])["$defs"]["Menu"]["properties"]
    assert menu["wait"]["default"] == "5s"
    assert schema_of(DOCUMENTS["config"])["properties"]["service_level"]["default"] == "15s"


def _keys(part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, list):
        for inner in part:
            yield from _keys(inner)
    elif isinstance(part, dict):
        if isinstance(part.get("properties"), dict):
            yield from part["properties"].items()
        for inner in part.values():
            yield from _keys(inner)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_key_is_explained(document: str) -> None:
    keys = list(_keys(schema_of(DOCUMENTS[document])))
    assert keys
    assert [key for key, of in keys if isinstance(of, dict) and "description" not in of] == []
