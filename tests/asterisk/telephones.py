"""Real SIP telephones for the tests: SIPp callers who press keys, and SIPp phones that ring and answer.

Keys are real tones in the voice stream (in-band), since SIPp sends RFC 4733 only with the right to open raw
sockets; the street's callers (`hotline.street`) press theirs by RFC 4733.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hotline.asterisk.prefix import Toolbox

LOW = {"123A": 697, "456B": 770, "789C": 852, "*0#D": 941}
HIGH = {"147*": 1209, "2580": 1336, "369#": 1477}

REGISTER = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="register">
<send retrans="500"><![CDATA[
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{user}@[remote_ip]>;tag=[call_number]
To: <sip:{user}@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:{user}@[local_ip]:[local_port]>
Expires: {expires}
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="401" auth="true"/>
<send retrans="500"><![CDATA[
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{user}@[remote_ip]>;tag=[call_number]
To: <sip:{user}@[remote_ip]>
Call-ID: [call_id]
CSeq: 2 REGISTER
Contact: <sip:{user}@[local_ip]:[local_port]>
[authentication username={user} password={password}]
Expires: {expires}
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="{expected}"/>
</scenario>
"""

SDP = """v=0
o=user1 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
"""

PHONE_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="phone">
<recv request="INVITE" rrs="true">
<action><ereg regexp=".*" search_in="hdr" header="From:" assign_to="remote"/></action>
</recv>
<nop><action><strcmp assign_to="unused" variable="remote" value=""/></action></nop>
<nop><action><test assign_to="unused" variable="unused" compare="equal" value="0"/></action></nop>
"""
REPLY = """<send><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]T[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Length: 0

]]></send>
"""
ANSWER = """<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]T[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

{sdp}
]]></send>
<recv request="ACK"/>
"""
CANCELLED = """<label id="9"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
<send retrans="500"><![CDATA[
SIP/2.0 487 Request Terminated
[last_Via:]
[last_From:]
[last_To:];tag=[pid]T[call_number]
[last_Call-ID:]
CSeq: 1 INVITE
Content-Length: 0

]]></send>
<recv request="ACK" timeout="2000" ontimeout="8"/>
"""


def tones(keys: str, before_ms: int = 0) -> bytes:
    """Return keys as A-law tones of 120 ms with 80 ms between."""
    samples: list[float] = [0.0] * (8 * before_ms)
    for key in keys:
        low = next(f for k, f in LOW.items() if key in k)
        high = next(f for k, f in HIGH.items() if key in k)
        samples += [
            0.25 * (math.sin(2 * math.pi * low * n / 8000) + math.sin(2 * math.pi * high * n / 8000))
            for n in range(960)
        ]
        samples += [0.0] * 640
    return bytes(_alaw(round(32767 * s)) for s in samples)


def free_port() -> int:
    """Return a UDP port that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _alaw(sample: int) -> int:
    """One sample as A-law (ITU-T G.711)."""
    sign = 0x80 if sample >= 0 else 0x00
    magnitude = min(abs(sample) >> 4, 2047)
    exponent = max(0, magnitude.bit_length() - 5)
    mantissa = (magnitude >> max(1, exponent)) & 0x0F if exponent else (magnitude >> 1) & 0x0F
    return (sign | (exponent << 4) | mantissa) ^ 0x55


@dataclass
class Sipp:
    """One running SIPp."""

    process: subprocess.Popen[bytes]
    folder: Path

    async def wait(self, seconds: float) -> None:
        """Wait for its end and insist that every call went as written."""
        code = await asyncio.to_thread(self.process.wait, seconds)
        errors = "".join(f.read_text(errors="replace")[-3000:] for f in self.folder.glob("*_errors.log"))
        assert code == 0, f"SIPp ended with {code}\n{errors}"

    def stop(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@dataclass
class Exchange:
    """Makes SIP telephones that talk to one Asterisk on loopback."""

    toolbox: Toolbox
    folder: Path
    sip_port: int
    running: list[Sipp] = field(default_factory=list)
    _made: int = 0

    def close(self) -> None:
        """End every telephone."""
        for sipp in self.running:
            sipp.stop()

    def call(
        self,
        number: str = "10000",
        steps: Sequence[tuple[str, int | str]] = (),
        *,
        caller: str = "13900000001",
        calls: int = 1,
        rate: float = 10,
        address: str = "127.0.0.1",
        login: tuple[str, str] | None = None,
    ) -> Sipp:
        """Place calls, with ``login`` (user name, password) as a phone.

        Steps: ("wait", ms), ("press", keys), ("hangup", 0), ("bye", ms): await the far end's BYE.
        """
        name = self._name("caller")
        head = CALL_HEAD.format(number=number, caller=login[0] if login else caller, sdp=SDP)
        credentials: list[str] = []
        if login is not None:
            invite, rest = head.split('<recv response="100"', 1)
            again = invite[invite.index("<send") :].replace(
                "CSeq: 1 INVITE", "CSeq: 2 INVITE\n[authentication]"
            )
            ack = ACK_REFUSAL.format(number=number, caller=login[0])
            rest = rest.replace("CSeq: 1 ACK", "CSeq: 2 ACK")
            head = f'{invite}<recv response="401" auth="true"/>\n{ack}{again}<recv response="100"{rest}'
            credentials = ["-au", login[0], "-ap", login[1]]
        body = [head]
        for n, (verb, what) in enumerate(steps):
            match verb:
                case "wait":
                    body.append(f'<pause milliseconds="{what}"/>\n')
                case "press":
                    file = self.folder / f"{name}-{n}.alaw"
                    file.write_bytes(tones(str(what)))
                    length = 200 * len(str(what))
                    body.append(
                        f'<nop><action><exec rtp_stream="{file},1,8,PCMA/8000"/></action></nop>\n'
                        f'<pause milliseconds="{length}"/>\n'
                    )
                case "hangup":
                    body.append(HANGUP.format(number=number, caller=login[0] if login else caller))
                case "bye":
                    body.append(f'<recv request="BYE" timeout="{what}"/>\n{OK}')
        body.append("</scenario>\n")
        return self._start(
            name,
            "".join(body),
            number,
            port=free_port(),
            address=address,
            options=["-m", str(calls), "-r", str(rate), *credentials],
        )

    async def register(
        self, user: str, password: str, port: int, *, expires: int = 600, expected: int = 200
    ) -> None:
        """Register a phone that will answer, or not, at a port; 0 for ``expires`` unregisters it."""
        scenario = REGISTER.format(user=user, password=password, expires=expires, expected=expected)
        options = ["-m", "1", "-au", user, "-ap", password]
        await self._start(self._name("register"), scenario, user, port=port, options=options).wait(10)

    def phone(
        self, port: int, *, rings_ms: int = 300, talks_ms: int | None = None, answer: str = "200"
    ) -> Sipp:
        """Start a phone. It answers after ``rings_ms`` and hangs up after ``talks_ms`` (None: never by itself);

        with another ``answer`` it refuses so (``486 Busy Here``); "" lets it ring until it is cancelled.
        """
        body = PHONE_HEAD
        if answer and answer != "200":
            body += REPLY.format(status=answer) + '<recv request="ACK"/>\n'
        else:
            body += REPLY.format(status="180 Ringing")
            if answer:
                body += (
                    f'<recv request="CANCEL" timeout="{rings_ms}" ontimeout="1" next="9"/>\n<label id="1"/>\n'
                )
                body += ANSWER.format(sdp=SDP)
                if talks_ms is None:
                    body += f'<recv request="BYE"/>\n{OK}'
                else:
                    body += f'<recv request="BYE" timeout="{talks_ms}" ontimeout="2" next="3"/>\n'
                    body += f'<label id="2"/>\n{PHONE_BYE}<nop next="8"/>\n<label id="3"/>\n{OK}'
                body += '<nop next="8"/>\n'
            else:
                body += '<recv request="CANCEL" next="9"/>\n'
            body += CANCELLED
        body += '<label id="8"/>\n<nop/>\n</scenario>\n'
        return self._start(self._name("phone"), body, None, port=port, options=["-aa"])

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made}"

    def _start(
        self,
        name: str,
        scenario: str,
        service: str | None,
        *,
        port: int | None = None,
        address: str = "127.0.0.1",
        options: Sequence[str] = (),
    ) -> Sipp:
        folder = self.folder / name
        folder.mkdir(parents=True)
        file = folder / "scenario.xml"
        file.write_text(scenario)
        target = [] if service is None else [f"127.0.0.1:{self.sip_port}", "-s", service]
        where = ["-i", address, "-mi", address] + (["-p", str(port)] if port is not None else [])
        line = self.toolbox.command(
            "sipp", *target, "-sf", str(file), *where, "-nostdin", "-trace_err", *options
        )
        environment: Mapping[str, str] = os.environ | self.toolbox.environment("sipp") | {"TERM": "dumb"}
        with (folder / "out.txt").open("wb") as out:
            process = subprocess.Popen(
                line, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment
            )
        sipp = Sipp(process, folder)
        self.running.append(sipp)
        if service is None:
            time.sleep(0.15)  # a server that has no way to say that it listens
        return sipp


CALL_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
<send retrans="500"><![CDATA[
INVITE sip:{number}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@[local_ip]:[local_port]>;tag=[pid]C[call_number]
To: <sip:{number}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:{caller}@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

{sdp}
]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rrs="true"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
"""
ACK_REFUSAL = """<send><![CDATA[
ACK sip:{number}@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
"""
HANGUP = """<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@[local_ip]:[local_port]>;tag=[pid]C[call_number]
To: <sip:{number}@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 3 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
"""
OK = """<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""
PHONE_BYE = """<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:phone@[local_ip]:[local_port]>;tag=[pid]T[call_number]
To:[$remote]
Call-ID: [call_id]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
"""
