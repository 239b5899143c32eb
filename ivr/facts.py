"""What a flow learns and does that the ledger keeps, beside the way that the call takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ivr.call import RingOutcome

RecordingKind: TypeAlias = Literal["voicemail", "record"]


@dataclass(frozen=True, slots=True)
class Tagged:
    """The call was given a tag: a dimension of reports, such as ``business: billing``."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Rated:
    """The caller answered a question of a survey, 1 (worst) to 5 (best). ``survey`` is the node's name."""

    survey: str
    question: str
    answer: int


@dataclass(frozen=True, slots=True)
class NoticeHeard:
    """The caller heard a notice, to its end or until a key of his."""

    notice: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """The caller left a recording in a box, ``file`` within the mailbox's folder."""

    recording: str
    kind: RecordingKind
    box: str
    file: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Transferred:
    """The caller was sent to a number outside. ``number`` is private; ``talked_ms`` is 0 where nobody answered."""

    number: str
    outcome: RingOutcome
    talked_ms: int


Fact: TypeAlias = Tagged | Rated | NoticeHeard | Recorded | Transferred
