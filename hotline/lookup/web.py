"""A service that is asked over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import httpx

from hotline.lookup.address import Addresses
from hotline.lookup.settings import HttpLookup
from hotline.lookup.template import JsonTemplate, Template
from ivr.house import LookupFailed, Value

CONNECTIONS = 20
KEPT_S = 15.0
PAUSE_S = 0.1
LARGEST = 256 * 1024
DEEPEST = 32
PASSING = frozenset({502, 503, 504})  # said by a proxy whose service is not there at the moment


class _Passing(LookupFailed):
    """A failure that may be over the next moment."""


class WebService:
    """One service. It has connections of its own, so that others do not wait for them.

    Requests go straight to the transport: a client of httpx would keep cookies from one caller for the next, follow
    redirects, and log every address.
    """

    most = CONNECTIONS

    def __init__(self, settings: HttpLookup, secrets: Mapping[str, str], tls: ssl.SSLContext) -> None:
        """Raise `ValueError`, without showing a secret, when no request could be made of the settings."""
        self._settings = settings
        self._url = Template(settings.url, secrets)
        self._query = [
            (quote(name, safe=""), Template(text, secrets)) for name, text in settings.query.items()
        ]
        self._body = None if settings.body is None else JsonTemplate(settings.body, secrets)
        self._scheme, self._host, self._port = _base(self._url.head)
        default = {"http": 80, "https": 443}[self._scheme]
        shown = f"[{self._host}]" if ":" in self._host else self._host
        self._headers = [
            ("Host", shown if self._port == default else f"{shown}:{self._port}"),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),  # what is small on the way may be huge when unpacked
            *((name, _header(Template(text, secrets).head)) for name, text in settings.headers.items()),
        ]
        self._tries = 2 if settings.method == "GET" or settings.retry else 1
        self._addresses = Addresses(self._host, self._port)
        limits = httpx.Limits(
            max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEPT_S
        )
        self._transport = httpx.AsyncHTTPTransport(verify=tls, limits=limits)

    async def ask(self, given: Mapping[str, Value], seconds: float) -> Value | None:
        """Ask, once more if it fails in passing, and return the part of the answer that counts.

        ``seconds`` are left; the caller ends it then. Raises `LookupFailed`.
        """
        target = self._target(given)
        content = None if self._body is None else json.dumps(self._body.filled(given)).encode()
        for _ in range(self._tries - 1):
            try:
                return await self._ask_once(target, content, seconds)
            except _Passing:
                await asyncio.sleep(PAUSE_S)
        return await self._ask_once(target, content, seconds)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    def _target(self, given: Mapping[str, Value]) -> str:
        """Return path and query, with arguments that cannot reach beyond the place where they stand."""
        parts = urlsplit(self._url.filled(given, _segment))
        pairs = [f"{name}={quote(text.filled(given), safe='')}" for name, text in self._query]
        query = "&".join(filter(None, (parts.query, *pairs)))
        return (parts.path or "/") + (f"?{query}" if query else "")

    async def _ask_once(self, target: str, content: bytes | None, seconds: float) -> Value | None:
        addresses = await self._addresses.find()
        for address in addresses:
            request = self._request(address, target, content, seconds / len(addresses))
            try:
                response = await self._transport.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise LookupFailed("its certificate is not trusted, or is another host's") from None
                self._addresses.failed(address)
                continue
            except httpx.TransportError:
                raise _Passing("the connection broke") from None
            try:
                return await self._read(response)
            except httpx.TransportError:
                raise _Passing("the connection broke") from None
            finally:
                await response.aclose()
        raise _Passing("it cannot be reached" if addresses else "its host has no address")

    def _request(self, address: str, target: str, content: bytes | None, seconds: float) -> httpx.Request:
        host = f"[{address}]" if ":" in address else address
        headers = self._headers + ([] if content is None else [("Content-Type", "application/json")])
        extensions: dict[str, Any] = {"timeout": {"connect": seconds}}
        if address != self._host:
            extensions["sni_hostname"] = self._host  # the certificate is the host's, not the address's
        return httpx.Request(
            self._settings.method,
            f"{self._scheme}://{host}:{self._port}{target}",
            headers=headers,
            content=content,
            extensions=extensions,
        )

    async def _read(self, response: httpx.Response) -> Value | None:
        match response.status_code:
            case 404:
                return None
            case 204:
                return {}
            case 200 | 201 | 202:
                return part_of(json_of(await _body(response)), self._settings.answer)
            case status if status in PASSING:
                raise _Passing(f"it answered {status}")
            case status:
                raise LookupFailed(f"it answered {status}")


def json_of(body: bytes) -> Value:
    """Return the value of a JSON text. Raises `LookupFailed` when it is none, or too deep."""
    try:
        value = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise LookupFailed("its answer is no JSON") from None
    level: Sequence[Any] = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return value
    raise LookupFailed(f"its answer is deeper than {DEEPEST} levels")


def part_of(value: Value, path: str | None) -> Value | None:
    """Return a part of an answer by its path, as ``data.customers.0``; None when it is not there."""
    for key in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and re.fullmatch(r"[0-9]{1,6}", key):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            return None
    return value


async def _body(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise LookupFailed("its answer is packed, though that was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > LARGEST:
            raise LookupFailed(f"its answer is over {LARGEST >> 10} KiB")
    return bytes(body)


def _base(head: str) -> tuple[str, str, int]:
    if not re.match(r"https?://[^/?#@\s]+(?=[/?]|$)", head) or not head.isascii():
        raise ValueError("its address does not read as https://HOST/PATH")
    parts = urlsplit(head)
    try:
        port = parts.port
    except ValueError:
        raise ValueError("its address has a port that is none") from None
    if not parts.hostname:
        raise ValueError("its address names no host")
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}[parts.scheme]


def _header(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise ValueError("a header holds what is not printable ASCII")
    return text


def _segment(value: str) -> str:
    # A server may unpack %2F before it looks for dots, so these are refused in whatever stands between slashes.
    if not value or not {".", ".."}.isdisjoint(re.split(r"[/\\]", value)):
        raise LookupFailed("an argument is empty, or would lead to another path of the service")
    return quote(value, safe="")


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")
