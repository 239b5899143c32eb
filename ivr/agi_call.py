"""A `Call` on a real Asterisk: the caller's own AGI session, and what is heard of the phones that it rings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ivr.agi_errors import CommandRefused, CommandTimedOut, SessionEnded, SessionSealed
from ivr.agi_session import AgiSession
from ivr.call import CallLost, Rang, Ring, RingOutcome, Sound

ANSWERED = "hotline-answered"  # the dialplan's own label for what runs on a seat's channel when it answers

Missed = Literal["no-answer", "refused", "busy", "unreachable", "cancelled"]


@dataclass(frozen=True, slots=True)
class LegEnd:
    """How a phone's channel ended: Q.850 cause, and the technology's own, such as ``486`` of SIP."""

    cause: int
    tech_cause: str


class Clock(Protocol):
    """The time, UTC ms."""

    def now(self) -> int:
        """Return the time."""

    def of_wall(self, ms: int) -> int:
        """Return the clock's time for what Asterisk read off the machine's."""


class Legs(Protocol):
    """What is heard of the channels that a ring made, by offer."""

    async def end(self, offer: str) -> LegEnd | None:
        """Return how the offer's channel ended; None when nothing was heard of it in good time."""


def classify(dial_status: str, leg: LegEnd | None) -> Missed:
    """Tell why nobody answered. The leg's own cause counts: DIALSTATUS is the same for a decline and a dead phone.

    Sources: RFC 3398 section 8.2.6.1 for SIP to Q.850; Asterisk's Hangup event for Cause and TechCause.
    """
    sip = _sip_code(leg.tech_cause) if leg is not None else None
    if sip in (486, 600) or (sip is None and dial_status == "BUSY"):
        return "busy"
    if sip in (603, 403, 480, 433, 607, 608):
        return "refused"
    if sip in (487, None) and dial_status == "NOANSWER":
        return "no-answer"
    if dial_status == "CANCEL" or (dial_status == "" and sip is None):
        return "cancelled"
    if leg is not None and sip is None and leg.cause in (16, 26):
        return "cancelled"  # we hung the ringing phone up ourselves
    return "unreachable"


def _sip_code(tech_cause: str) -> int | None:
    code = tech_cause.removeprefix("SIP ").partition(" ")[
        0
    ]  # Asterisk 22 says "486", older ones "SIP 486 Busy Here"
    return int(code) if code.isdigit() else None


def _only_of(endpoint: str, contacts: str) -> bool:
    """Tell whether these are devices of that phone and nothing else: a device writes its own address."""
    return "," not in contacts and all(
        contact.startswith(f"PJSIP/{endpoint}/") for contact in contacts.split("&")
    )


class AgiCall:
    """One caller, reached through one AGI session.

    ``endpoint_of`` gives the PJSIP endpoint of a phone by its number; ``music`` names the class of
    music on hold; None lets callers wait in silence, without one voice packet.
    """

    def __init__(
        self,
        call: str,
        session: AgiSession,
        legs: Legs,
        endpoint_of: Callable[[str], str],
        *,
        music: str | None,
        clock: Clock,
    ) -> None:
        self._id = call
        self._session = session
        self._legs = legs
        self._endpoint_of = endpoint_of
        self._music = music
        self._clock = clock
        self._up = False

    @property
    def id(self) -> str:
        """The call's own id, the same through all its sessions."""
        return self._id

    async def answer(self) -> None:
        """Pick up. Does nothing when that was done before."""
        if not self._up:
            with _Losing():
                await self._session.answer()
            self._up = True

    async def play(self, sounds: Sequence[Sound], keys: str = "") -> str | None:
        """Play sounds in order. A key out of ``keys`` ends them at once and is returned."""
        for sound in sounds:
            with _Losing():
                played = await self._session.stream_file(
                    str(sound.path.with_suffix("")), keys, timeout=sound.seconds + 30
                )
            if played.digit is not None:
                return played.digit
        return None

    async def key(self, seconds: float) -> str | None:
        """Return the next key pressed, or None when none came in time."""
        with _Losing():
            return await self._session.wait_for_digit(seconds)

    async def music(self, on: bool) -> None:
        """Begin or end music on hold."""
        if self._music is not None:
            with _Losing():
                await self._session.set_music(on, self._music)

    async def ring(self, ring: Ring) -> Rang:
        """Ring a phone and, if it answers, join the two until one hangs up."""
        with _Losing():
            return await self._ring(ring)

    async def gone(self) -> None:
        """Wait until the caller, or the session, is gone; then return."""
        await self._session.ended.wait()

    async def hang_up(self) -> None:
        """Let the caller go: the engine is done with him, and the dialplan hangs up."""
        with _Losing():
            await self._session.set_variable("HOTLINE_DONE", "1")
        self._session.close()

    def _while_ringing(self) -> str:
        return "" if self._music is None else f"m({self._music})"

    async def _ring(self, ring: Ring) -> Rang:
        session = self._session
        endpoint = self._endpoint_of(ring.phone)
        contacts = await session.get_full_variable(f"${{PJSIP_DIAL_CONTACTS({endpoint})}}")
        if not contacts or not _only_of(endpoint, contacts):
            return Rang(ring.offer, "unreachable")
        await session.set_variable("__HOTLINE_OFFER", ring.offer)
        await session.exec(
            "Dial",
            contacts,
            str(max(1, round(ring.seconds))),
            f"g{self._while_ringing()}U({ANSWERED})",
            timeout=None,
        )
        said = await session.get_full_variable("${DIALSTATUS}|${HOTLINE_ANSWERED}") or "|"
        dial_status, _, answered = said.partition("|")
        offer, _, moment = answered.partition(" ")
        if offer == ring.offer and moment.isdigit():
            return Rang(
                ring.offer,
                "answered",
                answered_at=self._clock.of_wall(int(moment)),
                ended_at=self._clock.now(),
            )
        leg = await self._legs.end(ring.offer)
        outcome: RingOutcome = classify(dial_status, leg)
        return Rang(
            ring.offer,
            outcome,
            ended_at=self._clock.now(),
            cause=leg.cause if leg else None,
            tech_cause=leg.tech_cause if leg else None,
        )


class _Losing:
    """Turns every way in which a session can be lost into `CallLost`."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SessionEnded | SessionSealed | CommandTimedOut):
            raise CallLost(str(error)) from error
        if isinstance(error, CommandRefused) and error.code == 511:
            raise CallLost(str(error)) from error
