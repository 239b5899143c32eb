"""A caller with a voice and ears: SIPp speaks SIP for him, this process his RTP, so that he can wait and listen.

His keys are real tones in the voice stream, his pace is what he sees in the ledger, and all that he hears is kept.
"""

from __future__ import annotations

import asyncio
import math
import struct
import time
import wave
from array import array
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotline.site import Site
from ledger.reader import LedgerReader
from ledger.records import Call, Callback, Recording, Visit
from tests.asterisk.conftest import House
from tests.asterisk.telephones import CALL_HEAD, HANGUP, OK, SDP, Sipp, _alaw, free_port, tones

FRAME = 160  # samples of 20 ms
SILENCE = b"\xd5" * FRAME  # A-law
ALL = (0, 2**62)


def _linear(code: int) -> int:
    """One A-law code as a sample (ITU-T G.711)."""
    code ^= 0x55
    exponent, mantissa = code >> 4 & 7, code & 15
    magnitude = (mantissa << 4) + 8 if exponent == 0 else (mantissa << 4) + 0x108 << exponent - 1
    return magnitude if code & 0x80 else -magnitude


LINEAR = [_linear(code) for code in range(256)]


def voice(ms: int) -> bytes:
    """Return something loud that is no key, as A-law."""
    period = [
        _alaw(round(9000 * math.sin(2 * math.pi * n / 32) + 5000 * math.sin(2 * math.pi * n / 20)))
        for n in range(FRAME)
    ]
    return bytes(period) * (ms // 20)


class Voice(asyncio.DatagramProtocol):
    """One call's RTP, A-law, a packet each 20 ms: what is said goes out, what is heard is kept."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()  # the other side is heard: its address is known
        self.packets: list[tuple[int, int, bytes]] = []  # source, timestamp, sound
        self._saying: deque[bytes] = deque()
        self._said = asyncio.Event()
        self._peer: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.port: int = transport.get_extra_info("sockname")[1]
        self._pump = asyncio.create_task(self._speak())

    def datagram_received(self, data: bytes, address: Any) -> None:
        if len(data) <= 12 or data[1] & 0x7F != 8:
            return
        self._peer = address
        self.connected.set()
        timestamp, source = struct.unpack_from("!II", data, 4)
        self.packets.append((source, timestamp, data[12:]))

    async def say(self, sound: bytes) -> None:
        """Say A-law sound, to its end."""
        await self.connected.wait()
        self._saying.extend(
            sound[at : at + FRAME].ljust(FRAME, b"\xd5") for at in range(0, len(sound), FRAME)
        )
        self._said.clear()
        await self._said.wait()

    async def _speak(self) -> None:
        began, sent = time.monotonic(), 0
        while True:
            await asyncio.sleep(max(0.0, began + sent * 0.02 - time.monotonic()))
            if self._peer is not None:
                header = struct.pack("!BBHII", 0x80, 8, sent & 0xFFFF, sent * FRAME, 1)
                self._transport.sendto(
                    header + (self._saying.popleft() if self._saying else SILENCE), self._peer
                )
            sent += 1
            if not self._saying:
                self._said.set()

    def close(self) -> None:
        self._pump.cancel()
        self._transport.close()

    def heard(self, since: int = 0) -> array[int]:
        """Return the samples heard since a packet, as they are to be played: silence where no packet told anything."""
        samples: array[int] = array("h")
        first: tuple[int, int] | None = None
        for source, timestamp, sound in self.packets[since:]:
            if first is None or source != first[0]:
                first = (source, timestamp - len(samples))
            at = (timestamp - first[1]) % 2**32
            if at > len(samples):
                samples.extend([0] * (at - len(samples)))
            samples[at : at + len(sound)] = array("h", (LINEAR[code] for code in sound))
        return samples


def spells(samples: array[int], floor: int = 300, shortest_ms: int = 20) -> list[tuple[float, float]]:
    """Return the stretches of sound louder than ``floor``, from and to in s; shorter gaps than 20 ms are none."""
    found: list[tuple[float, float]] = []
    step = shortest_ms * 8
    for at in range(0, len(samples), step):
        if max((abs(sample) for sample in samples[at : at + step]), default=0) <= floor:
            continue
        begins, ends = at / 8000, (at + step) / 8000
        if found and begins - found[-1][1] < 1e-6:
            found[-1] = (found[-1][0], ends)
        else:
            found.append((begins, ends))
    return found


def share_prompts(site: Site, folder: Path) -> None:
    """Let a site keep its rendered prompts in a folder with others, so that each is rendered once."""
    kept = folder / "prompts"
    kept.mkdir(exist_ok=True)
    site.data.mkdir()
    (site.data / "prompts").symlink_to(kept)


@dataclass
class Caller:
    """One who calls."""

    ani: str
    sipp: Sipp
    voice: Voice
    ledger: LedgerReader
    _id: str = ""

    @property
    def id(self) -> str:
        """The call's id; empty for as long as the ledger has nothing of it."""
        if not self._id:
            self._id = next((call.call for call in self.ledger.calls(*ALL) if call.ani == self.ani), "")
        return self._id

    @property
    def path(self) -> list[tuple[str, str | None]]:
        """The nodes that he went through, each with its exit."""
        return [(step.flow_node, step.exit) for step in self.ledger.path(self.id)]

    async def at(self, node: str, *, times: int = 1, seconds: float = 20) -> None:
        """Wait until he is at a node, and was so many times with this one."""
        deadline = time.monotonic() + seconds
        while True:
            path = self.path if self.id else []
            if path and path[-1] == (node, None) and sum(name == node for name, _ in path) >= times:
                return
            assert time.monotonic() < deadline, f"{self.ani} waits to be at {node}: {path}"
            assert self.sipp.process.poll() is None, f"{self.ani} is gone before he is at {node}: {path}"
            await asyncio.sleep(0.05)

    async def press(self, keys: str) -> None:
        """Press keys, with a moment before and after."""
        await self.voice.say(SILENCE * 5 + tones(keys) + SILENCE * 5)

    async def choose(self, node: str, keys: str, *, times: int = 1) -> None:
        """Wait until he is at a node, and press keys there."""
        await self.at(node, times=times)
        await self.press(keys)

    async def speak(self, ms: int) -> None:
        """Say something that is no key."""
        await self.voice.say(voice(ms))

    async def ends(self, seconds: float = 30) -> None:
        """Wait until the call is over, as SIP has it."""
        await self.sipp.wait(seconds)

    async def is_recorded(self) -> None:
        """Wait until the ledger has the end of the call."""
        for _ in range(200):
            if any(call.call == self.id and call.ended is not None for call in self.ledger.calls(*ALL)):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"the call of {self.ani} has no end: {self.path}")

    def seconds_at(self, node: str) -> float:
        """Return how long he was at a node, the last time."""
        step = next(step for step in reversed(self.ledger.path(self.id)) if step.flow_node == node)
        assert step.left is not None, f"he is at {node} still"
        return (step.left - step.entered) / 1000


@dataclass
class Callers:
    """Those who call one house, and what its ledger has of them."""

    house: House
    ledger: LedgerReader

    @asynccontextmanager
    async def calls(
        self, *called: tuple[str, str], leaves_after_ms: int | None = None
    ) -> AsyncIterator[list[Caller]]:
        """Let people, each by his number, call a number at the same time; afterwards all is in the ledger.

        They hang up so long after they were answered, or never of themselves.
        """
        async with AsyncExitStack() as stack:
            callers = [await self._dial(stack, ani, number, leaves_after_ms) for ani, number in called]
            yield callers
        for caller in callers:
            await caller.is_recorded()

    async def _dial(
        self, stack: AsyncExitStack, ani: str, number: str, leaves_after_ms: int | None
    ) -> Caller:
        loop = asyncio.get_running_loop()
        _, own = await loop.create_datagram_endpoint(Voice, local_addr=("127.0.0.1", 0))
        stack.callback(own.close)
        sdp = SDP
        for place, is_ in (
            ("[media_port]", str(own.port)),
            ("[media_ip]", "127.0.0.1"),
            ("[media_ip_type]", "4"),
        ):
            sdp = sdp.replace(place, is_)
        body = CALL_HEAD.format(number=number, caller=ani, sdp=sdp)
        if leaves_after_ms is None:
            body += f'<recv request="BYE" timeout="90000"/>\n{OK}'
        else:
            body += f'<pause milliseconds="{leaves_after_ms}"/>\n{HANGUP.format(number=number, caller=ani)}'
        sipp = self.house.exchange._start(
            f"{ani}-{own.port}", body + "</scenario>\n", number, port=free_port(), options=["-m", "1"]
        )
        stack.callback(sipp.stop)
        return Caller(ani, sipp, own, self.ledger)

    def call(self, caller: Caller) -> Call:
        (call,) = (call for call in self.ledger.calls(*ALL) if call.call == caller.id)
        return call

    def visits(self, caller: Caller) -> list[Visit]:
        return [visit for visit in self.ledger.visits(*ALL) if visit.call == caller.id]

    def recordings(self, caller: Caller) -> list[Recording]:
        return [one for one in self.ledger.recordings() if one.call == caller.id]

    def callbacks(self, caller: Caller) -> list[Callback]:
        return [one for one in self.ledger.open_callbacks() if one.call == caller.id]

    def loudest(self, recording: Recording) -> int:
        """Return the loudest sample of a recording."""
        with wave.open(str(self.house.site.data / "voicemail" / recording.file)) as opened:
            return max(memoryview(opened.readframes(opened.getnframes())).cast("h"), default=0)

    def files_with(self, text: str) -> list[str]:
        """Return the files of the site's data, logs and ledger and all, that hold a text."""
        files = (file for file in self.house.site.data.rglob("*") if file.is_file())
        return [str(file) for file in files if text.encode() in file.read_bytes()]
