"""What can happen to a call, a seat or the engine: the facts that the journal keeps and the ledger is made of.

Every event carries ``at``, UTC in milliseconds since 1970. Ids: a call's id is the Uniqueid of its first
channel (it holds the node's name); a visit is ``CALL/1``, ``CALL/2`` …; an offer ``VISIT/1`` …; a ring
``OFFER/1`` …; a recording ``CALL/rDDHHMMSS``; a call-back ``CALL/cb1`` …. So an id names its whole descent, and a
replay makes the same ids again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias, get_args

VisitOutcome: TypeAlias = Literal["answered", "abandoned", "overflowed", "called-back", "other"]
RingOutcome: TypeAlias = Literal["answered", "no-answer", "refused", "busy", "unreachable", "cancelled"]
CallOutcome: TypeAlias = Literal[
    "flow-ended",  # the flow came to its hang-up
    "caller-hung-up",
    "seat-hung-up",  # the agent ended the conversation and nothing followed in the flow
    "engine-away",  # ended, or was taken by the apology, while the engine was away
    "asterisk-died",  # its channel was gone without a word when the engine looked
    "error",
]
SeatState: TypeAlias = Literal[
    "signed-out", "unreachable", "ready", "reserved", "ringing", "talking", "hold", "wrap-up", "not-ready"
]
RecordingKind: TypeAlias = Literal["voicemail", "record"]
RecordingMark: TypeAlias = Literal["heard", "done", "deleted"]
CallbackOutcome: TypeAlias = Literal["called", "withdrawn"]
LiveHow: TypeAlias = Literal["saved", "started", "rolled-back", "canary", "canary-won", "canary-withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStarted:
    """An engine began to keep this journal; ``version`` is the product's."""

    at: int
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStopped:
    """The engine ended in order. Its absence before the next start means that it was killed."""

    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBegan:
    """A call reached the hotline. ``at`` is the moment it reached the dialplan; ``flow_version`` a hash."""

    at: int
    call: str
    ani: str
    dnis: str
    trunk: str
    flow: str
    flow_version: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEntered:
    """A call entered a node: all that is needed to go on there after a crash.

    ``variables`` holds no secret ones. ``stack`` is the sub-flows and nodes to return to, outermost first.
    """

    at: int
    call: str
    flow: str
    node: str
    language: str
    stack: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLeft:
    """A call left the node it was in, by the exit ``exit``."""

    at: int
    call: str
    exit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitBegan:
    """A call began to wait in a queue for one who has the ``skills`` (name to least level, 1–5).

    ``seat``: nobody but this one will do. ``attributes`` are words about the call that go with the visit.
    """

    at: int
    call: str
    visit: str
    queue: str
    skills: Mapping[str, int]
    priority: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    seat: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade:
    """The distributor joined a visit to a seat. ``why`` explains the choice, in plain data."""

    at: int
    call: str
    visit: str
    offer: str
    seat: str
    phone: str
    why: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEnded:
    """An offer's one ring came to its end. ``cause`` is Q.850, ``tech_cause`` SIP's own code and words."""

    at: int
    call: str
    visit: str
    offer: str
    seat: str
    outcome: RingOutcome
    cause: int | None = None
    tech_cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEnded:
    """A stay in a queue is over. ``at`` is the moment of the answer or of leaving; ``wait_ms`` the stay's length.

    ``reason`` tells more within the outcome: ``full``, ``longest-wait``, ``no-agents``, ``asterisk-died`` ….
    """

    at: int
    call: str
    visit: str
    outcome: VisitOutcome
    wait_ms: int
    seat: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationEnded:
    """A caller and a seat have stopped talking. The conversation began when its visit ended ``answered``."""

    at: int
    call: str
    visit: str
    offer: str
    seat: str
    talk_ms: int
    ended_by: Literal["caller", "seat", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """A call's channel is gone. ``at`` is when, as nearly as it could be known."""

    at: int
    call: str
    outcome: CallOutcome
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatChanged:
    """A seat went from state ``was`` to ``now`` because of ``event``. States tile the time with no gap.

    ``until`` is when the new state ends by itself, where it does.
    """

    at: int
    seat: str
    phone: str | None
    was: SeatState
    event: str
    now: SeatState
    reason: str | None = None
    offer: str | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatWished:
    """A person who is in a call asked for what shall come after it."""

    at: int
    seat: str
    wish: Literal["sign-out", "not-ready", "ready"]
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackNoted:
    """A caller left a number to be called back while the engine was away."""

    at: int
    call: str
    note: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAsked:
    """A caller asked to be called, at ``number``: when his turn comes, or from ``due`` on, UTC ms.

    ``visit`` is the stay in the queue that he left for it, if there was one.
    """

    at: int
    call: str
    callback: str
    queue: str
    number: str
    language: str
    skills: Mapping[str, int]
    priority: int
    due: int | None = None
    visit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackEnded:
    """A request to be called is closed. ``by`` is the person who closed it."""

    at: int
    callback: str
    outcome: CallbackOutcome
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """A call was given a tag: a dimension of reports. The last value of a name counts."""

    at: int
    call: str
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """A caller answered a question of a survey, 1 (worst) to 5 (best). ``survey`` is the node's name."""

    at: int
    call: str
    survey: str
    question: str
    answer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeHeard:
    """A caller heard a notice, to its end or until a key of his."""

    at: int
    call: str
    notice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferEnded:
    """A caller's transfer to a number outside is over. ``talked_ms`` is 0 where nobody answered."""

    at: int
    call: str
    number: str
    outcome: RingOutcome
    talked_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingKept:
    """A caller left a recording in a box, ``file`` within the mailbox's folder."""

    at: int
    call: str
    recording: str
    recording_kind: RecordingKind
    box: str
    file: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingMarked:
    """A person dealt with a recording; the last mark counts. ``deleted``: its file is to be removed."""

    at: int
    recording: str
    mark: RecordingMark
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeChanged:
    """A supervisor switched a notice on, or anew with other words, or off.

    It concerns callers of these areas and services, all where none is named. ``texts`` are by language.
    ``until`` is when it ends by itself, UTC ms.
    """

    at: int
    notice: str
    on: bool
    by: str
    texts: Mapping[str, str] = field(default_factory=dict)
    areas: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLive:
    """A version of a flow began to serve new calls: all, or ``share`` percent of them as a canary.

    ``canary-withdrawn`` and ``rolled-back`` name the version that serves from then on. ``by`` is the person, or
    None where the engine itself decided.
    """

    at: int
    flow: str
    version: str
    how: LiveHow
    by: str | None = None
    share: float = 100.0


Event: TypeAlias = (
    EngineStarted
    | EngineStopped
    | CallBegan
    | NodeEntered
    | NodeLeft
    | VisitBegan
    | OfferMade
    | OfferEnded
    | VisitEnded
    | ConversationEnded
    | CallEnded
    | SeatChanged
    | SeatWished
    | CallbackNoted
    | CallbackAsked
    | CallbackEnded
    | Tagged
    | Rated
    | NoticeHeard
    | TransferEnded
    | RecordingKept
    | RecordingMarked
    | NoticeChanged
    | FlowLive
)

KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


def to_data(event: Event) -> dict[str, Any]:
    """Return the event as plain data for one journal line: its kind under ``kind``, then its fields."""
    return {"kind": type(event).__name__} | {f.name: getattr(event, f.name) for f in fields(event)}


def from_data(data: Mapping[str, Any]) -> Event:
    """Return the event that ``to_data`` wrote.

    Fields that this version does not know are dropped, so that an older engine reads a newer journal.
    Raises ``KeyError`` for a kind that this version does not know and ``TypeError`` for a missing field.
    """
    kind = KINDS[data["kind"]]
    known: dict[str, Any] = {f.name: data[f.name] for f in fields(kind) if f.name in data}
    for name, fact in known.items():
        if isinstance(fact, list):  # JSON knows no tuples, and no event holds a list
            known[name] = tuple(fact)
    return kind(**known)
