"""The agents' PINs: made once, kept to oneself, and not to be guessed, nor to be used to lock others out."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hotline.pins import LOCKED_MS, TRIES, Pins, PinsSpoilt, load_pins
from tests.unit.house_of_cards import VirtualClock

PINS = {"ann": "123456", "bob": "654321"}


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def pins(clock: VirtualClock) -> Pins:
    return Pins(PINS, clock)


def mistype(pins: Pins, times: int = TRIES, agent: str = "ann", phone: str = "61") -> list[bool | None]:
    return [pins.fits(agent, "000000", phone) for _ in range(times)]


def test_a_pin_is_the_agents_own(pins: Pins) -> None:
    assert pins.fits("ann", "123456", "61") is True
    assert pins.fits("ann", "654321", "61") is False


def test_who_is_no_agent_has_no_pin_not_even_an_empty_one(pins: Pins) -> None:
    assert pins.fits("eve", "", "61") is False


def test_a_phone_with_too_many_wrong_pins_takes_not_even_a_right_one_for_five_minutes(
    pins: Pins, clock: VirtualClock
) -> None:
    assert mistype(pins) == [False] * TRIES
    assert pins.fits("ann", "123456", "61") is None
    clock.time += LOCKED_MS - 1
    assert pins.fits("ann", "123456", "61") is None
    clock.time += 1
    assert pins.fits("ann", "123456", "61") is True


def test_nobody_can_keep_an_agent_from_signing_in_elsewhere_by_mistyping_for_him(pins: Pins) -> None:
    mistype(pins)
    assert pins.fits("ann", "123456", "62") is True


def test_wrong_ones_for_many_agents_count_together(pins: Pins) -> None:
    mistype(pins, 2, "ann")
    mistype(pins, 2, "nobody")
    mistype(pins, 1, "bob")
    assert pins.fits("bob", "654321", "61") is None


def test_one_with_a_pin_of_his_own_cannot_go_on_guessing_in_between(pins: Pins) -> None:
    for _ in range(TRIES):
        mistype(pins, 1, "bob")
        pins.fits("ann", "123456", "61")
    assert pins.fits("bob", "654321", "61") is None


def test_a_few_slips_that_lie_far_apart_lock_nothing(pins: Pins, clock: VirtualClock) -> None:
    for _ in range(3 * TRIES):
        assert mistype(pins, 1) == [False]
        clock.time += LOCKED_MS // (TRIES - 1)
    assert pins.fits("ann", "123456", "61") is True


def test_new_agents_get_a_pin_and_the_others_keep_theirs_in_a_file_for_its_owner_alone(
    tmp_path: Path,
) -> None:
    file = tmp_path / "pins.json"
    first = load_pins(file, ["ann"])
    both = load_pins(file, ["ann", "bob"])
    assert both["ann"] == first["ann"]
    assert all(len(pin) == 6 and pin.isdecimal() for pin in both.values())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_pins(file, ["ann", "bob"]) == both


@pytest.mark.parametrize("text", ["", "[1]", '{"ann": 123456}', '{"ann": "12a456"}'])
def test_a_spoilt_file_is_told_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pins.json"
    file.write_text(text)
    with pytest.raises(PinsSpoilt, match="does not hold PINs"):
        load_pins(file, ["ann"])
    assert file.read_text() == text
