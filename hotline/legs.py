"""The channels that were dialled for callers, by offer or line: which is ringing, and how it ended. Fed by AMI."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from ivr.agi.legs import LegEnd

PATIENCE_S = 0.5  # the AMI event may come after the AGI reply, but hardly later than this
MOST_REMEMBERED = 2_000


@dataclass(slots=True)
class Leg:
    """What was dialled for an offer, or a line. ``channels`` still live (a phone may have several devices)."""

    channels: dict[str, tuple[str, str]] = field(default_factory=dict)  # Uniqueid -> phone, channel name
    end: LegEnd | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)


class SeatLegs:
    """What AMI said of the legs of recent offers."""

    def __init__(self) -> None:
        self._legs: OrderedDict[str, Leg] = OrderedDict()

    def began(self, offer: str, uniqueid: str, channel: str, phone: str = "") -> None:
        """Take in that a channel was dialled for an offer, to a phone."""
        self._leg(offer).channels[uniqueid] = phone, channel

    def ended(self, offer: str, uniqueid: str, end: LegEnd) -> None:
        """Take in that a channel of an offer was hung up."""
        leg = self._leg(offer)
        leg.channels.pop(uniqueid, None)
        leg.end = end
        if not leg.channels:
            leg.over.set()

    def channels(self, offer: str, phone: str | None = None) -> list[str]:
        """Return the names of an offer's living channels; only those to one phone, where one is named."""
        leg = self._legs.get(offer)
        living = leg.channels.values() if leg is not None else ()
        return [channel for at, channel in living if phone in (None, at)]

    async def end(self, offer: str) -> LegEnd | None:
        """Return how the offer's last channel ended; None when nothing was heard of it in good time."""
        leg = self._leg(offer)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await leg.over.wait()
        except TimeoutError:
            return None
        return leg.end

    def _leg(self, offer: str) -> Leg:
        leg = self._legs.get(offer)
        if leg is None:
            leg = self._legs[offer] = Leg()
            if len(self._legs) > MOST_REMEMBERED:
                self._legs.popitem(last=False)
        return leg
