"""What is done by itself soon after the engine has started, and each night: the audit; erasing what is old."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from hotline.clock import Clock
from hotline.site import Site
from hotline.upkeep.retention import erase_old
from ledger.audit import audit
from ledger.errors import LedgerError
from ledger.findings import Findings

log = structlog.get_logger(__name__)

FIRST_S = 120.0  # after a start: calls have come back by then, and the ledger has taken in the journal
NIGHTLY = time(3, 30)  # by the site's clock
LOOKS_BACK_MS = 49 * 3_600_000  # two days, and the hour that one of them may have more
MOST_LOGGED = 20


def cdr_files(site: Site) -> list[Path]:
    """Return the records that the site's own Asterisk has written, rotated ones too; none of another's Asterisk."""
    if site.settings.asterisk == "external":
        return []
    return sorted((site.data / "asterisk" / "logs" / "cdr-csv").glob("Master.csv*"))


class Auditor:
    """Audits the last two days, and logs what does not agree. ``last`` is what the last audit found."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self.last: Findings | None = None
        self._site = site
        self._clock = clock

    async def run(self) -> None:
        """Audit for ever. Cancelled, it lets an audit under way end by itself, in its thread."""
        await asyncio.sleep(FIRST_S)
        while True:
            await self.audit()
            await self._erase_old()
            await asyncio.sleep(until(NIGHTLY, self._clock.now(), self._site.zone))

    async def _erase_old(self) -> None:
        """Erase what is older than the site keeps it."""
        kept = self._site.settings.retention
        if kept.calls is None and kept.recordings is None:
            return
        try:
            await asyncio.to_thread(
                erase_old,
                self._site,
                self._clock.now(),
                calls_ms=kept.calls,
                recordings_ms=kept.recordings,
            )
        except (LedgerError, OSError) as error:
            log.error("old data not erased", reason=str(error))  # noqa: TRY400 it says all

    async def audit(self) -> None:
        """Audit now, in a thread."""
        now = self._clock.now()
        began = max(0, now - LOOKS_BACK_MS)
        try:
            files = await asyncio.to_thread(cdr_files, self._site)
            found = self.last = await asyncio.to_thread(
                audit,
                self._site.database,
                as_of=now,
                began=began,
                site=self._site.name,
                cdr=files,
                zone=self._site.zone,
            )
        except (LedgerError, OSError) as error:
            log.error("audit impossible", reason=str(error))  # noqa: TRY400 it says all, and needs no traceback
            return
        wrong = found.unexplained
        log.info(
            "audit",
            calls=found.counts["calls"],
            explained=len(found.differences) - len(wrong),
            wrong=len(wrong),
        )
        for one in wrong[:MOST_LOGGED]:
            log.error("audit: it does not agree", check=one.check, subject=one.subject, what=one.what)


def until(moment: time, now: int, zone: ZoneInfo) -> float:
    """Return how many seconds there are from ``now``, UTC ms, to the next such time of day."""
    here = datetime.fromtimestamp(now / 1_000, zone)
    then = datetime.combine(here.date(), moment, zone)
    while then.timestamp() <= here.timestamp():
        then = datetime.combine(then.date() + timedelta(days=1), moment, zone)
    return then.timestamp() - here.timestamp()
