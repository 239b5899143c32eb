"""The parts of the benchmarks that could tell a wrong figure quietly."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.phones import Message
from benchmarks.process import Process
from benchmarks.report import Aim
from benchmarks.search import RateSearch


@given(
    capacity=st.floats(1, 10_000),
    start=st.floats(0.5, 2_000),
    precision=st.floats(0.01, 0.2),
)
def test_a_search_ends_at_the_highest_rate_that_holds(
    capacity: float, start: float, precision: float
) -> None:
    search = RateSearch(start, precision)
    tried = 0
    while (rate := search.next) is not None:
        search.tell(rate <= capacity)
        tried += 1
    assert capacity * (1 - precision) <= search.best <= capacity
    assert tried < 40


def test_a_search_that_is_over_takes_no_more() -> None:
    search = RateSearch(10, precision=1)
    search.tell(False)
    with pytest.raises(RuntimeError, match="over"):
        search.tell(True)


@pytest.mark.parametrize(("most", "figure", "met"), [(True, 20, True), (True, 21, False), (False, 19, False)])
def test_an_aim_is_met_on_its_side_of_the_limit(most: bool, figure: float, met: bool) -> None:
    assert Aim("", figure, 20, most=most).met is met


def test_a_process_that_works_uses_cpu_of_its_own() -> None:
    process = Process(os.getpid())
    before = process.cpu()
    while process.cpu() - before < 0.02:
        sum(range(10_000))
    assert process.memory() > 2**20


def test_a_sip_message_is_read_without_its_body_and_with_names_in_any_case() -> None:
    message = Message.parsed(b"INVITE sip:x SIP/2.0\r\nVIA: a\r\nvia: b\r\nCall-ID: c:1\r\n\r\nv=0\r\nto: no")
    assert message.start == "INVITE sip:x SIP/2.0"
    assert [value for name, value in message.headers if name == "via"] == ["a", "b"]
    assert (message["call-id"], message["to"]) == ("c:1", "")
