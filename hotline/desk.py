"""The supervisor's desk: what a person does to what is live. Each act is kept: who, when, what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeAlias

import structlog

from acd.messages import ExtendWrapUp, NotReady, Ready, Reconfigure, Refused, SignIn, SignOut
from acd.plan import Plan, own_skill
from hotline.chronicle import Chronicle
from hotline.clock import Clock
from hotline.plan import plan_of
from hotline.preflight import checked_site
from hotline.settings import Settings
from hotline.site import Site
from hotline.switchboard import Switchboard
from ivr.reading.problem import SourceErrors, did_you_mean
from ledger.events import Intervened, InterventionKind, PlanAdopted

log = structlog.get_logger(__name__)

Wish: TypeAlias = SignIn | SignOut | Ready | NotReady | ExtendWrapUp
ACTIONS: Mapping[type[Wish], InterventionKind] = {
    SignIn: "sign-in",
    SignOut: "sign-out",
    Ready: "ready",
    NotReady: "not-ready",
    ExtendWrapUp: "extend-wrap-up",
}
# What a running engine takes over from a changed config.yaml; the rest waits for the next start.
AT_ONCE = frozenset(
    {
        *("skills", "languages", "queues", "agents", "groups", "order", "ageing", "tiers", "customers"),
        *("reserves", "rona", "callbacks"),
    }
)


class Desk:
    """Carries out interventions, and keeps the distributor's plan: the site's, as persons have changed it for now.

    ``on_plan`` is called after the plan has changed; ``prepare`` is awaited with changed settings before they hold.
    """

    def __init__(self, site: Site, switchboard: Switchboard, chronicle: Chronicle, clock: Clock) -> None:
        self.on_plan: list[Callable[[], object]] = []
        self.prepare: Callable[[Settings], Awaitable[object]] | None = None
        self._site = site
        self._switchboard = switchboard
        self._chronicle = chronicle
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None

    def seat(self, wish: Wish, by: str) -> dict[str, Any]:
        """Carry out what a person asks of a seat; return its state. Raises `Refused`."""
        self._named_seat(wish.seat)
        self._switchboard.ask(wish)
        seat = self._switchboard.distributor.seats[wish.seat]
        detail = {key: value for key, value in asdict(wish).items() if key not in ("seat", "until") and value}
        self._intervened(ACTIONS[type(wish)], wish.seat, by, detail)
        return {
            "seat": seat.name,
            "state": seat.state,
            "reason": seat.reason,
            "later": seat.after is not None,
        }

    def skills(self, seat: str, skills: Mapping[str, int] | None, by: str) -> dict[str, Any]:
        """Give a seat other skills until the day ends, or (None) its own back. Raises `Refused`."""
        self._named_seat(seat)
        known = self._site.settings.skills
        for skill, level in (skills or {}).items():
            if skill not in known:
                raise Refused(f"there is no skill {skill!r}{did_you_mean(skill, known)}")
            if not isinstance(level, int) or not 1 <= level <= 5:
                raise Refused(f"the level of {skill} is {level!r}; write 1 to 5")
        until = self._end_of_day() if skills is not None else None
        detail = {"skills": dict(skills)} if skills is not None else {}
        self._intervened("skills", seat, by, detail, until)
        self.adopt()
        return {"seat": seat, "skills": self._own(seat), "until": until}

    def close(self, queue: str, by: str) -> dict[str, Any]:
        """Let a queue take no more callers; those who wait are served. Raises `Refused`."""
        self._named_queue(queue)
        self._intervened("close-queue", queue, by)
        self.adopt()
        return {"queue": queue, "closed": True}

    def open(self, queue: str, by: str) -> dict[str, Any]:
        """Let a queue take callers again. Raises `Refused`."""
        self._named_queue(queue)
        self._intervened("open-queue", queue, by)
        self.adopt()
        return {"queue": queue, "closed": False}

    def move(self, call: str, queue: str, by: str) -> dict[str, Any]:
        """Let a waiting call wait in another queue, with what it has waited. Raises `Refused`."""
        self._named_queue(queue)
        if self._switchboard.distributor.plan.queues[queue].closed:
            raise Refused(
                f"{queue} is closed, and would send {call} on; open it first: hotline queue {queue} open"
            )
        self._switchboard.move(call, queue)
        self._intervened("move-call", call, by, {"queue": queue})
        return {"call": call, "queue": queue}

    async def reload(self, by: str) -> dict[str, Any]:
        """Take over what has changed in ``config.yaml``, while calls are on; return what was, and what waits.

        Raises `Refused` with every mistake, where there is one; then nothing has changed.
        """
        try:
            new = (await asyncio.to_thread(checked_site, self._site.file, self._site.data)).settings
        except (SourceErrors, OSError) as error:
            raise Refused(f"nothing was changed:\n{error}") from error
        if self.prepare is not None:
            await self.prepare(new)
        old = self._site.settings
        changed = [name for name in Settings.model_fields if getattr(old, name) != getattr(new, name)]
        taken = [name for name in changed if name in AT_ONCE]
        self._site.settings = old.model_copy(update={name: getattr(new, name) for name in taken})
        if taken:
            self._intervened("reload", "config.yaml", by, {"changed": taken})
            self.adopt()
        return {"changed": taken, "at_next_start": [name for name in changed if name not in AT_ONCE]}

    def adopt(self) -> None:
        """Let the distributor go by the site and the interventions that hold now."""
        plan = self.plan()
        self._chronicle.record(PlanAdopted(at=self._clock.now(), plan=asdict(plan)))
        self._switchboard.tell(Reconfigure(plan))
        self._set_timer()
        for listener in self.on_plan:
            listener()

    def plan(self) -> Plan:
        """Return the plan of now."""
        plan, now = plan_of(self._site.settings), self._clock.now()
        seats, queues = dict(plan.seats), dict(plan.queues)
        for (kind, subject), event in self._chronicle.memory.interventions.items():
            if event.until is not None and event.until <= now:
                continue
            if kind == "skills" and subject in seats:
                seats[subject] = {**event.detail["skills"], own_skill(subject): 5}
            elif kind == "close-queue" and subject in queues:
                queues[subject] = replace(queues[subject], closed=True)
        return replace(plan, seats=seats, queues=queues)

    def queues_of(self, seat: str) -> Sequence[str]:
        """Return the queues that a seat serves by its skills, as they ask at first."""
        plan = self._switchboard.distributor.plan
        skills = plan.seats.get(seat, {})
        return [
            name
            for name, queue in plan.queues.items()
            if all(skills.get(skill, 0) >= level for skill, level in queue.skills.items())
            and (not queue.groups or any(seat in plan.groups[group] for group in queue.groups))
        ]

    def interventions(self) -> Sequence[dict[str, Any]]:
        """Return what persons have changed for now, as plain data."""
        now = self._clock.now()
        held = self._chronicle.memory.interventions.values()
        return [asdict(one) for one in held if one.until is None or one.until > now]

    def close_down(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _intervened(
        self,
        action: InterventionKind,
        subject: str,
        by: str,
        detail: Mapping[str, Any] | None = None,
        until: int | None = None,
    ) -> None:
        event = Intervened(
            at=self._clock.now(),
            by=by,
            action=action,
            subject=subject,
            detail=dict(detail or {}),
            until=until,
        )
        self._chronicle.record(event)

    def _own(self, seat: str) -> dict[str, int]:
        skills = self._switchboard.distributor.plan.seats[seat]
        return {name: level for name, level in skills.items() if name != own_skill(seat)}

    def _named_seat(self, name: str) -> None:
        agents = self._site.settings.agents
        if name not in agents:
            raise Refused(f"there is no agent {name!r}{did_you_mean(name, agents)}")

    def _named_queue(self, name: str) -> None:
        queues = self._site.settings.queues
        if name not in queues:
            raise Refused(f"there is no queue {name!r}{did_you_mean(name, queues)}")

    def _end_of_day(self) -> int:
        zone = self._site.zone
        now = datetime.fromtimestamp(self._clock.now() / 1000, UTC).astimezone(zone)
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), zone)
        return round(midnight.timestamp() * 1000)

    def _set_timer(self) -> None:
        """See that the plan is made anew when something that was for a time is over."""
        self.close_down()
        now = self._clock.now()
        ends = [e.until for e in self._chronicle.memory.interventions.values() if e.until is not None]
        next_end = min((end for end in ends if end > now), default=None)
        if next_end is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later((next_end - now) / 1000 + 0.01, self.adopt)
