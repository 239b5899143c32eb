"""Call-backs that are dialled, tiers and owners, plans, waits told, interventions, healings."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import JSON, BigInteger, Column, Integer, String, column, select, table, update

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ORIGIN = ("site", "node")


def upgrade() -> None:
    """Add the columns, null in all rows that are there, and the tables."""
    op.add_column("calls", Column("call_kind", String))
    op.add_column("visits", Column("visit_kind", String))
    op.add_column("visits", Column("credit_ms", BigInteger))
    op.add_column("visits", Column("tier", Integer))
    op.add_column("visits", Column("owner", String))
    op.create_table(
        "callback_tries",
        *_key("callback"),
        *_key("attempt", kind=Integer),
        *_known(*_ORIGIN, "offer", "outcome"),
        *_known("tried", kind=BigInteger),
        Column("again", BigInteger),
    )
    op.create_table("plans", *_key(*_ORIGIN), *_key("adopted", kind=BigInteger), *_known("plan", kind=JSON))
    op.create_table(
        "waits_told",
        *_key("visit"),
        *_key("told", kind=BigInteger),
        *_known("call", *_ORIGIN),
        *_known("position", kind=Integer),
        Column("low_ms", BigInteger),
        Column("high_ms", BigInteger),
    )
    op.create_table(
        "interventions",
        *_key(*_ORIGIN),
        *_key("intervened", kind=BigInteger),
        *_key("action", "subject"),
        *_known("intervened_by"),
        *_known("detail", kind=JSON),
        Column("until", BigInteger),
    )
    op.create_table(
        "healings",
        *_key(*_ORIGIN),
        *_key("healed", kind=BigInteger),
        *_key("what", "subject"),
        *_known("cause"),
    )
    _give_wrap_ups_their_offer()


def _give_wrap_ups_their_offer() -> None:
    """Let each wrap-up belong to the conversation before it, as it does from now on."""
    names = ("site", "node", "seat", "interval", "state", "offer")
    wrap_up = table("seat_states", *(column(name) for name in names))
    talk = wrap_up.alias()
    same = (talk.c.site == wrap_up.c.site, talk.c.node == wrap_up.c.node, talk.c.seat == wrap_up.c.seat)
    before = select(talk.c.offer).where(*same, talk.c.interval == wrap_up.c.interval - 1).scalar_subquery()
    without = (wrap_up.c.state == "wrap-up", wrap_up.c.offer.is_(None))
    op.execute(update(wrap_up).where(*without).values(offer=before))


def _key(*names: str, kind: Any = String) -> list[Column[Any]]:
    return [Column(name, kind, primary_key=True, autoincrement=False) for name in names]


def _known(*names: str, kind: Any = String) -> list[Column[Any]]:
    return [Column(name, kind, nullable=False) for name in names]
