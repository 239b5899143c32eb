"""What is told by MQTT: every topic below ``hotline/SITE/``, and the form of its messages.

Fields may be added within a version; one that goes, or changes its meaning, makes a new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from ledger.events import SeatState

VERSION = 1
DIALECT = "https://json-schema.org/draft/2020-12/schema"
Trouble: TypeAlias = Literal["asterisk", "journal", "ledger"]


_FORM = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Message(BaseModel):
    """A message; what this version does not know of it is let pass."""

    model_config = _FORM

    v: Literal[1] = Field(description="the version of this form")


class EngineStatus(Message):
    """Whether there is an engine. Its last will says when it died."""

    state: Literal["online", "offline"] = Field(description="offline: the other states are the last known")


class SiteFacts(Message):
    """What the site has, and how its figures are defined."""

    at: int = Field(description="when this was published, UTC ms")
    timezone: str = Field(description="IANA name; today begins at midnight there")
    queues: tuple[str, ...] = Field(description="every queue, in the order of the configuration")
    seats: tuple[str, ...] = Field(description="every agent, by key, in the order of the configuration")
    formula: str = Field(description="the formula of the service level, by its name in reports")
    threshold_s: int = Field(description="T of the service level, in seconds")
    short_abandon_s: int = Field(description="who hangs up within so many seconds is a short abandon")


class QueueState(Message):
    """Who waits in a queue."""

    waiting: int = Field(description="callers in the queue, those whose offer is ringing among them")
    longest_wait_since: int | None = Field(description="when the one who has waited longest arrived, UTC ms")
    longest_wait_ms: int = Field(description="how long that was at the moment `at`")
    at: int = Field(description="when this was published, UTC ms")


class SeatStatus(Message):
    """What a seat does."""

    state: SeatState = Field(description="the seat's state")
    since: int | None = Field(description="since when, UTC ms")
    reason: str | None = Field(description="why it is not ready")
    at: int = Field(description="when this was published, UTC ms")


class Counted(BaseModel):
    """What became of those who arrived in an interval, as reports count it."""

    model_config = _FORM

    since: int = Field(description="when the interval began, UTC ms")
    offered: int = Field(description="who asked for a person")
    answered: int = Field(description="who got one")
    abandoned: int = Field(description="who hung up while waiting")
    short_abandoned: int = Field(description="of the abandoned: who waited no longer than a short abandon")
    overflowed: int = Field(description="who went on to another queue or node")
    called_back: int = Field(description="who asked to be called instead")
    other: int = Field(description="what ended otherwise")
    waiting: int = Field(description="who waits yet; offered is the sum of all but short_abandoned")
    answer_rate: float | None = Field(description="answered of the offered who do not wait yet; null of none")
    service_level: float | None = Field(description="by the site's formula; null of none")
    asa_s: float | None = Field(description="average speed of answer in seconds; null of none")
    max_wait_s: float = Field(description="the longest wait in seconds, as of `at`")


class TodayFigures(Message, Counted):
    """The figures of those who arrived since midnight, of one queue; or of all, where each call counts once."""

    at: int = Field(description="when this was published, UTC ms")
    hour: Counted = Field(description="the same of the last 60 minutes, the one that runs being the last")


class ActiveNotice(BaseModel):
    """A notice that callers hear."""

    model_config = _FORM

    notice: str = Field(description="its name")
    since: int = Field(description="since when it is on, UTC ms")
    until: int | None = Field(description="when it ends by itself, UTC ms")
    texts: Mapping[str, str] = Field(description="its words, by language")
    areas: tuple[str, ...] = Field(description="whom it concerns; everybody where nothing is named")
    services: tuple[str, ...] = Field(description="whom it concerns; everybody where nothing is named")
    heard: bool = Field(description="false: it could not be rendered, so nobody hears it")


class Notices(Message):
    """The notices that are on, the oldest first."""

    at: int = Field(description="when this was published, UTC ms")
    notices: tuple[ActiveNotice, ...] = Field(description="a list, one object for each")


class Health(Message):
    """How the engine fares: a sign of life every five seconds."""

    at: int = Field(description="when this was published, UTC ms")
    started: int = Field(description="when this engine began, UTC ms")
    version: str = Field(description="the product's version")
    calls: int = Field(description="calls that are live")
    loop_lag_ms: float = Field(description="p99 of the event loop's lateness in the last minute")
    ami_lag_ms: int = Field(description="p99 of the age at which Asterisk's last 1,000 events came")
    ledger_behind: int = Field(description="events that the ledger does not have yet")
    journal_waiting: int = Field(description="events that wait for the disk; 0 in good times")
    troubles: tuple[Trouble, ...] = Field(description="what does not work now; `hotline health` tells why")


class Happened(BaseModel):
    """One event of the journal, with those of its fields that may be told; which it has depends on its kind."""

    model_config = _FORM

    kind: str = Field(description="its name, as in ledger/events.py")
    at: int = Field(description="when it happened, UTC ms")
    call: str | None = Field(None, description="the call's id: Asterisk's Uniqueid of its first channel")
    visit: str | None = Field(None, description="CALL/1, CALL/2 …: a stay in a queue")
    offer: str | None = Field(None, description="VISIT/1, VISIT/2 …: a caller and a seat joined")
    seat: str | None = Field(None, description="an agent's key")
    queue: str | None = Field(None, description="a queue")
    outcome: str | None = Field(None, description="how it ended")
    reason: str | None = Field(None, description="why")
    wait_ms: int | None = Field(None, description="how long the visit was")
    talk_ms: int | None = Field(None, description="how long the conversation was")
    ended_by: str | None = Field(None, description="who ended it")
    was: str | None = Field(None, description="a seat's state before")
    now: str | None = Field(None, description="a seat's state after")


class Events(Message):
    """What happened since the last such message, in order."""

    engine: int = Field(description="when the engine that tells this began, UTC ms; `first` counts from then")
    first: int = Field(description="the number of the first event here; a gap before it is what was dropped")
    events: tuple[Happened, ...] = Field(description="a list, one object for each event")


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of topic: ``NAME`` in its name stands for a queue or a seat."""

    name: str
    message: type[Message]
    retained: bool


TOPICS = (
    Topic("engine", EngineStatus, True),
    Topic("site", SiteFacts, True),
    Topic("health", Health, True),
    Topic("queue/NAME", QueueState, True),
    Topic("seat/NAME", SeatStatus, True),
    Topic("today", TodayFigures, True),
    Topic("today/NAME", TodayFigures, True),
    Topic("notices", Notices, True),
    Topic("events", Events, False),
)
SCHEMA = "schema"  # the topic that tells the forms of all others
TOLD_OF_EVENTS = tuple(name for name in Happened.model_fields if name != "kind")


def message_of(name: str) -> type[Message] | None:
    """Return the form of the messages of a topic below the site's, or None for one that is not known."""
    kind, slash, _ = name.partition("/")
    return _MESSAGES.get(kind + (slash and "/NAME"))


def schema() -> dict[str, Any]:
    """Return one JSON Schema: under ``properties`` each kind of topic with the form of its messages."""
    _, forms = models_json_schema([(topic.message, "serialization") for topic in TOPICS])
    return {
        "$schema": DIALECT,
        "title": "What is told by MQTT below hotline/SITE/",
        "type": "object",
        "properties": {topic.name: {"$ref": f"#/$defs/{topic.message.__name__}"} for topic in TOPICS},
        **forms,
    }


_MESSAGES: Mapping[str, type[Message]] = {topic.name: topic.message for topic in TOPICS}
