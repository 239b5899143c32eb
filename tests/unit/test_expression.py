"""Expressions: what they read, what they refuse, and that they stay within their bounds."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from ivr.language.expression import FUNCTIONS, LONGEST, Expression, ExpressionFailed

CONTEXT = {
    "vars": {"age": 20, "name": "王", "balance": -1.5, "digits": "0755"},
    "caller": {"number": "13800138000", "dialled": "10000", "trunk": "t"},
    "call": {"language": "zh", "flow": "f", "pressed": "1"},
    "now": {"date": "2027-02-17", "time": "21:00", "weekday": 3, "hour": 21},
    "queue": {"faults": {"waiting": 6, "longest_wait": 31.5}},
    "notices": ["emergency"],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("vars.age >= 18", True),
        ("vars.age + 1", 21),
        ("vars.balance < 0", True),
        ('vars.name == "王"', True),
        ("has(vars.nothing)", False),
        ("int(vars.digits) == 755", True),
        ('caller.number.startsWith("138") && now.hour >= 18', True),
        ("queue.faults.waiting > 5 || queue.faults.longest_wait > 60.0", True),
        ('queue["faults"].waiting', 6),
        ('"emergency" in notices', True),
        ("size(vars.digits) == 4 ? vars.digits : 'none'", "0755"),
        ("vars.name + ' vars.nothing '", "王 vars.nothing "),
        ("call.language in ['zh', 'en']", True),
    ],
)
def test_an_expression_has_its_value(text: str, value: object) -> None:
    assert Expression.of(text).value(CONTEXT) == value


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("vars.a > vars.b", {("vars", "a"), ("vars", "b")}),
        ('queue["a-b"].waiting > 1', {("queue", "a-b", "waiting")}),
        ("'vars.a' == vars.b", {("vars", "b")}),
        ("vars.a.b.size()", {("vars", "a", "b")}),
        ("true && !false", set()),
        ("has(vars.a)", {("vars", "a")}),
    ],
)
def test_it_tells_what_it_reads(text: str, reads: set[tuple[str, ...]]) -> None:
    assert Expression.of(text).reads == reads


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found nothing"),
        ("vars.age >", "cannot be read: it ends too early"),
        ("age > 18", "unknown name 'age'; a variable is read as vars.age"),
        ("cller.number == '1'", "unknown name 'cller'; did you mean 'caller'?"),
        ("caller.numbr == '1'", "unknown name caller.numbr; did you mean 'number'?"),
        ("queue.faults > 1", "write queue.faults.waiting"),
        ("queue.faults.wating > 1", "did you mean 'waiting'?"),
        ("vars > 1", "write vars.NAME"),
        ("open('x')", "unknown function 'open'"),
        ("[1, 2].map(x, x)", "map goes over a list"),
        ("vars.list.all(x, x > 1)", "all goes over a list"),
        ("vars.a == 1 " + "|| vars.a == 1 " * 60, f"at most {LONGEST}"),
    ],
)
def test_it_refuses_what_it_does_not_know_and_says_the_way_out(text: str, message: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        Expression.of(text)
    assert message in refused.value.message()


@pytest.mark.parametrize("text", ["vars.nothing > 1", "vars.age > 'a'", "1 / 0 > 1", "vars.name.year > 1"])
def test_a_failure_names_the_expression_and_no_value(text: str) -> None:
    with pytest.raises(ExpressionFailed) as failed:
        Expression.of(text).value(CONTEXT)
    assert text in str(failed.value)
    assert "王" not in str(failed.value)
    assert "0755" not in str(failed.value)


@given(st.text(alphabet="varscl.now()[]\"' <>=!&|+-*/%?:1290\\\n,{}", max_size=60))
def test_whatever_is_written_is_an_expression_or_refused(text: str) -> None:
    try:
        made = Expression.of(text)
    except PydanticCustomError:
        return
    with contextlib.suppress(ExpressionFailed):
        made.value(CONTEXT)


def test_no_expression_takes_long() -> None:
    slowest = "(" * 20 + "vars.digits" + ")" * 20 + ' + "' + "a" * 200 + '"'
    made = Expression.of(slowest)
    began = time.process_time()
    for _ in range(100):
        made.value(CONTEXT)
    assert (time.process_time() - began) / 100 < 0.005


def test_every_function_that_is_let_through_exists() -> None:
    missing = []
    for name in FUNCTIONS:
        for text in (
            f"{name}('1')",
            f"'1'.{name}()",
            f"'1'.{name}('1')",
            f"{name}(1, 2)",
            f"{name}(vars.age)",
        ):
            try:
                Expression.of(text).value(CONTEXT)
                break
            except (ExpressionFailed, PydanticCustomError):
                continue
        else:
            missing.append(name)
    assert missing == []
