"""Where Prometheus asks: ``GET /metrics``, on loopback, answered by the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import CONTENT_TYPE_LATEST

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
LONGEST_HEAD = 16_384
PATIENCE_S = 10.0
PAUSE_S = 10.0
PLAIN = "text/plain; charset=utf-8"


class Scrape:
    """A server of one page, whose ``text`` is asked for each time. `run` it in a task; cancel that to end it.

    Calls are served without it: where its port is taken it is logged once, and tried again.
    """

    def __init__(self, text: Callable[[], Awaitable[bytes]], port: int) -> None:
        self._text = text
        self._port = port
        self._one_at_a_time = asyncio.Lock()
        self._peers: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Listen, for ever."""
        server = await self._listening()
        try:
            await server.serve_forever()
        finally:
            for peer in self._peers:
                peer.cancel()
            await asyncio.gather(*self._peers, return_exceptions=True)

    async def _listening(self) -> asyncio.Server:
        logged = False
        while True:
            try:
                return await asyncio.start_server(self._accepted, HOST, self._port, limit=LONGEST_HEAD)
            except OSError as error:
                if not logged:
                    log.warning("prometheus not served; trying again", port=self._port, reason=error.strerror)
                logged = True
                await asyncio.sleep(PAUSE_S)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._peers.add(task)
        task.add_done_callback(self._peers.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await self._answer(head))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # gone, too slow, or no browser and no Prometheus
        finally:
            writer.close()

    async def _answer(self, head: bytes) -> bytes:
        method, path, *_ = [*head.split(b"\r\n", 1)[0].split(), b"", b""]
        if path.partition(b"?")[0] != b"/metrics":
            return _response("404 Not Found", PLAIN, b"metrics are at /metrics\n")
        if method != b"GET":
            return _response("405 Method Not Allowed", PLAIN, b"write GET /metrics\n")
        async with self._one_at_a_time:
            return _response("200 OK", CONTENT_TYPE_LATEST, await self._text())


def _response(status: str, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
