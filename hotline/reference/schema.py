"""JSON Schemas of the documents that people write, for editors: completion, explanations, red underlines."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from hotline.reference.config import duration
from hotline.settings import Settings
from ivr.language.duration import PATTERN
from ivr.language.flow import Flow, HoursFile, PromptFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENTS: Mapping[str, type[BaseModel]] = {
    "flow": Flow,
    "prompts": PromptFile,
    "hours": HoursFile,
    "config": Settings,
}


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a document, as an editor shows it best."""
    tidied: dict[str, Any] = _tidied(model.model_json_schema())
    return {"$schema": DIALECT, **tidied}


def _tidied(part: Any, *, names: bool = False) -> Any:
    """Return a schema without what only programs write; ``names``: its keys are names and no words of the schema."""
    if isinstance(part, list):
        return [_tidied(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    tidied = {
        key: _tidied(inner, names=key in ("properties", "patternProperties", "$defs") and not names)
        for key, inner in part.items()
        if names or key not in ("title", "default", "discriminator")
    }
    if names:
        return tidied
    if "description" in part:
        tidied["description"] = " ".join(inspect.cleandoc(part["description"]).replace("``", "`").split())
    if "patternProperties" in part:
        tidied["additionalProperties"] = False
    if part.get("default") not in (None, [], {}):
        tidied["default"] = written(part)
    return tidied


def written(part: Mapping[str, Any]) -> Any:
    """Return a schema's default as a person writes it: a duration with its unit."""
    default = part["default"]
    if any(choice.get("pattern") == PATTERN for choice in (part, *part.get("anyOf", ()))):
        return duration(default if isinstance(default, int) else round(default * 1000))
    return default
