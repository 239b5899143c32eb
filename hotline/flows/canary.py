"""A canary: a new version of a flow that part of the callers try, and the rule that ends its trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hotline.flows.fisher import chance
from ivr.language.flow import FlowSet

LEVEL = 0.01  # so unlikely must the difference be, were both versions alike
FEWEST = 30  # calls on the canary before it is judged
ENOUGH = 200  # calls on the canary after which it has proved itself

Fault: TypeAlias = Literal["errors", "early hang-ups"]


@dataclass(frozen=True, slots=True)
class Tally:
    """Calls on one version that have ended: all, those in which the flow failed, those hung up early."""

    calls: int = 0
    errors: int = 0
    early: int = 0

    def plus(self, *, failed: bool, early: bool) -> Tally:
        """Return the tally with one more call."""
        return Tally(self.calls + 1, self.errors + failed, self.early + early)


@dataclass(frozen=True, slots=True)
class Canary:
    """A new version that ``share`` percent of the callers try since a moment, UTC ms.

    ``old`` counts the calls on the version that it is held against, ``new`` its own: those that began meanwhile.
    """

    version: str
    share: int
    since: int
    new: Tally = Tally()
    old: Tally = Tally()

    def counted(self, version: str, *, failed: bool, early: bool) -> Canary:
        """Return the canary after one more call on it, or on the other version."""
        if version == self.version:
            return replace(self, new=self.new.plus(failed=failed, early=early))
        return replace(self, old=self.old.plus(failed=failed, early=early))

    def fault(self) -> Fault | None:
        """Tell in what the canary is worse than the old version; None where nothing says so, or not yet."""
        if self.new.calls < FEWEST:
            return None
        if _is_worse(self.new.errors, self.new.calls, self.old.errors, self.old.calls):
            return "errors"
        if _is_worse(self.new.early, self.new.calls, self.old.early, self.old.calls):
            return "early hang-ups"
        return None

    def has_proved_itself(self) -> bool:
        """Tell whether enough calls have gone well on it."""
        return self.new.calls >= ENOUGH and self.fault() is None


def share_asked(flow: str, new: FlowSet, old: Mapping[str, str]) -> int | None:
    """Return the share of callers that shall try a flow's new version; None where it shall serve all at once.

    It is the smallest ``canary`` among the flow and those that it calls, of which ``old`` holds another version.
    """
    shares = [share for name, share in canaries(flow, new) if new.versions[name] != old.get(name)]
    return min(shares, default=None)


def canaries(flow: str, live: FlowSet) -> tuple[tuple[str, int], ...]:
    """Return what a flow and those that it calls ask for as ``canary``, by flow."""
    return tuple(
        (name, share) for name in within(flow, live) if (share := live.flows[name].canary) is not None
    )


def within(flow: str, live: FlowSet) -> list[str]:
    """Return the names of a flow and of all that it calls, in alphabetical order."""
    found, ahead = {flow}, [flow]
    while ahead:
        new = live.flows[ahead.pop()].callees().keys() - found
        found |= new
        ahead.extend(new)
    return sorted(found)


def _is_worse(failed: int, of: int, others_failed: int, of_others: int) -> bool:
    return failed * of_others > others_failed * of and chance(failed, of, others_failed, of_others) < LEVEL
