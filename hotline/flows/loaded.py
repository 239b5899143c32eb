"""The versions of the flows that are in memory, their prompts rendered: ready for a call."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import structlog

from hotline.errors import HotlineError
from hotline.flows.aside import aside
from hotline.flows.folder import read_flows
from hotline.flows.keep import Keep
from hotline.site import Site
from hotline.site_names import names_of
from ivr.here import Prompts
from ivr.language.flow import FlowSet
from ivr.prompts import PromptErrors
from ivr.reading.problem import SourceErrors

log = structlog.get_logger(__name__)

NOT_LIVE = (SourceErrors, PromptErrors, HotlineError, OSError)  # why what is in the folder cannot go live


class Speech(Prompts, Protocol):
    """What makes prompts into sound files: `ivr.prompts.PromptStore`."""

    async def prepare(self, flows: FlowSet) -> None:
        """Make what is not there yet. Raises `PromptErrors`."""


class NotRead(HotlineError):
    """The program failed at reading the flows."""

    def __init__(self, site: Site) -> None:
        super().__init__(
            f"{site.flows}: the program itself failed at reading these flows; what it was is in the engine's log. "
            "Undo the last change there, and please report it"
        )


class Loaded:
    """Versions by flow and hash, each within the set that it was loaded with.

    What the folder holds is read by `read` and is not among them until it is `put` there.
    """

    def __init__(self, site: Site, keep: Keep, speech: Speech) -> None:
        self._site = site
        self._keep = keep
        self._speech = speech
        self._sets: dict[tuple[str, str], FlowSet] = {}

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._sets

    def __getitem__(self, key: tuple[str, str]) -> FlowSet:
        return self._sets[key]

    async def read(self) -> FlowSet:
        """Return what the folder holds now, kept, and ready for a call. Raises one of `NOT_LIVE`."""
        try:
            found = await aside(read_flows, self._site, self._keep)
            await self._speech.prepare(found)
            return found
        except NOT_LIVE:
            raise
        except Exception as error:  # a fault of ours in reading a file must not end the calls of all others
            log.exception("the flows could not be read")
            raise NotRead(self._site) from error

    async def load(self, flow: str, version: str) -> None:
        """Bring a kept version to memory, if it is not there. Raises `NotKept` or `PromptErrors`."""
        if (flow, version) not in self._sets:
            live = await aside(self._keep.load, flow, version, names_of(self._site))
            await self._speech.prepare(live)
            self._sets[flow, version] = live

    def put(self, flow: str, live: FlowSet) -> None:
        """Put the version of a flow that a set holds there, in place of an equal one."""
        self._sets[flow, live.versions[flow]] = live

    def let_go(self, used: Collection[tuple[str, str]]) -> None:
        """Forget every version but those in use."""
        self._sets = {key: live for key, live in self._sets.items() if key in used}
