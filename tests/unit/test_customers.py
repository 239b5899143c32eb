"""Customers whom the site knows: their standing when they call."""

from __future__ import annotations

import copy

from hotline.customers import NOBODY, Standing, standing_of
from hotline.settings import Settings, Tier
from tests.unit.test_site import SITE


def settings() -> Settings:
    whole = copy.deepcopy(SITE)
    whole["tiers"] = {"gold": {"level": 2, "credit": "90s"}}
    whole["customers"] = {"1": {"tier": "gold"}, "2": {"owner": "ann"}}
    return Settings.model_validate(whole)


def test_a_number_that_nobody_knows_has_no_standing() -> None:
    assert standing_of(settings(), "3", {}) == NOBODY


def test_a_tier_gives_its_level_and_its_credit() -> None:
    assert standing_of(settings(), "1", {}) == Standing(2, 90_000)


def test_the_agent_who_owns_the_case_goes_before_the_one_who_spoke_with_him_last() -> None:
    assert standing_of(settings(), "2", {"2": "bob", "3": "ann"}).owner == "ann"
    assert standing_of(settings(), "3", {"2": "bob", "3": "ann"}).owner == "ann"


def test_an_agent_who_is_gone_from_the_site_is_nobody() -> None:
    assert standing_of(settings(), "3", {"3": "gone"}) == NOBODY


def test_of_several_tiers_the_highest_counts_and_of_owners_the_one_whom_the_flow_knows() -> None:
    whole = settings()
    black = Tier.model_validate({"level": 5, "credit": "1ms"})
    agents = whole.agents | {"bob": whole.agents["ann"]}
    whole = whole.model_copy(update={"tiers": whole.tiers | {"black": black}, "agents": agents})
    assert standing_of(whole, "1", {}, tiers=("black", None)) == Standing(5, 1)
    assert standing_of(whole, "1", {}, tiers=("no-such-tier",)) == Standing(2, 90_000)
    assert standing_of(whole, "2", {"2": "ann"}, owner="bob").owner == "bob"
    assert standing_of(whole, "2", {}, owner="gone").owner == "ann"
