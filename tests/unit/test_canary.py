"""A new version on trial: the test that judges it, what counts, and how one version takes another's place."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.flows.canary import ENOUGH, FEWEST, Canary, Tally
from hotline.flows.endings import EARLY_MS, Ending, Endings
from hotline.flows.fisher import chance
from hotline.flows.standing import Offer, Standing, begun, offered, promoted, rolled_back, withdrawn
from hotline.memory import OpenCall
from ledger.events import (
    CallbackAsked,
    CallBegan,
    CallEnded,
    CallOutcome,
    Event,
    FlowLive,
    NodeEntered,
    NodeLeft,
    TransferEnded,
    VisitEnded,
)

# Fisher's exact test


@pytest.mark.parametrize(
    ("failed", "of", "others_failed", "of_others", "expected"),
    [
        (3, 4, 1, 4, 17 / 70),  # Fisher's lady tasting tea, one cup of each kind mistaken
        (4, 4, 0, 4, 1 / 70),  # and none
        (10, 13, 2, 17, 0.00046518),  # Fisher's twins of convicts: 10 of 13 identical ones, 2 of 17 others
        (0, 30, 5, 270, 1.0),
        (0, 0, 3, 10, 1.0),
        (30, 30, 0, 0, 1.0),
    ],
)
def test_the_worked_examples_come_out(
    failed: int, of: int, others_failed: int, of_others: int, expected: float
) -> None:
    assert chance(failed, of, others_failed, of_others) == pytest.approx(expected, rel=5e-4, abs=1e-12)


@given(of=st.integers(0, 60), of_others=st.integers(0, 400), data=st.data())
def test_it_is_the_upper_tail_of_the_hypergeometric_distribution_counted_in_whole_numbers(
    of: int, of_others: int, data: st.DataObject
) -> None:
    failed = data.draw(st.integers(0, of))
    others = data.draw(st.integers(0, of_others))
    total = failed + others
    tail = sum(comb(of, k) * comb(of_others, total - k) for k in range(failed, min(of, total) + 1))
    assert chance(failed, of, others, of_others) == pytest.approx(
        tail / comb(of + of_others, total), rel=1e-9, abs=1e-12
    )


def test_it_is_exact_enough_and_quick_against_millions_of_calls() -> None:
    assert 0.4 < chance(20, 200, 100_000, 1_000_000) < 0.6


# The rule


def canary(new: Tally, old: Tally) -> Canary:
    return Canary("new", 10, 0, new, old)


def test_thirty_calls_that_all_fail_where_the_old_version_failed_in_none_are_a_fault() -> None:
    assert canary(Tally(30, errors=30), Tally(270)).fault() == "errors"


def test_early_hang_ups_are_a_fault_as_well() -> None:
    assert canary(Tally(60, early=30), Tally(540, early=60)).fault() == "early hang-ups"


def test_nothing_is_judged_before_thirty_calls() -> None:
    assert canary(Tally(FEWEST - 1, errors=FEWEST - 1), Tally(270)).fault() is None


def test_a_difference_that_chance_makes_more_often_than_once_in_a_hundred_is_no_fault() -> None:
    likely, unlikely = canary(Tally(30, errors=2), Tally(270, errors=3)), chance(2, 30, 3, 270)
    assert unlikely > 0.01
    assert likely.fault() is None
    assert canary(Tally(30, errors=4), Tally(270, errors=3)).fault() == "errors"


def test_a_better_canary_is_no_fault_however_clear() -> None:
    assert canary(Tally(200), Tally(1800, errors=900, early=900)).fault() is None


def test_it_has_proved_itself_after_enough_calls_and_not_before() -> None:
    assert canary(Tally(ENOUGH), Tally(1800)).has_proved_itself()
    assert not canary(Tally(ENOUGH - 1), Tally(1800)).has_proved_itself()
    assert not canary(Tally(ENOUGH, errors=ENOUGH), Tally(1800)).has_proved_itself()


def test_a_call_is_counted_with_its_own_version() -> None:
    trial = Canary("new", 10, 0).counted("new", failed=True, early=False)
    trial = trial.counted("old", failed=False, early=True)
    assert (trial.new, trial.old) == (Tally(1, errors=1), Tally(1, early=1))


# Which version serves whom


FIRST = begun("main", Offer("v1"), 1, "started").standing
TRIED = Offer("v2", (("main", 10),))


def on_trial(share: int = 10) -> Standing:
    change = offered(FIRST, TRIED, share, 2, "saved")
    assert change is not None
    return change.standing


def test_the_first_version_serves_everybody_at_once() -> None:
    change = begun("main", TRIED, 1, "started")
    assert change.event == FlowLive(at=1, flow="main", version="v2", how="started")
    assert {change.standing.version_for(f"139{n}") for n in range(100)} == {"v2"}


def test_what_the_folder_held_already_is_no_news() -> None:
    assert offered(FIRST, Offer("v1"), None, 2, "saved") is None


def test_a_saved_version_serves_everybody_from_then_on_and_the_one_before_is_remembered() -> None:
    change = offered(FIRST, Offer("v2"), None, 2, "saved")
    assert change is not None
    assert change.event == FlowLive(at=2, flow="main", version="v2", how="saved")
    assert (change.standing.version, change.standing.since, change.standing.before) == ("v2", 2, "v1")


def test_a_canary_gets_its_share_of_callers_and_each_caller_the_same_version_every_time() -> None:
    standing = on_trial()
    callers = [f"1390000{n:04}" for n in range(4000)]
    chosen = [standing.version_for(caller) for caller in callers]
    assert chosen == [standing.version_for(caller) for caller in callers]
    assert 0.08 < chosen.count("v2") / len(chosen) < 0.12


def test_a_larger_share_keeps_every_caller_that_a_smaller_one_had() -> None:
    small, large = on_trial(10), on_trial(40)
    callers = [f"1390000{n:04}" for n in range(500)]
    assert {c for c in callers if small.version_for(c) == "v2"} < {
        c for c in callers if large.version_for(c) == "v2"
    }


def test_a_new_share_goes_on_with_the_same_trial() -> None:
    standing = on_trial()
    assert standing.canary is not None
    counted = replace(standing, canary=replace(standing.canary, new=Tally(12)))
    change = offered(counted, Offer("v2", (("main", 40),)), 40, 3, "saved")
    assert change is not None
    assert change.standing.canary == Canary("v2", 40, 2, Tally(12))
    assert change.event == FlowLive(at=3, flow="main", version="v2", how="canary", share=40.0)


def test_another_new_version_begins_a_trial_of_its_own() -> None:
    change = offered(on_trial(), Offer("v3", (("main", 10),)), 10, 3, "saved")
    assert change is not None
    assert change.standing.canary == Canary("v3", 10, 3)
    assert change.standing.version == "v1"


def test_a_canary_whose_document_no_longer_asks_for_a_trial_serves_everybody() -> None:
    change = offered(on_trial(), Offer("v2"), None, 3, "saved")
    assert change is not None
    assert (change.standing.version, change.standing.canary) == ("v2", None)


def test_putting_the_old_document_back_ends_the_trial() -> None:
    change = offered(on_trial(), Offer("v1"), None, 3, "saved")
    assert change is not None
    assert change.event == FlowLive(at=3, flow="main", version="v1", how="canary-withdrawn")
    assert change.standing.canary is None


def test_a_withdrawn_canary_is_not_tried_again_until_its_document_changes() -> None:
    change = withdrawn(on_trial(), "li", 3)
    assert change.event == FlowLive(at=3, flow="main", version="v1", how="canary-withdrawn", by="li")
    assert offered(change.standing, TRIED, 10, 4, "saved") is None
    assert offered(change.standing, Offer("v2", (("main", 20),)), 20, 4, "saved") is not None


def test_a_promoted_canary_serves_everybody() -> None:
    standing = on_trial()
    assert standing.canary is not None
    change = promoted(standing, standing.canary, None, 3)
    assert change.event == FlowLive(at=3, flow="main", version="v2", how="canary-won")
    assert (change.standing.version, change.standing.before, change.standing.canary) == ("v2", "v1", None)


def test_what_was_rolled_back_stays_so_until_the_document_changes() -> None:
    saved = offered(FIRST, Offer("v2"), None, 2, "saved")
    assert saved is not None
    back = rolled_back(saved.standing, "v1", "li", 3)
    assert back.event == FlowLive(at=3, flow="main", version="v1", how="rolled-back", by="li")
    assert back.standing.before == "v2"
    assert offered(back.standing, Offer("v2"), None, 4, "saved") is None
    again = offered(back.standing, Offer("v3"), None, 4, "saved")
    assert again is not None
    assert again.standing.version == "v3"


def test_the_past_is_what_the_ledger_was_told() -> None:
    change = withdrawn(on_trial(), "li", 3)
    assert [(one.version, one.how) for one in change.standing.past] == [
        ("v1", "started"), ("v2", "canary"), ("v1", "canary-withdrawn"),
    ]  # fmt: skip


# How a call ended


class Provided:
    """A flow whose node ``lookup`` has a way of its own for its failure."""

    def provides(self, flow: str, version: str, within: str, node: str) -> bool:
        return node == "lookup"


def began(at: int = 0) -> CallBegan:
    return CallBegan(
        at=at, call="c", ani="139", dnis="10000", trunk="t", flow="main", flow_version="v1", language="en"
    )


def ended(*events: Event, outcome: CallOutcome = "flow-ended", after: int = 1_000) -> Ending:
    told: list[Ending] = []
    endings = Endings(Provided(), told.append)
    for event in (began(), *events, CallEnded(at=after, call="c", outcome=outcome)):
        endings.heard(event)
    (ending,) = told
    return ending


def at(node: str) -> NodeEntered:
    return NodeEntered(at=0, call="c", flow="main", node=node, language="en")


def left_by_error() -> NodeLeft:
    return NodeLeft(at=0, call="c", exit="error")


def test_a_call_that_its_flow_ended_ended_well() -> None:
    assert ended() == Ending("main", "v1", 0, failed=False, early=False)


def test_a_call_that_ended_with_an_error_has_failed() -> None:
    assert ended(outcome="error").failed


def test_a_call_that_went_the_flows_way_for_errors_has_failed_whatever_came_of_it() -> None:
    assert ended(at("menu"), left_by_error(), at("operator")).failed


def test_a_node_that_provides_for_its_failure_is_no_failure_of_the_flow() -> None:
    assert not ended(at("lookup"), left_by_error(), at("operator")).failed


def test_hanging_up_before_half_a_minute_is_early_and_later_is_not() -> None:
    assert ended(outcome="caller-hung-up", after=EARLY_MS - 1).early
    assert not ended(outcome="caller-hung-up", after=EARLY_MS).early


@pytest.mark.parametrize(
    "event",
    [
        VisitEnded(at=0, call="c", visit="c/1", outcome="answered", wait_ms=0),
        TransferEnded(at=0, call="c", number="1", outcome="answered", talked_ms=5),
        CallbackAsked(
            at=0, call="c", callback="c/cb1", queue="q", number="1", language="en", skills={}, priority=0
        ),
    ],
)
def test_a_caller_who_got_what_he_wanted_may_hang_up_as_soon_as_he_likes(event: Event) -> None:
    assert not ended(event, outcome="caller-hung-up").early


def test_a_caller_who_left_a_full_queue_at_once_hung_up_early() -> None:
    gone = VisitEnded(at=0, call="c", visit="c/1", outcome="abandoned", wait_ms=900)
    assert ended(gone, outcome="caller-hung-up").early


def test_a_call_that_a_former_engine_left_is_told_of_too() -> None:
    told: list[Ending] = []
    endings = Endings(Provided(), told.append)
    endings.recall([OpenCall(began(), at("menu"))])
    endings.heard(left_by_error())
    endings.heard(CallEnded(at=60_000, call="c", outcome="caller-hung-up"))
    assert told == [Ending("main", "v1", 0, failed=True, early=False)]


def test_what_is_heard_of_unknown_calls_is_let_pass() -> None:
    told: list[Ending] = []
    Endings(Provided(), told.append).heard(CallEnded(at=1, call="c", outcome="error"))
    assert told == []
