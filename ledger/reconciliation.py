"""The ledger beside Asterisk's own records, call by call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, select

from ledger.cdr import Cdr, CdrCall
from ledger.consistency import SETTLING_MS, Period
from ledger.findings import CdrCounts, Difference, utc
from ledger.history.rows import NODE as IMPORTED
from ledger.schema import calls, conversations, engine_runs, healings, offers, transfers

SLACK_MS = 3_000  # its records know whole seconds, and its channel lives a little beyond the call


class Reconciliation:
    """Compares the calls of a period with Asterisk's records; ``counts`` tells how far they went.

    Asterisk writes a record when a channel ends. So it has none of those that it took with it when it died, and the
    ledger none yet of those that ended while the engine was away.
    """

    def __init__(self, connection: Connection, period: Period, cdr: Cdr) -> None:
        self._connection = connection
        self._period = period
        self._cdr = cdr
        self._left = dict(cdr.calls)
        self._settled = period.as_of - SETTLING_MS
        self._compared = self._earlier = 0

    @property
    def counts(self) -> CdrCounts:
        """Return how far it went."""
        return CdrCounts(self._cdr.records, len(self._cdr.calls), self._compared, self._earlier)

    def differences(self) -> Iterator[Difference]:
        """Yield what does not agree."""
        died = [
            row.ended
            for row in self._connection.execute(self._calls().where(calls.c.outcome == "asterisk-died"))
        ]
        for place in self._cdr.unreadable:
            explanation = "Asterisk died while it was writing" if died else None
            yield Difference("cdr-unreadable", place, "is no whole record", None, explanation)
        healed = self._healed()
        for row in self._connection.execution_options(yield_per=1_000).execute(self._calls()):
            record = self._left.pop(row.call, None)
            if row.ended is None or row.ended > self._settled:
                continue
            if record is not None:
                self._compared += 1
                yield from self._compare(row, record, row.call in healed)
            elif self._cdr.first_ended is None or row.ended < self._cdr.first_ended - SLACK_MS:
                self._earlier += 1
            else:
                self._compared += 1
                yield self._unknown_to_asterisk(row, died)
        yield from self._unknown_to_us()

    def _calls(self) -> Any:
        talked = exists().where(conversations.c.call == calls.c.call)
        sent_on = exists().where(and_(transfers.c.call == calls.c.call, transfers.c.outcome == "answered"))
        within = self._period.holds(calls.c.began, calls.c.site)
        ours = (
            func.coalesce(calls.c.call_kind, "caller") != "callback"
        )  # that has another channel than its call
        columns = (calls.c.call, calls.c.began, calls.c.ended, calls.c.outcome)
        question = select(*columns, (talked | sent_on).label("talked"))
        return question.where(within, ours, calls.c.node != IMPORTED).order_by(calls.c.began)

    def _healed(self) -> set[str]:
        within = self._period.holds(healings.c.healed, healings.c.site)
        subjects = self._connection.scalars(select(healings.c.subject).where(within))
        return {subject.split(" ")[-1].split("/")[0] for subject in subjects}

    def _compare(self, row: Row[Any], record: CdrCall, healed: bool) -> Iterator[Difference]:
        explanation = None
        if row.outcome in ("engine-away", "asterisk-died"):
            explanation = f"the engine did not see its end ({row.outcome})"
        elif healed:
            explanation = "the engine had to be put right about it"
        elif self._killed_during(row.began, row.ended):
            explanation = "an engine was killed in the midst of it"
        elif not row.talked and record.talked and self._refused(row.call):
            explanation = (
                "an agent answered, and hung up on the announcement before he was joined with the caller"
            )
        for word, ours, theirs in (("began", row.began, record.began), ("ended", row.ended, record.ended)):
            if not theirs - SLACK_MS <= ours <= theirs + SLACK_MS + 1_000:
                what = f"{word} at {utc(ours)} here, at {utc(theirs)} for Asterisk"
                yield Difference(f"cdr-{word}", row.call, what, row.began, explanation)
        if row.talked != record.talked:
            what = "talked with somebody {}, and {} for Asterisk".format(
                *(("here", "not") if row.talked else ("not here", "did"))
            )
            yield Difference("cdr-talk", row.call, what, row.began, explanation)

    def _unknown_to_asterisk(self, row: Row[Any], died: list[int]) -> Difference:
        explanation = None
        if any(abs(row.ended - moment) <= SETTLING_MS for moment in died):
            explanation = "Asterisk died, and its records of the calls that it had with it"
        return Difference("cdr-missing", row.call, "Asterisk has no record of it", row.began, explanation)

    def _unknown_to_us(self) -> Iterator[Difference]:
        for record in self._left.values():
            if not record.ours or not self._period.began <= record.began < self._period.ended:
                continue
            if record.ended > self._settled or self._is_recorded(record.call):
                continue
            away = self._away_since()
            explanation = None
            if away is not None and record.ended >= away - SLACK_MS:
                explanation = "no engine has run since; the next one takes it in from the spool"
            what = f"in Asterisk's records alone ({record.records} of them)"
            yield Difference("call-lost", record.call, what, record.began, explanation)

    def _is_recorded(self, call: str) -> bool:
        """Tell whether the ledger has it after all, in another period."""
        return self._connection.scalar(select(calls.c.call).where(calls.c.call == call)) is not None

    def _refused(self, call: str) -> bool:
        refused = select(offers.c.offer).where(offers.c.call == call, offers.c.outcome == "refused")
        return self._connection.scalar(refused.limit(1)) is not None

    def _killed_during(self, began: int, ended: int) -> bool:
        """Tell whether an engine started again, after one that was killed, while a call lasted."""
        next_start = func.lead(engine_runs.c.began).over(
            partition_by=(engine_runs.c.site, engine_runs.c.node), order_by=engine_runs.c.began
        )
        runs = select(engine_runs.c.how, next_start.label("next")).subquery()
        within = runs.c.next.between(began - SETTLING_MS, ended + SETTLING_MS)
        return (
            self._connection.scalar(select(runs.c.how).where(runs.c.how == "killed", within).limit(1))
            is not None
        )

    def _away_since(self) -> int | None:
        last = select(engine_runs.c.how, engine_runs.c.ended).order_by(engine_runs.c.began.desc()).limit(1)
        row = self._connection.execute(last).first()
        return row.ended if row is not None and row.how == "stopped" else None
