"""What can happen to a caller at a node, how long he listens for it, and how many keys he presses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ivr.here import KEYS, Prompts
from ivr.language.flow import FlowSet
from ivr.language.prompt import Spoken, SpokenValue
from ivr.verbs.announce import Announce
from ivr.verbs.callback import EXITS as CALLBACK_EXITS
from ivr.verbs.callback import Callback
from ivr.verbs.collect import Collect
from ivr.verbs.hangup import Hangup
from ivr.verbs.hours import Hours
from ivr.verbs.lookup import Lookup
from ivr.verbs.matcher import match
from ivr.verbs.menu import Menu
from ivr.verbs.play import Play
from ivr.verbs.queue import REFUSALS, Queue
from ivr.verbs.split import Split
from ivr.verbs.survey import Survey
from ivr.verbs.switch import Switch
from ivr.verbs.transfer import Transfer
from ivr.verbs.verb import Verb
from ivr.verbs.voicemail import Record, Voicemail

SPOKEN_VALUE_S = 1.5  # an amount, a date, a time
SPOKEN_DIGIT_S = 0.5
PATTERN_KEYS = str.maketrans("XZN", "012")
FAILING = frozenset(
    ("error", "failure", "timeout", "invalid", "full", "no_agents", "busy", "no_answer", "not_allowed")
)
UNSERVED = FAILING | {"closed", "holiday", "nothing"}

Said: TypeAlias = Callable[[Sequence[str | SpokenValue]], float]  # the seconds that a phrase takes


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that can happen at a node; times are in seconds.

    ``listens`` is what he hears, ``waits`` what passes in silence. ``cuts``: his keys may cut short what he hears.
    ``carries``: he may press meanwhile, and the key counts for the next menu. ``how``: what brings it about where
    the exit's name does not say. ``served``: he has talked with a person, or left a message or his number.
    """

    exit: str
    listens: float = 0.0
    waits: float = 0.0
    presses: int = 0
    cuts: bool = False
    carries: bool = False
    served: bool = False
    how: str = ""


class Lengths:
    """How long prompts take: as ``prompts`` has them, values by estimate."""

    def __init__(self, live: FlowSet, prompts: Prompts) -> None:
        self._live = live
        self._prompts = prompts
        self._known: dict[Spoken, float] = {}

    def said(self, flow: str, language: str, phrase: Sequence[str | SpokenValue]) -> float:
        """Return the seconds that prompts and values of a flow take in a language."""
        return sum(self._seconds(piece) for piece in self._pieces(flow, language, phrase))

    def _pieces(
        self, flow: str, language: str, phrase: Sequence[str | SpokenValue]
    ) -> Iterator[Spoken | SpokenValue]:
        for part in phrase:
            if isinstance(part, SpokenValue):
                yield part
            else:
                yield from self._live.spoken[flow, part, language]

    def _seconds(self, piece: Spoken | SpokenValue) -> float:
        if isinstance(piece, SpokenValue):
            return SPOKEN_VALUE_S
        if piece not in self._known:
            self._known[piece] = self._prompts.sound(piece).seconds
        return self._known[piece]


def moves_of(node: Verb, said: Said) -> Iterator[Move]:
    """Yield what can happen at a node; conditions, hours and services may go any way that has an exit.

    A sub-flow and a return are no moves: who walks goes into the one and back by the other.
    """
    match node:
        case Play():
            yield Move("next", said(node.play), carries=node.barge_in)
        case Menu():
            yield from _menu(node, said)
        case Collect():
            yield from _collect(node, said)
        case Switch():
            yield from (Move(str(number)) for number in range(1, len(node.switch) + 1))
            yield Move("otherwise")
        case Hours():
            named = (name for name in ("holiday", "night") if getattr(node, name) is not None)
            yield from (Move(name) for name in ("open", "closed", *named))
        case Lookup():
            yield from _lookup(node, said)
        case Queue():
            yield Move("answered", served=True)
            yield from (Move(str(key), presses=1) for key in node.keys)
            yield from (Move(name) for name in REFUSALS)
        case Transfer():
            yield Move("answered", served=True)
            yield from (Move(name) for name in node.outcomes if getattr(node, name) is not None)
            yield Move("failure")
        case Callback():
            for name in dict.fromkeys(CALLBACK_EXITS.values()):
                if getattr(node, name) is not None:
                    yield Move(name, served=name != "not_allowed")
        case Voicemail() | Record():
            asked = said(node.voicemail if isinstance(node, Voicemail) else node.record)
            yield Move("next", asked, served=isinstance(node, Voicemail))
            if node.nothing is not None:
                yield Move("nothing", asked)
        case Survey():
            yield from _survey(node, said)
        case Announce():
            yield from (Move(name) for name in ("next", "heard") if getattr(node, name) is not None)
        case Split():
            yield from (Move(str(name)) for name in node.split)
        case Hangup():
            yield Move("end", said(node.hangup or ()))
        case _:
            yield Move("next")
    if node.error is not None and not isinstance(node, Lookup):
        yield Move("error")


def _menu(node: Menu, said: Said) -> Iterator[Move]:
    offer = said(node.menu)
    for key in node.keys:
        longer = match(str(key).translate(PATTERN_KEYS), node.keys).answer == "match"
        yield Move(str(key), offer, node.between if longer else 0.0, len(key), cuts=node.barge_in)
    repeats = node.tries - 1
    again = repeats * said(node.again or node.menu)
    exit_ = "timeout" if node.timeout is not None else "failure"
    silence = offer + again + repeats * said(node.timeout_prompt)
    yield Move(exit_, silence, node.tries * node.wait, how="silence")
    if any(match(key, node.keys).answer in ("no-match", "potential-match") for key in KEYS):
        exit_ = "invalid" if node.invalid is not None else "failure"
        wrong = offer + again + repeats * said(node.invalid_prompt)
        yield Move(exit_, wrong, presses=node.tries, cuts=node.barge_in, how="wrong keys")


def _collect(node: Collect, said: Said) -> Iterator[Move]:
    least, most = node.lengths
    asked = said(node.collect)
    ends = 1 if node.finish and least < most else 0
    confirms = said(node.confirm) + SPOKEN_DIGIT_S * least if node.confirm else 0.0
    waits = node.between if least < most and not node.finish else 0.0
    yield Move("next", asked + confirms, waits, least + ends + (1 if node.confirm else 0), cuts=node.barge_in)
    yield from (Move(str(key), asked, presses=1, cuts=node.barge_in) for key in node.keys)
    repeats = node.tries - 1
    exit_ = "timeout" if node.timeout is not None else "failure"
    silence = node.tries * asked + repeats * said(node.timeout_prompt)
    yield Move(exit_, silence, node.tries * node.wait, how="silence")
    exit_ = "invalid" if node.invalid is not None else "failure"
    wrong = node.tries * asked + repeats * said(node.invalid_prompt)
    yield Move(exit_, wrong, presses=node.tries * least, cuts=node.barge_in, how="wrong digits")


def _lookup(node: Lookup, said: Said) -> Iterator[Move]:
    meanwhile = said(node.meanwhile)
    yield Move("next", meanwhile)
    if node.nothing is not None:
        yield Move("nothing", meanwhile)
    if node.timeout is not None:
        yield Move("timeout", meanwhile, node.wait)
    yield Move("error", meanwhile, 0.0 if node.timeout is not None else node.wait)


def _survey(node: Survey, said: Said) -> Iterator[Move]:
    yield Move("next", sum(said((name,)) for name in node.survey), presses=len(node.survey), cuts=True)
    if node.unanswered is not None:
        first = said(node.survey[:1])
        yield Move("unanswered", node.tries * first, node.tries * node.wait, how="silence")
