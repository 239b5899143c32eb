"""What a report is asked at the command line: options, as they were written, read into a query."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import time
from typing import Any, TypeVar, get_args
from zoneinfo import ZoneInfo

from hotline.commands import quantity
from hotline.errors import HotlineError
from hotline.live.screen import definition_of
from hotline.site import Site
from ivr.reading.problem import did_you_mean
from reports.measures import FORMULAS, Definition
from reports.period import parse
from reports.presets import PRESETS
from reports.query import MOST_LISTED, BusyHourName, By, DimensionName, IntervalName, Query

ALL_FORMULAS = "all"
BYS: tuple[By, ...] = (*get_args(IntervalName), *get_args(DimensionName))
BUSY_HOURS: tuple[BusyHourName, ...] = get_args(BusyHourName)
_MOST_S = 86_400
_Name = TypeVar("_Name", bound=str)


class OptionUnclear(HotlineError):
    """What was written for an option is nothing that it takes."""

    def __init__(self, option: str, written: str, why: str) -> None:
        self.option, self.written = option, written
        super().__init__(f"{option}: {written!r} {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of a report as they were written; None where nothing was."""

    from_: str | None
    to: str | None
    queue: str
    by: str
    formula: str | None
    threshold: str | None
    short: str | None
    busy_hour: str
    preset: str | None
    dnis: str | None
    tags: tuple[str, ...]
    seat: str | None
    flow_version: str | None
    numbers: bool = False
    number: str | None = None
    outcome: str | None = None
    longer_than: str | None = None
    limit: int = MOST_LISTED


def one_of(option: str, written: str, known: Iterable[_Name]) -> _Name:
    """Return the one of the known names that was written. Raises `OptionUnclear`."""
    names = tuple(known)
    if written not in names:
        hint = did_you_mean(written, names, most=0)
        raise OptionUnclear(option, written, f"is none of: {', '.join(names)}{hint}")
    return written


def busy_hour_of(written: str) -> tuple[BusyHourName, time | None]:
    """Return a busy hour's name, and the hour of day of a fixed one. Raises `OptionUnclear`."""
    name, equals, hour = written.partition("=")
    if name != "fixed" or not equals:
        if name == "fixed":
            raise OptionUnclear("--busy-hour", written, "needs its hour of day; write fixed=10:00")
        return one_of("--busy-hour", written, BUSY_HOURS), None
    try:
        return "fixed", time.fromisoformat(hour if re.fullmatch(r"\d\d:\d\d", hour) else "")
    except ValueError:
        raise OptionUnclear("--busy-hour", written, "has no hour of day; write fixed=10:00") from None


def tags_of(written: Iterable[str]) -> Mapping[str, str]:
    """Return tags by name. Raises `OptionUnclear`."""
    tags: dict[str, str] = {}
    for tag in written:
        name, equals, value = tag.partition("=")
        if not name or not equals:
            raise OptionUnclear("--tag", tag, "is no tag with its value; write it as topic=billing")
        if tags.setdefault(name, value) != value:
            raise OptionUnclear(
                "--tag", tag, f"contradicts {name}={tags[name]}: a call has one value of a tag"
            )
    return tags


def query_for(asked: Asked, zone: ZoneInfo, now: int, site: Site | None) -> Query:
    """Return what is asked, as of ``now``, UTC ms; the site says which queues there are.

    Raises `OptionUnclear`, `QuantityUnclear`, or a `BadQuery`.
    """
    began, ended = parse(asked.from_, asked.to, zone, now)
    busy_hour, fixed = busy_hour_of(asked.busy_hour)
    return Query(
        began=began,
        ended=ended,
        as_of=now,
        zone=zone,
        queue=asked.queue,
        queues=tuple(site.settings.queues) if site else (),
        by=one_of("--by", asked.by, BYS),
        definition=_definition(asked, site),
        all_formulas=asked.formula == ALL_FORMULAS,
        busy_hour=busy_hour,
        fixed=fixed,
        dnis=asked.dnis,
        seat=asked.seat,
        flow_version=asked.flow_version,
        tags=tags_of(asked.tags),
        preset=asked.preset,
        site=site.name if site else None,
        numbers=asked.numbers,
        number=asked.number,
        outcome=asked.outcome,
        longer_than_ms=_longer_than_ms(asked.longer_than),
        limit=asked.limit,
    )


def _longer_than_ms(written: str | None) -> int | None:
    """Return a wait that was asked for, in milliseconds. Raises `QuantityUnclear`."""
    if written is None:
        return None
    return 1_000 * quantity.whole_seconds("--longer-than", written, most=_MOST_S)


def _definition(asked: Asked, site: Site | None) -> Definition:
    """Return by what is counted: as the options say, else as the preset does, else the site, else by default.

    Raises `OptionUnclear` or `QuantityUnclear`.
    """
    definition = definition_of(site) if site else Definition()
    if asked.preset is not None:
        definition = PRESETS[one_of("--preset", asked.preset, PRESETS)].definition
    changes: dict[str, Any] = {}
    if asked.formula is not None and asked.formula != ALL_FORMULAS:
        changes["formula"] = one_of("--formula", asked.formula, (*FORMULAS, ALL_FORMULAS))
    if asked.threshold is not None:
        changes["threshold"] = quantity.whole_seconds("--threshold", asked.threshold, most=_MOST_S)
    if asked.short is not None:
        changes["short"] = quantity.whole_seconds("--short", asked.short, most=_MOST_S)
    return replace(definition, **changes)
