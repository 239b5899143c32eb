"""The first released schema: calls and what became of them, seats, call-backs, recordings, notices, flows."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, MetaData, String, Table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

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

visit_wishes = Table(
    "visit_wishes",
    metadata,
    _key("visit"),
    _known("call"),
    *_origin(),
    _known("attributes", JSON),
    _maybe("seat"),
)

callbacks = Table(
    "callbacks",
    metadata,
    _key("callback"),
    _known("call"),
    *_origin(),
    _known("queue"),
    _known("number"),
    _known("language"),
    _known("skills", JSON),
    _known("priority", Integer),
    _known("asked", BigInteger),
    _maybe("due", BigInteger),
    _maybe("visit"),
    _maybe("ended", BigInteger),
    _maybe("outcome"),
    _maybe("ended_by"),
    Index("callbacks_asked", "asked"),
)

tags = Table(
    "tags",
    metadata,
    _key("call"),
    _key("name"),
    *_origin(),
    _known("value"),
    _known("tagged", BigInteger),
    Index("tags_name", "name", "value"),
)

survey_answers = Table(
    "survey_answers",
    metadata,
    _key("call"),
    _key("visit"),
    _key("survey"),
    _key("question"),
    *_origin(),
    _maybe("queue"),
    _maybe("seat"),
    _known("answer", Integer),
    _known("answered", BigInteger),
    Index("survey_answers_answered", "answered"),
)

notices_heard = Table(
    "notices_heard",
    metadata,
    _key("call"),
    _key("notice"),
    *_origin(),
    _known("heard", BigInteger),
    Index("notices_heard_heard", "heard"),
)

transfers = Table(
    "transfers",
    metadata,
    _key("call"),
    _key("ended", BigInteger),
    *_origin(),
    _known("number"),
    _known("outcome"),
    _known("talked_ms", BigInteger),
    Index("transfers_ended", "ended"),
)

recordings = Table(
    "recordings",
    metadata,
    _key("recording"),
    _known("call"),
    *_origin(),
    _known("recording_kind"),
    _known("box"),
    _known("file"),
    _known("seconds", Float),
    _known("kept", BigInteger),
    _maybe("mark"),
    _maybe("marked", BigInteger),
    _maybe("marked_by"),
    Index("recordings_kept", "kept"),
)

notices = Table(
    "notices",
    metadata,
    _key("site"),
    _key("node"),
    _key("notice"),
    _key("changed", BigInteger),
    _known("is_on", Boolean),
    _known("changed_by"),
    _known("texts", JSON),
    _known("areas", JSON),
    _known("services", JSON),
    _maybe("until", BigInteger),
    Index("notices_changed", "changed"),
)

flow_versions = Table(
    "flow_versions",
    metadata,
    _key("site"),
    _key("node"),
    _key("flow"),
    _key("began", BigInteger),
    _key("how"),
    _known("version"),
    _known("share", Float),
    _maybe("began_by"),
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
    _open = _table.c[_end].is_(None)
    Index(f"{_table.name}_open", _table.c.site, sqlite_where=_open, postgresql_where=_open)


def upgrade() -> None:
    """Make the tables that are not there."""
    metadata.create_all(op.get_bind())
