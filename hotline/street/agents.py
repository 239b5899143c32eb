"""The agents' phones: each ring is answered after a while, or never; then a talk."""

from __future__ import annotations

from collections import Counter
from random import Random

from hotline.street.callers import LINGER_S, Callers
from hotline.street.config import SILENCE
from hotline.street.model import TrafficModel
from hotline.street.pause import pause
from ivr.agi.commands import REPLY_TIMEOUT
from ivr.agi.session import AgiSession

LONGEST_RING_S = 120.0


class Agents:
    """Everybody who sits at a phone of the street."""

    def __init__(self, model: TrafficModel, callers: Callers) -> None:
        self._model = model
        self._callers = callers
        self._rings: Counter[str] = Counter()
        self._draw = Random(f"{model.seed} visitors")  # noqa: S311 traffic, no secret

    async def serve(self, session: AgiSession) -> None:
        """Do what an agent does when his phone rings."""
        phone = session.rest[0]
        self._rings[phone] += 1
        delay = self._model.answers_after(phone, self._rings[phone])
        await session.exec("Ringing", timeout=REPLY_TIMEOUT)
        await pause(LONGEST_RING_S if delay is None else delay, session.ended)
        if delay is None:
            return
        await session.answer()
        plan = self._callers.joined(session.caller_id)
        if plan is None:
            # A person has called by himself: the tone tells him that somebody is there.
            await session.stream_file("beep")
            talk, caller_ends = self._model.talk(self._draw), False
        else:
            talk, caller_ends = plan.talk, plan.caller_ends
        await session.set_music(True, SILENCE)
        await pause(talk + LINGER_S if caller_ends else talk, session.ended)
        await session.hangup()
