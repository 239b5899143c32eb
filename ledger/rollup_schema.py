"""The tables of the roll-ups, the triggers that keep them true, and indexes that reports need.

A quarter-hour is settled when it stands in ``rollup_quarters``; only then do its rows in ``rollups`` count. Whatever
changes a fact that a roll-up is made of, be it the writer, an import, an erasure or a person with a database client,
unsettles the quarters of that call in the same transaction. So a roll-up cannot be out of date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import Template

from sqlalchemy import DDL, JSON, BigInteger, Column, Index, Integer, String, Table, event, text

from ledger import schema
from ledger.tally import QUARTER_MS

LOCK = 10_010  # PostgreSQL's advisory lock: shared by who changes a fact, held alone by who settles

rollup_quarters = Table(
    "rollup_quarters",
    schema.metadata,
    Column("quarter", Integer, primary_key=True, autoincrement=False),  # quarter-hours since 1970, UTC
)

rollups = Table(
    "rollups",
    schema.metadata,
    Column("quarter", Integer, primary_key=True, autoincrement=False),
    Column("queue", String, primary_key=True),  # empty: all calls, each once
    Column("site", String, primary_key=True),
    Column("answered", Integer, nullable=False),
    Column("abandoned", Integer, nullable=False),
    Column("overflowed", Integer, nullable=False),
    Column("called_back", Integer, nullable=False),
    Column("other", Integer, nullable=False),
    Column("waits", JSON, nullable=False),
    Column("handled", Integer, nullable=False),
    Column("talk_ms", BigInteger, nullable=False),
    Column("hold_ms", BigInteger, nullable=False),
    Column("wrap_up_ms", BigInteger, nullable=False),
    Column("callbacks", Integer, nullable=False),
)

LONG_MS = 3_600_000
DAYS_MS = 86_400_000


def _lasting(table: Table, name: str, least: int) -> Index:
    """What lasted long is rare, and is found without looking at all that began before."""
    long = text(f"ended - began > {least}")
    return Index(f"{table.name}_{name}", table.c.began, sqlite_where=long, postgresql_where=long)


_offered = schema.seat_states.c.offer.is_not(None)
INDEXES = (
    Index("seat_states_offer", schema.seat_states.c.offer, sqlite_where=_offered, postgresql_where=_offered),
    *(_lasting(table, "long", LONG_MS) for table in (schema.seat_states, schema.conversations)),
    *(_lasting(table, "days", DAYS_MS) for table in (schema.seat_states, schema.conversations)),
)

_CALLS: Mapping[str, str] = {
    "visits": "$row.call",
    "conversations": "$row.call",
    # An id names its whole descent: what is left of an offer's without its last number is the visit's.
    "seat_states": "(SELECT call FROM visits WHERE visit = rtrim(rtrim($row.offer, '0123456789'), '/'))",
}
_FACTS: Mapping[str, tuple[str, ...]] = {
    "visits": ("call", "visit", "site", "queue", "arrived", "left", "outcome", "wait_ms", "visit_kind"),
    "conversations": ("visit", "call", "offer", "talk_ms"),
    "seat_states": ("offer", "state", "began", "ended"),
}
_MATTERS: Mapping[str, str] = {  # what begins and has no end yet is in no roll-up
    "visits": "TRUE",
    "conversations": "$row.talk_ms IS NOT NULL",
    "seat_states": "$row.state IN ('hold', 'wrap-up') AND $row.ended IS NOT NULL AND $row.offer IS NOT NULL",
}
_UNSETTLE = Template("DELETE FROM rollup_quarters WHERE quarter IN ($quarters);")
_QUARTERS = Template("SELECT arrived / $length FROM visits WHERE call IN ($calls)")
_ROWS: Mapping[str, tuple[str, ...]] = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}


def triggers(dialect: str) -> Iterator[str]:
    """Yield the statements that make the triggers, for ``sqlite`` or ``postgresql``. They may be run again."""
    for table in _CALLS:
        for action, rows in _ROWS.items():
            name = f"unsettle_{table}_{action.lower()}"
            body = _UNSETTLE.substitute(quarters=_quarters(table, rows))
            when = _when(table, rows, "IS DISTINCT FROM" if dialect == "postgresql" else "IS NOT")
            if dialect == "postgresql":
                yield (
                    f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    f"PERFORM pg_advisory_xact_lock_shared({LOCK}); {body} RETURN NULL; END $$"
                )
                yield (
                    f"CREATE OR REPLACE TRIGGER {name} AFTER {action} ON {table} "
                    f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()"
                )
            else:
                yield f"CREATE TRIGGER IF NOT EXISTS {name} AFTER {action} ON {table} WHEN {when} BEGIN {body} END"


def _quarters(table: str, rows: tuple[str, ...]) -> str:
    calls = ", ".join(_of(row, _CALLS[table]) for row in rows)
    found = _QUARTERS.substitute(length=QUARTER_MS, calls=calls)
    if table == "visits" and "OLD" in rows:  # it may not be among its call's visits any more
        return f"SELECT OLD.arrived / {QUARTER_MS} UNION ALL {found}"
    return found


def _of(row: str, text: str) -> str:
    return Template(text).substitute(row=row)


def _when(table: str, rows: tuple[str, ...], differs: str) -> str:
    matters = " OR ".join(f"({_of(row, _MATTERS[table])})" for row in rows)
    if len(rows) == 1:
        return matters
    changed = " OR ".join(f'OLD."{fact}" {differs} NEW."{fact}"' for fact in _FACTS[table])
    return f"({changed}) AND ({matters})"


for _dialect in ("sqlite", "postgresql"):
    for _statement in triggers(_dialect):
        # All tables must be there first.
        _made = DDL(_statement)  # type: ignore[no-untyped-call]
        event.listen(schema.metadata, "after_create", _made.execute_if(dialect=_dialect))
