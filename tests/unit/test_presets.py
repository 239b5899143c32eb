"""Presets: named definitions, their targets, and whether these are met."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rollups import Arrivals
from ledger.tally import QUARTER_MS, Tally
from reports.measures import FORMULAS, Rate
from reports.presets import PRESETS, UnknownPreset, preset, verdicts, worst_day

DAY = 96 * QUARTER_MS


def tally(answered_within, answered_later=0, abandoned=0):
    found = Tally()
    for outcome, second, count in (
        ("answered", 15, answered_within), ("answered", 99, answered_later), ("abandoned", 99, abandoned)
    ):  # fmt: skip
        if count:
            found.open(outcome).take(second, count, 1_000 * second * count, 1_000 * second)
    return found


def judged(name, calls, arrivals=None, ended=DAY):
    return [row[1:] for row in verdicts(preset(name), calls, arrivals or {}, 0, ended).rows]


@pytest.mark.parametrize(("answered_in_time", "met"), [(80, True), (79, False)])
def test_a_target_is_met_at_the_target_itself(answered_in_time, met):
    calls = tally(answered_in_time, 100 - answered_in_time)
    assert judged("80/20", calls) == [(0.8, answered_in_time / 100, met)]


def test_chinas_telecom_operators_ask_for_an_answer_within_15_seconds():
    chosen = preset("china-telecom")
    assert (chosen.definition.threshold, chosen.definition.formula) == (15, "offered")
    assert judged("china-telecom", tally(17, 2, 1)) == [(0.85, 0.85, True)]


def test_where_nobody_called_a_target_is_neither_met_nor_missed():
    assert judged("gb-t-33358", Tally()) == [(1.0, None, None), (0.95, None, None)]


def test_the_worst_day_is_of_any_24_hours_and_not_only_of_calendar_days():
    # The bad hours lie on both sides of midnight: each calendar day alone stays above 95 %.
    flow = {at: Arrivals(10, 10) for at in range(0, 2 * DAY, QUARTER_MS)}
    for at in range(DAY - 6 * QUARTER_MS, DAY + 6 * QUARTER_MS, QUARTER_MS):
        flow[at] = Arrivals(10, 4)
    each = [Rate(960 - 36, 960), Rate(960 - 36, 960)]
    assert [worst_day(flow, start, start + DAY) for start in (0, DAY)] == each
    assert worst_day(flow, 0, 2 * DAY) == Rate(960 - 72, 960)


def test_a_period_shorter_than_a_day_is_taken_whole():
    assert worst_day({0: Arrivals(4, 3), QUARTER_MS: Arrivals(4, 4)}, 0, DAY // 2) == Rate(7, 8)


def test_who_still_waits_is_not_yet_counted_as_not_connected():
    assert worst_day({0: Arrivals(4, 3, 1)}, 0, DAY) == Rate(3, 3)


@given(
    counts=st.lists(st.tuples(st.integers(0, 192), st.integers(0, 5), st.integers(0, 5)), max_size=20),
)
def test_no_other_24_hours_are_worse(counts):
    flow = {}
    for quarter, answered, lost in counts:
        flow[quarter * QUARTER_MS] = Arrivals(answered + lost, answered)
    ended = 192 * QUARTER_MS
    flow = {at: each for at, each in flow.items() if at < ended}
    rates = []
    for start in range(0, ended - DAY + 1, QUARTER_MS):
        parts = [each for at, each in flow.items() if start <= at < start + DAY]
        if offered := sum(part.offered for part in parts):
            rates.append(sum(part.answered for part in parts) / offered)
    assert worst_day(flow, 0, ended).value == min(rates, default=None)


def test_every_preset_says_its_source_in_both_languages_and_uses_a_known_formula():
    for chosen in PRESETS.values():
        assert chosen.source.en
        assert chosen.source.zh
        assert chosen.definition.formula in FORMULAS


def test_a_preset_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(UnknownPreset, match="the presets are: china-telecom, gb-t-33358"):
        preset("80-20")
