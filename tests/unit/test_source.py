"""YAML files: where values stand, what is refused, and in which words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from ivr.language.duration import Milliseconds, Seconds
from ivr.reading.document import parse
from ivr.reading.source import Problem, SourceErrors, did_you_mean, nearest, read, validated


class Queue(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = ""
    skills: dict[str, int] = {}
    level: int = Field(1, ge=1, le=5)
    order: Literal["oldest", "newest"] = "oldest"
    ring: Seconds = 20.0
    wrap_up: Milliseconds = 0
    phones: str | list[str] = []


class Site(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    queues: dict[str, Queue] = {}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "site.yaml"


def refused(file: Path, text: str | bytes) -> list[Problem]:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SourceErrors) as caught:
        read(file)
    return list(caught.value.problems)


def misfit(file: Path, text: str) -> list[Problem]:
    file.write_text(text, encoding="utf-8")
    model, problems = validated(read(file), Site)
    assert model is None
    return problems


def test_every_value_and_key_has_its_place(file: Path) -> None:
    file.write_text("名称: 热线\nlist:\n  - a\n  - {深: 王}\n", encoding="utf-8")
    source = read(file)
    assert source.data == {"名称": "热线", "list": ["a", {"深": "王"}]}
    assert source.place(["名称"]) == (1, 5)
    assert source.place(["list", 0]) == (3, 5)
    assert source.place(["list", 1, "深"]) == (4, 9)
    assert source.place(["list", 1, "深"], of_key=True) == (4, 6)


def test_a_missing_value_is_placed_at_its_nearest_parent(file: Path) -> None:
    file.write_text("a:\n  b: {c: 1}\n", encoding="utf-8")
    assert read(file).place(["a", "b", "x", "y"]) == (2, 3)


def test_a_problem_reads_as_file_line_column_path_and_message(file: Path) -> None:
    file.write_text("a: {b: 1}\n", encoding="utf-8")
    problem = read(file).problem(["a", "b"], "odd", "this is odd")
    assert str(problem) == f"{file}:1:8: a.b: this is odd"


def test_keys_are_text_and_plain_values_are_what_they_look_like(file: Path) -> None:
    file.write_text('1: a\n"*": b\n0123: c\nn: 12\nd: 1.5\nt: true\nday: 2026-10-01\nnone:\nq: "12:30"\n')
    assert read(file).data == {
        "1": "a",
        "*": "b",
        "0123": "c",
        "n": 12,
        "d": 1.5,
        "t": True,
        "day": "2026-10-01",
        "none": None,
        "q": "12:30",
    }


@pytest.mark.parametrize(
    ("text", "place", "code", "words"),
    [
        ("*: main\n", (1, 1), "trap-alias", 'for the * key write "*" in quotes'),
        ("keys: {1: a, *: b}\n", (1, 14), "trap-alias", 'for the * key write "*" in quotes'),
        ("a: *main\n", (1, 4), "trap-alias", 'the * key is "*" in quotes'),
        ("keys:\n  #: operator\n  1: b\n", (2, 3), "trap-hash", 'for the # key write "#": in quotes'),
        ("keys: {1: a, #: b}\n", (1, 14), "trap-hash", 'for the # key write "#": in quotes'),
        ("a: 0123\n", (1, 4), "trap-octal", 'write "0123" in quotes'),
        ("a: 12:30\n", (1, 4), "trap-sexagesimal", 'write "12:30" in quotes'),
        ("a: on\n", (1, 4), "trap-boolean", 'write true, or "on" in quotes for the text'),
        ("a: No\n", (1, 4), "trap-boolean", 'write false, or "No" in quotes for the text'),
        ("yes: 1\n", (1, 1), "trap-key", 'write the key in quotes: "yes":'),
        ("a: +8610010\n", (1, 4), "trap-plus", 'write "+8610010" in quotes'),
        ("a: 1\nb: 2\na: 3\n", (3, 1), "duplicate-key", "the key 'a' is here twice; the first is in line 1"),
        (
            "p: {en: Sorry, it failed, twice, zh: 抱歉}\n",
            (1, 16),
            "trap-comma",
            "the comma before 'it failed' ends a text in YAML; put the whole text in quotes",
        ),
        ("p: {en: Say: hello, zh: 你好}\n", (1, 12), "syntax", "put text with a colon in quotes"),
        ("a: &x 1\n", (1, 4), "anchor", "&x is an anchor"),
        ("a: !!python/name:os.system x\n", (1, 4), "tag", "tags (!…) are not used here"),
        ("a: 1\n---\nb: 2\n", (2, 1), "second-document", "put it into a file of its own"),
        ("{a: 1}: b\n", (1, 1), "key", "a key must be a single word"),
        ("a: b: c\n", (1, 5), "syntax", "put text with a colon in quotes"),
        ("a:\n\tb: 1\n", (2, 1), "syntax", "indent with spaces"),
        ("a: @x\n", (1, 4), "syntax", "text that begins with @ must be in quotes"),
        ('a: "x\n', (1, 4), "syntax", "the quote that begins here is not closed"),
        ("a: [1, 2\nb: 3\n", (1, 4), "syntax", "do not match"),
        ("a: x\x07\n", (1, 5), "character", "U+0007"),
        ("[" * 60 + "]" * 60, (1, 41), "depth", "nested more than 40 deep"),
        ("", (1, 1), "empty", "the file is empty"),
        (b"a: \xd6\xd0\n", (1, 4), "encoding", "save the file as UTF-8"),
    ],
)
def test_a_trap_is_refused_where_it_stands_and_told_how_to_write_it(
    file: Path, text: str | bytes, place: tuple[int, int], code: str, words: str
) -> None:
    problem = refused(file, text)[0]
    assert (problem.line, problem.column, problem.code) == (*place, code)
    assert words in problem.message


def test_all_traps_of_a_file_are_told_at_once(file: Path) -> None:
    problems = refused(file, "a: on\nb: {c: 0123, c: 12:30}\n")
    assert [problem.code for problem in problems] == [
        "trap-boolean",
        "trap-octal",
        "duplicate-key",
        "trap-sexagesimal",
    ]


@pytest.mark.parametrize("text", ["# note: x\na: 1 #: no key\n", "a: |\n  #: text\n", 'a: "x, #: y"\n'])
def test_a_hash_in_a_text_or_an_ordinary_comment_is_no_trap(file: Path, text: str) -> None:
    file.write_text(text)
    assert list(read(file).data) == ["a"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceErrors, match=r"absent\.yaml:1:1: cannot read this file: no such file"):
        read(tmp_path / "absent.yaml")


def test_a_file_of_more_than_five_megabytes_is_refused(file: Path) -> None:
    assert refused(file, b"#" * 5_000_001)[0].code == "too-large"


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab1:-#*&!|>'\"{}[],? \n\t%@~\x07王", max_size=40))
def test_no_text_makes_the_reader_fail_otherwise_than_by_flaws(text: str) -> None:
    document = parse(text)
    assert document.flaws or text.strip()


def test_data_that_fits_becomes_the_model(file: Path) -> None:
    file.write_text("name: x\nqueues: {a: {ring: 1m30s, wrap_up: 1.5s, phones: a1}}\n")
    model, problems = validated(read(file), Site)
    assert problems == []
    assert model is not None
    assert model.queues["a"] == Queue(ring="90s", wrap_up="1500ms", phones="a1")  # type: ignore[arg-type]
    assert (model.queues["a"].ring, model.queues["a"].wrap_up) == (90.0, 1500)


@pytest.mark.parametrize(
    ("queue", "mark", "path", "words"),
    [
        ("{skils: {}}", "skils", "queues.q.skils", "unknown key 'skils'; did you mean 'skills'?"),
        ("{title: 12}", "12", "queues.q.title", "found the number 12; for text put it in quotes"),
        ("{skills: {a: b}}", "b}", "queues.q.skills.a", "found the text 'b'; write a whole number"),
        ("{skills: [a]}", "[a]", "queues.q.skills", "found a list; write keys with values (key: value)"),
        ("{level: 9}", "9", "queues.q.level", "found the number 9; it must be at most 5"),
        ("{order: olest}", "olest", "queues.q.order", "write one of oldest, newest; did you mean 'oldest'?"),
        ("{order: 3}", "3}", "queues.q.order", "found the number 3; write one of oldest, newest"),
        ("{ring: 5}", "5}", "queues.q.ring", "found the number 5; write a duration with its unit"),
        ("{ring: 5 parsecs}", "5 p", "queues.q.ring", "found '5 parsecs'; write a duration with its unit"),
        ("{ring: 5s1m}", "5s1m", "queues.q.ring", "write a duration with its unit"),
        ("{phones: 1}", "1}", "queues.q.phones", "found the number 1; write text or a list"),
    ],
)
def test_a_misfit_is_told_in_plain_words_at_its_place(
    file: Path, queue: str, mark: str, path: str, words: str
) -> None:
    line = f"  q: {queue}"
    problems = misfit(file, f"name: x\nqueues:\n{line}\n")
    assert [(problem.line, problem.column, problem.path) for problem in problems] == [
        (3, line.index(mark) + 1, path)
    ]
    assert words in problems[0].message


def test_an_empty_value_is_told_as_such(file: Path) -> None:
    assert (
        misfit(file, "name: x\nqueues:\n  q:\n")[0].message
        == "found nothing; write keys with values (key: value)"
    )


def test_all_misfits_are_told_at_once_in_the_order_of_the_file(file: Path) -> None:
    problems = misfit(file, "queues:\n  q: {level: 0, odd: 1}\nnaem: x\n")
    assert [problem.message for problem in problems] == [
        "the key 'name' is missing",
        "found the number 0; it must be at least 1",
        "unknown key 'odd'; known here: title, skills, level, order, ring, wrap_up, phones",
        "unknown key 'naem'; did you mean 'name'?",
    ]


def test_the_nearest_word_is_found_whatever_its_case() -> None:
    assert nearest("Billng", ["billing", "faults"]) == "billing"
    assert nearest("xyz", ["billing", "faults"]) is None
    assert did_you_mean("xyz", []) == ""


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(SourceErrors, match="not a file; remove it from this folder"):
        read(tmp_path / "pipe.yaml")
    with pytest.raises(SourceErrors, match="is a directory"):
        read(tmp_path / "folder.yaml")
