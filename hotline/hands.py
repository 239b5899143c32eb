"""What the engine asks of Asterisk by AMI while calls are on: silence here, a call out there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import structlog

from acd.ami import AmiClient, AmiError
from acd.ami_errors import NotConnected
from hotline.legs import SeatLegs
from hotline.site import Site

log = structlog.get_logger(__name__)


class Hands:
    """Errands for Asterisk. ``client`` is set while there is, or was, a connection.

    What cannot be done is logged and left: the next comparison with Asterisk's truth puts it right.
    """

    def __init__(self, site: Site, legs: SeatLegs) -> None:
        self.client: AmiClient | None = None
        self._site = site
        self._legs = legs
        self._errands: set[asyncio.Task[None]] = set()

    def stop_ringing(self, offer: str, phone: str | None) -> None:
        """Let the phones of an offer fall silent, or one of them."""
        if self.client is not None:
            for channel in self._legs.channels(offer, phone):
                self.do(self.client.hangup(channel))

    def stop_playback(self, channel: str) -> None:
        """End what is being played to a channel."""
        if self.client is not None and channel:
            self.do(self.client.stop_playback(channel))

    async def call_out(self, call: str, number: str, shown: str, seconds: float) -> None:
        """Begin to ring a customer. Raises `AmiError`."""
        if self.client is None:
            raise NotConnected("Originate")
        await self.client.originate(
            f"PJSIP/{number}@trunk-{self._site.settings.outbound.trunk}",
            context="hotline-callback",
            exten=shown,
            ring_seconds=seconds,
            caller_id=shown,
            variables={"__HOTLINE_CALL": call, "__HOTLINE_OFFER": ""},
            uniqueid=call,
        )

    def hang_up(self, call: str) -> None:
        """Let go of the customer's channel, who is being called back."""
        if self.client is not None:
            self.do(self._end_channel(self.client, call))

    def do(self, errand: Awaitable[object]) -> None:
        """Have something done, soon."""
        task = asyncio.ensure_future(self._run(errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _end_channel(self, client: AmiClient, uniqueid: str) -> None:
        for channel in await client.channels():
            if channel.uniqueid == uniqueid:
                await client.hangup(channel.channel)

    async def _run(self, errand: Awaitable[object]) -> None:
        try:
            await errand
        except AmiError as error:
            log.warning("asterisk did not do it", reason=str(error))
