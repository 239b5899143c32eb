"""The names of a site that flows may use, so that they are checked without an engine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LookupForm:
    """What a lookup of the site is asked: its arguments, and which of them would stand in a URL."""

    arguments: frozenset[str]
    in_url: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SiteNames:
    """What the site has. ``allows`` tells whether a number may be called; None where none may."""

    queues: Collection[str] = ()
    skills: Collection[str] = ()
    seats: Collection[str] = ()
    lookups: Mapping[str, LookupForm] = field(default_factory=dict)
    allows: Callable[[str], bool] | None = None
    timezone: str = "UTC"
