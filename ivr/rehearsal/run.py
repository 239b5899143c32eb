"""Runs rehearsals: the conversation goes step by step, and the first step that does not come true is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TypeAlias

from ivr.call import CallLost, Sound
from ivr.facts import Fact, Rated, Recorded, Tagged
from ivr.house import Caller, Notice
from ivr.language.flow import FlowSet
from ivr.reading.loader import seconds_per_character
from ivr.rehearsal.call import Passed, RehearsedCall, RehearsedTrace, UnspokenPrompts
from ivr.rehearsal.file import Ending, NoticeOn, Rehearsal, Step, Written
from ivr.rehearsal.house import WORKDAY, RehearsedHouse, Stubs
from ivr.rehearsal.script import Act, HangUp, Kind, Moment, Press, Say, Script, Silence
from ivr.run import FlowRun, Position

SHOWN = ("heard", "key", "silence", "says", "queue", "sent on", "line", "talk", "record", "call back")
AWAITED: Mapping[str, Kind] = {
    "hears": "heard",
    "queued": "queue",
    "transferred": "line",
    "called_back": "call back",
    "talks": "talk",
}
HOW = {"flow-ended": "let-go", "error": "error"}


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that was not as the rehearsal says: ``after`` so many moments of the call."""

    line: int
    expected: str
    got: str
    after: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one rehearsal. ``difference`` is None where all was as it says."""

    written: Written
    ended: str
    passed: Sequence[Passed]
    moments: Sequence[Moment]
    difference: Difference | None

    @property
    def right(self) -> bool:
        """Whether the call went as the rehearsal says."""
        return self.difference is None


_Item: TypeAlias = Act | Step


@dataclass(frozen=True, slots=True)
class _Surprise:
    """Something heard that no step names, when this step was at hand, ``after`` so many moments."""

    step: int | None
    moment: Moment
    after: int


class Conversation(Script):
    """A rehearsal's steps: what the caller does is due when all before it has come true."""

    def __init__(self, steps: Sequence[Step], exactly: bool = False) -> None:
        self._items: list[tuple[_Item, int]] = [
            (item, index) for index, step in enumerate(steps) for item in _items(step)
        ]
        self._at = 0
        self._exactly = exactly
        self._acted = False
        self._seen = 0
        self.reached = 0  # moments, when the last step came true
        self.surprise: _Surprise | None = None

    @property
    def step(self) -> int | None:
        """The index of the step that has not come true; None when all have."""
        return self._items[self._at][1] if self._at < len(self._items) else None

    def head(self) -> Act | None:
        """Return the caller's act, if it is his turn."""
        item = self._items[self._at][0] if self._at < len(self._items) else None
        return item if not isinstance(item, Step) else None

    def take(self) -> None:
        """Go on to the next step."""
        self._at += 1
        self._acted = True

    def happened(self, moment: Moment) -> None:
        """Go on to the next step, if this is what the step at hand waits for."""
        self._seen += 1
        item = self._items[self._at][0] if self._at < len(self._items) else None
        hangs_up = moment.kind == "lost" and isinstance(item, HangUp)
        if hangs_up or (isinstance(item, Step) and _matches(item, moment)):
            self.take()
        elif self._exactly and moment.kind == "heard" and self.surprise is None:
            self.surprise = _Surprise(self.step, moment, self._seen - 1)
        if self._acted:
            self.reached = self._seen
            self._acted = False


async def rehearse(
    written: Written, live: FlowSet, zone: tzinfo, allows: Callable[[str], bool] | None
) -> Outcome:
    """Run one rehearsal, in no time. ``allows`` tells which numbers may be called; None for none of them."""
    rehearsal = written.rehearsal
    script = Conversation(rehearsal.call, rehearsal.exactly)
    call = RehearsedCall(script, rehearsal.rings)
    trace = RehearsedTrace(live, call)
    house = RehearsedHouse(stubs_of(rehearsal, zone, allows), call)
    run = FlowRun(
        live,
        str(rehearsal.flow),
        call,
        house.house,
        UnspokenPrompts(),
        trace,
        Caller(rehearsal.number, rehearsal.dialled),
        str(rehearsal.language) if rehearsal.language is not None else None,
        _position(rehearsal, live),
    )
    try:
        ended = HOW[await run.run()]
    except CallLost:
        ended = "in-queue" if call.left_waiting else "hung-up"
    difference = _in_conversation(written, script, call, ended, trace.passed) or _at_end(
        written, call, ended, trace
    )
    return Outcome(written, ended, trace.passed, call.moments, difference)


def stubs_of(rehearsal: Rehearsal, zone: tzinfo, allows: Callable[[str], bool] | None) -> Stubs:
    """Return the world of a rehearsal."""
    return Stubs(
        queues={str(name): does for name, does in rehearsal.queues.items()},
        figures={
            str(name): {str(key): value for key, value in figures.items()}
            for name, figures in rehearsal.figures.items()
        },
        lookups={
            str(name): None if answer == "nothing" else answer for name, answer in rehearsal.lookups.items()
        },
        callbacks=rehearsal.callbacks,
        seats=rehearsal.seats,
        allows=allows or (lambda _number: False),
        notices=[notice_of(notice) for notice in rehearsal.notices],
        at=(rehearsal.at or WORKDAY).replace(tzinfo=zone),
    )


def notice_of(written: NoticeOn) -> Notice:
    """Return a notice that needs no rendering."""
    sounds = {
        str(language): Sound(Path(written.name), text, len(text) * seconds_per_character(language))
        for language, text in written.text.items()
    }
    return Notice(written.name, frozenset(written.areas), frozenset(written.services), sounds)


def _position(rehearsal: Rehearsal, live: FlowSet) -> Position | None:
    if rehearsal.from_ is None and not rehearsal.vars:
        return None
    flow = live.flows[str(rehearsal.flow)]
    language = rehearsal.language or flow.languages[0]
    return Position(
        str(rehearsal.flow), str(rehearsal.from_ or flow.start), str(language), (), dict(rehearsal.vars)
    )


def _items(step: Step) -> list[_Item]:
    if step.presses is not None:
        return [Press(key) for key in step.presses]
    if step.waits is not None:
        return [Silence()] * step.waits
    if step.says is not None:
        return [Say(step.says)]
    return [HangUp()] if step.hangs_up else [step]


def _matches(step: Step, moment: Moment) -> bool:
    if step.hears is not None:
        named = step.hears.prompt is None or step.hears.prompt in moment.prompts
        return moment.kind == "heard" and named and _plain(step.hears.text or "") in _plain(moment.what)
    wanted = step.queued or step.transferred or step.called_back
    return moment.kind == _kind(step) and wanted in (None, moment.what)


def _kind(step: Step) -> Kind | None:
    """Return the kind of moment that a step waits for; None for what the caller does."""
    return next((kind for name, kind in AWAITED.items() if getattr(step, name) is not None), None)


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def _in_conversation(
    written: Written, script: Conversation, call: RehearsedCall, ended: str, passed: Sequence[Passed]
) -> Difference | None:
    step = script.step
    surprise = script.surprise
    if surprise is not None:
        expected = str(written.rehearsal.call[surprise.step]) if surprise.step is not None else "nothing more"
        line = written.lines[surprise.step] if surprise.step is not None else written.line
        return Difference(line, expected, f"hears {told(surprise.moment)}", surprise.after)
    if step is None:
        return None
    wanted = written.rehearsal.call[step]
    rest = [moment for moment in call.moments[script.reached :] if moment.kind in SHOWN]
    alike = [moment for moment in rest if moment.kind == _kind(wanted)]
    got = told((alike or rest)[0]) if rest else _end(ended, passed)
    return Difference(written.lines[step], str(wanted), got, script.reached)


def _at_end(written: Written, call: RehearsedCall, ended: str, trace: RehearsedTrace) -> Difference | None:
    rehearsal = written.rehearsal
    last = trace.passed[-1] if trace.passed else Passed("", "")
    wanted = rehearsal.ends
    if not _ends(wanted, ended, last):
        parts = wanted.model_dump(exclude_none=True)
        expected = "ends " + ", ".join(f"{key} {value}" for key, value in parts.items())
        return Difference(written.line, expected, _end(ended, trace.passed), len(call.moments))
    missing = _missing(rehearsal, trace.facts)
    return Difference(written.line, *missing, len(call.moments)) if missing is not None else None


def _ends(wanted: Ending, ended: str, last: Passed) -> bool:
    return all(
        want is None or want == is_
        for want, is_ in (
            (wanted.how, ended),
            (wanted.flow, last.flow),
            (wanted.node, last.node),
            (wanted.exit, last.exit),
        )
    )


def _missing(rehearsal: Rehearsal, facts: Sequence[Fact]) -> tuple[str, str] | None:
    tags = {fact.name: fact.value for fact in facts if isinstance(fact, Tagged)}
    for name, value in rehearsal.tags.items():
        if tags.get(name) != value:
            return f"the tag {name} is {value}", f"it is {tags[name]}" if name in tags else "it was not given"
    rated = {fact.question: fact.answer for fact in facts if isinstance(fact, Rated)}
    for question, answer in rehearsal.ratings.items():
        if rated.get(question) != answer:
            got = f"{rated[question]}" if question in rated else "no answer"
            return f"the question {question} is answered by {answer}", got
    boxes = [fact.box for fact in facts if isinstance(fact, Recorded)]
    for box in rehearsal.messages:
        if box not in boxes:
            return f"a recording is left in {box}", "none is there"
        boxes.remove(box)
    return None


def _end(ended: str, passed: Sequence[Passed]) -> str:
    last = passed[-1] if passed else None
    where = f" at {last.node}" + (f" by {last.exit}" if last.exit is not None else "") if last else ""
    return f"the call ended{where} ({ended})"


def told(moment: Moment) -> str:
    """Return what happened, in a few words."""
    name = f" ({', '.join(moment.prompts)})" if moment.prompts else ""
    return f'"{moment.what}"{name}' if moment.kind == "heard" else f"{moment.kind} {moment.what}".strip()
