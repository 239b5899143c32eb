"""The customers whom the site knows: their tier, and the agent who is asked first for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hotline.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """What a customer's number says: his tier (0: none), what he has waited already by it, and whom to ask first."""

    tier: int = 0
    credit_ms: int = 0
    owner: str | None = None


NOBODY = Standing()


def standing_of(
    s: Settings,
    number: str,
    served_last: Mapping[str, str],
    *,
    tiers: Iterable[str | None] = (),
    owner: str | None = None,
) -> Standing:
    """Return a caller's standing. ``served_last`` maps a number to the agent who spoke with it last.

    Of his own tier and those in ``tiers`` (of the number that he dialled, of what the flow knows) the highest counts.
    An ``owner`` whom the flow knows goes before the one in the site, and that one before who spoke with him last. One
    who is gone from the site is nobody.
    """
    customer = s.customers.get(number)
    known = [customer.tier if customer is not None else None, *tiers]
    found = [s.tiers[name] for name in known if name is not None and name in s.tiers]
    tier = max(found, key=lambda one: one.level, default=None)
    owners = (owner, customer.owner if customer is not None else None, served_last.get(number))
    return Standing(
        tier=tier.level if tier is not None else 0,
        credit_ms=tier.credit if tier is not None else 0,
        owner=next((name for name in owners if name in s.agents), None),
    )
