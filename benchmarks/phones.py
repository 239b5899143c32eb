"""The agents' phones: one UDP socket, one moment for each packet, so that what is measured has one clock."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import cast

from benchmarks.report import NotMeasured
from hotline.secrets import PhoneSecret

ANSWER_S = 5.0
EXPIRES_S = 3600
VOICE_S = 10.0  # a phone that is never heard is hung up after a minute
SILENCE = b"\xd5" * 160  # 20 ms of A-law


@dataclass(frozen=True, slots=True)
class Message:
    """One SIP message (RFC 3261); ``headers`` in order, their names in lower case."""

    start: str
    headers: Sequence[tuple[str, str]]
    body: str

    @classmethod
    def parsed(cls, data: bytes) -> Message:
        """Return the message in a datagram."""
        head, _, body = data.decode().partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return cls(start, [(name.strip().lower(), value.strip()) for name, _, value in pairs], body)

    def __getitem__(self, name: str) -> str:
        return next((value for known, value in self.headers if known == name), "")


@dataclass
class Phone:
    """One phone, registered under a user name, and its one call."""

    number: str
    secret: PhoneSecret
    invited: asyncio.Event = field(default_factory=asyncio.Event)
    invited_at: float = 0.0
    dialogue: Message | None = None
    tag: str = ""

    @property
    def talking(self) -> bool:
        """Tell whether it is in a call."""
        return self.dialogue is not None


class Phones(asyncio.DatagramProtocol):
    """Phones that answer at once and hang up when told. Raises `NotMeasured` where what should come does not."""

    def __init__(self, sip_port: int, secrets_of: Mapping[str, PhoneSecret]) -> None:
        self.phones = {number: Phone(number, secret) for number, secret in secrets_of.items()}
        self._by_user = {phone.secret.username: phone for phone in self.phones.values()}
        self._server = f"127.0.0.1:{sip_port}"
        self.left = 0  # calls that their far end, or Asterisk, ended
        self._replies: dict[str, asyncio.Future[Message]] = {}
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp.bind(("127.0.0.1", 0))  # voice goes here, and nobody listens
        self._voice: asyncio.Task[None] | None = None
        self._transport: asyncio.DatagramTransport

    async def open(self) -> None:
        """Take a port and register every phone, a few at a time."""
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        own.bind(("127.0.0.1", 0))
        host, port = self._server.split(":")
        own.connect((host, int(port)))
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=own)
        self._address = "{}:{}".format(*own.getsockname())
        for phone in self.phones.values():
            await self._register(phone)
        self._voice = asyncio.create_task(self._be_heard())

    def close(self) -> None:
        """Let go of the sockets; calls are dropped where they are."""
        if self._voice is not None:
            self._voice.cancel()
        self._transport.close()
        self._rtp.close()

    def talking(self) -> list[Phone]:
        """Return the phones that are in a call."""
        return [phone for phone in self.phones.values() if phone.talking]

    def hang_up(self, phone: Phone) -> float:
        """End the phone's call; return the moment, by ``time.perf_counter``."""
        call = phone.dialogue
        if call is None:
            raise NotMeasured(f"phone {phone.number} is in no call that it could end")
        contact = re.search(r"<(.*?)>", call["contact"])
        target = contact[1] if contact else f"sip:{self._server}"
        phone.dialogue = None
        phone.invited.clear()
        moment = time.perf_counter()
        self._send(
            f"BYE {target} SIP/2.0",
            ("From", f"{call['to']};tag={phone.tag}"),
            ("To", call["from"]),
            ("Call-ID", call["call-id"]),
            ("CSeq", "1 BYE"),
            *self._own_headers(),
        )
        return moment

    async def invited(self, phone: Phone) -> float:
        """Wait for the phone's next call; return when its INVITE came, by ``time.perf_counter``."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await phone.invited.wait()
        except TimeoutError:
            raise NotMeasured(f"phone {phone.number} fell free, and no call came in {ANSWER_S:g} s") from None
        return phone.invited_at

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, _address: object) -> None:
        """Take in one message."""
        arrived = time.perf_counter()
        message = Message.parsed(data)
        verb = message.start.partition(" ")[0]
        if verb == "SIP/2.0":
            waiting = self._replies.get(message["call-id"])
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
        elif verb == "INVITE":
            self._invite(message, arrived)
        elif verb != "ACK":
            if verb == "BYE":
                self._bye(message)
            self._reply(message, "200 OK")

    def _invite(self, message: Message, arrived: float) -> None:
        user = message.start.partition("sip:")[2].partition("@")[0]
        phone = self._by_user[user]
        if phone.dialogue is None or phone.dialogue["call-id"] != message["call-id"]:
            phone.dialogue, phone.tag, phone.invited_at = message, secrets.token_hex(4), arrived
            phone.invited.set()
        port = self._rtp.getsockname()[1]
        voice = f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
        self._reply(message, "180 Ringing", phone.tag)
        self._reply(message, "200 OK", phone.tag, voice)

    def _bye(self, message: Message) -> None:
        for phone in self.phones.values():
            if phone.dialogue is not None and phone.dialogue["call-id"] == message["call-id"]:
                phone.dialogue = None
                phone.invited.clear()
                self.left += 1

    async def _be_heard(self) -> None:
        """Send a packet of voice (RFC 3550) at times, for ever."""
        for sequence in count():
            for phone in self.talking():
                port = re.search(r"m=audio (\d+)", phone.dialogue.body if phone.dialogue is not None else "")
                if port:
                    header = struct.pack("!BBHII", 0x80, 8, sequence % 2**16, 160 * sequence % 2**32, 1)
                    self._rtp.sendto(header + SILENCE, ("127.0.0.1", int(port[1])))
            await asyncio.sleep(VOICE_S)

    async def _register(self, phone: Phone) -> None:
        call, user = secrets.token_hex(8), phone.secret.username
        uri, me = f"sip:{self._server}", f"<sip:{user}@{self._server}>"
        authorization: list[tuple[str, str]] = []
        for sequence in (1, 2):
            self._replies[call] = asyncio.get_running_loop().create_future()
            self._send(
                f"REGISTER {uri} SIP/2.0",
                ("From", f"{me};tag={call}"),
                ("To", me),
                ("Call-ID", call),
                ("CSeq", f"{sequence} REGISTER"),
                ("Contact", f"<sip:{user}@{self._address}>"),
                ("Expires", str(EXPIRES_S)),
                *authorization,
                *self._own_headers(),
            )
            try:
                async with asyncio.timeout(ANSWER_S):
                    reply = await self._replies[call]
            except TimeoutError:
                raise NotMeasured(f"no answer to phone {phone.number}, which would register") from None
            del self._replies[call]
            if reply.start.startswith("SIP/2.0 200"):
                return
            authorization = [("Authorization", _digest(reply["www-authenticate"], phone.secret, uri))]
        raise NotMeasured(f"phone {phone.number} could not register: {reply.start}")

    def _own_headers(self) -> tuple[tuple[str, str], ...]:
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        return ("Via", f"SIP/2.0/UDP {self._address};branch={branch}"), ("Max-Forwards", "70")

    def _reply(self, request: Message, status: str, tag: str = "", body: str = "") -> None:
        copied = [
            (n, v) for n, v in request.headers if n in ("via", "from", "call-id", "cseq", "record-route")
        ]
        to = request["to"] + (f";tag={tag}" if tag else "")
        more = [("Content-Type", "application/sdp")] if body else []
        self._send(
            f"SIP/2.0 {status}", *copied, ("To", to), ("Contact", f"<sip:{self._address}>"), *more, body=body
        )

    def _send(self, start: str, *headers: tuple[str, str], body: str = "") -> None:
        lines = [start, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}"]
        self._transport.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode())


def _digest(challenge: str, secret: PhoneSecret, uri: str) -> str:
    """Answer a challenge (RFC 2617, MD5 with qop=auth)."""
    asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    cnonce, uses = secrets.token_hex(4), "00000001"

    def md5(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode()).hexdigest()

    whose = md5(secret.username, asked["realm"], secret.password)
    response = md5(whose, asked["nonce"], uses, cnonce, "auth", md5("REGISTER", uri))
    fields = {"username": secret.username, "realm": asked["realm"], "nonce": asked["nonce"], "uri": uri}
    quoted = (
        fields | {"response": response, "cnonce": cnonce} | {k: v for k, v in asked.items() if k == "opaque"}
    )
    said = ", ".join(f'{name}="{value}"' for name, value in quoted.items())
    return f"Digest {said}, algorithm=MD5, qop=auth, nc={uses}"
