"""The addresses of a service's host, found without holding anybody else up."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from ipaddress import ip_address
from threading import Thread
from time import monotonic

GOOD_S = 60.0
MOST = 4


class Addresses:
    """The addresses of one host.

    A name server that is silent keeps one thread of its own busy. The event loop's own threads are few and shared, and
    a handful of such questions would keep them from everybody.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._known: tuple[str, ...] = ()
        self._until = 0.0
        self._search: asyncio.Future[tuple[str, ...]] | None = None
        with contextlib.suppress(ValueError):
            self._known = (str(ip_address(host)),)
            self._until = float("inf")

    async def find(self) -> tuple[str, ...]:
        """Return the addresses, the best first; none when the host has none.

        Old ones serve while new ones are searched for, and for as long as the name servers are away.
        """
        if monotonic() >= self._until and self._search is None:
            loop = asyncio.get_running_loop()
            self._search = loop.create_future()
            Thread(target=self._look, args=(loop,), daemon=True).start()
        if self._known or self._search is None:
            return self._known
        return await asyncio.shield(self._search)

    def failed(self, address: str) -> None:
        """Put an address last."""
        self._known = (*(known for known in self._known if known != address), address)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        found: tuple[str, ...] = ()
        with contextlib.suppress(OSError, UnicodeError):
            infos = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            found = tuple(dict.fromkeys(str(info[4][0]) for info in infos))[:MOST]
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(self._found, found)

    def _found(self, found: tuple[str, ...]) -> None:
        search, self._search = self._search, None
        if found:
            self._known, self._until = found, monotonic() + GOOD_S
        if search is not None:
            search.set_result(self._known)
