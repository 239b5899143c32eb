"""What flows learn and do, as events for the journal."""

from __future__ import annotations

from typing import assert_never

from ivr.facts import Fact, NoticeHeard, Rated, Recorded, Tagged, Transferred
from ledger import events


def event_of(fact: Fact, call: str, at: int) -> events.Event:
    """Return the event of a fact about a call, at a time in UTC ms."""
    match fact:
        case Tagged(name, value):
            return events.Tagged(at=at, call=call, name=name, value=value)
        case Rated(survey, question, answer):
            return events.Rated(at=at, call=call, survey=survey, question=question, answer=answer)
        case NoticeHeard(notice):
            return events.NoticeHeard(at=at, call=call, notice=notice)
        case Recorded(recording, kind, box, file, seconds):
            return events.RecordingKept(
                at=at,
                call=call,
                recording=recording,
                recording_kind=kind,
                box=box,
                file=file,
                seconds=seconds,
            )
        case Transferred(number, outcome, talked_ms):
            return events.TransferEnded(at=at, call=call, number=number, outcome=outcome, talked_ms=talked_ms)
        case _:
            assert_never(fact)
