"""What may be written for a key, in words, out of the types that check it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import WithJsonSchema
from pydantic.fields import FieldInfo

from hotline.reference.config import duration
from ivr.here import KEYS
from ivr.language.duration import PATTERN
from ivr.language.expression import Expression
from ivr.language.part import Part
from ivr.language.prompt import Prompt, Said
from ivr.language.words import Word
from ivr.verbs.menu import MenuKey

KINDS: Mapping[str, str] = {"word": "name", "expression": "condition"}


def form(field: FieldInfo) -> str:
    """Say in words what may be written for a key."""
    return _form(field.annotation, field.metadata)


def default(field: FieldInfo) -> str:
    """Say what counts when a key is not there."""
    if field.is_required():
        return "must be there"
    match field.default:
        case None | "" | () | {}:
            return "nothing"
        case bool(value):
            return "`true`" if value else "`false`"
        case float(value):
            return f"`{duration(round(value * 1000))}`"
        case value:
            return f"`{value}`"


def _form(annotation: Any, marks: Sequence[Any] = ()) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Said:
        return "prompt or spoken value"
    if annotation == MenuKey:
        return "key"
    if annotation == Prompt:
        return "what is said in each language"
    if origin is Annotated:
        return _form(arguments[0], (*_flat(arguments[1:]), *marks))
    if _is_duration(marks):
        return "duration" + _limits(marks, "s")
    if examples := [mark.json_schema["examples"] for mark in marks if "examples" in _schema_of(mark)]:
        return f"text as `{examples[-1][0]}`"
    if origin in (Union, UnionType):
        kinds = dict.fromkeys(_form(argument) for argument in arguments if argument is not NoneType)
        return " or ".join(kinds)
    if origin is Literal:
        return "key" if len(arguments) == len(KEYS) else " or ".join(map(_quoted, arguments))
    if origin is tuple:
        inner = _form(arguments[0])
        return f"list of: {inner}" if not _stands_alone(marks) else f"{inner}, or a list of them"
    if origin is not None and issubclass(origin, Mapping):
        name = _form(arguments[0])
        return f"names: each {'' if name == 'text' else f'{name} '}with {_form(arguments[1])}"
    return _plain(annotation, marks)


def _plain(annotation: Any, marks: Sequence[Any]) -> str:
    if annotation is Any:
        return "text or number, or after `=` an expression"
    if issubclass(annotation, Expression):
        return "condition"
    if issubclass(annotation, Word):
        return KINDS.get(annotation.kind, annotation.kind)
    if issubclass(annotation, Part):
        return "keys, see below"
    names: Mapping[type, str] = {bool: "`true` or `false`", int: "whole number", str: "text"}
    return names[annotation] + _limits(marks)


def _is_duration(marks: Sequence[Any]) -> bool:
    return any(_schema_of(mark).get("pattern") == PATTERN for mark in marks)


def _schema_of(mark: Any) -> Mapping[str, Any]:
    return (mark.json_schema or {}) if isinstance(mark, WithJsonSchema) else {}


def _flat(marks: Sequence[Any]) -> Iterator[Any]:
    for mark in marks:
        yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)


def _quoted(choice: str) -> str:
    return f'`"{choice}"`' if choice in ("*", "#", "") else f"`{choice}`"


def _stands_alone(marks: Sequence[Any]) -> bool:
    return any(hasattr(mark, "json_schema_input_type") for mark in marks)


def _limits(marks: Sequence[Any], unit: str = "") -> str:
    least = next((mark.ge for mark in marks if isinstance(mark, Ge)), None)
    most = next((mark.le for mark in marks if isinstance(mark, Le)), None)
    if most is None:
        return ""
    return f", {least}{unit} to {most}{unit}" if least is not None else f", at most {most}{unit}"
