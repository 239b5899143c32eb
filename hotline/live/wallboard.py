"""What one who listens by MQTT knows of a site: the newest of each topic, and how old the news is. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from hotline.live.topics import (
    EngineStatus,
    Health,
    Message,
    Notices,
    QueueState,
    SeatStatus,
    SiteFacts,
    TodayFigures,
    message_of,
)

M = TypeVar("M", bound=Message)

SILENT_MS = 12_000  # the engine gives a sign of life every five seconds


@dataclass(frozen=True, slots=True)
class Link:
    """The way to the broker: ``trouble`` is why there is none now."""

    connected: bool
    trouble: str | None = None


class Wallboard:
    """A site as its messages tell it. Times are UTC ms by the watcher's own clock, but for those within messages."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.not_understood: set[str] = set()  # topics, below the site's
        self._known: dict[str, Message] = {}
        self._last_live: int | None = None
        self._offline: int | None = None  # when we heard that the engine had ended, if we were there
        self._ahead = 0  # the watcher's clock, less the engine's

    def heard(self, name: str, payload: bytes, at: int, *, retained: bool) -> None:
        """Take in one message of the topic ``name`` below the site's; ``retained`` is one from before we came."""
        form = message_of(name)
        if form is None:
            return
        if not payload:  # a state that was taken back
            self._known.pop(name, None)
            return
        try:
            message = form.model_validate_json(payload)
        except ValidationError:
            self.not_understood.add(name)
            return
        self.not_understood.discard(name)
        self._known[name] = message
        if retained:
            return
        if isinstance(message, EngineStatus):
            self._offline = at if message.state == "offline" else None
        if isinstance(message, Health):
            self._ahead = at - message.at
        if not isinstance(message, EngineStatus) or message.state == "online":
            self._last_live = at

    @property
    def engine(self) -> EngineStatus | None:
        """Whether there is an engine; None where nobody has said."""
        return self._of("engine", EngineStatus)

    @property
    def site(self) -> SiteFacts | None:
        """What the site has."""
        return self._of("site", SiteFacts)

    @property
    def health(self) -> Health | None:
        """The engine's last sign of life."""
        return self._of("health", Health)

    @property
    def notices(self) -> Notices | None:
        """The notices that are on."""
        return self._of("notices", Notices)

    @property
    def queues(self) -> dict[str, QueueState]:
        """Every queue that the site has now, in its order."""
        return dict(self._each("queue", self.site.queues if self.site else (), QueueState))

    @property
    def seats(self) -> dict[str, SeatStatus]:
        """Every seat that the site has now, in its order."""
        return dict(self._each("seat", self.site.seats if self.site else (), SeatStatus))

    def today(self, queue: str | None = None) -> TodayFigures | None:
        """Return the figures of a queue, or of all together."""
        return self._of("today" if queue is None else f"today/{queue}", TodayFigures)

    @property
    def complete(self) -> bool:
        """Whether every topic that the site has was heard of."""
        if self.site is None:
            return False
        names = {"engine", "health", "notices", "today"}
        names |= {f"{kind}/{queue}" for queue in self.site.queues for kind in ("queue", "today")}
        names |= {f"seat/{seat}" for seat in self.site.seats}
        return names <= self._known.keys() | self.not_understood

    def engine_now(self, now: int) -> int:
        """Return the engine's time at ``now``."""
        return now - self._ahead

    def last_news(self) -> int | None:
        """Return when something new came last; where that was before we listened, as the engine's clock has it."""
        if self._last_live is not None:
            return self._last_live
        return self.health.at if self.health else None

    def offline_since(self) -> int | None:
        """Return since when the engine is offline, as nearly as we know; None while it is online."""
        if self.engine is None or self.engine.state == "online":
            return None
        return self._offline if self._offline is not None else self.last_news()

    def silent_ms(self, now: int) -> int | None:
        """Return for how long an engine that is said to be online has told nothing; None where that is no wonder."""
        last = self.last_news()
        if self.engine is None or self.engine.state != "online" or last is None or now - last < SILENT_MS:
            return None
        return now - last

    def as_data(self, now: int, link: Link) -> dict[str, Any]:
        """Return all as plain data, for programs."""
        engine, health, notices = self.engine, self.health, self.notices
        today = self.today()
        last = self.last_news()
        return {
            "site": self.name,
            "broker": {"connected": link.connected, "trouble": link.trouble},
            "engine": {
                "state": engine.state if engine else None,
                "offline_since": self.offline_since(),
                "last_news_ms": None if last is None else max(0, now - last),
            },
            "health": _data(health) if health else None,
            "queues": {
                name: _data(state) | {"today": _data(figures) if (figures := self.today(name)) else None}
                for name, state in self.queues.items()
            },
            "today": _data(today) if today else None,
            "seats": {name: _data(state) for name, state in self.seats.items()},
            "notices": [one.model_dump(mode="json") for one in notices.notices] if notices else [],
            "not_understood": sorted(self.not_understood),
        }

    def _of(self, name: str, form: type[M]) -> M | None:
        message = self._known.get(name)
        return message if isinstance(message, form) else None

    def _each(self, kind: str, names: tuple[str, ...], form: type[M]) -> Iterator[tuple[str, M]]:
        for name in names:
            message = self._of(f"{kind}/{name}", form)
            if message is not None:
                yield name, message


def _data(message: Message) -> dict[str, Any]:
    return message.model_dump(mode="json", exclude={"v"})
