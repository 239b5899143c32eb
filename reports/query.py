"""What a report is asked: which calls, of when, cut how, measured by which definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from reports.measures import Definition

IntervalName: TypeAlias = Literal["15m", "30m", "hour", "day", "week", "month", "weekday"]
DimensionName: TypeAlias = Literal["dnis", "tag", "seat", "flow-version"]
By: TypeAlias = IntervalName | DimensionName
BusyHourName: TypeAlias = Literal["sliding", "clock", "half-hours", "tcbh", "adph", "fixed"]

ALL = "all"
EACH = "each"
MOST_LISTED = 200


def moment(ms: int, zone: ZoneInfo) -> datetime:
    """Return a moment, UTC ms, as it was on the clocks of a zone."""
    return datetime.fromtimestamp(ms / 1_000, zone)


class BadQuery(Exception):
    """A report cannot be made of what was asked. Says what is wrong, and what to write."""


class UnknownQueue(BadQuery):
    """A queue's name that neither the site nor the ledger knows."""

    def __init__(self, queue: str, known: tuple[str, ...]) -> None:
        self.queue, self.known = queue, known
        names = ", ".join(known) or "none yet"
        super().__init__(f"there is no queue {queue!r}; the queues are: {names} (or write {ALL} or {EACH})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question to a report. Moments are UTC ms; the period is half-open: ``began`` in, ``ended`` out.

    ``queue`` is ``all`` (each call once), ``each``, or a queue's name. ``queues`` are those that the site has: they
    are shown, in this order, even when nobody came. ``as_of`` is the report's moment: until then has waited who
    still waits. ``fixed`` is the hour of day of the busy hour named so. ``preset`` is a name of `reports.presets`,
    whose targets are shown; the definition is taken from ``definition`` all the same. Without ``site``, all sites.

    ``numbers``: callers' numbers are shown in full. For the search of calls alone: ``number`` is a caller's, or its
    last digits; ``outcome`` of the wait or of the call; ``longer_than_ms`` is what the caller waited; ``limit``.
    """

    began: int
    ended: int
    as_of: int
    zone: ZoneInfo
    queue: str = ALL
    queues: tuple[str, ...] = ()
    by: By = "hour"
    definition: Definition = field(default_factory=Definition)
    all_formulas: bool = False
    busy_hour: BusyHourName = "sliding"
    fixed: time | None = None
    dnis: str | None = None
    seat: str | None = None
    flow_version: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    preset: str | None = None
    site: str | None = None
    numbers: bool = False
    number: str | None = None
    outcome: str | None = None
    longer_than_ms: int | None = None
    limit: int = MOST_LISTED

    def __post_init__(self) -> None:
        if self.ended < self.began:
            raise BadQuery("the period ends before it begins; exchange --from and --to")
        if (self.fixed is not None) != (self.busy_hour == "fixed"):
            raise BadQuery(
                "the busy hour “fixed” needs its hour of day, and no other has one: write fixed=10:00"
            )

    @property
    def filtered(self) -> bool:
        """Tell whether only some calls are asked for, by a fact that no roll-up has."""
        return bool(self.dnis or self.seat or self.flow_version or self.tags)

    def definitions(self) -> dict[str, Any]:
        """Return what the figures follow, by the stable names that JSON has under ``definition``."""
        named: dict[str, Any] = {
            "from": moment(self.began, self.zone),
            "to": moment(self.ended, self.zone),
            "as_of": moment(self.as_of, self.zone),
            "timezone": self.zone.key,
            "site": self.site,
            "queue": self.queue,
            "formula": self.definition.formula,
            "threshold": self.definition.threshold,
            "short_abandon_s": self.definition.short,
            "busy_hour": f"fixed={self.fixed:%H:%M}" if self.fixed else self.busy_hour,
            "preset": self.preset,
            "dnis": self.dnis,
            "seat": self.seat,
            "flow_version": self.flow_version,
            "tags": dict(self.tags) or None,
        }
        return {name: value for name, value in named.items() if value is not None}
