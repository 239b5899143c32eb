"""Stores calls and seats that other programs told of, so that telling them again changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from ledger.database import open_for_writing, reason
from ledger.errors import LedgerError
from ledger.history.rows import NODE, TABLES, Rows, call_id, rows, story
from ledger.history.seats import Mark, Stretch, joined
from ledger.history.story import Story, merged
from ledger.schema import calls, seat_states

_CALLS = 500  # in one transaction: some 20 ms, for which a running engine's writer waits


class HistoryNotStored(LedgerError):
    """The database stopped taking records."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The ledger takes no records now: {reason}. See that it has room and that no other program holds it, "
            "then import the same files again: what is stored already stays and is not doubled."
        )


class HistoryStore:
    """Where one source's history goes: the records of ``site`` that no engine made.

    The database is made where there is none. Raises ``BadLedgerUrl``, ``LedgerUnreachable`` or ``NewerLedger``.
    """

    def __init__(self, url: str, site: str) -> None:
        self._engine: Engine = open_for_writing(url)
        self._site = site
        self.new_calls = 0
        self.own_calls = 0

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def put(
        self,
        told: Iterable[Story],
        reached: Callable[[int], None],
        join: Callable[[Story, Story], Story] = merged,
    ) -> None:
        """Store calls, each joined with what the ledger has of it; ``reached`` is told how many are done.

        Calls that an engine of this ledger made itself are left alone, and counted in ``own_calls``.
        Raises `HistoryNotStored`; what was stored until then stays.
        """
        rest = iter(told)
        done = 0
        while batch := list(islice(rest, _CALLS)):
            with self._transaction() as connection:
                self._put(connection, batch, join)
            done += len(batch)
            reached(done)

    def put_seats(self, told: Mapping[str, Sequence[Mark]], until: int) -> None:
        """Store what a log that ends at ``until``, UTC ms, tells of seats. Raises `HistoryNotStored`."""
        states = seat_states.c
        for seat, marks in told.items():
            mine = (states.site == self._site, states.node == NODE, states.seat == seat)
            found = select(states.state, states.reason, states.event, states.began, states.ended)
            with self._transaction() as connection:
                stored = [
                    Stretch(*row) for row in connection.execute(found.where(*mine).order_by(states.interval))
                ]
                whole = joined(stored, marks, until)
                if whole != stored:
                    connection.execute(delete(seat_states).where(*mine))
                    connection.execute(
                        insert(seat_states), [self._interval(seat, *one) for one in enumerate(whole, 1)]
                    )

    def _interval(self, seat: str, number: int, stretch: Stretch) -> dict[str, Any]:
        known = {
            "site": self._site,
            "node": NODE,
            "seat": seat,
            "interval": number,
            "phone": None,
            "offer": None,
        }
        return known | asdict(stretch)

    def _put(
        self, connection: Connection, batch: Sequence[Story], join: Callable[[Story, Story], Story]
    ) -> None:
        names = {call_id(self._site, one.call): one.call for one in batch}
        own = set(connection.scalars(select(calls.c.call).where(calls.c.call.in_(names.values()))))
        self.own_calls += len(own)
        stored = _stored(connection, names)
        fresh: dict[Table, list[Mapping[str, Any]]] = {table: [] for table in TABLES}
        stale = []
        for one in batch:
            if one.call in own:
                continue
            made, found = rows(one, self._site), stored.get(call_id(self._site, one.call))
            if found is None:
                self.new_calls += 1
            elif _same(found, made):
                continue
            else:
                made = rows(join(story(one.call, found), one), self._site)
                if _same(found, made):
                    continue
                stale.append(call_id(self._site, one.call))
            for table, more in made.items():
                fresh[table] += more
        if stale:
            for table in TABLES:
                connection.execute(delete(table).where(table.c.call.in_(stale)))
        for table, made_rows in fresh.items():
            if made_rows:
                connection.execute(insert(table), made_rows)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise HistoryNotStored(reason(error)) from error


def _stored(connection: Connection, ids: Iterable[str]) -> dict[str, Rows]:
    """Return the rows of those calls that are in the ledger, in the order of their ids' numbers."""
    wanted = list(ids)
    known = list(connection.scalars(select(calls.c.call).where(calls.c.call.in_(wanted))))
    found: dict[str, dict[Table, list[Mapping[str, Any]]]] = {}
    for table in TABLES if known else ():
        key = next(iter(table.primary_key))
        # Ids end in numbers: the shorter one is the lower.
        ordered = select(table).where(table.c.call.in_(known)).order_by(func.length(key), key)
        names = [column.name for column in table.c]
        for values in connection.execute(ordered):
            row = dict(zip(names, values, strict=True))
            rows_of = found.setdefault(row["call"], {each: [] for each in TABLES})
            rows_of[table].append(row)
    return dict(found)


def _same(found: Rows, made: Rows) -> bool:
    """Tell whether stored rows say what new ones do; columns that no history fills are left aside."""
    return all(
        len(found[table]) == len(made[table])
        and all(
            kept[name] == value
            for row, kept in zip(made[table], found[table], strict=True)
            for name, value in row.items()
        )
        for table in TABLES
    )
