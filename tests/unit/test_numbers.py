"""Which numbers may be called: patterns as Asterisk reads them, emergencies apart, and so often a day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.numbers import AllowedNumbers, dials_anywhere, is_open, matches
from hotline.settings import Outbound

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEVER_OPEN = [
    "0755XXXXXXXX",
    "1[3-9]XXXXXXXXX",
    "XXXXXXXX",
    "0755.",
    "+86X.",
    "0086.",
    "0[1-9]X.",
    "10[0-9]!",
    "110",
]


class HandClock:
    """A clock that stands until it is set."""

    def __init__(self, local: str) -> None:
        self.set(local)

    def set(self, local: str) -> None:
        """Set it to a local time of Shanghai."""
        self._now = int(datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).timestamp() * 1_000)

    def now(self) -> int:
        return self._now

    def of_wall(self, ms: int) -> int:
        return ms


def numbers(*allow: str, counted: Mapping[str, int] | None = None, **limits: int) -> AllowedNumbers:
    """Return what a site with these patterns allows."""
    outbound = Outbound.model_validate({"trunk": "t", "allow": allow, **limits})
    return AllowedNumbers(outbound, HandClock("2027-02-17 12:00"), SHANGHAI, counted)


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("0755XXXXXXXX", ["075512345678"], ["07551234567", "0755123456789", "075612345678", "+75512345678"]),
        ("1[3-9]XXXXXXXXX", ["13912345678"], ["12912345678", "1391234567"]),
        ("ZN", ["12", "99"], ["02", "11", "10"]),
        ("[13-57]", ["1", "3", "4", "5", "7"], ["0", "2", "6", "8", "-"]),
        ("00.", ["001", "0049123"], ["00", "0", "01"]),
        ("95!", ["95", "95588"], ["9", "96"]),
        ("+86NX.", ["+86213"], ["8621", "+8621", "+861012"]),
        ("10086", ["10086"], ["1008", "100860"]),
        ("X.", ["12"], ["1", "", "+1", "1*"]),
        (".", ["1"], ["", "a"]),
    ],
)
def test_a_pattern_fits_as_asterisk_reads_it(pattern: str, fits: list[str], does_not: list[str]) -> None:
    assert [number for number in fits if not matches(pattern, number)] == []
    assert [number for number in does_not if matches(pattern, number)] == []


PIECES = st.sampled_from([*"0189XZN", "[2-5]", "[0-9]", "[19]", "[1-36]"])
PATTERNS = st.builds(
    lambda plus, pieces, end: plus + "".join(pieces) + end,
    st.sampled_from(["", "+"]),
    st.lists(PIECES, min_size=1, max_size=4),
    st.sampled_from(["", ".", "!"]),
)


@given(PATTERNS, st.from_regex(r"\+?[0-9]{0,6}", fullmatch=True))
def test_the_matcher_agrees_with_a_regular_expression(pattern: str, number: str) -> None:
    written = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": "[0-9]+", "!": "[0-9]*", "+": r"\+"}
    expression = re.sub(r"[XZN.!+]", lambda found: written[found[0]], pattern)
    assert matches(pattern, number) == bool(re.fullmatch(expression, number))


@pytest.mark.parametrize("pattern", [".", "!", "X.", "N!", "NXX!", "[0-9].", "[2-9]X.", "ZXXX."])
def test_a_pattern_that_fixes_neither_digit_nor_length_is_open(pattern: str) -> None:
    assert is_open(pattern)
    assert dials_anywhere(pattern)


@pytest.mark.parametrize(
    "pattern", ["00.", "00X.", "00ZX!", "+.", "+X.", "+ZXX.", "011.", "011NX!", "0.", "0X.", "XX0."]
)
def test_a_pattern_that_reaches_every_country_dials_anywhere(pattern: str) -> None:
    assert dials_anywhere(pattern) == (pattern != "XX0.")


@pytest.mark.parametrize("pattern", NEVER_OPEN)
def test_a_pattern_that_names_what_is_meant_does_not_dial_anywhere(pattern: str) -> None:
    assert not dials_anywhere(pattern)


@given(PATTERNS)
def test_what_is_open_lets_a_number_of_nearly_any_beginning_through(pattern: str) -> None:
    if is_open(pattern):
        assert all(matches(pattern, f"{digit}2345678") for digit in "23456789")


@pytest.mark.parametrize(
    "number",
    [
        "",
        "0755-1234567",
        "0755 12345678",
        "075512345678;x",
        "+",
        "++86",
        "٣٤٥",
        "0755123456781\n",
        "a",
        "1" * 21,
    ],
)
def test_what_is_no_number_is_not_allowed(number: str) -> None:
    assert numbers("X!", "0755X!", "+X!").refuses(number) == "not-allowed"


def test_a_number_is_allowed_by_any_of_the_patterns() -> None:
    allowed = numbers("0755XXXXXXXX", "10086")
    assert [allowed.refuses(number) for number in ("075512345678", "10086", "10010")] == [
        None,
        None,
        "not-allowed",
    ]


def test_nothing_is_allowed_when_nothing_is_said() -> None:
    assert numbers().refuses("10086") == "not-allowed"


@pytest.mark.parametrize("number", ["110", "112", "119", "120", "911", "999"])
def test_an_emergency_number_is_allowed_only_where_it_is_written_out(number: str) -> None:
    assert numbers("XXX", "1XX", "[19]XX", "1.").refuses(number) == "not-allowed"
    assert numbers(number).refuses(number) is None


def test_one_number_is_called_so_often_a_day() -> None:
    allowed = numbers("XXXX", per_number_daily=2)
    for _ in range(2):
        assert allowed.refuses("1234") is None
        allowed.called("1234")
    assert [allowed.refuses("1234"), allowed.refuses("4321")] == ["limit", None]


def test_all_numbers_together_are_called_so_often_a_day() -> None:
    allowed = numbers("XXXX", daily=2)
    allowed.called("1234")
    allowed.called("4321")
    assert allowed.refuses("1111") == "limit"


def test_what_is_not_allowed_is_told_before_a_limit() -> None:
    assert numbers("XXXX", daily=0).refuses("12345") == "not-allowed"


def test_counts_begin_again_with_the_sites_own_day() -> None:
    clock = HandClock("2027-02-17 23:59:59")  # 15:59 UTC
    allowed = AllowedNumbers(Outbound(trunk="t", allow=("XXXX",), per_number_daily=1), clock, SHANGHAI)
    allowed.called("1234")
    assert allowed.refuses("1234") == "limit"
    clock.set("2027-02-18 00:00:00")
    assert allowed.refuses("1234") is None


def test_counts_of_before_a_restart_go_on() -> None:
    assert numbers("XXXX", counted={"1234": 3}).refuses("1234") == "limit"


def test_asking_counts_nothing_and_keeps_nothing() -> None:
    allowed = numbers("XXXX", per_number_daily=1)
    for number in range(1_000, 2_000):
        allowed.refuses(str(number))
    assert len(allowed._counted) == 0
