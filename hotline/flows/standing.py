"""Which version of a flow serves whom, and what changes that. Facts and rules alone: nothing here acts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hotline.flows.canary import Canary
from ivr.verbs.split import share_of
from ledger.events import FlowLive, LiveHow

LONGEST_PAST = 200


@dataclass(frozen=True, slots=True)
class Offer:
    """What the flows' folder holds of a flow: its version, and each canary that its documents ask for, by flow."""

    version: str
    canaries: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """The version of a flow that serves its callers, since when (UTC ms), how it came to and by whom.

    ``before`` served all callers before it. ``offer`` is what was last taken out of the folder, whatever became of
    it: what was rolled back or withdrawn is not taken again until it is changed.
    """

    flow: str
    version: str
    since: int
    how: LiveHow
    by: str | None
    offer: Offer
    before: str | None = None
    canary: Canary | None = None
    past: tuple[FlowLive, ...] = ()  # what the ledger was told of the flow, the last of it

    def versions(self) -> tuple[str, ...]:
        """Return the versions on which new calls may begin."""
        return (self.version, self.canary.version) if self.canary is not None else (self.version,)

    def version_for(self, caller: str) -> str:
        """Return the version for a new call of this caller: the same one each time, while nothing changes."""
        canary = self.canary
        if canary is not None and share_of(caller, self.flow, canary.version) < canary.share:
            return canary.version
        return self.version


@dataclass(frozen=True, slots=True)
class Change:
    """A new standing, and what the ledger is told of it; nothing where callers notice nothing."""

    standing: Standing
    event: FlowLive | None


def begun(flow: str, offer: Offer, at: int, how: LiveHow) -> Change:
    """Let the first version of a flow serve everybody: there is no other to hold it against."""
    standing = Standing(flow, offer.version, at, how, None, offer)
    return _told(standing, FlowLive(at=at, flow=flow, version=offer.version, how=how))


def offered(standing: Standing, offer: Offer, share: int | None, at: int, how: LiveHow) -> Change | None:
    """Take in what the folder holds now; None where that is nothing new. ``share`` is that of a new version."""
    if offer == standing.offer:
        return None
    known, canary = replace(standing, offer=offer), standing.canary
    if offer.version == standing.version:
        return withdrawn(known, None, at) if canary is not None else Change(known, None)
    if share is None:
        return _serving(known, offer.version, at, how, None)
    trial = Canary(offer.version, share, at)
    if canary is not None and canary.version == offer.version:
        trial = replace(canary, share=share)
    if trial == canary:
        return Change(known, None)
    event = FlowLive(at=at, flow=known.flow, version=trial.version, how="canary", share=float(share))
    return _told(replace(known, canary=trial), event)


def rolled_back(standing: Standing, version: str, by: str, at: int) -> Change:
    """Let an earlier version serve everybody again."""
    return _serving(standing, version, at, "rolled-back", by)


def promoted(standing: Standing, canary: Canary, by: str | None, at: int) -> Change:
    """Let the canary serve everybody."""
    return _serving(standing, canary.version, at, "canary-won", by)


def withdrawn(standing: Standing, by: str | None, at: int) -> Change:
    """Let the version that the canary was to replace serve everybody again."""
    event = FlowLive(at=at, flow=standing.flow, version=standing.version, how="canary-withdrawn", by=by)
    return _told(replace(standing, canary=None), event)


def _serving(standing: Standing, version: str, at: int, how: LiveHow, by: str | None) -> Change:
    after = replace(standing, version=version, since=at, how=how, by=by, before=standing.version, canary=None)
    return _told(after, FlowLive(at=at, flow=after.flow, version=version, how=how, by=by))


def _told(standing: Standing, event: FlowLive) -> Change:
    return Change(replace(standing, past=(*standing.past, event)[-LONGEST_PAST:]), event)
