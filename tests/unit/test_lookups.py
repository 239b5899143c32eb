"""Services over HTTP: what is asked, what counts as an answer, and that a bad one harms nobody."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from pydantic import TypeAdapter
from structlog.testing import capture_logs

from hotline.lookup.live import LiveLookups, LookupSecretMissing, LookupUnusable
from hotline.lookup.settings import Lookup
from ivr.house import LookupFailed, LookupTimedOut
from tests.unit.web_service import WebServiceDouble, answer, raw, silent, web_service

HERE = Path()
LOOKUP: TypeAdapter[Lookup] = TypeAdapter(Lookup)


@asynccontextmanager
async def lookups(
    environment: Mapping[str, str] | None = None, **written: Mapping[str, Any]
) -> AsyncIterator[LiveLookups]:
    """Open the lookups of a site that has written them so."""
    settings = {name: LOOKUP.validate_python(dict(of)) for name, of in written.items()}
    live = LiveLookups(settings, environment or {}, HERE)
    try:
        yield live
    finally:
        await live.close()


def customer(service: WebServiceDouble, **more: Any) -> dict[str, Any]:
    """Return a lookup of a customer by number."""
    return {"url": f"{service.url}/api/customers/{{number}}", "arguments": ["number"], **more}


async def asked_for(service: WebServiceDouble, number: Any, seconds: float = 5, **more: Any) -> Any:
    """Look one customer up."""
    async with lookups(crm=customer(service, **more)) as live:
        return await live.look_up("crm", {"number": number}, seconds)


async def test_the_answer_is_what_the_service_says_in_json() -> None:
    async with web_service(answer({"name": "王芳", "open": 2})) as service:
        assert await asked_for(service, "13912345678") == {"name": "王芳", "open": 2}
    assert service.lines == ["GET /api/customers/13912345678 HTTP/1.1"]
    headers = service.asked[0].headers
    assert (headers["host"], headers["accept-encoding"]) == (f"127.0.0.1:{service.port}", "identity")


async def test_a_host_is_found_by_its_name() -> None:
    async with web_service() as service:
        crm = customer(service) | {"url": f"http://localhost:{service.port}/{{number}}"}
        async with lookups(crm=crm) as live:
            assert await live.look_up("crm", {"number": "1"}, 5) == {"name": "Ann"}
    assert service.asked[0].headers["host"] == f"localhost:{service.port}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of the host localhost, with its key in the same folder."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder / "cert.pem"


@pytest.mark.parametrize(
    ("host", "trusted", "why"),
    [
        ("localhost", True, None),
        ("127.0.0.1", True, "another host's"),
        ("localhost", False, "is not trusted"),
    ],
)
async def test_a_service_with_tls_must_show_its_own_trusted_certificate(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, host: str, trusted: bool, why: str | None
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with (
        web_service(tls=tls) as service,
        lookups(crm={"url": f"https://{host}:{service.port}/"}) as live,
    ):
        if why is None:
            assert await live.look_up("crm", {}, 5) == {"name": "Ann"}
        else:
            with pytest.raises(LookupFailed, match=why):
                await live.look_up("crm", {}, 5)
    assert len(service.asked) == (why is None)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("1/2", "1%2F2"),
        ("1?admin=1", "1%3Fadmin%3D1"),
        ("1#2", "1%232"),
        ("%2e%2e", "%252e%252e"),
        ("1 2\r\nX: y", "1%202%0D%0AX%3A%20y"),
        ("1;2&3", "1%3B2%263"),
        ("王", "%E7%8E%8B"),
        ("...", "..."),
        (42, "42"),
        (True, "true"),
    ],
)
async def test_an_argument_stays_in_its_place_in_the_path(value: Any, path: str) -> None:
    async with web_service() as service:
        await asked_for(service, value)
    assert service.lines == [f"GET /api/customers/{path} HTTP/1.1"]


@pytest.mark.parametrize(
    "value", ["../admin?x=1", "..", ".", "", None, "x/..", "..\\admin", ["1"], {"a": 1}, "\ud800"]
)
async def test_an_argument_that_would_lead_to_another_path_is_not_asked_for(value: Any) -> None:
    async with web_service() as service:
        with pytest.raises(LookupFailed):
            await asked_for(service, value)
    assert service.asked == []


async def test_dots_cannot_be_put_together_from_the_template_and_an_argument() -> None:
    async with (
        web_service() as service,
        lookups(a={"url": service.url + "/v/.{n}", "arguments": ["n"]}) as live,
    ):
        with pytest.raises(LookupFailed):
            await live.look_up("a", {"n": "."}, 5)
    assert service.asked == []


async def test_arguments_in_the_query_are_quoted() -> None:
    async with web_service() as service:
        crm = {"url": service.url, "query": {"q": "{n}", "key": "a b"}, "arguments": ["n"]}
        async with lookups(crm=crm) as live:
            await live.look_up("crm", {"n": "1&admin=1 ../"}, 5)
    assert service.lines == ["GET /?q=1%26admin%3D1%20..%2F&key=a%20b HTTP/1.1"]


async def test_the_body_is_json_whatever_the_arguments_are() -> None:
    body = {"card": "{card}", "text": "card {card}, {{card}}", "list": ["{count}", 1, None], "fixed": True}
    async with web_service() as service:
        bank = {"url": service.url, "method": "POST", "body": body, "arguments": ["card", "count"]}
        async with lookups(bank=bank) as live:
            await live.look_up("bank", {"card": '1","admin":"1', "count": 3}, 5)
    assert json.loads(service.asked[0].body) == {
        "card": '1","admin":"1',
        "text": 'card 1","admin":"1, {card}',
        "list": [3, 1, None],
        "fixed": True,
    }
    assert service.asked[0].headers["content-type"] == "application/json"


async def test_secrets_of_the_environment_go_into_headers_query_body_and_address() -> None:
    settings = {
        "url": "${BASE}/v1",
        "method": "POST",
        "headers": {"Authorization": "Bearer ${TOKEN}"},
        "query": {"key": "${KEY}"},
        "body": {"pin": "${PIN}"},
    }
    async with web_service() as service:
        environment = {"BASE": service.url, "TOKEN": "{t}", "KEY": "k&k", "PIN": "p"}
        async with lookups(environment, crm=settings) as live:
            await live.look_up("crm", {}, 5)
    (asked,) = service.asked
    assert (asked.line, asked.body) == ("POST /v1?key=k%26k HTTP/1.1", b'{"pin": "p"}')
    assert asked.headers["authorization"] == "bearer {t}"


async def test_a_missing_secret_is_told_with_lookup_and_variable() -> None:
    settings = {"crm": LOOKUP.validate_python({"url": "http://h/", "headers": {"A": "${CRM_TOKEN}"}})}
    with pytest.raises(LookupSecretMissing, match="the lookup 'crm' wants CRM_TOKEN from the environment"):
        LiveLookups(settings, {}, HERE)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({"url": "${S}/x"}, "does not read as https"),
        ({"url": "http://h/", "headers": {"A": "${S}"}}, "not printable ASCII"),
        ({"database": "${S}", "query": "select 1"}, "does not read as sqlite"),
        ({"url": "http://h:99999/${S}"}, "a port that is none"),
    ],
)
def test_what_the_environment_makes_unusable_is_told_without_showing_it(
    written: dict[str, Any], why: str
) -> None:
    settings = {"crm": LOOKUP.validate_python(written)}
    with pytest.raises(LookupUnusable, match=why) as caught:
        LiveLookups(settings, {"S": "geh\neim"}, HERE)
    assert "eim" not in str(caught.value)


async def test_nothing_of_questions_answers_and_secrets_is_shown() -> None:
    async with web_service(raw(b"answer-text", 500)) as service:
        crm = customer(service, headers={"A": "${S}"}, query={"s": "${S}"})
        async with lookups({"S": "geheim"}, crm=crm) as live:
            with capture_logs() as logs, pytest.raises(LookupFailed) as caught:
                await live.look_up("crm", {"number": "13912345678"}, 5)
    shown = f"{logs} {caught.value!r} {vars(live)} {caught.value.__context__!r} {caught.value.__cause__!r}"
    assert all(word not in shown for word in ("geheim", "13912345678", "answer-text"))
    (line,) = logs
    assert (line["lookup"], line["reason"], type(line["ms"])) == ("crm", "it answered 500", int)


async def test_404_means_that_there_is_nothing() -> None:
    async with web_service(answer({"error": "no such customer"}, 404)) as service:
        assert await asked_for(service, "1") is None


async def test_204_is_an_empty_answer() -> None:
    async with web_service(b"HTTP/1.1 204 No Content\r\n\r\n") as service:
        assert await asked_for(service, "1") == {}


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_failure_in_passing_is_tried_once_more(status: int) -> None:
    async with web_service(answer({}, status), answer({"name": "Ann"})) as service:
        assert await asked_for(service, "1") == {"name": "Ann"}
    assert len(service.asked) == 2


async def test_a_failure_that_stays_is_told_after_the_second_try() -> None:
    async with web_service(answer({}, 503)) as service:
        with pytest.raises(LookupFailed, match="it answered 503"):
            await asked_for(service, "1")
    assert len(service.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_other_failures_are_not_tried_again(status: int) -> None:
    async with web_service(answer({}, status), answer({"name": "Ann"})) as service:
        with pytest.raises(LookupFailed, match=f"it answered {status}"):
            await asked_for(service, "1")
    assert len(service.asked) == 1


async def test_a_post_is_not_sent_twice() -> None:
    async with web_service(answer({}, 503), answer({})) as service:
        with pytest.raises(LookupFailed, match="it answered 503"):
            await asked_for(service, "1", method="POST")
    assert len(service.asked) == 1


async def test_a_post_that_may_be_repeated_is_sent_twice() -> None:
    async with web_service(answer({}, 503), answer({"ticket": 7})) as service:
        assert await asked_for(service, "1", method="POST", retry=True) == {"ticket": 7}


async def test_a_connection_that_breaks_is_tried_once_more() -> None:
    async with web_service(b"HTTP/1.1 200", answer({"name": "Ann"})) as service:

        async def broken(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

        service.answers[0] = broken
        assert await asked_for(service, "1") == {"name": "Ann"}


async def test_a_dead_service_cannot_be_reached() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        service = WebServiceDouble(unused.getsockname()[1])
        with pytest.raises(LookupFailed, match="it cannot be reached"):
            await asked_for(service, "1")


async def test_a_host_without_an_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with lookups(crm={"url": "http://crm.invalid/"}) as live:
        with pytest.raises(LookupFailed, match="its host has no address"):
            await live.look_up("crm", {}, 5)


async def hangs_after_headers(writer: asyncio.StreamWriter) -> None:
    """Begin an answer, and never end it."""
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a": ')
    await asyncio.Event().wait()


async def trickles(writer: asyncio.StreamWriter) -> None:
    """Answer a byte at a time, so that no single wait is long."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" ")
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("slow", [silent, hangs_after_headers, trickles])
async def test_a_slow_service_is_left_in_the_time_given(slow: Any) -> None:
    async with web_service(slow) as service:
        began = monotonic()
        with pytest.raises(LookupTimedOut):
            await asked_for(service, "1", seconds=0.15)
    assert monotonic() - began < 1


async def test_the_sites_own_limit_counts_when_it_is_shorter() -> None:
    async with web_service(silent) as service:
        with pytest.raises(LookupTimedOut):
            await asked_for(service, "1", seconds=60, timeout="100ms")


async def test_a_silent_name_server_is_left_in_the_time_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps neither the event loop nor a thread that others share."""
    answered = asyncio.Event()
    loop = asyncio.get_running_loop()
    asked: list[bool] = []

    def slow(*_: Any, **__: Any) -> list[Any]:
        asked.append(threading.current_thread().daemon)
        asyncio.run_coroutine_threadsafe(answered.wait(), loop).result()
        return []

    async with web_service() as service:
        host = {"url": "http://crm.invalid/"}
        async with lookups(crm=host, other=customer(service)) as live:
            monkeypatch.setattr(socket, "getaddrinfo", slow)
            late = [live.look_up("crm", {}, 0.2) for _ in range(20)]
            kept = asyncio.gather(*late, return_exceptions=True)
            assert await live.look_up("other", {"number": "1"}, 5) == {"name": "Ann"}
            assert await asyncio.to_thread(lambda: "free") == "free"
            assert {type(failure) for failure in await kept} == {LookupTimedOut}
            assert asked == [True]  # one thread, which does not keep the program from ending
            answered.set()


async def test_slow_services_do_not_delay_another() -> None:
    async with web_service(silent) as slow, web_service() as quick:
        names = {f"slow{index}": customer(slow) for index in range(10)}
        async with lookups(**names, quick=customer(quick)) as live:
            waits = [
                asyncio.create_task(live.look_up(name, {"number": str(n)}, 5))
                for name in names
                for n in range(5)
            ]
            began = monotonic()
            assert await live.look_up("quick", {"number": "1"}, 5) == {"name": "Ann"}
            assert monotonic() - began < 1
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


async def test_connections_to_a_service_are_bounded_and_callers_who_leave_free_them() -> None:
    async with (
        web_service(silent) as slow,
        web_service() as quick,
        lookups(slow=customer(slow), quick=customer(quick)) as live,
    ):
        waits = [asyncio.create_task(live.look_up("slow", {"number": str(n)}, 30)) for n in range(50)]
        for _ in range(20):
            await slow.arrived.get()
        await live.look_up(
            "quick", {"number": "1"}, 30
        )  # a whole way there and back: others would be here too
        assert slow.connections == 20
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        slow.answers[:] = [answer({"name": "Ann"})]
        assert await live.look_up("slow", {"number": "1"}, 30) == {"name": "Ann"}


async def test_who_would_wait_behind_too_many_is_turned_away_at_once() -> None:
    async with web_service(silent) as service, lookups(crm=customer(service)) as live:
        waits = [asyncio.create_task(live.look_up("crm", {"number": str(n)}, 30)) for n in range(120)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(LookupFailed, match="too many are waiting"):
            await live.look_up("crm", {"number": "1"}, 30)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"a": ', b"\xff\xfe\x00", b"NaN", b"[1e400, Infinity]", b"[" * 100_000, b"1" * 5_000],
)
async def test_what_is_no_json_is_a_failure(body: bytes) -> None:
    async with web_service(raw(body)) as service:
        with pytest.raises(LookupFailed, match="no JSON"):
            await asked_for(service, "1")


async def test_a_very_deep_answer_is_a_failure() -> None:
    async with web_service(raw(b"[" * 33 + b"]" * 33)) as service:
        with pytest.raises(LookupFailed, match="deeper than 32 levels"):
            await asked_for(service, "1")


async def test_a_huge_answer_is_refused_while_it_comes() -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"4000\r\n" + b"1" * 0x4000 + b"\r\n")
            sent += 0x4000
            await writer.drain()

    async with web_service(endless) as service:
        with pytest.raises(LookupFailed, match="over 256 KiB"):
            await asked_for(service, "1")
    assert sent < 32 * 1024 * 1024  # what the sockets held when the connection was closed


async def test_a_packed_answer_is_refused() -> None:
    async with web_service(raw(b"\x1f\x8b", 200, "Content-Encoding: gzip")) as service:
        with pytest.raises(LookupFailed, match="packed"):
            await asked_for(service, "1")


async def test_a_redirect_is_not_followed() -> None:
    async with web_service(answer({}, 302, "Location: /admin")) as service:
        with pytest.raises(LookupFailed, match="it answered 302"):
            await asked_for(service, "1")
    assert len(service.asked) == 1


async def test_a_cookie_of_one_caller_is_not_sent_for_the_next() -> None:
    async with (
        web_service(answer({}, 200, "Set-Cookie: session=1")) as service,
        lookups(crm=customer(service)) as live,
    ):
        await live.look_up("crm", {"number": "1"}, 5)
        await live.look_up("crm", {"number": "2"}, 5)
    assert service.connections == 1
    assert "cookie" not in service.asked[1].headers


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with web_service() as service:
        assert await asked_for(service, "1") == {"name": "Ann"}


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("data", {"customers": [{"name": "Ann"}]}),
        ("data.customers.0.name", "Ann"),
        ("data.customers.1", None),
        ("data.customers.name", None),
        ("data.customers.0.name.first", None),
        ("nothing", None),
    ],
)
async def test_the_part_of_the_answer_that_counts_is_taken(path: str, part: Any) -> None:
    async with web_service(answer({"data": {"customers": [{"name": "Ann"}]}})) as service:
        assert await asked_for(service, "1", answer=path) == part


@pytest.mark.parametrize("given", [{}, {"number": "1", "more": "2"}, {"nummer": "1"}])
async def test_other_arguments_than_the_lookups_own_are_a_failure(given: dict[str, str]) -> None:
    async with web_service() as service, lookups(crm=customer(service)) as live:
        with pytest.raises(LookupFailed, match="it wants exactly the arguments: number"):
            await live.look_up("crm", given, 5)


async def test_an_unknown_lookup_is_a_failure() -> None:
    async with lookups() as live:
        with pytest.raises(LookupFailed, match="no such lookup"):
            await live.look_up("crm", {}, 5)


async def test_the_same_question_is_asked_once_while_its_answer_is_good() -> None:
    async with web_service() as service, lookups(crm=customer(service, cache="60s")) as live:
        first = await live.look_up("crm", {"number": "1"}, 5)
        first["name"] = "changed by a flow"
        assert await live.look_up("crm", {"number": "1"}, 5) == {"name": "Ann"}
        await live.look_up("crm", {"number": "2"}, 5)
    assert len(service.asked) == 2


async def test_that_there_is_nothing_is_kept_too() -> None:
    async with web_service(answer({}, 404)) as service, lookups(crm=customer(service, cache="60s")) as live:
        assert [await live.look_up("crm", {"number": "1"}, 5) for _ in range(2)] == [None, None]
    assert len(service.asked) == 1


async def test_a_failure_is_not_kept() -> None:
    async with (
        web_service(answer({}, 500), answer({"name": "Ann"})) as service,
        lookups(crm=customer(service, cache="60s")) as live,
    ):
        with pytest.raises(LookupFailed):
            await live.look_up("crm", {"number": "1"}, 5)
        assert await live.look_up("crm", {"number": "1"}, 5) == {"name": "Ann"}
