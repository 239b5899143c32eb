"""Sums up what is over, so that reports of months and years are read at once."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from hotline.clock import Clock
from hotline.site import Site
from ledger.database import open_for_writing, reason
from ledger.errors import LedgerError
from ledger.rollups import settle

log = structlog.get_logger(__name__)

EVERY_S = 900.0
AGO_MS = 3_600_000  # what is summed up sooner changes yet, and would be done again


async def keep_summed_up(site: Site, clock: Clock) -> None:
    """Settle the ledger's quarter-hours for ever, in a thread. Cancelled, it lets one under way end by itself."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await asyncio.to_thread(sum_up, site.database, clock.now() - AGO_MS)
        except (LedgerError, SQLAlchemyError) as error:
            log.warning("roll-ups left for later", reason=reason(error))


def sum_up(url: str, before: int) -> int:
    """Settle what was over at a moment, UTC ms; return how many quarter-hours. Blocks."""
    engine = open_for_writing(url)
    try:
        return settle(engine, before)
    finally:
        engine.dispose()
