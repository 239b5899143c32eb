"""What must be true within the ledger, as questions that find what is not (docs/ledger.md lists them in words)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, get_args

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    Select,
    Subquery,
    Table,
    and_,
    case,
    func,
    or_,
    select,
    union_all,
)

from ledger.events import VisitOutcome
from ledger.history.rows import NODE as IMPORTED
from ledger.schema import (
    callbacks,
    calls,
    conversations,
    engine_runs,
    notices_heard,
    offers,
    path,
    recordings,
    rings,
    seat_states,
    survey_answers,
    transfers,
    visits,
)

SETTLING_MS = 60_000  # news of a call's parts may come after that of its end, but not later than this
LONGEST_CALL_MS = 24 * 3_600_000
OUTCOMES: tuple[str, ...] = get_args(VisitOutcome)
MOMENTS = frozenset(("at", "end", "ended", "began", "left", "arrived", "call_began", "call_ended"))
_FOR_EVER = 2**52
_SIGNED_IN = "sign-in"  # the one event before which a seat has no state

# What belongs to a call, and when it happened.
_PARTS: tuple[tuple[Table, Column[Any]], ...] = (
    (visits, visits.c.arrived),
    (offers, offers.c.made),
    (conversations, conversations.c.began),
    (callbacks, callbacks.c.asked),
    (survey_answers, survey_answers.c.answered),
    (notices_heard, notices_heard.c.heard),
    (transfers, transfers.c.ended),
    (recordings, recordings.c.kept),
)
_SPANS: tuple[tuple[Table, Column[Any], Column[Any]], ...] = (
    (visits, visits.c.arrived, visits.c.left),
    (offers, offers.c.made, offers.c.ended),
    (rings, rings.c.began, rings.c.ended),
    (conversations, conversations.c.began, conversations.c.ended),
    (path, path.c.entered, path.c.left),
)


class Period(NamedTuple):
    """What is looked at: all that began in it, of one site or of all. Moments are UTC ms; ``as_of`` is now."""

    began: int
    ended: int
    as_of: int
    site: str | None = None

    def holds(self, moment: ColumnElement[Any], site: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return the condition that a row is looked at."""
        within = and_(moment >= self.began, moment < self.ended)
        return within if self.site is None else and_(within, site == self.site)


class Check(NamedTuple):
    """A question whose every row is a difference: of ``subject``, ``at`` a moment; ``says`` puts its row into words."""

    name: str
    says: str
    rows: Select[Any]


def checks(period: Period) -> Iterator[Check]:
    """Yield every check of a period."""
    yield from _calls(period)
    yield from _visits(period)
    yield from _conversations(period)
    yield from _offers(period)
    yield _seat_twice(period)
    yield from _seat_states(period)


def _calls(period: Period) -> Iterator[Check]:
    for table, moment in _PARTS:
        lost = select(table.c.call.label("subject"), moment.label("at")).outerjoin(
            calls, calls.c.call == table.c.call
        )
        lost = lost.where(period.holds(moment, table.c.site), calls.c.call.is_(None))
        yield Check("call-not-recorded", f"stands in {table.name}, but not in calls", lost)
    backwards = select(calls.c.call.label("subject"), calls.c.began.label("at"), calls.c.ended)
    backwards = backwards.where(period.holds(calls.c.began, calls.c.site), calls.c.ended < calls.c.began)
    yield Check("ends-before-it-begins", "a call that began at {at} ended at {ended}", backwards)
    over = calls.c.ended < period.as_of - SETTLING_MS
    for table, began, ended in _SPANS:
        named = _named(table)
        of_calls = select(*named, began.label("at"), ended.label("ended"), calls.c.ended.label("call_ended"))
        of_calls = of_calls.join(calls, calls.c.call == table.c.call)
        of_calls = of_calls.where(period.holds(calls.c.began, calls.c.site))
        yield Check(
            "ends-before-it-begins",
            f"in {table.name}: began at {{at}}, ended at {{ended}}",
            of_calls.where(ended < began),
        )
        yield Check(
            "open-after-its-call",
            f"in {table.name}: has no end, but its call ended at {{call_ended}}",
            of_calls.where(ended.is_(None), over),
        )
    long_open = select(calls.c.call.label("subject"), calls.c.began.label("at"))
    long_open = long_open.where(period.holds(calls.c.began, calls.c.site), calls.c.ended.is_(None))
    long_open = long_open.where(
        calls.c.began < period.as_of - LONGEST_CALL_MS, func.coalesce(calls.c.call_kind, "caller") == "caller"
    )
    yield Check("open-for-a-day", "a call that began at {at} has not ended", long_open)
    nodes = select((engine_runs.c.site + "/" + engine_runs.c.node).label("subject"))
    nodes = nodes.add_columns(func.max(engine_runs.c.began).label("at"), func.count().label("runs"))
    nodes = nodes.where(engine_runs.c.how.is_(None)).group_by(engine_runs.c.site, engine_runs.c.node)
    yield Check("two-engines", "{runs} runs of its engine have no end", nodes.having(func.count() > 1))


def _visits(period: Period) -> Iterator[Check]:
    asked = select(
        visits.c.visit.label("subject"), visits.c.arrived.label("at"), *_all(visits, "left", "outcome")
    )
    asked = asked.add_columns(visits.c.wait_ms).where(period.holds(visits.c.arrived, visits.c.site))
    yield Check(
        "wait",
        "arrived at {at}, left at {left}, but waited {wait_ms} ms",
        asked.where(
            or_(
                visits.c.wait_ms != visits.c.left - visits.c.arrived,
                visits.c.wait_ms.is_(None) != visits.c.left.is_(None),
            )
        ),
    )
    yield Check(
        "outcome",
        "left at {left} with the outcome {outcome}",
        asked.where(
            case((visits.c.left.is_(None), visits.c.outcome.is_not(None)), else_=~_one_of(visits.c.outcome))
        ),
    )
    by_call = partial(_before, (visits.c.call,), (visits.c.arrived, visits.c.visit))
    row = select(visits.c.visit.label("subject"), visits.c.arrived.label("at"))
    row = row.add_columns(by_call(_end(visits.c.left)).label("end"), by_call(visits.c.visit).label("before"))
    ordered = row.where(period.holds(visits.c.arrived, visits.c.site)).subquery()
    yield Check("visits-overlap", "begins at {at}, but {before} ends at {end}", _overlapping(ordered))


def _conversations(period: Period) -> Iterator[Check]:
    talk, visit = conversations.c, visits.c
    of_visits = select(visit.visit.label("subject"), visit.arrived.label("at"), visit.seat, visit.left)
    of_visits = of_visits.add_columns(talk.seat.label("talked_with"), talk.began).outerjoin(
        conversations, talk.visit == visit.visit
    )
    answered = of_visits.where(period.holds(visit.arrived, visits.c.site), visit.outcome == "answered")
    yield Check(
        "no-conversation", "is answered, but has no conversation", answered.where(talk.visit.is_(None))
    )
    yield Check(
        "conversation-begins",
        "was answered at {left} by {seat}, but its conversation began at {began} with {talked_with}",
        answered.where(or_(talk.began != visit.left, talk.seat != visit.seat)),
    )
    of_talks = select(talk.visit.label("subject"), talk.began.label("at"), talk.ended, talk.talk_ms)
    of_talks = of_talks.add_columns(calls.c.began.label("call_began"), calls.c.ended.label("call_ended"))
    of_talks = of_talks.outerjoin(visits, visit.visit == talk.visit).outerjoin(
        calls, calls.c.call == talk.call
    )
    of_talks = of_talks.where(period.holds(talk.began, talk.site))
    yield Check(
        "unanswered-conversation",
        "a conversation of a visit that was not answered",
        of_talks.where(or_(visit.outcome.is_(None), visit.outcome != "answered")),
    )
    yield Check(
        "talk",
        "a conversation from {at} to {ended}, but talked for {talk_ms} ms",
        of_talks.where(talk.talk_ms != talk.ended - talk.began),
    )
    outside = or_(talk.began < calls.c.began, talk.ended > calls.c.ended + SETTLING_MS)
    yield Check(
        "conversation-outside-its-call",
        "a conversation from {at} to {ended} of a call from {call_began} to {call_ended}",
        of_talks.where(outside),
    )


def _offers(period: Period) -> Iterator[Check]:
    offer, visit = offers.c, visits.c
    ours = and_(period.holds(offer.made, offer.site), offer.node != IMPORTED)
    by_call = partial(_before, (offer.call,), (offer.made, offer.offer))
    row = select(
        offer.offer.label("subject"), offer.made.label("at"), by_call(_end(offer.ended)).label("end")
    )
    ordered = row.add_columns(by_call(offer.offer).label("before")).where(ours).subquery()
    yield Check("two-offers-to-a-caller", "made at {at}, when {before} had not ended", _overlapping(ordered))
    of_visit = select(offer.offer.label("subject"), offer.made.label("at"), visit.arrived, visit.left)
    of_visit = of_visit.outerjoin(visits, visit.visit == offer.visit).where(ours)
    yield Check(
        "offer-outside-its-visit",
        "made at {at}, to one who waited from {arrived} to {left}",
        of_visit.where(or_(visit.visit.is_(None), offer.made < visit.arrived, offer.made > visit.left)),
    )
    unrung = of_visit.outerjoin(rings, and_(rings.c.call == offer.call, rings.c.offer == offer.offer)).where(
        rings.c.ring.is_(None)
    )
    yield Check("offer-without-ring", "rang nowhere", unrung)
    taken = func.count(case((offer.outcome == "answered", 1)))
    of_callers = and_(
        period.holds(visit.arrived, visit.site),
        visit.node != IMPORTED,
        func.coalesce(visit.visit_kind, "call") == "call",
        visit.left.is_not(None),
    )
    per_visit = select(
        visit.visit.label("subject"), visit.arrived.label("at"), visit.outcome, taken.label("taken")
    )
    per_visit = per_visit.outerjoin(offers, and_(offer.call == visit.call, offer.visit == visit.visit)).where(
        of_callers
    )
    per_visit = per_visit.group_by(visit.visit, visit.arrived, visit.outcome)
    expected = case((visit.outcome == "answered", 1), else_=0)
    yield Check(
        "answered-offers",
        "{outcome}, with {taken} offers that were answered",
        per_visit.having(taken != expected),
    )


def _seat_twice(period: Period) -> Check:
    rung = select(
        rings.c.ring.label("subject"),
        *_all(rings, "site", "node", "seat"),
        rings.c.began.label("at"),
        _end(rings.c.ended).label("ended"),
    )
    rung = rung.join(offers, and_(offers.c.call == rings.c.call, offers.c.offer == rings.c.offer))
    rung = rung.where(period.holds(offers.c.made, offers.c.site), offers.c.node != IMPORTED)
    talk = conversations.c
    talked = select(
        talk.visit,
        *_all(conversations, "site", "node", "seat"),
        talk.began,
        # One that goes on, or of which nothing more was heard: then its seat has long gone on.
        func.coalesce(talk.ended, talk.began),
    ).where(period.holds(talk.began, talk.site), talk.node != IMPORTED)
    busy = union_all(rung, talked).subquery()
    seat = (busy.c.site, busy.c.node, busy.c.seat)
    latest = func.max(busy.c.ended).over(
        partition_by=seat, order_by=(busy.c.at, busy.c.ended), rows=(None, -1)
    )
    row = select(busy.c.subject, busy.c.at, busy.c.seat, latest.label("end")).subquery()
    return Check(
        "seat-twice", "{seat} is busy with it from {at}, and with another until {end}", _overlapping(row)
    )


def _seat_states(period: Period) -> Iterator[Check]:
    state = seat_states.c
    by_seat = partial(_before, (state.site, state.node, state.seat), (state.interval,))
    row = select(
        (state.seat + " #").concat(state.interval).label("subject"),
        state.began.label("at"),
        state.event,
        state.interval,
        state.ended,
        by_seat(state.interval).label("number"),
        by_seat(_end(state.ended)).label("end"),
    )
    # Some that began before: the first of the period has one before it.
    longer = period._replace(began=period.began - LONGEST_CALL_MS)
    states = row.where(longer.holds(state.began, state.site), state.node != IMPORTED).subquery()
    asked = select(states)
    yield Check(
        "state-overlaps",
        "began at {at}, when the one before had not ended",
        asked.where(states.c.at < states.c.end),
    )
    gap = and_(states.c.at > states.c.end, states.c.event != _SIGNED_IN)
    yield Check("state-gap", "began at {at} by {event}, but the one before ended at {end}", asked.where(gap))
    yield Check(
        "state-missing", "follows on #{number}", asked.where(states.c.number != states.c.interval - 1)
    )
    yield Check(
        "state-backwards", "began at {at}, ended at {ended}", asked.where(states.c.ended < states.c.at)
    )


def _before(
    among: Sequence[ColumnElement[Any]], order: Sequence[ColumnElement[Any]], fact: ColumnElement[Any]
) -> ColumnElement[Any]:
    """Return what the row before has for a fact."""
    return func.lag(fact).over(partition_by=among, order_by=order)


def _end(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(moment, _FOR_EVER)


def _overlapping(ordered: Subquery | CTE) -> Select[Any]:
    return select(ordered).where(ordered.c.at < ordered.c.end)


def _one_of(outcome: ColumnElement[Any]) -> ColumnElement[bool]:
    return func.coalesce(outcome, "").in_(OUTCOMES)


def _named(table: Table) -> tuple[ColumnElement[Any], ...]:
    if table is path:
        return ((path.c.call + " step ").concat(path.c.step).label("subject"),)
    return (next(iter(table.primary_key)).label("subject"),)


def _all(table: Table, *names: str) -> tuple[Column[Any], ...]:
    return tuple(table.c[name] for name in names)
