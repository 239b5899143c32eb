"""What the ledger holds, as its readers get it. Moments are UTC milliseconds; an end of None: it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One call that reached the hotline."""

    call: str
    site: str
    node: str
    ani: str
    dnis: str
    trunk: str
    flow: str
    flow_version: str
    language: str
    began: int
    ended: int | None
    outcome: str | None
    detail: str | None
    call_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One node that a call went through. ``exit`` is None when it left by hanging up."""

    call: str
    step: int
    flow: str
    flow_node: str
    language: str
    entered: int
    left: int | None
    exit: str | None


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay of a call in one queue. ``outcome`` and ``wait_ms`` are None while it waits."""

    visit: str
    call: str
    site: str
    node: str
    queue: str
    skills: Mapping[str, int]
    priority: int
    arrived: int
    left: int | None
    outcome: str | None
    reason: str | None
    wait_ms: int | None
    seat: str | None
    visit_kind: str | None = None
    credit_ms: int | None = None
    tier: int | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """One caller joined to one seat, and why that one."""

    offer: str
    visit: str
    call: str
    seat: str
    phone: str
    why: Mapping[str, Any]
    made: int
    ended: int | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Ring:
    """One phone of an offer ringing. ``cause`` is Q.850, ``tech_cause`` SIP's own code and words."""

    ring: str
    offer: str
    visit: str
    call: str
    seat: str
    phone: str
    began: int
    ended: int | None
    outcome: str | None
    cause: int | None
    tech_cause: str | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A caller and a seat talking. ``offer`` and ``talk_ms`` are None while they do."""

    visit: str
    call: str
    site: str
    node: str
    offer: str | None
    seat: str | None
    began: int
    ended: int | None
    talk_ms: int | None
    ended_by: str | None


@dataclass(frozen=True, slots=True)
class SeatInterval:
    """A stretch of time that a seat spent in one state. The intervals tile its signed-in time."""

    site: str
    node: str
    seat: str
    interval: int
    phone: str | None
    state: str
    reason: str | None
    offer: str | None
    event: str
    began: int
    ended: int | None


@dataclass(frozen=True, slots=True)
class CallbackNote:
    """A number that a caller left to be called back."""

    note: str
    call: str
    site: str
    node: str
    number: str
    noted: int


@dataclass(frozen=True, slots=True)
class Callback:
    """A request to be called: when the caller's turn comes, or from ``due`` on. An ``ended`` of None: it is open."""

    callback: str
    call: str
    site: str
    node: str
    queue: str
    number: str
    language: str
    skills: Mapping[str, int]
    priority: int
    asked: int
    due: int | None
    visit: str | None
    ended: int | None
    outcome: str | None
    ended_by: str | None


@dataclass(frozen=True, slots=True)
class Recording:
    """What a caller left in a box, ``file`` within the mailbox's folder. ``mark`` is None while nobody heard it.

    ``ani`` is who called, None where the ledger has no beginning of that call.
    """

    recording: str
    call: str
    site: str
    node: str
    recording_kind: str
    box: str
    file: str
    seconds: float
    kept: int
    mark: str | None
    marked: int | None
    marked_by: str | None
    ani: str | None


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a call; its last value."""

    call: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """An answer to a question of a survey, 1–5, about the conversation of ``visit``.

    A caller who had talked to nobody has an empty ``visit``, and neither queue nor seat.
    """

    call: str
    visit: str
    site: str
    node: str
    survey: str
    question: str
    queue: str | None
    seat: str | None
    answer: int
    answered: int


@dataclass(frozen=True, slots=True)
class EngineRun:
    """One life of an engine. ``how`` it ended: ``stopped`` in order, or ``killed``, at a time unknown."""

    site: str
    node: str
    began: int
    version: str
    ended: int | None
    how: str | None
