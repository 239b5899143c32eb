"""From the lines of a ``queue_log`` to the stories of its calls."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.history.queue_log import CALL_KINDS, Line
from ledger.history.story import SAME_MS, Rang, Stay, Story, in_order
from ledger.history.tally import Tally

# Of the kinds that end a wait without a conversation: outcome, reason, and the place of the seconds waited.
_LEAVING = {
    "ABANDON": ("abandoned", None, 2),
    "EXITEMPTY": ("overflowed", "empty", 2),
    "EXITWITHKEY": ("overflowed", "key", 3),
    "EXITWITHTIMEOUT": ("overflowed", "timeout", 2),
    "SYSCOMPAT": ("other", "incompatible", None),
    "WITHDRAW": ("other", "withdrawn", 2),
}
_REFUSED = {"CLOSED": "closed", "FULL": "full", "JOINEMPTY": "empty", "JOINUNAVAIL": "empty"}
# Of the kinds that end a conversation: by whom, and the place of the seconds waited; those talked come next.
_PARTING = {
    "COMPLETEAGENT": ("seat", 0),
    "COMPLETECALLER": ("caller", 0),
    "ATTENDEDTRANSFER": ("unknown", -3),  # one or two fields that name the way stand before
    "BLINDTRANSFER": ("unknown", 2),
    "TRANSFER": ("unknown", 2),
}
_RINGING = {"AGENTDUMP": "refused", "RINGCANCELED": "cancelled", "RINGNOANSWER": "no-answer"}


def stories(lines: Iterable[Line], tally: Tally) -> dict[str, Story]:
    """Return each call's story by its id, from lines in the order of time.

    The seconds that a line gives for a wait count before the difference of moments, which counts where the line
    gives none. A call of which no line told how its stay in a queue ended was last there when it was last heard of.
    """
    teller = _Teller(tally)
    for line in lines:
        if line.kind in CALL_KINDS:
            teller.take(line)
    for story in teller.stories.values():
        for stay in story.stays:
            stay.rings = in_order(stay.rings)
        story.stays.sort(key=lambda stay: stay.arrived)
    return teller.stories


class _Teller:
    """Takes the lines of all calls, one after the other."""

    def __init__(self, tally: Tally) -> None:
        self.stories: dict[str, Story] = {}
        self._tally = tally

    def take(self, line: Line) -> None:
        """Take one line of a call."""
        story = self.stories.get(line.call)
        if story is None:
            story = self.stories[line.call] = Story(line.call, line.at, line.at)
        kind = line.kind
        story.ended = line.at
        if kind == "ENTERQUEUE":
            story.stays.append(Stay(line.queue, line.at, arrival_told=True, heard=line.at))
            story.ani = story.ani or (line.more[1] if len(line.more) > 1 else "")
        elif kind == "DID":
            story.dnis = line.more[0] if line.more else story.dnis
        elif kind in _REFUSED:
            stay = Stay(line.queue, line.at, arrival_told=True, heard=line.at)
            story.stays.append(stay)
            _leave(stay, line.at, "overflowed", _REFUSED[kind], 0)
        elif kind in _RINGING:
            self._ring(story, line)
        elif kind == "CONNECT":
            self._connect(story, line)
        elif kind in _PARTING:
            self._part(story, line)
        else:
            self._give_up(story, line)

    def _ring(self, story: Story, line: Line) -> None:
        rang_ms = 0 if line.kind == "AGENTDUMP" else line.figure(0) or 0
        began = line.at - rang_ms
        stay = _waiting(story, line.queue) or _later_part(story, line, began)
        stay.heard = line.at
        stay.rings.append(Rang(line.agent, began, line.at, _RINGING[line.kind]))

    def _connect(self, story: Story, line: Line) -> None:
        if stay := self._end_of_wait(story, line, "answered", None, 0):
            stay.seat = line.agent
            stay.rings.append(Rang(line.agent, line.at - 1_000 * (line.figure(2) or 0), line.at, "answered"))

    def _give_up(self, story: Story, line: Line) -> None:
        outcome, reason, place = _LEAVING[line.kind]
        self._end_of_wait(story, line, outcome, reason, place)

    def _end_of_wait(
        self, story: Story, line: Line, outcome: str, reason: str | None, place: int | None
    ) -> Stay | None:
        waited = line.figure(place) if place is not None else None
        wait_ms = None if waited is None else 1_000 * waited
        stay = _waiting(story, line.queue)
        if stay is None:
            told = [one for one in story.stays if one.queue == line.queue and one.left == line.at]
            if told and told[-1].outcome == outcome:
                # Of a line that was cut at a file's end and stands whole in another the larger figure is whole.
                told[-1].wait_ms = max(told[-1].wait_ms or 0, wait_ms or 0)
                self._tally.skip(line.file, line.number, f"{line.kind} was told already")
                return None
            if wait_ms is None:
                self._assume_arrival(line)
            stay = _later_part(story, line, line.at - (wait_ms or 0))
        elif wait_ms is None and stay.arrival_guessed:
            self._assume_arrival(line)
        elif wait_ms is not None and not stay.arrival_told:
            stay.arrived = line.at - wait_ms
            story.began = min(story.began, stay.arrived)
        _leave(stay, line.at, outcome, reason, line.at - stay.arrived if wait_ms is None else wait_ms)
        return stay

    def _part(self, story: Story, line: Line) -> None:
        ended_by, place = _PARTING[line.kind]
        waited = line.figure(place) if place >= 0 or len(line.more) > -place else None
        talked = line.figure(place + 1) if waited is not None else None
        stay = _talking(story, line) or _waiting(story, line.queue)
        if stay is None and (again := _parted(story, line, waited, talked)):
            again.talk_ms = max(again.talk_ms or 0, 1_000 * (talked or 0))
            self._tally.skip(line.file, line.number, f"{line.kind} of a conversation that had ended")
            return
        began = line.at - 1_000 * (talked or 0)
        if stay is None:
            if waited is None or talked is None:
                self._assume_arrival(line)
            stay = _later_part(story, line, began - 1_000 * (waited or 0))
        if stay.left is None:
            began = max(began, stay.arrived)
            wait_ms = began - stay.arrived if waited is None else 1_000 * waited
            _leave(stay, began, "answered", None, wait_ms)
            stay.leaving_told = False
            stay.seat = line.agent
        stay.heard = stay.talk_ended = line.at
        stay.talk_ms = max(0, line.at - (stay.left or began)) if talked is None else 1_000 * talked
        stay.ended_by = ended_by

    def _assume_arrival(self, line: Line) -> None:
        reason = f"{line.kind} without ENTERQUEUE and without its seconds: counted as if just arrived"
        self._tally.assume(line.file, line.number, reason)


def _leave(stay: Stay, at: int, outcome: str, reason: str | None, wait_ms: int) -> None:
    stay.left = stay.heard = at
    stay.leaving_told = True
    stay.outcome, stay.reason, stay.wait_ms = outcome, reason, wait_ms


def _waiting(story: Story, queue: str) -> Stay | None:
    """Return the last stay in a queue that has not ended."""
    for stay in reversed(story.stays):
        if stay.left is None and stay.queue == queue:
            return stay
    return None


def _talking(story: Story, line: Line) -> Stay | None:
    """Return the conversation that a line ends. A transferred caller may be in a queue again before its end is told."""
    talks = [stay for stay in story.stays if stay.talks and stay.queue == line.queue]
    of_seat = [stay for stay in talks if stay.seat == line.agent]
    candidates = of_seat or talks
    return candidates[-1] if candidates else None


def _parted(story: Story, line: Line, waited: int | None, talked: int | None) -> Stay | None:
    """Return the conversation with this seat whose end was told before and is told again."""
    for stay in reversed(story.stays):
        if stay.queue == line.queue and stay.seat == line.agent and stay.talk_ended is not None:
            if waited is None or talked is None or stay.talk_ended == line.at:
                return stay
            if abs(line.at - 1_000 * (waited + talked) - stay.arrived) <= SAME_MS:
                return stay
    return None


def _later_part(story: Story, line: Line, arrived: int) -> Stay:
    """Add a stay whose beginning stands in another log."""
    stay = Stay(line.queue, arrived, arrival_told=False, heard=line.at)
    story.stays.append(stay)
    story.began = min(story.began, arrived)
    return stay
