"""The site's names as flows may use them."""

from __future__ import annotations

from hotline.numbers import may_be_called
from hotline.site import Site
from ivr.reading.names import LookupForm, SiteNames


def names_of(site: Site) -> SiteNames:
    """Return what flows are checked against."""
    s = site.settings
    outbound = s.outbound
    return SiteNames(
        queues=tuple(s.queues),
        skills=s.skills,
        seats=tuple(s.agents),
        lookups={
            name: LookupForm(frozenset(lookup.arguments), lookup.in_url())
            for name, lookup in s.lookups.items()
        },
        allows=(lambda number: may_be_called(outbound, number)) if outbound.trunk is not None else None,
        timezone=s.timezone,
    )
