"""Which version of a flow serves whom, and what changes that. Facts and rules alone: nothing here acts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hotline.flows.canary import Canary
from ivr.verbs.split import share_of
from ledger.events import FlowLive, LiveHow


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
    return Change(standing, _live(standing))


def offered(standing: Standing, offer: Offer, share: int | None, at: int, how: LiveHow) -> Change | None:
    """Take in what the folder holds now; None where that is nothing new. ``share`` is that of a new version."""
    if offer == standing.offer:
        return None
    canary = standing.canary
    if offer.version == standing.version:
        if canary is not None:
            return withdrawn(replace(standing, offer=offer), None, at)
        return Change(replace(standing, offer=offer), None)
    if share is None:
        return _served(replace(standing, offer=offer), offer.version, at, how, None)
    if canary is not None and canary.version == offer.version:
        trial = replace(canary, share=share)
        if trial == canary:
            return Change(replace(standing, offer=offer), None)
    else:
        trial = Canary(offer.version, share, at)
    after = replace(standing, offer=offer, canary=trial)
    return Change(
        after, FlowLive(at=at, flow=after.flow, version=trial.version, how="canary", share=float(share))
    )


def rolled_back(standing: Standing, version: str, by: str, at: int) -> Change:
    """Let an earlier version serve everybody again."""
    return _served(standing, version, at, "rolled-back", by)


def promoted(standing: Standing, canary: Canary, by: str | None, at: int) -> Change:
    """Let the canary serve everybody."""
    return _served(standing, canary.version, at, "canary-won", by)


def withdrawn(standing: Standing, by: str | None, at: int) -> Change:
    """Let the version that the canary was to replace serve everybody again."""
    after = replace(standing, canary=None)
    event = FlowLive(at=at, flow=after.flow, version=after.version, how="canary-withdrawn", by=by)
    return Change(after, event)


def _served(standing: Standing, version: str, at: int, how: LiveHow, by: str | None) -> Change:
    after = replace(standing, version=version, since=at, how=how, by=by, before=standing.version, canary=None)
    return Change(after, _live(after))


def _live(standing: Standing) -> FlowLive:
    return FlowLive(
        at=standing.since,
        flow=standing.flow,
        version=standing.version,
        how=standing.how,
        by=standing.by,
    )
