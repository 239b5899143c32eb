"""How much of the seats' time calls took: what staffing asks of the ledger, beside the reader."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from ledger import schema
from ledger.database import open_for_reading

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Handling:
    """What one conversation took of a seat's time: talk and hold together, then wrap-up."""

    talk_ms: int
    wrap_up_ms: int


class WorkloadReader:
    """Reads what calls took; never changes it. With ``site``, only of that site. Each question blocks.

    Raises as ``LedgerReader`` does.
    """

    def __init__(self, url: str, *, site: str | None = None) -> None:
        self._engine = open_for_reading(url)
        self._site = site

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def handling(self, began: int, ended: int) -> dict[str, Handling]:
        """Return what the conversations took that are over, by visit, of visits that arrived in a period."""
        visits, talks = schema.visits.c, schema.conversations.c
        question = select(visits.visit, talks.talk_ms).join_from(
            schema.visits, schema.conversations, visits.visit == talks.visit
        )
        question = question.where(visits.arrived >= began, visits.arrived < ended, talks.talk_ms.is_not(None))
        if self._site is not None:
            question = question.where(visits.site == self._site)
        with self._engine.connect() as connection:
            wrap_up = self._wrap_up(connection, began, ended)
            return {
                visit: Handling(talk_ms, wrap_up.get(visit, 0))
                for visit, talk_ms in connection.execute(question)
            }

    def queues(self) -> list[str]:
        """Return every queue that a call ever waited in, by name. Looks at all visits, so it takes its time."""
        visits = schema.visits.c
        question = select(visits.queue).distinct().order_by(visits.queue)
        if self._site is not None:
            question = question.where(visits.site == self._site)
        with self._engine.connect() as connection:
            return list(connection.scalars(question))

    def _wrap_up(self, connection: Connection, began: int, ended: int) -> dict[str, int]:
        states, offers = schema.seat_states.c, schema.offers.c
        question = (
            select(offers.visit, func.sum(states.ended - states.began))
            .join_from(schema.seat_states, schema.offers, states.offer == offers.offer)
            .where(states.state == "wrap-up", states.ended.is_not(None))
            # Who arrives late in the period is still waiting and talking after it, though not for a day.
            .where(and_(states.began >= began, states.began < ended + _DAY_MS))
            .group_by(offers.visit)
        )
        with_wrap_up = connection.execute(question)
        return {visit: int(took) for visit, took in with_wrap_up}
