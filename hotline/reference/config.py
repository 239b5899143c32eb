"""The reference of ``config.yaml``, made from the models that check it: a page for people, a schema for editors."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from hotline.settings import Settings
from ivr.language.duration import MILLISECONDS, PATTERN

Schema = Mapping[str, Any]

HEAD = """\
# The site's file: config.yaml

Every key of `config.yaml`. This page is made from the program's own models, and a test keeps it up to date.
`hotline check` tells every mistake in the file with line and column. A change counts from the next start.

- A key without a default must be there.
- A duration has its unit: `500ms`, `5s`, `1m30s`, `2h`.
- Numbers that are dialled stand in quotes (`"10000"`, `"6001"`): YAML takes `0755` for an octal number.
- A name has letters of the English alphabet, digits, `_`, `.` and `-`, at most 40, and begins with a letter or digit.
- `NAME` and `NUMBER` in a heading are yours to choose; there may be many.
- Passwords do not stand here. A trunk's comes from the environment; all others are made at first run and kept in
  `secrets.json` in the data folder (`hotline phones` shows the phones').

The sample `config.yaml` beside the program is a whole site to begin with. Trunks have a page of their own with
examples: [trunks.md](trunks.md).
"""
KEY_FORMS = {r"^\+?[0-9]{1,20}$": "NUMBER", r"^[0-9]{2,10}$": "NUMBER"}
FORMS = {r"^\+?[0-9]{1,20}$": "a number in quotes", PATTERN: "duration"}


class Undocumented(Exception):
    """Keys without a description; ``keys`` names them."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys
        super().__init__(f"give these keys a description in their models: {', '.join(keys)}")


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``config.yaml``, for editors."""
    return Settings.model_json_schema() | {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def config_page(model: type[BaseModel] = Settings) -> str:
    """Return the page for people, as Markdown. Raises `Undocumented`."""
    schema = model.model_json_schema()
    parts = [HEAD]
    missing: list[str] = []
    for path, part in sections(schema, schema["$defs"], ""):
        parts.append(_section(path, part, schema["$defs"]))
        missing += [
            ".".join(filter(None, (path, key)))
            for key, of in part["properties"].items()
            if "description" not in of
        ]
    if missing:
        raise Undocumented(missing)
    return "\n".join(parts)


def sections(schema: Schema, parts: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Yield the schema and all that it holds, each with its path, in the file's order."""
    yield path, schema
    for key, of in schema["properties"].items():
        for form, inner in _parts_of(of, parts):
            yield from sections(inner, parts, ".".join(filter(None, (path, key, form))))


def _parts_of(of: Schema, parts: Schema) -> Iterator[tuple[str, Schema]]:
    if "$ref" in of:
        yield "", parts[of["$ref"].rpartition("/")[2]]
    for choice in (*of.get("anyOf", ()), *of.get("oneOf", ())):
        yield from _parts_of(choice, parts)
    for pattern, value in of.get("patternProperties", {}).items():
        for _, inner in _parts_of(value, parts):
            yield KEY_FORMS.get(pattern, "NAME"), inner


def _section(path: str, part: Schema, parts: Schema) -> str:
    lines = [
        f"## {path or 'The whole file'}",
        "",
        inspect.cleandoc(part["description"]).partition("\n")[0].replace("``", "`"),
        "",
    ]
    lines += ["| key | what is written | default | meaning |", "|---|---|---|---|"]
    for key, of in part["properties"].items():
        row = (f"`{key}`", kind(of, parts), default(key, of, part), of.get("description", ""))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines) + "\n"


def kind(of: Schema, parts: Schema) -> str:
    """Say in words what may be written for a key."""
    match of:
        case {"$ref": str()}:
            return "keys, see below"
        case {"anyOf": choices}:
            return " or ".join(kind(choice, parts) for choice in choices if choice != {"type": "null"})
        case {"enum": choices}:
            return " or ".join(f"`{choice}`" for choice in choices)
        case {"type": "array", "items": items}:
            return f"list of: {kind(items, parts)}"
        case {"type": "object", "additionalProperties": True}:
            return "any JSON keys"
        case {"type": "object"}:
            value = of.get("additionalProperties") or next(iter(of["patternProperties"].values()))
            if "$ref" in value or "oneOf" in value:
                return "names, see below"
            return f"names, each with {_article(kind(value, parts))}"
        case {"type": "boolean"}:
            return "`true` or `false`"
        case {"type": "integer"}:
            return "whole number" + _limits(of)
        case {"format": "path"}:
            return "path"
        case {"pattern": pattern} if pattern in FORMS:
            return FORMS[pattern]
        case _:
            return "text"


def _article(words: str) -> str:
    return words if words.startswith(("names", "list")) else f"a {words}"


def _limits(of: Schema) -> str:
    match of.get("minimum"), of.get("maximum"):
        case None, None:
            return ""
        case least, None:
            return f", at least {least}"
        case least, most:
            return f", {least} to {most}"


def default(key: str, of: Schema, part: Schema) -> str:
    """Say what counts when a key is not there."""
    if key in part.get("required", ()):
        return "must be there"
    value = of.get("default")
    match value:
        case dict() if value:
            return "see below"
        case None | [] | {}:
            return "nothing"
        case int() if of.get("pattern") == PATTERN:
            return f"`{duration(value)}`"
        case list():
            return "`[" + ", ".join(value) + "]`"
        case bool():
            return "`true`" if value else "`false`"
    return f"`{value}`"


def duration(milliseconds: int) -> str:
    """Write a duration in the greatest units that it divides into: 90,000 is ``1m30s``."""
    written = ""
    for unit, size in MILLISECONDS.items():
        count, milliseconds = divmod(milliseconds, size)
        written += f"{count}{unit}" if count else ""
    return written or "0s"


if __name__ == "__main__":
    sys.stdout.write(config_page())
