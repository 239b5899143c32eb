"""Conditions and computed values: CEL, the Common Expression Language, within bounds that an admin cannot leave.

An expression reads ``caller``, ``call``, ``vars``, ``now``, ``queue`` and ``notices``, and nothing else. It reaches no
Python, loops over nothing, and costs microseconds. Language: https://github.com/google/cel-spec.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias

import cel
from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ivr.language.words import Word
from ivr.reading.problem import did_you_mean
from ivr.reading.validation import shown

LONGEST = 500
MEMBERS: Mapping[str, tuple[str, ...]] = {
    "caller": ("number", "dialled", "trunk"),
    "call": ("language", "flow", "pressed"),
    "now": ("date", "time", "weekday", "year", "month", "day", "hour", "minute"),
}
QUEUE_FIGURES = ("waiting", "longest_wait", "estimated_wait", "seats_ready")
ROOTS = (*MEMBERS, "vars", "queue", "notices")
FUNCTIONS = ("has", "size", "int", "double", "string", "contains", "startsWith", "endsWith", "matches")
CONSTANTS = ("true", "false", "null", "in")
MACROS = ("map", "filter", "all", "exists", "exists_one")
MEANT = {"=": "==", "&": "&&", "|": "||", "and": "&&", "or": "||", "not": "!"}
TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"""|(?P<chain>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*|\s*\[\s*(?:"[^"\\\n]*"|'[^'\\\n]*')\s*\])*)(?P<call>\s*\()?"""
    r"""|\d[\w.]*"""
)
LINK = re.compile(r"""[A-Za-z_]\w*|"[^"]*"|'[^']*'""")


class Expression(Word):
    """A CEL expression, compiled. ``reads`` holds what it reads, such as ``("vars", "age")``."""

    kind = "expression"
    program: cel.Program
    reads: frozenset[tuple[str, ...]]
    roots: tuple[str, ...]

    __slots__ = ("program", "reads", "roots")

    @classmethod
    def of(cls, text: str) -> Expression:
        """Compile an expression. Raises `PydanticCustomError` where it is none, or reads what does not exist."""
        if not text.strip():
            raise _wrong("an expression stands here, as vars.age >= 18; found nothing")
        if len(text) > LONGEST:
            raise _wrong(f"this expression has {len(text)} characters; at most {LONGEST} are allowed")
        try:
            program = cel.compile(text)
        except ValueError as error:
            raise _wrong(f"this expression cannot be read: {_reason(error)}") from None
        made = cls(text)
        made.program = program
        made.reads = frozenset(_reads(text))
        made.roots = tuple(sorted({path[0] for path in made.reads}))
        return made

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls.of, core_schema.str_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(core), "minLength": 1, "maxLength": LONGEST}

    def variables(self) -> set[str]:
        """Return the names of the variables that it reads."""
        return {path[1] for path in self.reads if path[0] == "vars" and len(path) > 1}

    def queues(self) -> set[str]:
        """Return the names of the queues whose figures it reads."""
        return {path[1] for path in self.reads if path[0] == "queue" and len(path) > 1}

    def value(self, context: Mapping[str, Any]) -> Any:
        """Return its value, as plain data, in a context of the roots. Raises `ExpressionFailed`."""
        try:
            return self.program.execute(dict(context))
        except KeyError as error:
            raise ExpressionFailed(self, f"there is no {str(error.args[0])[:40]!r}") from None
        except (TypeError, ValueError, ArithmeticError, RuntimeError):
            # CEL's own words may hold values, which are private.
            raise ExpressionFailed(self, "it does not fit the values that it met") from None


class ExpressionFailed(Exception):
    """An expression has no value for what it met. The message holds no value of a variable."""

    def __init__(self, expression: Expression, reason: str) -> None:
        self.expression = expression
        super().__init__(f"the expression {str(expression)!r} failed: {reason}")


def _computed(written: Any) -> Any:
    if isinstance(written, str) and written.startswith("="):
        return Expression.of(written[1:].strip())
    if isinstance(written, str) and len(written) > LONGEST:
        raise _wrong(f"this text has {len(written)} characters; at most {LONGEST} are allowed")
    if written is None or isinstance(written, (list, dict, tuple)):
        raise _wrong(f"found {shown(written)}; write a text or a number, or an expression as =vars.age")
    return written


COMPUTED_SCHEMA = WithJsonSchema(
    {
        "type": ["string", "number", "boolean"],
        "description": "A text or a number as it is, or after = an expression: =vars.age",
    }
)
Computed: TypeAlias = Annotated[Any, BeforeValidator(_computed), COMPUTED_SCHEMA]


def _reads(text: str) -> set[tuple[str, ...]]:
    found = set()
    before = ""
    end = 0
    for token in TOKEN.finditer(text):
        between, end = text[end : token.start()].rstrip(), token.end()
        before = between[-1:]
        chain = token["chain"]
        if chain is None:
            continue
        links = [link.strip("\"'") for link in LINK.findall(chain)]
        calls = token["call"] is not None
        if before == ".":  # a method, or a member, of something in brackets
            if calls:
                _known_function(links[-1])
            continue
        if calls:
            _known_function(links.pop())
        if not links or (len(links) == 1 and links[0] in CONSTANTS):
            continue
        _known(links)
        found.add(tuple(links))
    return found


def _known_function(name: str) -> None:
    if name in MACROS:
        raise _wrong(f"{name} goes over a list, which an expression here cannot")
    if name not in FUNCTIONS:
        raise _wrong(f"unknown function {name!r}{did_you_mean(name, FUNCTIONS, most=20)}")


def _known(links: list[str]) -> None:
    root, members = links[0], links[1:]
    if root not in ROOTS:
        hint = f"; a variable is read as vars.{root}, a text stands in quotes"
        raise _wrong(f"unknown name {root!r}{did_you_mean(root, ROOTS) if members else hint}")
    if root == "notices":
        return
    if not members:
        raise _wrong(f"{root} alone is no value; write {root}.NAME")
    if root in MEMBERS and members[0] not in MEMBERS[root]:
        raise _wrong(f"unknown name {root}.{members[0]}{did_you_mean(members[0], MEMBERS[root])}")
    if root == "queue":
        if len(members) < 2:
            raise _wrong(f"queue.{members[0]} alone is no value; write queue.{members[0]}.waiting")
        if members[1] not in QUEUE_FIGURES:
            raise _wrong(f"unknown figure {members[1]!r}{did_you_mean(members[1], QUEUE_FIGURES)}")


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("expression", "{message}", {"message": message})


def _reason(error: ValueError) -> str:
    said = re.search(r"<input>:1:(\d+): (?:Syntax error: )?([^\n]*)", str(error))
    if said is None:
        return "it is not CEL"
    if "'<EOF>'" in said[2]:
        return "it ends too early"
    met = re.search(r"(?:input|at:) '([^']{1,20})", said[2])
    if met is None:
        return f"at its character {said[1]}"
    sign = met[1].strip()
    meant = f"; did you mean {MEANT[sign]!r}?" if sign in MEANT else ""
    return f"at its character {said[1]} {sign!r} does not fit{meant}"


Evaluate: TypeAlias = Callable[[Any], Any]
