"""Moments as people write them for an option."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hotline.commands.moment import MomentUnclear, earlier, later, local

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def test_a_day_and_time_is_the_sites_own() -> None:
    assert later("--until", "2026-11-22 20:00", NOW) == ms(NOW + timedelta(hours=8))


def test_a_day_alone_begins_at_midnight() -> None:
    assert earlier("--since", "2026-11-22", NOW) == ms(NOW - timedelta(hours=12))


def test_a_length_of_time_goes_ahead_or_back_from_now() -> None:
    assert later("--until", "1h30m", NOW) == ms(NOW + timedelta(minutes=90))
    assert earlier("--since", "7d", NOW) == ms(NOW - timedelta(days=7))


def test_a_moment_is_shown_in_the_sites_time() -> None:
    assert local(later("--until", "2h", NOW), NOW) == "2026-11-22 14:00"


@pytest.mark.parametrize("written", ["", "soon", "25:00", "2026-13-01", "9999999d", "20 o'clock", "1763"])
def test_what_is_no_moment_is_told_with_the_option_and_examples(written: str) -> None:
    with pytest.raises(MomentUnclear, match=r'--until .* is no moment; write "2026'):
        later("--until", written, NOW)
