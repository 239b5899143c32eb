"""The shelf: the versions of the flows that calls run on, and how one takes the place of another."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, replace
from typing import Any

import structlog

from acd.messages import Refused
from hotline.calls import Served
from hotline.clock import Clock
from hotline.errors import HotlineError
from hotline.flows.canary import Canary, canaries, share_asked, within
from hotline.flows.endings import Ending
from hotline.flows.keep import Keep, NotWritten
from hotline.flows.live_file import FILE, FOLDER, LiveFile, LiveSpoilt
from hotline.flows.loaded import NOT_LIVE, Loaded, Speech
from hotline.flows.standing import Change, Offer, Standing, begun, offered, promoted, rolled_back, withdrawn
from hotline.memory import Memory
from hotline.site import Site
from ivr.language.flow import FlowSet
from ivr.prompts import PromptErrors
from ivr.reading.problem import did_you_mean
from ledger.events import Event, LiveHow

log = structlog.get_logger(__name__)

SAVE_S = 5.0  # so many seconds of a canary's counts may a crash cost


class FlowRefused(Refused):
    """A flow's version cannot be changed as asked; the text says why."""


class Shelf:
    """Knows for each flow that a number leads to which version serves whom.

    Whatever goes wrong with a change, the versions that are live stay so, and `trouble` tells why. Calls that a
    former engine left find the version that they began on.
    """

    def __init__(
        self, site: Site, speech: Speech, clock: Clock, record: Callable[[Event], None], memory: Memory
    ) -> None:
        self.prompts = speech
        self.trouble: tuple[str, ...] = ()  # what is wrong with the folder now, a line each
        self._site = site
        self._clock = clock
        self._record = record
        self._memory = memory
        self._loaded = Loaded(site, Keep(site.data / FOLDER), speech)
        self._file = LiveFile(site.data / FOLDER / FILE)
        entries = (*site.settings.numbers.values(), *site.settings.codes.values())
        self._entries = dict.fromkeys(entry.flow for entry in entries)
        self._standings: dict[str, Standing] = {}
        self._changing = asyncio.Lock()
        self._counted = asyncio.Event()
        self._offering: asyncio.Future[None] | None = None

    def choose(self, flow: str, caller: str) -> Served | None:
        """Return what a new call of this caller runs on; None where no such flow is live."""
        standing = self._standings.get(flow)
        return self._served(flow, standing.version_for(caller)) if standing is not None else None

    def kept(self, flow: str, version: str) -> Served | None:
        """Return the version of a flow that a call began on; the live one where that could not be loaded."""
        if (flow, version) in self._loaded:
            return self._served(flow, version)
        standing = self._standings.get(flow)
        return self._served(flow, standing.version) if standing is not None else None

    def provides(self, flow: str, version: str, within: str, node: str) -> bool:
        """Tell whether a node of a flow, or of one ``within`` it, has a way of its own for its failure."""
        known = self._loaded[flow, version].flows.get(within) if (flow, version) in self._loaded else None
        verb = known.nodes.get(node) if known is not None else None  # type: ignore[call-overload]
        return verb is not None and verb.error is not None

    def languages(self) -> set[str]:
        """Return every language in which callers are spoken to."""
        return {
            str(language)
            for standing in self._standings.values()
            for version in standing.versions()
            for language in self._loaded[standing.flow, version].flows[standing.flow].languages
        }

    async def open(self) -> None:
        """Bring back what was live, and take in what the folder holds now.

        Where the folder is wrong, what was live serves on. Raises `SourceErrors`, `PromptErrors`, `HotlineError` or
        `OSError` where nothing was.
        """
        known = await asyncio.to_thread(self._known)
        try:
            found = await self._loaded.read()
        except NOT_LIVE as error:
            self._stay(error)
            await self._bring_back(known, None)
            if not self._standings:
                raise
            return
        await self._bring_back(known, found)
        await self._offer(found, "started")

    async def take_in(self) -> None:
        """Take in what the folder holds now: rendered first, then live for the next call.

        Cancelled before all is rendered, it does nothing.
        """
        try:
            found = await self._loaded.read()
        except NOT_LIVE as error:
            self._stay(error)
            return
        self._offering = asyncio.ensure_future(self._offer(found, "saved"))
        await asyncio.shield(self._offering)

    async def roll_back(self, flow: str, by: str, version: str = "") -> dict[str, Any]:
        """Let a version serve all callers that did before; none named means the last, or the end of a canary.

        Raises `FlowRefused`; then nothing has changed.
        """
        async with self._changing:
            standing = self._standing(flow)
            if standing.canary is not None and not version:
                return await self._carry_out(withdrawn(standing, by, self._clock.now()))
            target = version or standing.before
            if target is None:
                raise FlowRefused(f"{flow}: no version has been live before {standing.version}")
            if target == standing.version:
                raise FlowRefused(f"{flow}: {target} is live already")
            try:
                await self._loaded.load(flow, target)
            except (HotlineError, PromptErrors) as error:
                raise FlowRefused(str(error)) from error
            return await self._carry_out(rolled_back(standing, target, by, self._clock.now()))

    async def promote(self, flow: str, by: str) -> dict[str, Any]:
        """Let a flow's canary serve all callers. Raises `FlowRefused`."""
        async with self._changing:
            standing, canary = self._on_trial(flow)
            return await self._carry_out(promoted(standing, canary, by, self._clock.now()))

    async def withdraw(self, flow: str, by: str) -> dict[str, Any]:
        """End the trial of a flow's canary; nobody new is served by it. Raises `FlowRefused`."""
        async with self._changing:
            standing, _ = self._on_trial(flow)
            return await self._carry_out(withdrawn(standing, by, self._clock.now()))

    def ended(self, ending: Ending) -> None:
        """Count a call that has ended, where its flow has a version on trial."""
        standing = self._standings.get(ending.flow)
        if standing is None or standing.canary is None or ending.began < standing.canary.since:
            return
        if ending.version in standing.versions():
            canary = standing.canary.counted(ending.version, failed=ending.failed, early=ending.early)
            self._standings[ending.flow] = replace(standing, canary=canary)
            self._counted.set()

    async def run(self) -> None:
        """End each trial that is decided, and keep the counts of the others, until cancelled."""
        while True:
            await self._counted.wait()
            self._counted.clear()
            await self.judge()
            await asyncio.sleep(SAVE_S)

    async def judge(self) -> None:
        """Withdraw each canary that is worse than the old version, let one that has proved itself serve all."""
        async with self._changing:
            decided = []
            for standing in self._standings.values():
                canary = standing.canary
                if canary is not None and (fault := canary.fault()) is not None:
                    log.error("canary withdrawn", flow=standing.flow, version=canary.version, more=fault)
                    decided.append(withdrawn(standing, None, self._clock.now()))
                elif canary is not None and canary.has_proved_itself():
                    decided.append(promoted(standing, canary, None, self._clock.now()))
            try:
                await self._commit(decided)
            except OSError as error:
                log.warning("what is live is not kept", file=str(self._file.path), reason=error.strerror)

    def listed(self) -> dict[str, Any]:
        """Return for each flow which version serves whom, and what is wrong with the folder. Times are UTC ms."""
        calls = Counter((one.began.flow, one.began.flow_version) for one in self._memory.calls.values())
        return {
            "flows": [
                _shown(standing)
                | {"calls": {version: n for (flow, version), n in calls.items() if flow == standing.flow}}
                for standing in self._standings.values()
            ],
            "trouble": self.trouble,
        }

    def _known(self) -> dict[str, Standing]:
        try:
            known = self._file.read()
        except LiveSpoilt as error:
            log.warning("which flows were live is not understood, and set aside", reason=str(error))
            self._file.set_aside()
            return {}
        return {flow: standing for flow, standing in known.items() if flow in self._entries}

    async def _bring_back(self, known: Mapping[str, Standing], found: FlowSet | None) -> None:
        """Load what was live, and what calls of a former engine are on, as far as the folder does not hold it."""
        for flow, standing in known.items():
            if not await self._is_back(flow, standing.version, found):
                continue
            canary = standing.canary
            if canary is not None and not await self._is_back(flow, canary.version, found):
                canary = None
            self._standings[flow] = replace(standing, canary=canary)
        for call in list(self._memory.calls.values()):
            await self._is_back(call.began.flow, call.began.flow_version, found)

    async def _is_back(self, flow: str, version: str, found: FlowSet | None) -> bool:
        if found is not None and found.versions.get(flow) == version:
            self._loaded.put(flow, found)
            return True
        try:
            await self._loaded.load(flow, version)
        except (HotlineError, PromptErrors) as error:
            log.error("a version of a flow is lost", flow=flow, version=version, reason=str(error))  # noqa: TRY400
            return False
        return True

    async def _offer(self, found: FlowSet, how: LiveHow) -> None:
        async with self._changing:
            changes = [
                change
                for flow in self._entries
                if (change := self._change(flow, found, how, self._clock.now())) is not None
            ]
            try:
                await self._commit(changes, found)
            except OSError as error:
                self._stay(NotWritten(self._file.path, error))
                if not self._standings:
                    raise
                return
            self.trouble = ()

    def _change(self, flow: str, found: FlowSet, how: LiveHow, at: int) -> Change | None:
        standing = self._standings.get(flow)
        offer = Offer(found.versions[flow], canaries(flow, found))
        if standing is None:
            return begun(flow, offer, at, how)
        old = self._loaded[flow, standing.version].versions
        return offered(standing, offer, share_asked(flow, found, old), at, how)

    def _standing(self, flow: str) -> Standing:
        if flow in self._standings:
            return self._standings[flow]
        standings = self._standings.values()
        parts = [
            one.flow for one in standings if flow in within(one.flow, self._loaded[one.flow, one.version])
        ]
        if parts:
            whole = " and ".join(parts)
            raise FlowRefused(f"no number leads to {flow!r}; it changes as a part of {whole}: name that")
        raise FlowRefused(f"no number leads to a flow {flow!r}{did_you_mean(flow, self._standings)}")

    def _on_trial(self, flow: str) -> tuple[Standing, Canary]:
        standing = self._standing(flow)
        if standing.canary is None:
            raise FlowRefused(f"{flow}: no new version is on trial")
        return standing, standing.canary

    async def _carry_out(self, change: Change) -> dict[str, Any]:
        try:
            await self._commit([change])
        except OSError as error:
            raise FlowRefused(
                f"{self._file.path} cannot be written: {error.strerror}; make room there"
            ) from error
        return {"flow": change.standing.flow, "version": change.standing.version}

    async def _commit(self, changes: Collection[Change], found: FlowSet | None = None) -> None:
        """Keep the changes, record them, and let the next call meet them; ``found`` replaces older equals."""
        changed = {change.standing.flow: change.standing for change in changes}
        await asyncio.to_thread(self._file.write, {**self._standings, **changed})
        for change in changes:
            if (event := change.event) is not None:
                self._record(event)
                log.info(
                    "flow live", flow=event.flow, version=event.version, how=event.how, share=event.share
                )
        self._standings |= changed
        used = {(one.flow, version) for one in self._standings.values() for version in one.versions()}
        if found is not None:
            for flow in self._standings:
                if (flow, found.versions[flow]) in used:
                    self._loaded.put(flow, found)
        used |= {(one.began.flow, one.began.flow_version) for one in self._memory.calls.values()}
        self._loaded.let_go(used)

    def _stay(self, error: Exception) -> None:
        self.trouble = tuple(str(error).splitlines())
        log.error("flows not taken over; what was live stays", problems=self.trouble)

    def _served(self, flow: str, version: str) -> Served:
        return Served(flow, version, self._loaded[flow, version])


def _shown(standing: Standing) -> dict[str, Any]:
    return asdict(replace(standing, past=()))
