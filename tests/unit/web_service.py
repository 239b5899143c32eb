"""A web service that answers as it is told to, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(value: Any, status: int = 200, *headers: str) -> bytes:
    """Return a whole HTTP answer with a JSON body."""
    return raw(json.dumps(value).encode(), status, *headers)


def raw(body: bytes, status: int = 200, *headers: str) -> bytes:
    """Return a whole HTTP answer with any body."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def silent(_: asyncio.StreamWriter) -> None:
    """Say nothing, for ever."""
    await asyncio.Event().wait()


@dataclass
class Asked:
    """One request."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebServiceDouble:
    """The service: its port, what it was asked, and what it answers next; the last answer is given again."""

    port: int
    asked: list[Asked] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=lambda: [answer({"name": "Ann"})])
    connections: int = 0
    arrived: asyncio.Queue[None] = field(default_factory=asyncio.Queue)  # one for each connection

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def lines(self) -> list[str]:
        return [asked.line for asked in self.asked]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.arrived.put_nowait(None)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.asked.append(Asked(head[0], headers, body))
                said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if not isinstance(said, bytes):
                    await said(writer)
                    return
                writer.write(said)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def web_service(*answers: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[WebServiceDouble]:
    """Run a service on a free port; with TLS where a certificate is given."""
    double = WebServiceDouble(0)
    if answers:
        double.answers[:] = answers
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await double.serve(reader, writer)
        except asyncio.CancelledError:
            writer.close()
        finally:
            running.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    double.port = server.sockets[0].getsockname()[1]
    try:
        yield double
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
