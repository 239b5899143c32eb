"""Pydantic's errors in plain words, each at its place in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic_core import ErrorDetails

from ivr.reading.problem import did_you_mean

WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "keys with values (key: value)",
    "mapping_type": "keys with values (key: value)",
    "model_type": "keys with values (key: value)",
    "model_attributes_type": "keys with values (key: value)",
    "list_type": "a list ([a, b])",
    "tuple_type": "a list ([a, b])",
    "set_type": "a list ([a, b])",
    "frozen_set_type": "a list ([a, b])",
    "none_required": "nothing",
}

CODES = {
    "name_type": "wrong-type",
    "missing": "missing-key",
    "extra_forbidden": "unknown-key",
    "literal_error": "wrong-choice",
    "enum": "wrong-choice",
    "greater_than": "out-of-range",
    "greater_than_equal": "out-of-range",
    "less_than": "out-of-range",
    "less_than_equal": "out-of-range",
    "finite_number": "out-of-range",
    "string_too_short": "wrong-length",
    "string_too_long": "wrong-length",
    "too_short": "wrong-length",
    "too_long": "wrong-length",
    "string_pattern_mismatch": "wrong-form",
    "value_error": "wrong-value",
    "assertion_error": "wrong-value",
}


def path_of(error: ErrorDetails, data: Any) -> tuple[tuple[str | int, ...], bool]:
    """Return the path of an error in the data, and whether its key is meant.

    Pydantic's own location also names union members and tags, which are no part of the file.
    """
    path: list[str | int] = []
    of_key = error["type"] == "extra_forbidden"
    for part in error["loc"]:
        if part == "[key]":
            return tuple(path), True
        in_list = isinstance(data, list) and isinstance(part, int)
        if in_list or (isinstance(data, Mapping) and part in data):
            data = data[part]
            path.append(part)
    if error["type"] == "missing":
        path.append(error["loc"][-1])
    return tuple(path), of_key


def message_of(errors: Sequence[ErrorDetails], model: type[BaseModel]) -> str:
    """Say in plain words what is wrong at one place (several errors there are a union's members)."""
    wanted = dict.fromkeys(WANTED[error["type"]] for error in errors if error["type"] in WANTED)
    error = errors[0]
    if error["type"] in WANTED:
        return _wrong_type(error["input"], list(wanted))
    context: Mapping[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return f"the key {error['loc'][-1]!r} is missing"
        case "extra_forbidden":
            word = str(error["loc"][-1])
            return f"unknown key {word!r}{did_you_mean(word, _keys_at(model, error['loc'][:-1]), most=20)}"
        case "literal_error" | "enum":
            right = _choices(model, error, context)
            end = did_you_mean(str(error["input"]), right) if isinstance(error["input"], str) else ""
            choices = ", ".join(choice or '""' for choice in right)
            return f"found {shown(error['input'])}; write one of {choices}{end if '?' in end else ''}"
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            name = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
            bound, limit = next((name[key], limit) for key, limit in context.items() if key in name)
            return f"found {shown(error['input'])}; it must be {bound} {limit}"
        case "string_too_short" | "too_short" if context.get("min_length") == 1:
            return "this must not be empty"
        case "string_too_short" | "too_short" | "string_too_long" | "too_long":
            few = "min_length" in context
            bound = f"at least {context['min_length']}" if few else f"at most {context['max_length']}"
            return (
                f"this is too {'short' if few else 'long'}; it must have {bound} {_counted(error['input'])}"
            )
        case "string_pattern_mismatch":
            return f"found {shown(error['input'])}; it must have the form {context['pattern']}"
        case "value_error" | "assertion_error":
            return str(context["error"])
        case _:
            return error["msg"]


def code_of(error: ErrorDetails) -> str:
    """Return the code of an error: one for each kind of mistake, whatever Pydantic calls it."""
    kind = error["type"]
    return CODES.get(kind, "wrong-type" if kind in WANTED else kind.replace("_", "-"))


def _counted(value: Any) -> str:
    return "characters" if isinstance(value, str) else "parts"


def shown(value: Any) -> str:
    """Describe a value as its author sees it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"{json.dumps(value)}"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value if len(value) <= 40 else value[:39] + '…'!r}"
        case Mapping():
            return "keys with values"
        case _:
            return "a list"


def _wrong_type(value: Any, wanted: Sequence[str]) -> str:
    if wanted == ["text"] and isinstance(value, (bool, int, float)):
        return f"found {shown(value)}; for text put it in quotes"
    return f"found {shown(value)}; write {' or '.join(wanted)}"


def _choices(model: type[BaseModel], error: ErrorDetails, context: Mapping[str, Any]) -> list[str]:
    for annotation in _annotations_at(model, error["loc"]):
        if str(get_origin(annotation)) == "typing.Literal":
            return [str(choice) for choice in get_args(annotation)]
    return [str(context["expected"])]


def _keys_at(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    return [
        field.alias or name
        for annotation in _annotations_at(model, location)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel)
        for name, field in annotation.model_fields.items()
    ]


def _annotations_at(annotation: Any, location: Sequence[str | int]) -> Iterator[Any]:
    """Follow an error's location through the types, and yield each type that may stand there."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        tags = [mark.tag for mark in arguments[1:] if isinstance(mark, Tag)]
        if tags and location and location[0] in tags:
            yield from _annotations_at(arguments[0], location[1:])
        elif not tags:
            yield from _annotations_at(arguments[0], location)
    elif origin in (Union, UnionType):
        for argument in arguments:
            yield from _annotations_at(argument, location)
    elif not location:
        yield annotation
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if location[0] == (field.alias or name):
                yield from _annotations_at(field.annotation, location[1:])
        if location[0] == annotation.__name__:  # a union's member is named by its type
            yield from _annotations_at(annotation, location[1:])
    elif arguments:
        yield from _annotations_at(arguments[-1] if arguments[-1] is not ... else arguments[0], location[1:])
