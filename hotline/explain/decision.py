"""A decision of the distributor made again: which seats a call could have, and who else the seat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from acd.explain import Bar, Choice, Due, Waits
from acd.still import Still
from hotline.explain.past import Past
from ledger.records import Offer

AT_ONCE_MS = 50  # a seat that became ready within this before its offer was offered because it did


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a seat and a caller were joined.

    ``freed_by``: the seat took the caller whose turn it was there, because it, or another one with which it shares a
    reserve, fell free at that moment. Where none did the caller got the best of the ready seats. ``agrees``: the floor
    of that moment, made again, gives this same seat and caller.
    """

    waits: Waits
    choice: Choice
    due: Due
    freed_by: str | None
    agrees: bool

    @property
    def ruled_out(self) -> Mapping[str, Bar]:
        """The seats that this caller could not have, each with what kept them apart."""
        return {seat: bar for seat, bar in self.waits.seats.items() if bar is not None}


def decision(past: Past, offer: Offer) -> Decision | None:
    """Make the decision for an offer again; None where the ledger has no plan from then, or not its seat."""
    found = None
    for late in (True, False):
        still = past.before(offer, late=late)
        if still is None:
            return None
        again = _again(still, offer)
        if again is not None and again.agrees:
            return again
        found = found or again
    return found


def _again(still: Still, offer: Offer) -> Decision | None:
    if not still.stands(offer.visit) or offer.seat not in still.plan.seats:
        return None
    waits, choice = still.waits(offer.visit), still.choice(offer.visit)
    due = still.due(offer.seat)
    freed_by = still.freed_by(offer.seat, still.now - min(AT_ONCE_MS, waits.waited_ms))
    best = bool(choice.possible) and choice.possible[0].seat == offer.seat
    could = offer.seat in [one.seat for one in choice.possible]
    agrees = best or (could and freed_by is not None and due.visit == offer.visit)
    return Decision(waits, choice, due, freed_by, agrees)
