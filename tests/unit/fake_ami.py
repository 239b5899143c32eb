"""The other side of AMI for tests: it says what the test tells it to, byte by byte if need be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self

Received = dict[str, str]
Answer = Callable[[Received], bytes]

BOOTED = b"Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n"


def response(to: Received, text: str = "", *, result: str = "Success", **headers: str) -> bytes:
    """Return the response to an action."""
    lines = {"Response": result, "ActionID": to["ActionID"], **({"Message": text} if text else {}), **headers}
    return _message(lines)


def event(name: str, **headers: str | int) -> bytes:
    """Return an event."""
    return _message({"Event": name, **headers})


def rows(to: Received, name: str, *items: dict[str, str]) -> bytes:
    """Return the whole answer to a list action."""
    start = response(to, "list follows", EventList="start")
    listed = b"".join(_message({"Event": name, "ActionID": to["ActionID"], **item}) for item in items)
    return start + listed + event(f"{name}Complete", ActionID=to["ActionID"], EventList="Complete")


def _message(lines: dict[str, str | int] | dict[str, str]) -> bytes:
    return ("".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n").encode()


class FakeAmi:
    """Listen on a free loopback port; log everybody in, answer pings, and else what `answers` says."""

    def __init__(self) -> None:
        self.greeting = b"Asterisk Call Manager/11.0.0\r\n"
        self.answers: dict[str, Answer] = {
            "Login": lambda action: response(action, "Authentication accepted") + BOOTED,
            "Ping": lambda action: response(action, Ping="Pong"),
        }
        self.received: list[Received] = []
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self.left()
        await self._server.wait_closed()

    @property
    def connections(self) -> int:
        """How often a client has connected."""
        return len(self._writers)

    def send(self, data: bytes) -> None:
        """Say something to the client that connected last."""
        self._writers[-1].write(data)

    def drop(self) -> None:
        """Cut the connection of the client that connected last."""
        self._writers[-1].transport.abort()

    def named(self, name: str) -> list[Received]:
        """Return the actions received so far that have this name."""
        return [action for action in self.received if action["Action"] == name]

    async def action(self, name: str, count: int = 1) -> Received:
        """Return the ``count``-th action of this name, once it has come."""
        await self._until(lambda: len(self.named(name)) >= count)
        return self.named(name)[count - 1]

    async def connected(self, times: int) -> None:
        """Return when a client has connected so many times."""
        await self._until(lambda: self.connections >= times)

    async def left(self) -> None:
        """Return when every client has closed its connection."""
        await asyncio.gather(*self._tasks)

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._news.clear()
            await self._news.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.append(writer)
        self._news.set()
        writer.write(self.greeting)
        try:
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in text.splitlines() if line)
                self.received.append(action)
                self._news.set()
                if answer := self.answers.get(action["Action"]):
                    writer.write(answer(action))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()
