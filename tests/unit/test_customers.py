"""Customers whom the site knows: their standing when they call."""

from __future__ import annotations

import copy

from hotline.customers import NOBODY, Standing, standing_of
from hotline.settings import Settings
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
