"""What remains of a file without its mistakes, so that the rest of it is checked in the same go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from ivr.reading.problem import Problem
from ivr.reading.source import Source, misfits
from ivr.reading.validation import path_of

ROUNDS = 10  # what is left out may be missed by what holds it, which is then left out too
NO_DATA: Mapping[str, Any] = {}

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Remainder(Generic[M]):
    """A model of what is right in a file; None where nothing is. ``left_out`` are the paths of what is not in it."""

    made: M | None
    problems: list[Problem]
    left_out: set[Path] = field(default_factory=set)


def remainder(source: Source, model: type[M], instead: Mapping[str, Any] = NO_DATA) -> Remainder[M]:
    """Make a model of what is right in a source, and tell what is wrong.

    Of a mapping or list at the top its wrong parts are left out, of a part an unknown key alone; ``instead`` is what
    counts for a key at the top that cannot be used.
    """
    try:
        return Remainder(model.model_validate(source.data), [])
    except ValidationError as error:
        problems, wrong = misfits(source, model, error), list(_paths(error, source.data))
    left_out: set[Path] = set()
    if not isinstance(source.data, dict):
        return Remainder(None, problems)
    rest = {key: _copy(part) for key, part in source.data.items()}
    for _ in range(ROUNDS):
        for path, is_extra in wrong:
            left_out.add(_leave_out(rest, path, is_extra))
        for key, part in source.data.items():
            if isinstance(part, list) and isinstance(rest.get(key), list):
                rest[key] = [one for one in rest[key] if one is not _Gone]
            if part and key in rest and rest[key] in ({}, []):
                del rest[key]
        rest.update({key: value for key, value in instead.items() if key not in rest})
        try:
            return Remainder(model.model_validate(rest), problems, left_out)
        except ValidationError as error:
            wrong = list(_paths(error, rest))
    return Remainder(None, problems, left_out)


class _Gone:
    """Stands in a list for what was left out of it, until all of it is."""


def _copy(part: Any) -> Any:
    """Copy a part as deep as something may be left out of it."""
    if isinstance(part, dict):
        return {key: dict(inner) if isinstance(inner, dict) else inner for key, inner in part.items()}
    return list(part) if isinstance(part, list) else part


def _paths(error: ValidationError, data: Any) -> Iterator[tuple[Path, bool]]:
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        yield path_of(detail, data)[0], detail["type"] == "extra_forbidden"


def _leave_out(rest: dict[str, Any], path: Path, is_extra: bool) -> Path:
    if not path:
        return path
    top, *inner = path
    part = rest.get(str(top))
    if is_extra and len(inner) == 2 and isinstance(part, dict) and isinstance(part.get(str(inner[0])), dict):
        part[str(inner[0])].pop(str(inner[1]), None)
        return path
    if inner and isinstance(part, dict):
        part.pop(str(inner[0]), None)
        return path[:2]
    if inner and isinstance(part, list) and isinstance(inner[0], int):
        part[inner[0]] = _Gone
        return path[:2]
    rest.pop(str(top), None)
    return path[:1]
