"""A ledger that tests write by hand, row by row."""

from collections import defaultdict

from sqlalchemy import delete, insert, select, update

from ledger import schema
from ledger.database import open_for_writing
from ledger.reader import LedgerReader
from ledger.rollup_schema import rollup_quarters, rollups
from ledger.rollups import settle, tallies
from ledger.snapshot import snapshot
from ledger.tally import QUARTER_MS, Tally

END = 8 * QUARTER_MS


def visit_row(visit, queue="q", arrived=0, wait_ms=1_000, outcome="answered", kind=None, site="s", **others):
    call = visit.rpartition("/")[0]
    over = outcome is not None
    return {
        "visit": visit, "call": call, "site": site, "node": "n", "queue": queue, "skills": {}, "priority": 0,
        "arrived": arrived, "left": arrived + wait_ms if over else None, "outcome": outcome, "reason": None,
        "wait_ms": wait_ms if over else None, "seat": None, "visit_kind": kind, **others,
    }  # fmt: skip


def talk_row(visit, talk_ms=60_000, began=0, **others):
    call = visit.rpartition("/")[0]
    return {
        "visit": visit, "call": call, "site": "s", "node": "n", "offer": f"{visit}/1", "seat": "a", "began": began,
        "ended": began + talk_ms, "talk_ms": talk_ms, "ended_by": "caller", **others,
    }  # fmt: skip


def state_row(visit, interval, state="wrap-up", lasted=5_000, **others):
    return {
        "site": "s", "node": "n", "seat": "a", "interval": interval, "phone": None, "state": state, "reason": None,
        "offer": f"{visit}/1", "event": "e", "began": 0, "ended": lasted, **others,
    }  # fmt: skip


class Ledger:
    """A ledger that is written by hand."""

    def __init__(self, url):
        self.url = url
        self.engine = open_for_writing(url)
        self.reader = LedgerReader(url)
        self.intervals = 0

    def close(self):
        self.reader.close()
        self.engine.dispose()

    def put(self, *rows, table=schema.visits):
        with self.engine.begin() as connection:
            for row in rows:
                key = list(table.primary_key)
                same = [column == row[column.name] for column in key]
                if connection.scalar(select(key[0]).where(*same)) is None:
                    connection.execute(insert(table), [row])
                else:
                    connection.execute(update(table).where(*same).values(**row))

    def clear(self):
        self.intervals = 0
        with self.engine.begin() as connection:
            for table in (schema.visits, schema.conversations, schema.seat_states, rollups, rollup_quarters):
                connection.execute(delete(table))

    def put_fast(self, rows, table=schema.visits):
        """Put many rows that are not there yet."""
        with self.engine.begin() as connection:
            connection.execute(insert(table), list(rows))

    def drop(self, visit, table=schema.visits):
        with self.engine.begin() as connection:
            connection.execute(delete(table).where(table.c.visit == visit))

    def change(self, what, detail):
        match what:
            case "put":
                self.put(detail)
            case "drop":
                self.drop(detail)
            case "talk":
                self.put(talk_row(detail, talk_ms=1_000 + self.intervals), table=schema.conversations)
            case "hang up":
                self.drop(detail, table=schema.conversations)
            case "state":
                self.intervals += 1
                self.put(state_row(detail[0], self.intervals, detail[1], 7_000), table=schema.seat_states)
            case "settle":
                settle(self.engine, detail)

    def read(self, began=0, ended=END, as_of=END, each=False, which=None):
        found = defaultdict(Tally)
        with snapshot(self.reader) as now:
            for quarter, queue, tally in tallies(now, began, ended, as_of, each=each, which=which):
                found[quarter, queue].add(tally)
        return dict(found)

    def settled(self):
        with self.engine.connect() as connection:
            return list(
                connection.scalars(select(rollup_quarters.c.quarter).order_by(rollup_quarters.c.quarter))
            )

    def visits(self):
        return [visit for visit in self.reader.visits(0, END) if visit.visit_kind != "callback"]
