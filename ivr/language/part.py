"""What every piece of a YAML document of ours has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A piece of a document: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
