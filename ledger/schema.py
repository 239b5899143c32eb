"""The ledger's tables. Every moment is UTC in milliseconds since 1970, every duration in milliseconds.

A column may be null exactly when its fact can be unknown, or not known yet: a null end means that it goes on.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, MetaData, String, Table

VERSION = 1

metadata = MetaData()


def _key(name: str, kind: Any = String) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _known(name: str, kind: Any = String) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _maybe(name: str, kind: Any = String) -> Column[Any]:
    return Column(name, kind, nullable=True)


def _origin() -> tuple[Column[Any], Column[Any]]:
    return _known("site"), _known("node")


calls = Table(
    "calls",
    metadata,
    _key("call"),
    *_origin(),
    _known("ani"),
    _known("dnis"),
    _known("trunk"),
    _known("flow"),
    _known("flow_version"),
    _known("language"),
    _known("began", BigInteger),
    _maybe("ended", BigInteger),
    _maybe("outcome"),
    _maybe("detail"),
    Index("calls_began", "began"),
)

path = Table(
    "path",
    metadata,
    _key("call"),
    _key("step", Integer),
    *_origin(),
    _known("flow"),
    _known("flow_node"),
    _known("language"),
    _known("entered", BigInteger),
    _maybe("left", BigInteger),
    _maybe("exit"),
)

visits = Table(
    "visits",
    metadata,
    _key("visit"),
    _known("call"),
    *_origin(),
    _known("queue"),
    _known("skills", JSON),
    _known("priority", Integer),
    _known("arrived", BigInteger),
    _maybe("left", BigInteger),
    _maybe("outcome"),
    _maybe("reason"),
    _maybe("wait_ms", BigInteger),
    _maybe("seat"),
    Index("visits_arrived", "arrived"),
    Index("visits_call", "call"),
)

offers = Table(
    "offers",
    metadata,
    _key("offer"),
    _known("visit"),
    _known("call"),
    *_origin(),
    _known("seat"),
    _known("phone"),
    _known("why", JSON),
    _known("made", BigInteger),
    _maybe("ended", BigInteger),
    _maybe("outcome"),
    Index("offers_call", "call"),
    Index("offers_made", "made"),
)

rings = Table(
    "rings",
    metadata,
    _key("ring"),
    _known("offer"),
    _known("visit"),
    _known("call"),
    *_origin(),
    _known("seat"),
    _known("phone"),
    _known("began", BigInteger),
    _maybe("ended", BigInteger),
    _maybe("outcome"),
    _maybe("cause", Integer),
    _maybe("tech_cause"),
    Index("rings_call", "call"),
)

conversations = Table(
    "conversations",
    metadata,
    _key("visit"),
    _known("call"),
    *_origin(),
    _maybe("offer"),
    _maybe("seat"),
    _known("began", BigInteger),
    _maybe("ended", BigInteger),
    _maybe("talk_ms", BigInteger),
    _maybe("ended_by"),
    Index("conversations_began", "began"),
    Index("conversations_call", "call"),
)

seat_states = Table(
    "seat_states",
    metadata,
    _key("site"),
    _key("node"),
    _key("seat"),
    _key("interval", Integer),
    _maybe("phone"),
    _known("state"),
    _maybe("reason"),
    _maybe("offer"),
    _known("event"),
    _known("began", BigInteger),
    _maybe("ended", BigInteger),
    Index("seat_states_began", "began"),
)

callbacks_noted = Table(
    "callbacks_noted",
    metadata,
    _key("note"),
    _known("call"),
    *_origin(),
    _known("number"),
    _known("noted", BigInteger),
)

engine_runs = Table(
    "engine_runs",
    metadata,
    _key("site"),
    _key("node"),
    _key("began", BigInteger),
    _known("version"),
    _maybe("ended", BigInteger),
    _maybe("how"),
)

journal_position = Table(
    "journal_position",
    metadata,
    _key("site"),
    _key("node"),
    _known("journal"),
    _known("segment", Integer),
    _known("offset", BigInteger),
)

ledger_version = Table("ledger_version", metadata, _key("version", Integer))

for _table, _end in ((calls, "ended"), (visits, "left"), (conversations, "ended"), (seat_states, "ended")):
    # What is going on now is asked for every second by the live view, and is few among many.
    _open = _table.c[_end].is_(None)
    Index(f"{_table.name}_open", _table.c.site, sqlite_where=_open, postgresql_where=_open)
