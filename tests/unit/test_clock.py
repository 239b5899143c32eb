"""The one clock: a step of the machine's clock moves no wait."""

from __future__ import annotations

import time

import pytest

from hotline.clock import SystemClock


def test_what_another_program_read_off_a_clock_that_was_set_means_the_same_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SystemClock()
    before = clock.now()
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 30 * 10**9)
    assert abs(clock.now() - before) < 1_000
    assert abs(clock.of_wall(time.time_ns() // 10**6) - clock.now()) < 1_000
