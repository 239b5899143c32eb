"""The callers: each dials the hotline, presses keys, waits as long as his patience lasts, talks, and hangs up."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import structlog

from acd.ami import AmiError, Event
from hotline.street.config import SILENCE
from hotline.street.model import CallPlan
from hotline.street.pause import pause
from ivr.agi.commands import REPLY_TIMEOUT
from ivr.agi.errors import CommandTimedOut, DeadChannel, SessionEnded, SessionSealed
from ivr.agi.session import AgiSession

log = structlog.get_logger(__name__)

SET_UP_S = 10.0
LINGER_S = 15.0
"""So long a caller listens to the goodbye after an agent has hung up, and an agent waits for a caller's hang-up."""

Outcome: TypeAlias = Literal["answered", "abandoned", "hung_up_in_menu", "turned_away", "failed"]


@dataclass(frozen=True, slots=True)
class StreetStatistics:
    """The callers' own count, since the start.

    Each call placed is counted once more below when its outcome is clear, unless the street's own end cut it off.
    """

    placed: int
    live: int
    """Not yet hung up; those in conversation are counted as answered already."""
    answered: int
    """An agent spoke to them."""
    abandoned: int
    """They had asked for a person, and their patience ended first."""
    hung_up_in_menu: int
    turned_away: int
    """The hotline hung up before anybody spoke to them: all busy, nobody there, waited too long."""
    failed: int
    """The hotline never took the call."""
    blocked: int
    """Not placed, since as many calls as allowed were live."""


class Telephone(Protocol):
    """What places calls."""

    async def dial(self, plan: CallPlan) -> None:
        """Place the call that ``plan`` states, without waiting for the answer. Raises `AmiError`."""


class Caller:
    """One live call, as its caller knows it. What becomes of it is counted in ``tally``, once."""

    def __init__(self, plan: CallPlan, tally: Counter[str]) -> None:
        self.plan = plan
        self.session: asyncio.Future[AgiSession] = asyncio.get_running_loop().create_future()
        self.served = asyncio.Event()
        self.over = asyncio.Event()
        self._tally = tally
        self._outcome: Outcome | None = None

    def settle(self, outcome: Outcome) -> None:
        """Count what became of the call. Only the first word counts."""
        if self._outcome is None:
            self._outcome = outcome
            self._tally[outcome] += 1

    async def behave(self, session: AgiSession) -> None:
        """Do all that the plan says, up to the hang-up. Raises `SessionEnded` where the hotline hangs up first."""
        plan = self.plan
        # The hotline takes a line without voice packets for a dead one.
        await session.set_music(True, SILENCE)
        for press in plan.presses:
            await pause(press.after, session.ended)
            await session.exec("SendDTMF", press.key, timeout=REPLY_TIMEOUT)
        if plan.leaves is not None:
            await pause(plan.leaves, session.ended)
            self._gives_up(session, "hung_up_in_menu")
        else:
            await pause(plan.patience, self.served, session.ended)
            if self.served.is_set():
                await pause(plan.talk if plan.caller_ends else plan.talk + LINGER_S, session.ended)
            else:
                self._gives_up(session, "abandoned")
        await session.hangup()

    def _gives_up(self, session: AgiSession, outcome: Outcome) -> None:
        self.settle("turned_away" if session.ended.is_set() else outcome)


class Callers:
    """All the callers that are live, at most ``most_live`` at once, and what became of the others."""

    def __init__(self, telephone: Telephone, most_live: int) -> None:
        self._telephone = telephone
        self._most_live = most_live
        self._live: dict[str, Caller] = {}
        self._tally: Counter[str] = Counter()

    def statistics(self) -> StreetStatistics:
        """Return the count of this moment."""
        counted = ("placed", "answered", "abandoned", "hung_up_in_menu", "turned_away", "failed", "blocked")
        return StreetStatistics(live=len(self._live), **{name: self._tally[name] for name in counted})

    async def call(self, plan: CallPlan) -> None:
        """Place a call and live it to its end. Cancelling hangs up."""
        if len(self._live) >= self._most_live:
            self._tally["blocked"] += 1
            return
        self._tally["placed"] += 1
        caller = self._live[plan.ani] = Caller(plan, self._tally)
        try:
            await self._telephone.dial(plan)
            async with asyncio.timeout(SET_UP_S):
                session = await caller.session
            await caller.behave(session)
        except (AmiError, TimeoutError) as error:
            log.warning("a street call failed", reason=str(error) or "no answer")
            caller.settle("failed")
        except (SessionEnded, SessionSealed, CommandTimedOut, DeadChannel):
            caller.settle("turned_away")
        finally:
            caller.over.set()
            del self._live[plan.ani]

    async def serve(self, session: AgiSession) -> None:
        """Give the session of a call that the hotline answered to its caller, and keep it while he is on the line."""
        caller = self._live.get(session.rest[0])
        if caller is not None and not caller.session.done():
            caller.session.set_result(session)
            await caller.over.wait()

    def originated(self, event: Event) -> None:
        """Take in how Asterisk fared with dialling: `OriginateResponse`."""
        caller = self._live.get(event.headers.get("Exten", ""))
        if event.headers.get("Response") == "Failure" and caller is not None and not caller.session.done():
            caller.session.set_exception(TimeoutError(f"cause {event.headers.get('Reason', '?')}"))

    def joined(self, ani: str | None) -> CallPlan | None:
        """Let a caller know that an agent speaks to him; return his plan, or None for one who is not of the street."""
        caller = self._live.get(ani or "")
        if caller is None:
            return None
        caller.settle("answered")
        caller.served.set()
        return caller.plan
