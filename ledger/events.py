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
    "not-reached",  # a call-back whose customer did not answer, or did not want it any more
    "asterisk-died",  # its channel was gone without a word when the engine looked
    "error",
]
SeatState: TypeAlias = Literal[
    "signed-out", "unreachable", "ready", "reserved", "ringing", "talking", "hold", "wrap-up", "not-ready"
]
RecordingKind: TypeAlias = Literal["voicemail", "record"]
RecordingMark: TypeAlias = Literal["heard", "done", "deleted"]
CallKind: TypeAlias = Literal[
    "caller",
    "callback",  # one that a caller asked for: it begins when he does, and is rung when his turn comes
    "service",  # an agent's phone, at one of the site's feature codes
]
CallbackOutcome: TypeAlias = Literal["answered", "failed", "called", "withdrawn"]
VisitKind: TypeAlias = Literal["call", "callback"]
InterventionKind: TypeAlias = Literal[
    "sign-in",
    "sign-out",
    "ready",
    "not-ready",
    "extend-wrap-up",
    "skills",
    "close-queue",
    "open-queue",
    "move-call",
    "reload",
]
HealingKind: TypeAlias = Literal[
    "call-without-channel",
    "conversation-without-leg",
    "ring-without-leg",
    "offer-past-deadline",
    "seat-without-call",
]
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
    call_kind: CallKind = "caller"


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
    ``credit_ms`` counts as waited already, ``tier`` is the customer's (0: none), ``owner`` the seat asked first.
    A call-back waits as its customer would, and is counted apart.
    """

    at: int
    call: str
    visit: str
    queue: str
    skills: Mapping[str, int]
    priority: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    seat: str | None = None
    credit_ms: int = 0
    tier: int = 0
    owner: str | None = None
    visit_kind: VisitKind = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade:
    """The distributor joined a visit to a seat. ``why`` explains the choice, in plain data.

    ``rings`` maps the seats of a ring group to their phones; it is empty where only ``seat`` rings.
    """

    at: int
    call: str
    visit: str
    offer: str
    seat: str
    phone: str
    why: Mapping[str, Any]
    rings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RingEnded:
    """One ring of a ring group came to its end. Its offer goes on, or is told of by its own `OfferEnded`."""

    at: int
    call: str
    visit: str
    offer: str
    ring: str
    seat: str
    outcome: RingOutcome
    cause: int | None = None
    tech_cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEnded:
    """An offer, and its last ``ring``, came to its end at a seat.

    ``cause`` is Q.850, ``tech_cause`` SIP's own code and words. ``ring`` is None for the first.
    """

    at: int
    call: str
    visit: str
    offer: str
    seat: str
    outcome: RingOutcome
    ring: str | None = None
    cause: int | None = None
    tech_cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEnded:
    """A stay in a queue is over. ``at`` is the moment of the answer or of leaving; ``wait_ms`` the stay's length.

    ``reason`` tells more within the outcome: ``full``, ``timeout``, ``no_agents``, ``closed``, ``asterisk-died`` ….
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

    ``visit`` is the stay in the queue that he left for it, if there was one; ``since`` when his wait began, UTC ms;
    ``dnis`` the number that he had dialled.
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
    since: int | None = None
    dnis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackTried:
    """A customer who had asked for it was rung, and that is over. ``again`` is when it is tried next, UTC ms."""

    at: int
    callback: str
    attempt: int
    offer: str
    outcome: RingOutcome
    again: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackEnded:
    """A request to be called is closed. ``by`` is the person who closed it, or empty where the engine did."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAdopted:
    """From now on the distributor goes by this plan: queues, seats and rules, as plain data."""

    at: int
    plan: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitTold:
    """A waiting caller was told his position, and perhaps how long he will yet wait."""

    at: int
    call: str
    visit: str
    position: int
    low_ms: int | None = None
    high_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervened:
    """A person acted on what is live: on the seat, queue or call ``subject``.

    ``detail`` tells more; ``until`` is when it ends by itself, UTC ms.
    """

    at: int
    by: str
    action: InterventionKind
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Healed:
    """The engine and Asterisk meant different things of ``subject``, or a deadline had passed; it was put right."""

    at: int
    what: HealingKind
    subject: str
    cause: str


Event: TypeAlias = (
    EngineStarted
    | EngineStopped
    | CallBegan
    | NodeEntered
    | NodeLeft
    | VisitBegan
    | OfferMade
    | RingEnded
    | OfferEnded
    | VisitEnded
    | ConversationEnded
    | CallEnded
    | SeatChanged
    | SeatWished
    | CallbackNoted
    | CallbackAsked
    | CallbackTried
    | CallbackEnded
    | Tagged
    | Rated
    | NoticeHeard
    | TransferEnded
    | RecordingKept
    | RecordingMarked
    | NoticeChanged
    | FlowLive
    | PlanAdopted
    | WaitTold
    | Intervened
    | Healed
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
