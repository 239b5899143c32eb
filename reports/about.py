"""What every report that counts no queues says of itself: of when it is, and which calls it is about."""

from __future__ import annotations

from typing import Any

from reports.document import Words
from reports.query import Query, moment

_OF_QUEUES = ("formula", "threshold", "short_abandon_s", "busy_hour", "preset")


def about(query: Query) -> dict[str, Any]:
    """Return what a report follows, without the definitions that only queues are measured by."""
    return {name: value for name, value in query.definitions().items() if name not in _OF_QUEUES}


def times(query: Query) -> Words:
    """Return the sentence that tells time zone and moment."""
    as_of = f"{moment(query.as_of, query.zone):%Y-%m-%d %H:%M:%S}"
    return Words(
        f"Times are in {query.zone.key}; figures as of {as_of}.",
        f"时间为 {query.zone.key}；数据截至 {as_of}。",
    )
