"""The story of one call in sentences, and as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from ledger.story import Happening
from reports.cell import duration, plain
from reports.document import Language
from reports.happenings import SAID
from reports.number import number_shown
from reports.query import moment

_NUMBERS = ("ani", "number")
_MOMENTS = ("due", "again")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a story: the local time to a thousandth, the time since its beginning, and what happened."""

    clock: str
    since: str
    what: str
    said: str


def lines(
    told: Sequence[Happening], zone: ZoneInfo, language: Language, *, numbers: bool = False
) -> Iterator[Line]:
    """Yield a story line by line; without ``numbers``, with their middle hidden."""
    for happening in told:
        title, parts = SAID[happening.what]
        facts = {
            name: _shown(name, fact, zone, language, numbers)
            for name, fact in happening.facts.items()
            if not _goes_without_saying(name, fact)
        }
        said = [
            part.text(language).format_map(facts)
            for part in parts
            if _fields(part.text(language)) <= facts.keys()
        ]
        at = moment(happening.at, zone)
        since = duration((happening.at - told[0].at) / 1_000, language)
        separator = "，" if language == "zh" else ", "
        yield Line(
            f"{at:%H:%M:%S}.{at.microsecond // 1_000:03}", since, title.text(language), separator.join(said)
        )


def data(told: Sequence[Happening], zone: ZoneInfo, *, numbers: bool = False) -> list[dict[str, Any]]:
    """Return a story as plain data: moments ISO 8601 with offset, durations under ``…_s`` in seconds."""
    return [
        {"at": _iso(happening.at, zone), "what": happening.what}
        | dict(_plain(name, fact, zone, numbers) for name, fact in happening.facts.items())
        for happening in told
    ]


def _plain(name: str, fact: Any, zone: ZoneInfo, numbers: bool) -> tuple[str, Any]:
    if name.endswith("_ms"):
        return f"{name.removesuffix('_ms')}_s", fact / 1_000
    if name in _NUMBERS:
        return name, number_shown(fact, numbers)
    return name, _iso(fact, zone) if name in _MOMENTS else fact


def _shown(name: str, fact: Any, zone: ZoneInfo, language: Language, numbers: bool) -> str:
    if name.endswith("_ms"):
        return duration(fact / 1_000, language)
    if name in _NUMBERS:
        return plain(number_shown(fact, numbers))
    if name in _MOMENTS:
        return f"{moment(fact, zone):%Y-%m-%d %H:%M}"
    if isinstance(fact, Mapping):
        return plain(" ".join(f"{key}={value}" for key, value in fact.items()))
    return plain(str(fact))


def _goes_without_saying(name: str, fact: Any) -> bool:
    """Tell whether people take a fact for granted, as that nothing was added to a wait."""
    usual = {"call_kind": "caller", "visit_kind": "call"}
    return (
        fact == usual.get(name)
        or (name in ("tier", "credit_ms", "priority") and fact == 0)
        or fact in ({}, [])
    )


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _iso(ms: int, zone: ZoneInfo) -> str:
    return moment(ms, zone).isoformat(timespec="milliseconds")
