"""What is told of a call, moment by moment, UTC ms. ``waits`` is why he was not offered to anybody then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from acd.explain import Waits
from acd.plan import QueuePlan
from acd.policy import Alternatives
from hotline.explain.decision import Decision
from ledger.records import Call, Visit


@dataclass(frozen=True, slots=True)
class Entered:
    """He entered the queue, where so many stood before him. ``needs`` are the queue's and his own together."""

    at: int
    needs: Alternatives
    in_queue: int
    waits: Waits | None
    what: Literal["entered"] = "entered"


@dataclass(frozen=True, slots=True)
class Widened:
    """A step of widening was due; ``brings`` are the seats that could serve him from then on."""

    at: int
    after_ms: int
    needs: Alternatives
    brings: tuple[str, ...]
    waits: Waits | None
    what: Literal["widened"] = "widened"


@dataclass(frozen=True, slots=True)
class PlanChanged:
    """The rules changed, and with them what he needs; None where the queue was gone."""

    at: int
    needs: Alternatives | None
    what: Literal["plan-changed"] = "plan-changed"


@dataclass(frozen=True, slots=True)
class OwnerOver:
    """His owner was waited for no longer: he had not come free in time, or had gone."""

    at: int
    owner: str
    what: Literal["owner-over"] = "owner-over"


@dataclass(frozen=True, slots=True)
class Offered:
    """He was offered to a seat, or a ring group. ``why`` is what was recorded then, ``decision`` it made again."""

    at: int
    offer: str
    seats: tuple[str, ...]
    why: Mapping[str, Any]
    decision: Decision | None
    what: Literal["offered"] = "offered"


@dataclass(frozen=True, slots=True)
class RingOver:
    """A phone rang no more. ``state`` is what became of its seat; it is spared this caller until ``spared_until``.

    ``cause`` is Q.850's, ``tech_cause`` SIP's own code and words.
    """

    at: int
    offer: str
    seat: str
    outcome: str
    rang_ms: int
    cause: int | None
    tech_cause: str | None
    state: str | None
    reason: str | None
    spared_until: int | None
    what: Literal["ring-over"] = "ring-over"


@dataclass(frozen=True, slots=True)
class BackInLine:
    """He was back in his old place."""

    at: int
    waits: Waits | None
    what: Literal["back-in-line"] = "back-in-line"


@dataclass(frozen=True, slots=True)
class Announced:
    """He was told his place, and perhaps how long he would yet wait."""

    at: int
    position: int
    low_ms: int | None
    high_ms: int | None
    what: Literal["announced"] = "announced"


@dataclass(frozen=True, slots=True)
class Tried:
    """The customer of a call-back was rung; ``again`` is when next."""

    at: int
    attempt: int
    outcome: str
    again: int | None
    what: Literal["tried"] = "tried"


@dataclass(frozen=True, slots=True)
class Intervened:
    """A person did something that concerned him: to his call, to his queue, or to the rules."""

    at: int
    by: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    what: Literal["intervened"] = "intervened"


@dataclass(frozen=True, slots=True)
class EngineStarted:
    """A new engine took over; it offers nobody before all callers are back, or three seconds are over."""

    at: int
    what: Literal["engine-started"] = "engine-started"


@dataclass(frozen=True, slots=True)
class StillWaits:
    """He waits yet; so things stand for him."""

    at: int
    waits: Waits
    what: Literal["still-waits"] = "still-waits"


@dataclass(frozen=True, slots=True)
class Left:
    """His stay was over. ``waits`` is how things stood for him then, unless it was when he came."""

    at: int
    outcome: str
    reason: str | None
    seat: str | None
    waits: Waits | None
    what: Literal["left"] = "left"


Fact: TypeAlias = (
    Entered
    | Widened
    | PlanChanged
    | OwnerOver
    | Offered
    | RingOver
    | BackInLine
    | Announced
    | Tried
    | Intervened
    | EngineStarted
    | StillWaits
    | Left
)


@dataclass(frozen=True, slots=True)
class VisitStory:
    """One stay in a queue, with the queue's rules when it began; None where the ledger has no plan from then."""

    visit: Visit
    queue: QueuePlan | None
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class CallStory:
    """A call and all its stays in queues."""

    call: Call
    visits: tuple[VisitStory, ...]
