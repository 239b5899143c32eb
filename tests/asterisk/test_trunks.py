"""Every trunk in docs/trunks.md is a right site, and a real Asterisk takes what is made of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
import yaml

from hotline.asterisk.config import Layout, write_whole
from hotline.asterisk.prefix import Toolbox
from hotline.asterisk.process import AsteriskProcess
from hotline.site import Site, load_site
from hotline.supervisor import wire
from tests.asterisk.conftest import free_ports

PAGE = Path(__file__).parents[2] / "docs" / "trunks.md"
EXAMPLES: dict[str, dict[str, Any]] = {
    section.partition("\n")[0]: yaml.safe_load(section.partition("```yaml\n")[2].partition("```")[0])
    for section in PAGE.read_text().split("\n## ")[1:]
    if "```yaml" in section
}
SITE: dict[str, Any] = {
    "site": "trunks",
    "numbers": {"10000": {"flow": "test", "language": "en"}, "075586660000": {"flow": "test"}},
    "skills": ["general"],
    "queues": {"operator": {"skills": {"general": 1}}},
    "agents": {"ann": {"name": "Ann", "skills": {"general": 1}, "phone": "6001"}},
    "phones": {"6001": {}},
}
PASSWORD = r"pa;ss=>w\ord;--x"


def site_of(folder: Path, example: Mapping[str, Any], **over: Any) -> Site:
    """Write the example as a whole site of its own, with free ports, and load it."""
    sip, tls, agi, ami, rtp = free_ports(5)
    rtp = min(rtp, 64000) // 2 * 2
    ports = {"sip": sip, "agi": agi, "ami": ami, "rtp_first": rtp, "rtp_last": rtp + 100}
    if "tls" in example:
        ports["sip_tls"] = tls
    (folder / "config.yaml").write_text(json.dumps({**SITE, **example, **over, "ports": ports}))
    return load_site(folder / "config.yaml")


@contextlib.asynccontextmanager
async def asterisk(site: Site, toolbox: Toolbox) -> AsyncIterator[AsteriskProcess]:
    """Run an Asterisk on the site's files, and find no error in its log."""
    site.data.mkdir()
    layout = Layout.below(site.data / "asterisk")
    write_whole(site, wire(site, toolbox, dict.fromkeys(site.settings.trunks, PASSWORD)), layout)
    process = AsteriskProcess(layout, toolbox)
    try:
        await process.start(site.settings.ports.ami)
        yield process
    finally:
        await process.stop()
    said = (layout.folder / "logs" / "messages.log").read_text()
    assert "ERROR" not in said, said


async def until(
    process: AsteriskProcess, command: str, met: Callable[[str], bool], seconds: float = 10
) -> str:
    """Ask Asterisk's console until the answer will do."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not met(said := await asyncio.to_thread(process.ask, command)):
        assert asyncio.get_running_loop().time() < deadline, said
        await asyncio.sleep(0.05)
    return said


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A folder tls/ with a certificate for 127.0.0.1 that is its own authority."""
    folder = tmp_path / "tls"
    folder.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hotline",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "hotline.key", "-out", "hotline.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder / "hotline.pem"


def test_the_page_shows_each_kind_of_trunk() -> None:
    trunks = [trunk for example in EXAMPLES.values() for trunk in example["trunks"].values()]
    shown = {key for trunk in trunks for key in trunk}
    assert shown == {"address", "host", "register", "codecs", "dtmf", "nat", "tls", "rtp_timeout"}


@pytest.mark.parametrize("title", EXAMPLES)
async def test_a_real_asterisk_takes_the_example(
    title: str, tmp_path: Path, toolbox: Toolbox, certificate: Path
) -> None:
    site_of(tmp_path, EXAMPLES[title])
    on_loopback = EXAMPLES[title] | {"listen": "127.0.0.1"}
    trunk = dict(on_loopback["trunks"]["carrier"])
    if "host" in trunk:
        trunk["host"] = "127.0.0.1:9"
    if "register" in trunk:
        trunk["register"] = trunk["register"] | {"server": "127.0.0.1:9"}
    site = site_of(tmp_path, on_loopback | {"trunks": {"carrier": trunk}})
    async with asterisk(site, toolbox) as process:
        endpoint = process.ask("pjsip show endpoint trunk-carrier")
        registrations = process.ask("pjsip show registrations")
    shown = dict(re.findall(r"^ (\w+) +: (.*)$", endpoint, re.MULTILINE))
    settings = site.settings.trunks["carrier"]
    assert shown["allow"] == f"({'|'.join(settings.codecs)})"
    assert shown["dtmf_mode"] == settings.dtmf
    assert shown["rtp_timeout"] == str(settings.rtp_timeout // 1000)
    assert shown["media_encryption"] == ("sdes" if settings.tls else "no")
    assert shown["context"] == "hotline-in"
    for network in settings.address:
        assert network.removesuffix("/32") in endpoint
    assert ("trunk-carrier/sip:127.0.0.1:9" in registrations) == (settings.register_ is not None)


class Registrar:
    """A carrier's registrar that knows one account, on UDP or TLS; it keeps what it was sent."""

    def __init__(self) -> None:
        self.requests: list[str] = []

    def answer(self, request: str) -> str:
        """Challenge a REGISTER, then accept it; answer 200 to all else."""
        self.requests.append(request)
        headers = [
            line
            for line in request.split("\r\n")
            if re.match(r"(?i)(via|from|to|call-id|cseq|contact):", line)
        ]
        status = "200 OK"
        if request.startswith("REGISTER") and "\r\nAuthorization:" not in request:
            status = '401 Unauthorized\r\nWWW-Authenticate: Digest realm="carrier", nonce="1", algorithm=MD5'
        return (
            f"SIP/2.0 {status}\r\n" + "\r\n".join(headers) + "\r\nExpires: 300\r\nContent-Length: 0\r\n\r\n"
        )

    def accepted(self) -> str:
        """Return a REGISTER with a password."""
        return next(request for request in self.requests if "\r\nAuthorization:" in request)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer over a stream."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = (await reader.readuntil(b"\r\n\r\n")).decode()
                writer.write(self.answer(request).encode())
        writer.close()


class Datagrams(asyncio.DatagramProtocol):
    """The same over UDP; it can call as well."""

    def __init__(self) -> None:
        self.registrar = Registrar()
        self.replies: asyncio.Queue[str] = asyncio.Queue()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        if data.startswith(b"SIP/2.0"):
            self.replies.put_nowait(data.decode())
        elif data.strip():
            self.transport.sendto(self.registrar.answer(data.decode()).encode(), address)

    async def call(self, to: str, port: int) -> str:
        """Place a call; return the status of the final reply."""
        here, id_ = f"127.0.0.1:{self.port}", secrets.token_hex(6)
        sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        sdp += f"m=audio {self.port} RTP/AVP 8\r\n"
        self.transport.sendto(
            f"INVITE {to} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{id_}\r\n"
            f"From: <sip:13900000001@{here}>;tag=1\r\nTo: <{to}>\r\nCall-ID: {id_}\r\nCSeq: 1 INVITE\r\n"
            f"Contact: <sip:{here}>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n"
            f"Content-Length: {len(sdp)}\r\n\r\n{sdp}".encode(),
            ("127.0.0.1", port),
        )
        while True:
            reply = await asyncio.wait_for(self.replies.get(), 10)
            status = reply.split()[1]
            if f"Call-ID: {id_}" in reply and not status.startswith("1"):
                return status


def digest_is_right(request: str, username: str, password: str) -> bool:
    """Check the digest of RFC 2617 without qop."""
    said = dict(re.findall(r'(\w+)="([^"]*)"', request))
    one = md5(f"{username}:carrier:{password}".encode()).hexdigest()
    two = md5(f"REGISTER:{said['uri']}".encode()).hexdigest()
    return said["response"] == md5(f"{one}:1:{two}".encode()).hexdigest()


@pytest.fixture
async def carrier() -> AsyncIterator[Datagrams]:
    """A carrier on loopback, over UDP."""
    protocol = Datagrams()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: protocol, local_addr=("127.0.0.1", 0))
    yield protocol
    transport.close()


def registering(folder: Path, carrier: Datagrams) -> Site:
    register = {"server": f"127.0.0.1:{carrier.port}", "username": "hotline-user", "password_env": "P"}
    return site_of(folder, {"trunks": {"carrier": {"register": register | {"number": "075586660000"}}}})


async def test_it_registers_with_the_carrier_with_a_password_of_any_signs(
    tmp_path: Path, toolbox: Toolbox, carrier: Datagrams
) -> None:
    async with asterisk(registering(tmp_path, carrier), toolbox) as process:
        await until(process, "pjsip show registrations", lambda said: "Registered" in said)
    accepted = carrier.registrar.accepted()
    assert digest_is_right(accepted, "hotline-user", PASSWORD)
    assert re.search(r"^Contact: <sip:075586660000@127\.0\.0\.1:\d+;line=\w+>", accepted, re.MULTILINE)
    assert re.search(r"^To: <sip:hotline-user@127\.0\.0\.1>", accepted, re.MULTILINE)


async def test_a_call_that_names_our_registration_comes_in_and_any_other_is_refused(
    tmp_path: Path, toolbox: Toolbox, carrier: Datagrams
) -> None:
    site = registering(tmp_path, carrier)
    async with asterisk(site, toolbox) as process:
        await until(process, "pjsip show registrations", lambda said: "Registered" in said)
        contact = re.search(r"^Contact: <(sip:[^>]+)>", carrier.registrar.accepted(), re.MULTILINE)
        assert contact is not None
        assert await carrier.call(contact[1], site.settings.ports.sip) == "200"
        assert await carrier.call(contact[1].partition(";")[0], site.settings.ports.sip) == "401"


async def test_it_registers_over_tls_with_a_carrier_whose_certificate_it_can_verify(
    tmp_path: Path, toolbox: Toolbox, certificate: Path
) -> None:
    registrar = Registrar()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    server = await asyncio.start_server(registrar.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    register = {"server": f"127.0.0.1:{port}", "username": "075586660000", "password_env": "P"}
    tls = EXAMPLES["Encrypted: TLS and SRTP"]["tls"]
    carrier = {"trunks": {"carrier": {"register": register, "tls": True}}}
    site = site_of(tmp_path, carrier | {"tls": tls | {"authorities": "tls/hotline.pem"}})
    async with asterisk(site, toolbox) as process:
        await until(process, "pjsip show registrations", lambda said: "Registered" in said)
    server.close()
    assert any("\r\nAuthorization:" in request for request in registrar.requests)


async def test_it_does_not_speak_with_a_carrier_whose_certificate_nobody_signed(
    tmp_path: Path, toolbox: Toolbox, certificate: Path
) -> None:
    registrar = Registrar()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    server = await asyncio.start_server(registrar.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    register = {"server": f"127.0.0.1:{port}", "username": "075586660000", "password_env": "P"}
    site = site_of(
        tmp_path,
        {
            "trunks": {"carrier": {"register": register, "tls": True}},
            "tls": EXAMPLES["Encrypted: TLS and SRTP"]["tls"],
        },
    )
    with pytest.raises(AssertionError, match="The certificate is untrusted"):
        async with asterisk(site, toolbox) as process:
            await until(
                process, "pjsip show registrations", lambda said: "Rejected" in said or "Stopped" in said
            )
    server.close()
    assert registrar.requests == []
