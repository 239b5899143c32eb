"""The page on MQTT tells of every topic and every field, and of no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from hotline.live.bus import LARGEST_BACKLOG
from hotline.live.topics import SCHEMA, TOPICS, ActiveNotice, Happened, Topic, message_of, schema

DOCUMENT = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text()
SECTIONS = dict(
    re.findall(r"^## `hotline/SITE/([\w/]+)`\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
)
WITHIN = {"notices": ActiveNotice, "events": Happened}


def test_the_table_names_every_topic_and_whether_it_is_retained() -> None:
    table = dict(re.findall(r"^\| `hotline/SITE/([\w/]+)` \| (yes|no) ", DOCUMENT, re.MULTILINE))
    assert table == {topic.name: "yes" if topic.retained else "no" for topic in TOPICS} | {SCHEMA: "yes"}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_each_section_tells_of_every_field_and_of_no_other(topic: Topic) -> None:
    bullets = re.findall(r"^- ((?:`\w+`(?:, )?)+):", SECTIONS["today/NAME" if topic.name == "today" else topic.name],
                         re.MULTILINE)  # fmt: skip
    told = [field for bullet in bullets for field in re.findall(r"`(\w+)`", bullet)]
    inner = WITHIN.get(topic.name)
    assert sorted(told) == sorted([*topic.message.model_fields, *(inner.model_fields if inner else ())])


def test_the_backlog_that_the_page_promises_is_kept() -> None:
    assert f"the newest {LARGEST_BACKLOG:,} messages of events wait" in DOCUMENT


def test_every_field_of_every_message_is_described_in_the_schema() -> None:
    whole = schema()
    Draft202012Validator.check_schema(whole)
    assert [
        f"{name}.{key}"
        for name, form in whole["$defs"].items()
        for key, field in form["properties"].items()
        if not field.get("description")
    ] == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("queue/sales", "queue/NAME"),
        ("today", "today"),
        ("today/today", "today/NAME"),
        ("seat/a/b", "seat/NAME"),
    ],
)
def test_a_topic_s_form_is_found_by_its_name(name: str, found: str) -> None:
    assert message_of(name) is {topic.name: topic.message for topic in TOPICS}[found]


@pytest.mark.parametrize("name", ["", "schema", "queue", "engine/x", "$SYS"])
def test_a_topic_of_another_kind_has_no_form(name: str) -> None:
    assert message_of(name) is None
