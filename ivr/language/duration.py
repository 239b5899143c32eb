"""Durations as people write them: ``5s``, ``1m30s``, ``500ms``, ``2h``."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
PATTERN = r"^(\d{1,4}(\.\d{1,3})?(ms|d|h|m|s))+$"
WHOLE = re.compile(PATTERN)
PART = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")


def milliseconds(written: Any) -> int:
    """Return the milliseconds of a written duration; raise `PydanticCustomError` when it is none."""
    text = "".join(written.split()) if isinstance(written, str) else ""
    parts = PART.findall(text) if WHOLE.match(text) else []
    units = [unit for _, unit in parts]
    if not parts or units != sorted(set(units), key=list(MILLISECONDS).index):
        shown = repr(written) if isinstance(written, str) else f"the number {written}"
        if isinstance(written, (list, dict)) or written is None:
            shown = "no duration"
        raise PydanticCustomError(
            "duration",
            "found {shown}; write a duration with its unit, as 5s, 500ms, 1m30s or 2h",
            {"shown": shown},
        )
    return round(sum(float(number) * MILLISECONDS[unit] for number, unit in parts))


def seconds(written: Any) -> float:
    """Return the seconds of a written duration; raise `PydanticCustomError` when it is none."""
    return milliseconds(written) / 1000


SCHEMA = WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["5s", "1m30s", "500ms"]})
Milliseconds: TypeAlias = Annotated[int, BeforeValidator(milliseconds), SCHEMA]
Seconds: TypeAlias = Annotated[float, BeforeValidator(seconds), SCHEMA]
