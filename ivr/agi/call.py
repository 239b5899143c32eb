"""A `Call` on a real Asterisk: the caller's own AGI session, and what AMI tells of keys and of dialled channels."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from ivr.agi.commands import REPLY_TIMEOUT
from ivr.agi.errors import CommandRefused, CommandTimedOut, SessionEnded, SessionSealed
from ivr.agi.legs import Legs, classify
from ivr.agi.session import AgiSession
from ivr.call import CallLost, Connected, Line, Rang, Recorded, Ring, Sound

ANSWERED: Final = "hotline-answered"  # the dialplan's own labels for what runs on a channel that answers:
CONNECTED: Final = "hotline-connected"  # a seat's, and one outside
MARK: Final = "hotline-keys"  # the UserEvent from which on keys are meant for us
SAMPLES: Final = 8_000  # a second of a recording
LONGEST_RECORDING: Final = 3_600.0
HUSH_S: Final = 0.1
LONGEST_NAME: Final = 20  # of a caller, on a phone's display

_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")


class Clock(Protocol):
    """The time, UTC ms."""

    def now(self) -> int:
        """Return the time."""

    def of_wall(self, ms: int) -> int:
        """Return the clock's time for what Asterisk read off the machine's."""


class Keypad(Protocol):
    """The keys that the caller presses while no AGI command takes them."""

    def listen(self) -> str | None:
        """Begin to listen, and return the mark to be made in the channel's events; None when it listens already."""

    def stop(self) -> None:
        """Listen no more, and forget what nobody took."""

    def take(self, wanted: str) -> str | None:
        """Return the next key out of ``wanted``; None when there is none. Others before it are dropped."""

    async def news(self) -> None:
        """Wait until a key has come since `take` found none. Cancelling takes none."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The way to numbers outside: a trunk's PJSIP endpoint, and the number that is shown to those who are called."""

    endpoint: str
    shown: str


class AgiCall:
    """One caller, reached through one AGI session.

    ``endpoint_of`` gives the PJSIP endpoint of a phone by its number; ``music`` names the class of
    music on hold; None lets callers wait in silence, without one voice packet. ``outside`` None: no number
    outside can be called. ``stop_playback`` has Asterisk end what plays to a channel.
    """

    def __init__(
        self,
        call: str,
        session: AgiSession,
        legs: Legs,
        keypad: Keypad,
        endpoint_of: Callable[[str], str],
        *,
        music: str | None,
        outside: Outside | None,
        clock: Clock,
        stop_playback: Callable[[str], None],
    ) -> None:
        self._id = call
        self._session = session
        self._legs = legs
        self._keypad = keypad
        self._endpoint_of = endpoint_of
        self._music = music
        self._outside = outside
        self._clock = clock
        self._stop_playback = stop_playback
        self._up = False
        self._whispered = False
        self._playing = self._hushed = False

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
        self._keypad.stop()
        self._playing, self._hushed = True, False
        try:
            for sound in sounds:
                if self._hushed:
                    return None
                with _Losing():
                    played = await self._session.stream_file(
                        str(sound.path.with_suffix("")), keys, timeout=sound.seconds + 30
                    )
                if played.digit is not None:
                    return played.digit
            return None
        finally:
            self._playing = False

    async def hush(self) -> None:
        """End at once what is being played: the `play` under way returns."""
        self._hushed = True
        while self._playing:  # what Asterisk has not begun to play it cannot end
            self._stop_playback(self._session.environment.get("agi_channel", ""))
            await asyncio.sleep(HUSH_S)

    async def key(self, seconds: float) -> str | None:
        """Return the next key pressed, or None when none came in time."""
        self._keypad.stop()
        with _Losing():
            return await self._session.wait_for_digit(seconds)

    async def music(self, on: bool, *, listen: bool = True) -> None:
        """Begin or end music on hold. If told to ``listen``, from then to its end `pressed` hears the caller's keys."""
        mark = None
        if on and listen:
            mark = self._keypad.listen()
        else:
            self._keypad.stop()
        with _Losing():
            if self._music is not None:
                await self._session.set_music(on, self._music)
            if mark is not None:
                await self._session.exec("UserEvent", MARK, f"Mark: {mark}", timeout=REPLY_TIMEOUT)

    async def ring(self, ring: Ring) -> Rang:
        """Ring a phone and, if it answers, join the two until one hangs up."""
        with _Losing():
            return await self._ring(ring)

    async def pressed(self, keys: str) -> str:
        """Wait, with music or while a phone rings, until the caller presses one of the keys. Cancelling loses none.

        Keys are kept from ``music(True)`` on, also those that come before this is called. They are forgotten when
        something is played or asked, when the music is ended, and when somebody answers.
        """
        gone = asyncio.ensure_future(self._session.ended.wait())
        try:
            while (key := self._keypad.take(keys)) is None:
                news = asyncio.ensure_future(self._keypad.news())
                try:
                    await asyncio.wait((gone, news), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    news.cancel()
                if gone.done():
                    raise CallLost("the session ended")
            return key
        finally:
            gone.cancel()

    async def connect(self, line: Line) -> Connected:
        """Call a number outside and, if it answers, join the two until one hangs up.

        The caller hears what the network lets him hear, or a ringing tone. Raises `ValueError` for what is no
        number, before anything is dialled.
        """
        if _NUMBER.fullmatch(line.number) is None:
            raise ValueError("a number to call has up to 32 of the signs 0-9 * #, and may begin with +")
        self._keypad.stop()
        if self._outside is None:
            return Connected("unreachable")
        with _Losing():
            return await self._connect(line, self._outside)

    async def record(
        self, file: Path, *, longest: float, silence: float | None, finish: str, beep: bool
    ) -> Recorded:
        """Record the caller into a WAV file of 8 kHz, 16 bit, one channel, whose folder exists.

        Asterisk counts ``silence`` in whole seconds, of which the last stays in the recording. A key into the beep
        ends it before anything is written. Raises `ValueError` for a file that is not an absolute ``….wav``, or
        for a ``longest`` that is not within an hour.
        """
        if file.suffix != ".wav" or not file.is_absolute():
            raise ValueError("a recording needs an absolute path that ends in .wav")
        if not 0 < longest <= LONGEST_RECORDING:
            raise ValueError(f"a recording may last up to {LONGEST_RECORDING:g} s")
        self._keypad.stop()
        with _Losing():
            done = await self._session.record_file(
                str(file.with_suffix("")),
                finish,
                longest=longest,
                silence=None if silence is None else max(1, round(silence)),
                beep=beep,
            )
        return Recorded(done.endpos / SAMPLES, done.digit)

    async def rest(self, seconds: float) -> None:
        """Let so much of the call's own time pass."""
        try:
            async with asyncio.timeout(seconds):
                await self._session.ended.wait()
        except TimeoutError:
            return
        raise CallLost("the session ended")

    async def gone(self) -> None:
        """Wait until the caller, or the session, is gone; then return."""
        await self._session.ended.wait()

    async def hang_up(self) -> None:
        """Let the caller go: the engine is done with him, and the dialplan hangs up."""
        with _Losing():
            await self._session.set_variable("HOTLINE_DONE", "1")
        self._session.close()

    async def _ring(self, ring: Ring) -> Rang:
        session = self._session
        rings = ring.rings or ((ring.seat, ring.phone),)
        targets, unreachable = [], []
        for seat, phone in rings:
            endpoint = self._endpoint_of(phone)
            contacts = await session.get_full_variable(f"${{PJSIP_DIAL_CONTACTS({endpoint})}}")
            if contacts and _only_of(endpoint, contacts):
                targets.append(contacts)
            else:
                unreachable.append(seat)
        if not targets:
            return Rang(ring.offer, "unreachable")
        await session.set_variable("__HOTLINE_OFFER", ring.offer)
        if ring.whisper is not None or self._whispered:
            self._whispered = ring.whisper is not None
            whisper = ring.whisper.with_suffix("") if ring.whisper is not None else ""
            await session.set_variable("__HOTLINE_WHISPER", str(whisper))
        if ring.shows:
            await session.set_variable("CALLERID(name)", self._display(ring))
        music = "" if self._music is None else f"m({self._music})"
        options = f"gi{music}U({ANSWERED})"
        end = await self._dial("&".join(targets), ring.seconds, options, ring.offer, "HOTLINE_ANSWERED")
        return Rang(
            ring.offer,
            end.outcome,
            end.answered_at,
            end.ended_at,
            end.cause,
            end.tech_cause,
            seat=next((seat for seat, phone in rings if phone == end.phone), None),
            unreachable=tuple(unreachable),
        )

    def _display(self, ring: Ring) -> str:
        """Return what the phone shows as the caller's name; his own is cut short and cleared of what is not print."""
        said = self._session.environment.get("agi_calleridname", "")
        name = (
            "" if said in ("unknown", "") else "".join(filter(str.isprintable, said)).strip()[:LONGEST_NAME]
        )
        return f"{name} {ring.shows}".strip()

    async def _connect(self, line: Line, outside: Outside) -> Connected:
        # Its name is like an offer's, and its moment makes it this one's alone, through restarts too.
        name = f"{self._id}/line/{self._clock.now()}"
        await self._session.set_variable("__HOTLINE_OFFER", "")
        await self._session.set_variable("__HOTLINE_LINE", name)
        target = f"PJSIP/{line.number}@{outside.endpoint}"
        options = f"gif({outside.shown})U({CONNECTED})"
        return await self._dial(target, line.seconds, options, name, "HOTLINE_CONNECTED")

    async def _dial(self, target: str, seconds: float, options: str, leg: str, told_in: str) -> Connected:
        """Dial, and read from the variable ``told_in`` whether, when and where this leg was answered."""
        session = self._session
        await session.exec("Dial", target, str(max(1, round(seconds))), options, timeout=None)
        said = await session.get_full_variable(f"${{DIALSTATUS}}|${{{told_in}}}") or "|"
        dial_status, _, answered = said.partition("|")
        name, moment, phone = [*answered.split(" "), "", "", ""][:3]
        if name == leg and moment.isdigit():
            self._keypad.stop()
            at = self._clock.of_wall(int(moment))
            return Connected("answered", at, self._clock.now(), phone=phone or None)
        end = await self._legs.end(leg)
        outcome = classify(dial_status, end)
        if end is None:
            return Connected(outcome, ended_at=self._clock.now())
        return Connected(outcome, None, self._clock.now(), end.cause, end.tech_cause)


def _only_of(endpoint: str, contacts: str) -> bool:
    """Tell whether these are devices of that phone and nothing else: a device writes its own address."""
    return "," not in contacts and all(
        contact.startswith(f"PJSIP/{endpoint}/") for contact in contacts.split("&")
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
