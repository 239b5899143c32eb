"""A call without a telephone: a caller who follows a script, and all that he heard. It takes no real time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from ivr.call import CallLost, Connected, Line, Rang, Recorded, Ring, RingOutcome, Sound
from ivr.facts import Fact
from ivr.language.flow import FlowSet
from ivr.language.prompt import Spoken
from ivr.prompts import joint
from ivr.reading.loader import seconds_per_character
from ivr.rehearsal.script import Act, HangUp, Kind, Moment, Press, Say, Script, Silence

__all__ = ["Act", "HangUp", "Moment", "Press", "RehearsedCall", "Say", "Script", "Silence", "UnspokenPrompts"]

SAID_S = 5.0
TURNS = 20  # of the event loop, in which all that was to happen before a rest is over has happened
HIDDEN = "•"


class RehearsedCall:
    """A `Call` whose caller follows a script, and is silent when it is over.

    A prompt takes its length and a missing key its time-out, in seconds that only ``seconds`` counts. While
    ``secret`` is set, keys are noted as dots. ``on_moment`` is told of what happens, when it does.
    """

    def __init__(
        self,
        script: Script | Iterable[Act | str] = (),
        rings: Iterable[RingOutcome] = (),
        name: str = "rehearsal",
        on_moment: Callable[[Moment], None] | None = None,
    ) -> None:
        """A text in the script is a key pressed; ``rings`` are the outcomes of rings and lines, then all answer."""
        self._script = script if isinstance(script, Script) else Script(script)
        self._rings = deque(rings)
        self._name = name
        self._on_moment = on_moment
        self._lost = asyncio.Event()
        self.seconds = 0.0
        self.moments: list[Moment] = []
        self.secret = False
        self.left_waiting = False

    @property
    def id(self) -> str:
        """The call's id."""
        return self._name

    @property
    def heard(self) -> list[str]:
        """Return the texts that were said, each also when a key cut it off."""
        return [moment.what for moment in self.moments if moment.kind == "heard"]

    @property
    def ended(self) -> bool:
        """Whether either side has hung up."""
        return self._lost.is_set() or any(moment.kind == "hang up" for moment in self.moments)

    def note(self, kind: Kind, what: str = "", prompts: tuple[str, ...] = ()) -> None:
        """Keep what happens in the call."""
        moment = Moment(self.seconds, kind, what, prompts)
        self.moments.append(moment)
        self._script.happened(moment)
        if self._on_moment is not None:
            self._on_moment(moment)

    def lose(self) -> None:
        """Hang up as the caller, at this moment."""
        if not self._lost.is_set():
            self.note("lost")
            self._lost.set()

    async def answer(self) -> None:
        """Pick up."""
        self._reach()
        if not any(moment.kind == "answer" for moment in self.moments):
            self.note("answer")

    async def play(self, sounds: Sequence[Sound], keys: str = "") -> str | None:
        """Say the sounds; a key of the script that may interrupt cuts the first sentence of them off."""
        self._reach()
        for sentence in sentences(sounds):
            self.note("heard", sentence.text, sentence.prompts)
            await self.listen(sentence, keys)
            match self._script.head():
                case HangUp():
                    self._hang_up_by_script()
                case Press(key=key, after_prompt=False) if key in keys:
                    return self._press(key)
            self.seconds += sentence.seconds
        return None

    async def listen(self, sentence: Sentence, keys: str) -> None:
        """Let the caller hear a sentence, until one of the keys or a hang-up is due in the script."""

    async def hush(self) -> None:
        """End what is being played: what is said here takes no time."""

    async def key(self, seconds: float) -> str | None:
        """Return the script's next key, or let the time pass."""
        self._reach()
        match await self._script.coming():
            case HangUp():
                self._hang_up_by_script()
            case Press(key=key):
                return self._press(key)
            case Silence():
                self._script.take()
        self.note("silence")
        self.seconds += seconds
        return None

    async def music(self, on: bool, *, listen: bool = True) -> None:
        """Begin or end music."""
        self._reach()
        self.note("music on" if on else "music off")

    async def ring(self, ring: Ring) -> Rang:
        """Ring a phone: it does as the next of the given outcomes says."""
        return Rang(ring.offer, self._called("ring", ring.phone, ring.seconds))

    async def connect(self, line: Line) -> Connected:
        """Call a number: it does as the next of the given outcomes says."""
        return Connected(self._called("line", line.number, line.seconds))

    async def pressed(self, keys: str) -> str:
        """Return the script's next key if it is one of these, else wait."""
        key = await self._script.chosen(keys)
        self.note("key", key)
        return key

    async def record(
        self, file: Path, *, longest: float, silence: float | None, finish: str, beep: bool
    ) -> Recorded:
        """Record for as long as the script speaks, or a few seconds until its next key."""
        self._reach()
        self.note("record")
        match await self._script.coming():
            case HangUp():
                self._hang_up_by_script()
            case Say(seconds=seconds):
                self._script.take()
                self.note("says", f"{seconds:g} s")
                self.seconds += min(seconds, longest)
                return Recorded(min(seconds, longest))
            case Press(key=key) if key in finish:
                self.seconds += min(SAID_S, longest)
                return Recorded(min(SAID_S, longest), self._press(key))
            case Silence():
                self._script.take()
                self.note("silence")
                return Recorded(0.0)
        self.seconds += longest
        return Recorded(longest)

    async def rest(self, seconds: float) -> None:
        """Let time pass, once nothing else is about to happen."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self.seconds += seconds

    async def hold(self) -> None:
        """Wait in a queue where nothing happens, until its time is over.

        Where the caller's script ends there, he is left waiting: the call is then lost without a hang-up.
        """
        for _ in range(3):  # a key, a hang-up or patience that ends come first
            await self.rest(0)
        if await self._script.outlasted():
            self.note("silence")
        else:
            self.left_waiting = True
            self.note("left waiting")
            self._lost.set()
            await asyncio.Event().wait()

    async def gone(self) -> None:
        """Wait until the caller hangs up; at once when the script says so."""
        ways = [asyncio.ensure_future(self._script.hung_up()), asyncio.ensure_future(self._lost.wait())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if ways[0].done():
                self.lose()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def hang_up(self) -> None:
        """Let the caller go."""
        self._reach()
        self.note("hang up")

    def _called(self, kind: Kind, what: str, seconds: float) -> RingOutcome:
        self._reach()
        outcome = self._rings.popleft() if self._rings else "answered"
        self.note(kind, what)
        if outcome == "no-answer":
            self.seconds += seconds
        elif outcome == "answered":
            self.note("talk", what)
        return outcome

    def _reach(self) -> None:
        if self._lost.is_set():
            raise CallLost

    def _press(self, key: str) -> str:
        self._script.take()
        self.note("key", HIDDEN if self.secret else key)
        return key

    def _hang_up_by_script(self) -> None:
        self.lose()
        raise CallLost


@dataclass(frozen=True, slots=True)
class Sentence:
    """Sounds that are heard in one breath. ``prompts`` are the names of those that have one."""

    text: str
    seconds: float
    prompts: tuple[str, ...]
    sounds: tuple[Sound, ...]


def sentences(sounds: Iterable[Sound]) -> Iterator[Sentence]:
    """Yield the sounds, those that are words of one row joined."""
    row: list[Sound] = []
    for sound in sounds:
        if row and (sound.joint is None or row[-1].joint is None):
            yield _sentence(row)
            row = []
        row.append(sound)
    if row:
        yield _sentence(row)


def _sentence(row: Sequence[Sound]) -> Sentence:
    text = row[0].text + "".join(f"{sound.joint}{sound.text}" for _, sound in pairwise(row))
    prompts = tuple(dict.fromkeys(sound.path.name for sound in row if sound.path.name))
    return Sentence(text or row[0].path.stem, sum(sound.seconds for sound in row), prompts, tuple(row))


class UnspokenPrompts:
    """Prompts that need no rendering: their lengths are estimated from the texts, their files are their names."""

    def sound(self, spoken: Spoken) -> Sound:
        """Return the prompt, without a sound file of its own."""
        seconds = len(spoken.text) * seconds_per_character(spoken.language)
        return Sound(Path(spoken.prompt), spoken.text, seconds, joint(spoken))


@dataclass(frozen=True, slots=True)
class Passed:
    """A node that the call went through, and the exit by which it left; None where the call was lost there.

    ``caller`` is the place of the node that called the flow, as in `ivr.run.Position.stack`; None in none.
    """

    flow: str
    node: str
    exit: str | None = None
    caller: str | None = None


class RehearsedTrace:
    """Keeps the way that a rehearsed call takes, and what it leaves behind."""

    def __init__(self, live: FlowSet, call: RehearsedCall) -> None:
        self._live = live
        self._call = call
        self.passed: list[Passed] = []
        self.facts: list[Fact] = []

    def entered(
        self, flow: str, node: str, language: str, stack: tuple[str, ...], variables: Mapping[str, Any]
    ) -> None:
        """Note that the call is at a node; what is pressed at one that asks for secrets is hidden."""
        self.passed.append(Passed(flow, node, caller=stack[-1] if stack else None))
        self._call.secret = bool(self._live.flows[flow].nodes[node].secrets)  # type: ignore[index]

    def left(self, name: str, /) -> None:
        """Note by which exit the call left the node."""
        at = self.passed[-1]
        self.passed[-1] = replace(at, exit=name)
        self._call.note("way", f"{at.node} → {name}")

    def noted(self, fact: Fact) -> None:
        """Keep a fact."""
        self.facts.append(fact)
