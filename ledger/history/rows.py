"""From a call's story to rows of the ledger, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Table

from ledger.history.story import END_UNKNOWN, Rang, Stay, Story
from ledger.schema import calls, conversations, offers, rings, visits

NODE = "imported"
TABLES = (calls, visits, offers, rings, conversations)

Rows: TypeAlias = Mapping[Table, Sequence[Mapping[str, Any]]]


def call_id(site: str, call: str) -> str:
    """Return the ledger's id of a call that another program names ``call``: never one of our own engines' ids."""
    return f"{site}:{call}"


def rows(story: Story, site: str) -> Rows:
    """Return a story as rows. The same story gives the same rows and ids, wherever its lines stood."""
    call = call_id(site, story.call)
    origin = {"call": call, "site": site, "node": NODE}
    about = {"ani": story.ani, "dnis": story.dnis, "outcome": story.outcome, "detail": None}
    unknown = {"trunk": "", "flow": "", "flow_version": "", "language": ""}
    made: dict[Table, list[dict[str, Any]]] = {table: [] for table in TABLES}
    made[calls].append(origin | about | unknown | {"began": story.began, "ended": story.ended})
    for number, stay in enumerate(story.stays, 1):
        visit = f"{call}/{number}"
        made[visits].append(origin | {"visit": visit} | _visit(stay))
        answered = None
        for count, ring in enumerate(stay.rings, 1):
            offer = f"{visit}/{count}"
            answered = offer if ring.outcome == "answered" else answered
            seat = {
                "visit": visit,
                "seat": ring.seat,
                "phone": "",
                "ended": ring.ended,
                "outcome": ring.outcome,
            }
            made[offers].append(origin | seat | {"offer": offer, "why": {}, "made": ring.began})
            cause = {"cause": None, "tech_cause": None}
            made[rings].append(
                origin | seat | cause | {"ring": f"{offer}/1", "offer": offer, "began": ring.began}
            )
        if stay.outcome == "answered":
            made[conversations].append(origin | {"visit": visit, "offer": answered} | _conversation(stay))
    return made


def story(call: str, found: Rows) -> Story:
    """Return the story that rows tell of the call that the other program names ``call``."""
    (row,) = found[calls]
    talks = {talk["visit"]: talk for talk in found[conversations]}
    rung: dict[str, list[Rang]] = {}
    for ring in found[offers]:
        rang = Rang(ring["seat"], ring["made"], ring["ended"], ring["outcome"])
        rung.setdefault(ring["visit"], []).append(rang)
    return Story(
        call=call,
        began=row["began"],
        ended=row["ended"],
        ani=row["ani"],
        dnis=row["dnis"],
        stays=[
            _stay(visit, rung.get(visit["visit"], []), talks.get(visit["visit"])) for visit in found[visits]
        ],
    )


def _visit(stay: Stay) -> dict[str, Any]:
    if stay.left is None:
        # Nobody waits for years: a stay whose end no log tells lasted at least until the log last spoke of it.
        last = max(stay.heard, stay.arrived)
        end = {"left": last, "outcome": "other", "reason": END_UNKNOWN, "wait_ms": last - stay.arrived}
    else:
        end = {"left": stay.left, "outcome": stay.outcome, "reason": stay.reason, "wait_ms": stay.wait_ms}
    return end | {
        "queue": stay.queue,
        "skills": {},
        "priority": 0,
        "arrived": stay.arrived,
        "seat": stay.seat,
    }


def _conversation(stay: Stay) -> dict[str, Any]:
    # Of a conversation whose end no log tells nothing is known but that it began.
    ended = stay.left if stay.talk_ended is None else stay.talk_ended
    return {
        "seat": stay.seat,
        "began": stay.left,
        "ended": ended,
        "talk_ms": stay.talk_ms,
        "ended_by": stay.ended_by,
    }


def _stay(visit: Mapping[str, Any], rung: Iterable[Rang], talk: Mapping[str, Any] | None) -> Stay:
    is_over = visit["reason"] != END_UNKNOWN
    talk_over = talk is not None and talk["talk_ms"] is not None
    return Stay(
        queue=visit["queue"],
        arrived=visit["arrived"],
        arrival_told=False,
        heard=visit["left"],
        left=visit["left"] if is_over else None,
        outcome=visit["outcome"] if is_over else None,
        reason=visit["reason"] if is_over else None,
        wait_ms=visit["wait_ms"] if is_over else None,
        seat=visit["seat"],
        rings=list(rung),
        talk_ended=talk["ended"] if talk is not None and talk_over else None,
        talk_ms=talk["talk_ms"] if talk is not None and talk_over else None,
        ended_by=talk["ended_by"] if talk is not None and talk_over else None,
    )
