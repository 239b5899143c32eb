"""The far end of a dialled call: how its channel ended, and what that says of why nobody answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Missed: TypeAlias = Literal["no-answer", "refused", "busy", "unreachable", "cancelled"]


@dataclass(frozen=True, slots=True)
class LegEnd:
    """How a dialled channel ended: Q.850 cause, and the technology's own, such as ``486`` of SIP."""

    cause: int
    tech_cause: str


class Legs(Protocol):
    """What is heard of the channels that were dialled, by the name of the ring or line that they belong to."""

    async def end(self, leg: str) -> LegEnd | None:
        """Return how the last of its channels ended; None when nothing was heard of it in good time."""


def classify(dial_status: str, leg: LegEnd | None) -> Missed:
    """Tell why nobody answered. The leg's own cause counts: DIALSTATUS is the same for a decline and a dead phone.

    Sources: RFC 3398 section 8.2.6.1 for SIP to Q.850; Asterisk's Hangup event for Cause and TechCause.
    """
    sip = _sip_code(leg.tech_cause) if leg is not None else None
    if _sent_elsewhere(dial_status, leg, sip):
        return "refused"
    if sip in (486, 600) or (sip is None and dial_status == "BUSY"):
        return "busy"
    if sip in (603, 403, 480, 433, 607, 608):
        return "refused"
    if dial_status == "ANSWER" and sip is None:
        return "refused"  # who answered hung up on the announcement, before he was joined with the caller
    if leg is not None and sip is None and leg.cause in (16, 26):
        return "cancelled"  # we hung the ringing phone up ourselves; Dial does not name a cause when its time is up
    if sip in (487, None) and dial_status == "NOANSWER":
        return "no-answer"
    if dial_status == "CANCEL" or (dial_status == "" and sip is None):
        return "cancelled"
    return "unreachable"


def _sent_elsewhere(dial_status: str, leg: LegEnd | None, sip: int | None) -> bool:
    """Tell whether the phone answered with a redirect (3xx), which we never follow.

    Dial then hangs the leg up itself, most often after its SIP answer was noted; its status is BUSY either way.
    """
    if sip is not None:
        return 300 <= sip < 400
    return dial_status == "BUSY" and leg is not None and leg.cause == 0


def _sip_code(tech_cause: str) -> int | None:
    # Asterisk 22 says "486", older ones "SIP 486 Busy Here"
    code = tech_cause.removeprefix("SIP ").partition(" ")[0]
    return int(code) if code.isdigit() else None
