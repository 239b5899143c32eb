"""The customers whom the site knows: their tier, and the agent who is asked first for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hotline.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """What a customer's number says: his tier (0: none), what he has waited already by it, and whom to ask first."""

    tier: int = 0
    credit_ms: int = 0
    owner: str | None = None


NOBODY = Standing()


def standing_of(s: Settings, number: str, served_last: Mapping[str, str]) -> Standing:
    """Return a caller's standing. ``served_last`` maps a number to the agent who spoke with it last.

    The agent who owns his case goes before the one who spoke with him last. One who is gone from the site is nobody.
    """
    customer = s.customers.get(number)
    owner = customer.owner if customer is not None and customer.owner is not None else served_last.get(number)
    tier = s.tiers.get(customer.tier) if customer is not None and customer.tier is not None else None
    return Standing(
        tier=tier.level if tier is not None else 0,
        credit_ms=tier.credit if tier is not None else 0,
        owner=owner if owner in s.agents else None,
    )
