"""Texts with places for what a flow gives, ``{number}``, and for what the environment holds, ``${CRM_TOKEN}``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ivr.house import LookupFailed, Value

PLACE = re.compile(
    r"\{\{(?P<literal>[a-z_][a-z0-9_]*)\}\}"  # {{number}} is the text {number} itself
    r"|\$\{(?P<secret>[A-Z_][A-Z0-9_]*)\}"
    r"|(?<!\$)\{(?P<argument>[a-z_][a-z0-9_]*)\}"
)


def arguments_in(text: str) -> Iterator[str]:
    """Yield the arguments that stand in a text, in order."""
    yield from (place["argument"] for place in PLACE.finditer(text) if place["argument"])


def secrets_in(text: str) -> Iterator[str]:
    """Yield the environment's variables that stand in a text, in order."""
    yield from (place["secret"] for place in PLACE.finditer(text) if place["secret"])


def stray_in(text: str) -> str | None:
    """Return what looks like a place in a text and is none, as ``${token}`` or ``{Number}``; else None."""
    stray = re.search(r"\$\{[^}]*\}?|\{[A-Za-z0-9_]*[A-Z][A-Za-z0-9_]*\}", PLACE.sub("", text))
    return stray[0] if stray else None


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, its keys apart."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts_in(inner)


def as_text(value: Value) -> str:
    """Return a plain value as text. Raises `LookupFailed` for a list or a mapping."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
    raise LookupFailed("an argument is a list or a mapping where a text must stand")


class Template:
    """A text whose secrets are in place, and which is filled with arguments. It has no `repr` that would show them."""

    __slots__ = ("_parts",)

    def __init__(self, text: str, secrets: Mapping[str, str]) -> None:
        parts: list[tuple[str, str | None]] = []  # a text as it stands, and the argument that follows it
        held, end = "", 0
        for place in PLACE.finditer(text):
            held += text[end : place.start()]
            end = place.end()
            if place["argument"]:
                parts.append((held, place["argument"]))
                held = ""
            else:
                held += secrets[place["secret"]] if place["secret"] else f"{{{place['literal']}}}"
        self._parts = (*parts, (held + text[end:], None))

    @property
    def head(self) -> str:
        """What stands before the first argument."""
        return self._parts[0][0]

    @property
    def sole(self) -> str | None:
        """The argument of which the text consists alone; None if there is more to it, or less."""
        return self._parts[0][1] if [held for held, _ in self._parts] == ["", ""] else None

    def filled(self, given: Mapping[str, Value], quoted: Callable[[str], str] = str) -> str:
        """Return the text with every argument in its place, each quoted for it."""
        return "".join(held + (quoted(as_text(given[name])) if name else "") for held, name in self._parts)


class JsonTemplate:
    """A JSON value whose texts are templates. A text of one argument alone becomes that argument's own value."""

    __slots__ = ("_value",)

    def __init__(self, value: Any, secrets: Mapping[str, str]) -> None:
        self._value = _compiled(value, secrets)

    def filled(self, given: Mapping[str, Value]) -> Value:
        """Return the value with every argument in its place."""
        return _filled(self._value, given)


def _compiled(value: Any, secrets: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return Template(value, secrets)
    if isinstance(value, Mapping):
        return {key: _compiled(inner, secrets) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_compiled(inner, secrets) for inner in value]
    return value


def _filled(value: Any, given: Mapping[str, Value]) -> Value:
    if isinstance(value, Template):
        return given[value.sole] if value.sole else value.filled(given)
    if isinstance(value, dict):
        return {key: _filled(inner, given) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, given) for inner in value]
    return value
