"""The figures of today: those that `reports.measures` counts of the same visits, at every moment, through restarts."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.live.today import MINUTE_MS, MINUTES, Today
from ledger.events import CallBegan, CallEnded, EngineStarted, Event, VisitBegan, VisitEnded, VisitOutcome
from ledger.journal import Journal
from ledger.records import Visit
from reports.measures import Counts, Definition, count, stays_by_queue, stays_of_calls, within

ZONE = ZoneInfo("Asia/Shanghai")
MIDNIGHT = round(datetime(2026, 11, 22, tzinfo=ZONE).timestamp() * 1000)
HOUR = 3_600_000
DEFINITION = Definition(threshold=20, short=4)
QUEUES = ("sales", "faults", "vip")


def began(at: int, call: str, number: int = 1, queue: str = "sales", **more: Any) -> VisitBegan:
    return VisitBegan(at=at, call=call, visit=f"{call}/{number}", queue=queue, skills={}, priority=0, **more)


def left(at: int, call: str, wait: int, outcome: VisitOutcome = "answered", number: int = 1) -> VisitEnded:
    return VisitEnded(at=at, call=call, visit=f"{call}/{number}", outcome=outcome, wait_ms=wait)


def ended(at: int, call: str) -> CallEnded:
    return CallEnded(at=at, call=call, outcome="flow-ended")


def one(at: int, wait: int, call: str = "c", outcome: VisitOutcome = "answered") -> list[Event]:
    """A call that arrives, waits and is over."""
    return [began(at, call), left(at + wait, call, wait, outcome), ended(at + wait + 1, call)]


def after(*events: Event, definition: Definition = DEFINITION) -> Today:
    """Today, after events, counting from long before."""
    today = Today(definition, ZONE)
    for event in (EngineStarted(at=0, version="1"), *events):
        today.heard(event)
    return today


def history(seed: int, calls: int) -> list[Event]:
    """Random calls around a midnight, each of up to three visits; some wait still, or talk, at the end."""
    random = Random(seed)
    events: list[Event] = []
    for n in range(calls):
        call = f"c{n}"
        at = MIDNIGHT + random.randrange(-2 * HOUR, 4 * HOUR)
        events.append(
            CallBegan(at=at, call=call, ani="", dnis="", trunk="", flow="", flow_version="", language="zh")
        )
        for number in range(1, random.randrange(1, 4) + 1):
            at += random.randrange(0, 20 * MINUTE_MS)
            events.append(began(at, call, number, random.choice(QUEUES)))
            wait = random.choice((0, 3_999, 4_000, 20_000, 20_001, random.randrange(2 * HOUR)))
            if random.random() < 0.1:
                break
            at += wait
            events.append(left(at, call, wait, random.choice(get_args(VisitOutcome)), number))
        else:
            events.append(ended(at + random.randrange(0, HOUR), call))
    return sorted(events, key=lambda event: event.at)


def recorded(events: list[Event]) -> list[Visit]:
    """The rows that a ledger has of these events."""
    rows: dict[str, Visit] = {}
    for event in events:
        if isinstance(event, VisitBegan):
            rows[event.visit] = Visit(
                event.visit, event.call, "s", "n", event.queue, {}, 0, event.at, None, None, None, None, None
            )
        elif isinstance(event, VisitEnded):
            rows[event.visit] = replace(
                rows[event.visit], left=event.at, outcome=event.outcome, wait_ms=event.wait_ms
            )
    return list(rows.values())


def measured(visits: list[Visit], queue: str | None, since: int, now: int) -> Counts:
    """What a report says of those who arrived from ``since`` on."""
    stays = stays_of_calls(visits, now) if queue is None else stays_by_queue(visits, now).get(queue, [])
    return count(within(stays, since, now + 1), DEFINITION)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), looks=st.integers(0, 9), restarts=st.booleans())
def test_at_every_moment_the_figures_are_those_of_the_reports(seed: int, looks: int, restarts: bool) -> None:
    events = history(seed, 60)
    random = Random(seed)
    today = after()
    moments = {random.randrange(len(events)) for _ in range(looks)} | {len(events) - 1}
    for place, event in enumerate(events):
        today.heard(event)
        if place not in moments:
            continue
        if restarts:
            today = Today.recalled(json.loads(json.dumps(today.snapshot())), DEFINITION, ZONE)
        now = event.at + random.randrange(0, 2 * MINUTE_MS)
        if place + 1 < len(events):
            now = min(now, events[place + 1].at)
        visits = recorded(events[: place + 1])
        for queue in (None, *QUEUES):
            figures = today.figures(queue, now)
            assert figures.since == (MIDNIGHT if now >= MIDNIGHT else MIDNIGHT - 24 * HOUR)
            assert figures.hour_since == (now // MINUTE_MS - MINUTES + 1) * MINUTE_MS
            assert figures.day == measured(visits, queue, figures.since, now)
            assert figures.hour == measured(visits, queue, figures.hour_since, now)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), torn=st.integers(0, 200))
def test_events_that_are_heard_again_after_a_snapshot_are_counted_once(seed: int, torn: int) -> None:
    events = history(seed, 40)
    now = events[-1].at
    today = after(*events)
    again = Today.recalled(today.snapshot(), DEFINITION, ZONE)
    for event in events[max(0, len(events) - torn) :]:
        again.heard(event)
    assert [again.figures(queue, now) for queue in (None, *QUEUES)] == [
        today.figures(queue, now) for queue in (None, *QUEUES)
    ]


def test_a_killed_engine_s_figures_are_found_again_in_its_journal(tmp_path: Path) -> None:
    """Wherever a segment of the journal happens to end."""
    kept: list[Today] = [after()]
    events = history(7, 60)
    for part in range(0, len(events), 40):
        with closing(
            Journal(tmp_path, segment_bytes=3_000, snapshot=lambda: {"today": kept[0].snapshot()})
        ) as journal:
            snapshot, replayed = journal.replay()
            if snapshot is not None:
                kept[0] = Today.recalled(snapshot["today"], DEFINITION, ZONE)
                for _, event in replayed:
                    kept[0].heard(event)
            for event in events[part : part + 40]:
                journal.append(event)
                kept[0].heard(event)
    now = events[-1].at
    undisturbed = after(*events)
    for queue in (None, *QUEUES):
        assert kept[0].figures(queue, now) == undisturbed.figures(queue, now)


def test_at_midnight_of_the_site_today_begins_anew() -> None:
    today = after(*one(MIDNIGHT - 90 * MINUTE_MS, 10_000))
    before, midnight = today.figures("sales", MIDNIGHT - 1), today.figures("sales", MIDNIGHT)
    assert (before.day.offered, before.since) == (1, MIDNIGHT - 24 * HOUR)
    assert (midnight.day.offered, midnight.since) == (0, MIDNIGHT)


def test_the_hour_goes_on_over_midnight() -> None:
    today = after(*one(MIDNIGHT - 10 * MINUTE_MS, 10_000))
    assert today.figures(None, MIDNIGHT + MINUTE_MS).hour.answered == 1
    assert today.figures(None, MIDNIGHT + 55 * MINUTE_MS).hour.answered == 0


def test_who_has_waited_since_yesterday_is_nobody_of_today() -> None:
    today = after(began(MIDNIGHT - 1_000, "c"))
    assert today.figures("sales", MIDNIGHT + 1_000).day == Counts()
    today.heard(left(MIDNIGHT + 2_000, "c", 3_000))
    assert today.figures("sales", MIDNIGHT + 2_000).day == Counts()


def test_a_call_that_overflowed_and_was_answered_counts_as_answered_with_both_waits() -> None:
    today = after(
        began(MIDNIGHT, "c"),
        left(MIDNIGHT + 9_000, "c", 9_000, "overflowed"),
        began(MIDNIGHT + 9_000, "c", 2, "faults"),
    )
    assert today.figures(None, MIDNIGHT + 10_000).day.waiting == 1
    today.heard(left(MIDNIGHT + 12_000, "c", 3_000, "answered", 2))
    now = MIDNIGHT + 12_000
    assert today.figures("sales", now).day.overflowed == 1
    assert today.figures("faults", now).day.answered == 1
    whole = today.figures(None, now).day
    assert (whole.offered, whole.answered, whole.longest_wait_ms) == (1, 1, 12_000)


def test_a_call_back_is_not_offered_a_second_time() -> None:
    today = after(
        began(MIDNIGHT, "c", visit_kind="callback"), left(MIDNIGHT + 5, "c", 5), ended(MIDNIGHT + 9, "c")
    )
    assert today.figures(None, MIDNIGHT + 10).day == today.figures("sales", MIDNIGHT + 10).day == Counts()


def test_what_began_counting_in_the_middle_of_a_day_says_since_when() -> None:
    noon = MIDNIGHT + 12 * HOUR
    today = Today(DEFINITION, ZONE)
    today.heard(EngineStarted(at=noon, version="1"))
    figures = today.figures(None, noon + 5_000)
    assert (figures.since, figures.hour_since) == (noon, noon)


@pytest.mark.parametrize("changed", [{"threshold": 15}, {"short": 5}, {"formula": "answered-only"}])
def test_figures_of_another_definition_are_not_gone_on_with(changed: dict[str, Any]) -> None:
    kept = after(*one(MIDNIGHT, 10_000)).snapshot()
    recalled = Today.recalled(kept, replace(DEFINITION, **changed), ZONE)
    assert recalled.figures(None, MIDNIGHT + 20_000).day == Counts()


def test_a_visit_that_ends_after_its_call_was_given_up_is_counted_then() -> None:
    today = after(began(MIDNIGHT, "c"), ended(MIDNIGHT + 5_000, "c"))
    assert today.figures(None, MIDNIGHT + 5_000).day.waiting == 1
    today.heard(left(MIDNIGHT + 6_000, "c", 6_000, "abandoned"))
    assert today.figures(None, MIDNIGHT + 6_000).day.abandoned == 1


@pytest.mark.parametrize(
    "day", [datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)]
)
def test_a_day_on_which_the_clocks_change_begins_and_ends_at_midnight(day: datetime) -> None:
    zone = ZoneInfo("Europe/Berlin")
    midnight, last = (
        round(day.astimezone(zone).replace(**moment).timestamp() * 1000)  # type: ignore[arg-type]
        for moment in ({"hour": 0}, {"hour": 23, "minute": 59})
    )
    today = Today(DEFINITION, zone)
    for event in (EngineStarted(at=0, version="1"), *one(midnight, 5), *one(midnight - 1, 5, "d")):
        today.heard(event)
    assert today.figures(None, last).day.offered == 1
    assert today.figures(None, last).since == midnight
    assert today.figures(None, last + MINUTE_MS).day.offered == 0
