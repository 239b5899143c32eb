"""Waiting that news cuts short."""

from __future__ import annotations

import asyncio


async def pause(seconds: float, *news: asyncio.Event) -> None:
    """Wait so many seconds, or until one of the events is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in news]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
