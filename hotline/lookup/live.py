"""The lookups of a running hotline."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Protocol

import structlog

from hotline.errors import HotlineError
from hotline.lookup.cache import Cache
from hotline.lookup.check import missing_secrets
from hotline.lookup.gate import Gate
from hotline.lookup.settings import HttpLookup, Lookup
from hotline.lookup.sql import SqlService, database_url
from hotline.lookup.template import Template
from hotline.lookup.web import WebService
from ivr.house import LookupFailed, LookupTimedOut, Value

log = structlog.get_logger(__name__)


class LookupSecretMissing(HotlineError):
    """A lookup wants something from the environment that is not there."""

    def __init__(self, lookup: str, variable: str) -> None:
        self.lookup, self.variable = lookup, variable
        super().__init__(f"the lookup {lookup!r} wants {variable} from the environment: set it")


class LookupUnusable(HotlineError):
    """A lookup, with what the environment gave, names nothing that could be asked."""

    def __init__(self, lookup: str, reason: str) -> None:
        self.lookup = lookup
        super().__init__(
            f"the lookup {lookup!r} cannot be used: {reason}. See `lookups.{lookup}` in the site's file"
        )


class Service(Protocol):
    """One thing that can be asked. ``most`` is how many may ask it at once."""

    most: int

    async def ask(self, given: Mapping[str, Value], seconds: float) -> Value | None:
        """Ask; return None when it knows of nothing. Raises `LookupFailed`; a cancellation ends it."""

    async def close(self) -> None:
        """Let go of it."""


class LiveLookups:
    """The services of the site, as flows ask them: `ivr.house.Lookups`. Each has its own connections and its own queue.

    What is asked and answered is never logged.
    """

    def __init__(self, lookups: Mapping[str, Lookup], environment: Mapping[str, str], folder: Path) -> None:
        """Prepare every service; relative SQLite files are in ``folder``. Connects to none of them.

        Raises `LookupSecretMissing` or `LookupUnusable`.
        """
        # The system's authorities take 20 ms to read: once for all, and only if there is HTTP.
        tls = cache(ssl.create_default_context)
        self._desks = {
            name: _Desk(settings, _service(name, settings, environment, folder, tls))
            for name, settings in lookups.items()
        }

    async def look_up(self, name: str, given: Mapping[str, Value], seconds: float) -> Value | None:
        """Ask a service; return what it says, or None when it knows of nothing.

        Raises `LookupFailed`, and `LookupTimedOut` at the latest after ``seconds``, all tries together.
        """
        began = monotonic()
        try:
            return await self._desk(name).ask(given, seconds)
        except LookupFailed as failure:
            log.warning(
                "lookup failed", lookup=name, ms=round((monotonic() - began) * 1_000), reason=str(failure)
            )
            raise

    def _desk(self, name: str) -> _Desk:
        if name not in self._desks:
            raise LookupFailed("the site has no such lookup")
        return self._desks[name]

    async def close(self) -> None:
        """Close every connection."""
        for desk in self._desks.values():
            await desk.service.close()


class _Desk:
    """Where one service is asked: its queue, its answers that are still good, its time."""

    def __init__(self, settings: Lookup, service: Service) -> None:
        self.service = service
        self._arguments = frozenset(settings.arguments)
        self._most_s = settings.timeout / 1_000
        self._gate = Gate(service.most)
        self._cache = Cache(settings.cache / 1_000) if settings.cache else None

    async def ask(self, given: Mapping[str, Value], seconds: float) -> Value | None:
        if given.keys() != self._arguments:
            raise LookupFailed(
                f"it wants exactly the arguments: {', '.join(sorted(self._arguments)) or 'none'}"
            )
        if self._cache is not None and (known := self._cache.recall(given, monotonic())):
            return known[0]
        deadline = monotonic() + min(seconds, self._most_s)
        try:
            async with asyncio.timeout(deadline - monotonic()), self._gate.passed():
                answer = await self.service.ask(given, deadline - monotonic())
        except TimeoutError:
            raise LookupTimedOut("it did not answer in time") from None
        except UnicodeError:
            raise LookupFailed("an argument holds half a character") from None
        if self._cache is not None:
            self._cache.keep(given, answer, monotonic())
        return answer


def _service(
    name: str,
    settings: Lookup,
    environment: Mapping[str, str],
    folder: Path,
    tls: Callable[[], ssl.SSLContext],
) -> Service:
    if variable := next(missing_secrets(settings, environment), None):
        raise LookupSecretMissing(name, variable[1])
    try:
        if isinstance(settings, HttpLookup):
            return WebService(settings, environment, tls())
        return SqlService(name, settings, database_url(Template(settings.database, environment).head, folder))
    except ValueError as error:
        raise LookupUnusable(name, str(error)) from None
