"""A ledger made of a few calls, told in the words of whoever makes up a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ledger.database import open_for_writing
from ledger.events import (
    CallBegan,
    CallEnded,
    ConversationEnded,
    Event,
    NodeEntered,
    NodeLeft,
    OfferEnded,
    OfferMade,
    SeatChanged,
    VisitBegan,
    VisitEnded,
)
from ledger.fold import Fold
from reports.document import Report
from reports.query import Query

ZONE = ZoneInfo("Asia/Shanghai")
T = 1_790_000_000_000  # where a period begins, UTC ms
S = 1_000
MIN = 60 * S
HOUR = 60 * MIN
DAY = 24 * HOUR


def ledger(folder: Path, *events: Event) -> str:
    """Put events into a new ledger in a folder; return its URL."""
    return put(f"sqlite:///{folder}/ledger.sqlite", *events)


def put(url: str, *events: Event) -> str:
    """Put events into an empty database, in the order of time; return its URL."""
    engine = open_for_writing(url)
    fold = Fold(engine.dialect.name, "site", "node")
    with engine.begin() as connection:
        for event in sorted(events, key=lambda event: event.at):
            fold.take(connection, event)
        fold.save(connection, "journal", (1, 0))
    engine.dispose()
    return url


def asked(began: int = T, ended: int = T + DAY, **more: Any) -> Query:
    """Return a question on a day, asked ten days later."""
    return Query(**{"began": began, "ended": ended, "as_of": T + 10 * DAY, "zone": ZONE} | more)


def rows(report: Report, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Return some cells of each row of a report's table."""
    (found,) = (one for one in report.tables if one.name == table)
    names = [column.name for column in found.columns]
    assert all(len(row) == len(names) for row in found.rows)
    return [tuple(row[names.index(column)] for column in columns) for row in found.rows]


def total(report: Report, table: str, *columns: str) -> tuple[Any, ...]:
    """Return some cells of the total of a report's table."""
    (found,) = (one for one in report.tables if one.name == table)
    names = [column.name for column in found.columns]
    assert found.total is not None
    assert len(found.total) == len(names)
    return tuple(found.total[names.index(column)] for column in columns)


@dataclass
class Called:
    """A call from its beginning ``at``, UTC ms, told step by step; each step says how long after it, in ms."""

    call: str
    at: int
    ani: str = "13812345678"
    kind: str = "caller"
    dnis: str = "10000"
    version: str = "v1"
    events: list[Event] = field(default_factory=list)
    visits: int = 0

    def __post_init__(self) -> None:
        self.events.append(
            CallBegan(
                at=self.at, call=self.call, ani=self.ani, dnis=self.dnis, trunk="line", flow="main",
                flow_version=self.version, language="zh", call_kind=self.kind,  # type: ignore[arg-type]
            )
        )  # fmt: skip

    def node(self, after: int, node: str, way_out: str | None = None, until: int | None = None) -> Called:
        """It enters a node, and perhaps leaves it."""
        at = self.at + after
        self.events.append(NodeEntered(at=at, call=self.call, flow="main", node=node, language="zh"))
        if way_out is not None:
            left = at if until is None else self.at + until
            self.events.append(NodeLeft(at=left, call=self.call, exit=way_out))
        return self

    def wait(self, after: int, queue: str = "bills", **more: Any) -> Called:
        """It begins to wait."""
        self.visits += 1
        begins = {"call": self.call, "visit": self.visit, "queue": queue, "skills": {}, "priority": 0}
        self.events.append(VisitBegan(at=self.at + after, **begins | more))
        return self

    @property
    def visit(self) -> str:
        """The visit that it is in."""
        return f"{self.call}/{self.visits}"

    def rung(self, began: int, ended: int, seat: str, outcome: str, number: int = 1) -> Called:
        """A seat's phone rang for it."""
        about = {"call": self.call, "visit": self.visit, "offer": f"{self.visit}/{number}", "seat": seat}
        self.events.append(OfferMade(at=self.at + began, phone="61", why={}, **about))
        self.events.append(
            OfferEnded(at=self.at + ended, outcome=outcome, cause=16, tech_cause="SIP 200 OK", **about)  # type: ignore[arg-type]
        )
        return self

    def left(self, after: int, outcome: str, **more: Any) -> Called:
        """It leaves the queue."""
        (arrived,) = (e.at for e in self.events if isinstance(e, VisitBegan) and e.visit == self.visit)
        at = self.at + after
        self.events.append(
            VisitEnded(at=at, call=self.call, visit=self.visit, outcome=outcome, wait_ms=at - arrived, **more)  # type: ignore[arg-type]
        )
        return self

    def talked(self, answered: int, ended: int, seat: str, number: int = 1, rings: int = 2 * S) -> Called:
        """A seat answers it, and they talk."""
        self.rung(answered - rings, answered, seat, "answered", number)
        self.left(answered, "answered", seat=seat)
        self.events.append(
            ConversationEnded(
                at=self.at + ended, call=self.call, visit=self.visit, offer=f"{self.visit}/{number}", seat=seat,
                talk_ms=ended - answered, ended_by="caller",
            )
        )  # fmt: skip
        return self

    def over(self, after: int, outcome: str = "caller-hung-up") -> list[Event]:
        """It is over; return all that happened."""
        self.events.append(CallEnded(at=self.at + after, call=self.call, outcome=outcome))  # type: ignore[arg-type]
        return self.events


def states(seat: str, *changes: tuple[Any, ...]) -> list[Event]:
    """Return a seat's changes, each a moment, a state, and perhaps an offer and a reason."""
    was, events = "signed-out", list[Event]()
    for at, now, *more in changes:
        offer, reason = (*more, None, None)[:2]
        how = {"was": was, "event": "e", "now": now, "offer": offer, "reason": reason}
        events.append(SeatChanged(at=at, seat=seat, phone="61", **how))
        was = now
    return events
