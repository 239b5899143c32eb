"""What a ``queue_log`` tells of agents: their states, as far as it knows."""

from __future__ import annotations

from ledger.history.seats import Mark, Stretch, joined, marks, stretches
from ledger.history.tally import Tally
from ledger.history.telling import stories
from tests.unit.test_queue_log import at, ms, parsed


def of_li(*lines: str) -> list[Mark]:
    read = parsed(lines, Tally())
    return marks(read, stories(read, Tally()).values()).get("li", [])


def states(*lines: str) -> list[tuple[str, str | None, int, int | None]]:
    return [
        (one.state, one.reason, one.began // 1_000, None if one.ended is None else one.ended // 1_000)
        for one in stretches(of_li(*lines))
    ]


def seat(second: int, kind: str, *more: object, queue: str = "sales") -> str:
    return at(second, kind, *more, call="NONE", queue=queue, agent="li")


def when(second: int) -> int:
    return ms(second) // 1_000


CALL = [
    at(10, "ENTERQUEUE", "", "1", 1),
    at(20, "CONNECT", 10, "1.2", 4, agent="li"),
    at(50, "COMPLETEAGENT", 10, 30, 1, agent="li"),
]


def test_states_tile_the_time_from_signing_in_to_signing_out() -> None:
    assert states(seat(0, "ADDMEMBER"), *CALL, seat(60, "PAUSE", "lunch"), seat(90, "REMOVEMEMBER")) == [
        ("ready", None, when(0), when(16)),
        ("ringing", None, when(16), when(20)),
        ("talking", None, when(20), when(50)),
        ("ready", None, when(50), when(60)),
        ("not-ready", "lunch", when(60), when(90)),
    ]


def test_of_an_agent_who_never_signs_in_no_state_is_known() -> None:
    assert states(*CALL) == []


def test_who_pauses_is_there() -> None:
    assert states(seat(5, "UNPAUSEALL", queue="NONE"), seat(9, "PAUSEALL", "tea", queue="NONE")) == [
        ("ready", None, when(5), when(9)),
        ("not-ready", "tea", when(9), None),
    ]


def test_who_is_paused_in_one_queue_of_two_is_ready() -> None:
    found = states(
        seat(0, "ADDMEMBER"),
        seat(0, "ADDMEMBER", queue="faults"),
        seat(5, "PAUSE"),
        seat(7, "PAUSE", queue="faults"),
        seat(9, "UNPAUSE"),
    )
    assert found == [
        ("ready", None, when(0), when(7)),
        ("not-ready", None, when(7), when(9)),
        ("ready", None, when(9), None),
    ]


def test_who_leaves_one_queue_of_two_stays_signed_in() -> None:
    found = states(
        seat(0, "ADDMEMBER"),
        seat(0, "ADDMEMBER", queue="faults"),
        seat(5, "REMOVEMEMBER"),
        seat(8, "REMOVEMEMBER", queue="faults"),
    )
    assert found == [("ready", None, when(0), when(8))]


def test_who_signs_in_paused_is_not_ready() -> None:
    assert states(seat(0, "ADDMEMBER", "PAUSED")) == [("not-ready", None, when(0), None)]


def test_an_agent_of_chan_agent_signs_in_and_out() -> None:
    found = states(
        seat(0, "AGENTLOGIN", "SIP/1", queue="NONE"), seat(9, "AGENTLOGOFF", "SIP/1", 9, queue="NONE")
    )
    assert found == [("ready", None, when(0), when(9))]


def test_a_reason_told_apart_belongs_to_the_pause() -> None:
    found = states(seat(0, "PAUSEALL", queue="NONE"), seat(0, "PAUSEREASON", "tea", queue="NONE"))
    assert found == [("not-ready", "tea", when(0), None)]


def test_who_is_signed_in_when_the_log_ends_goes_on_in_the_next_one() -> None:
    first = joined([], of_li(seat(0, "ADDMEMBER")), ms(30))
    assert first == [
        Stretch("ready", None, "ADDMEMBER", ms(0), ms(30)),
        Stretch("ready", None, "log-ended", ms(30), ms(30)),
    ]
    assert joined(first, of_li(seat(60, "REMOVEMEMBER")), ms(99)) == [
        Stretch("ready", None, "ADDMEMBER", ms(0), ms(60))
    ]


def test_the_older_of_two_logs_may_come_last() -> None:
    newer = joined([], of_li(seat(60, "PAUSE", "tea"), seat(90, "REMOVEMEMBER")), ms(99))
    assert joined(newer, of_li(seat(0, "ADDMEMBER")), ms(30)) == [
        Stretch("ready", None, "ADDMEMBER", ms(0), ms(60)),
        Stretch("not-ready", "tea", "PAUSE", ms(60), ms(90)),
    ]


def test_a_log_again_does_not_reach_beyond_its_end() -> None:
    """What came after it, told by a later log, stays."""
    lines = [seat(0, "ADDMEMBER"), seat(9, "PAUSE", "tea")]
    kept = joined(
        joined([], of_li(*lines), ms(30)), of_li(seat(60, "REMOVEMEMBER"), seat(80, "ADDMEMBER")), ms(99)
    )
    assert joined(kept, of_li(*lines), ms(30)) == kept
