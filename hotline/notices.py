"""The notices that a supervisor has switched on: rendered ahead, heard by the next caller whom they concern."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

import structlog

from hotline.clock import Clock
from hotline.notice_file import Kept, NoticeFile, NoticeRefused, NoticesSpoilt, check_off, check_on
from ivr.call import Sound
from ivr.house import Notice
from ivr.language.prompt import Spoken
from ivr.prompts import PromptErrors
from ledger.events import Event, NoticeChanged

log = structlog.get_logger(__name__)


class Speech(Protocol):
    """What makes words into sound files: `ivr.prompts.PromptStore`."""

    async def prepare_all(self, prompts: Collection[Spoken]) -> None:
        """Make what is not there yet. Raises `PromptErrors`."""

    def sound(self, spoken: Spoken) -> Sound:
        """Return what was made."""


class NoticeBoard:
    """The notices that are on. A change is journalled, and kept in a file for the engine's next life.

    ``languages`` returns those in which callers are spoken to.
    """

    def __init__(
        self,
        file: NoticeFile,
        speech: Speech,
        clock: Clock,
        record: Callable[[Event], None],
        languages: Callable[[], Collection[str]],
    ) -> None:
        self._file = file
        self._speech = speech
        self._clock = clock
        self._record = record
        self._languages = languages
        self._kept = Kept()
        self._notices: dict[str, Notice] = {}
        self._changing = asyncio.Lock()

    def active(self) -> Sequence[Notice]:
        """Return those that are on now, the oldest first."""
        current = self._kept.current(self._clock.now())
        return [self._notices[one.notice] for one in current if one.notice in self._notices]

    def listed(self) -> list[dict[str, Any]]:
        """Return what is on as plain data; ``heard`` is false for one that could not be rendered."""
        current = self._kept.current(self._clock.now())
        return [asdict(one) | {"heard": one.notice in self._notices} for one in current]

    async def restore(self) -> None:
        """Bring back what was on when the last engine ended, and journal what was changed since.

        Raises nothing: what cannot be read or rendered is logged and left off.
        """
        async with self._changing:
            try:
                kept = await asyncio.to_thread(self._read)
            except OSError as error:
                log.warning("notices not read; none is on", file=str(self._file.path), reason=error.strerror)
                return
            for change in kept.untold:
                self._record(change)  # as it was, so that one told twice is one in the ledger
            self._kept = Kept(kept.current(self._clock.now()))
            for change in self._kept.on:
                if unspoken := sorted(set(self._languages()) - set(change.texts)):
                    log.warning(
                        "notice has no text in some languages", notice=change.notice, languages=unspoken
                    )
                try:
                    self._notices[change.notice] = await self._rendered(change)
                except PromptErrors as errors:
                    log.warning(
                        "notice left off; it cannot be rendered", notice=change.notice, reason=str(errors)
                    )
            if kept != self._kept:
                await self._keep(self._kept)

    async def switch_on(self, change: NoticeChanged) -> None:
        """Put a notice on, in place of one of the same name. It is rendered before it is on.

        Raises `NoticeRefused`; then nothing has changed.
        """
        check_on(change, self._languages())
        async with self._changing:
            try:
                notice = await self._rendered(change)
            except PromptErrors as errors:
                raise NoticeRefused(str(errors)) from errors
            await self._change(change)
            self._notices[change.notice] = notice

    async def switch_off(self, change: NoticeChanged) -> None:
        """Take a notice off. Raises `NoticeRefused`; then nothing has changed."""
        async with self._changing:
            check_off(change.notice, self._kept, change.at)
            await self._change(change)
            self._notices.pop(change.notice, None)

    async def _change(self, change: NoticeChanged) -> None:
        kept = self._kept.after(change)
        try:
            # With the change itself, so that a crash before the journal has it does not hide it.
            await asyncio.to_thread(self._file.write, kept)
        except OSError as error:
            raise NoticeRefused(
                f"{self._file.path} cannot be written: {error.strerror}; make room there"
            ) from error
        self._record(change)
        self._kept = replace(kept, untold=())

    async def _keep(self, kept: Kept) -> None:
        try:
            await asyncio.to_thread(self._file.write, kept)
        except OSError as error:
            log.warning("notices not kept", file=str(self._file.path), reason=error.strerror)

    def _read(self) -> Kept:
        try:
            return self._file.read()
        except NoticesSpoilt:
            log.warning("notices not understood, set aside; none is on", file=str(self._file.path))
            self._file.set_aside()
            return Kept()

    async def _rendered(self, change: NoticeChanged) -> Notice:
        prompts = {
            language: Spoken(f"notice {change.notice}", language, text)
            for language, text in change.texts.items()
        }
        await self._speech.prepare_all(list(prompts.values()))
        return Notice(
            name=change.notice,
            areas=frozenset(change.areas),
            services=frozenset(change.services),
            sounds={language: self._speech.sound(spoken) for language, spoken in prompts.items()},
        )
