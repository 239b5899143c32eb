"""What is older than the site keeps it: persons' data of calls, and recordings. Counts are kept for ever."""

from __future__ import annotations

import structlog

from hotline.site import Site
from hotline.upkeep.forgetting import remove_recordings
from ledger.erasure import expire

log = structlog.get_logger(__name__)


def erase_old(site: Site, now: int, *, calls_ms: int | None, recordings_ms: int | None) -> None:
    """Erase what is older than these lengths of time; None keeps it for ever. ``now`` is UTC ms.

    Blocks, and leaves the ledger's writer to its work in between: run it in a thread, once a night.
    Raises the errors of `expire`, and ``OSError``.
    """
    erased = expire(
        site.database,
        at=now,
        calls_before=None if calls_ms is None else now - calls_ms,
        recordings_before=None if recordings_ms is None else now - recordings_ms,
    )
    files = remove_recordings(site, erased.files)
    log.info("old data erased", rows=sum(erased.rows.values()), files=files)
