"""Asterisk's ``queue_log``: what its lines say, and what a call's lines amount to."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.history import queue_log
from ledger.history.rows import rows, story
from ledger.history.source import HistoryUnreadable, TwiceFromStdin
from ledger.history.story import Rang, Stay, Story, merged
from ledger.history.tally import Tally
from ledger.history.telling import stories
from ledger.schema import calls, conversations, offers, visits

START = 1_700_000_000


class Unwatched:
    def begin(self, step: str, total: float) -> None: ...

    def reached(self, done: float) -> None: ...


def log(folder: Path, *told: str, name: str = "queue_log") -> str:
    file = folder / name
    file.write_text("".join(f"{line}\n" for line in told), encoding="utf-8")
    return str(file)


def at(
    second: int, kind: str, *more: object, call: str = "1.1", queue: str = "sales", agent: str = "NONE"
) -> str:
    return "|".join(map(str, (START + second, call, queue, agent, kind, *more)))


def parsed(lines: Sequence[str], tally: Tally) -> list[queue_log.Line]:
    found = (queue_log.parse(line, "log", number, tally) for number, line in enumerate(lines, 1))
    return [line for line in found if line is not None]


def tell(*lines: str, tally: Tally | None = None) -> Story:
    tally = tally or Tally()
    (only,) = stories(parsed(lines, tally), tally).values()
    return only


def stay(*lines: str) -> Stay:
    (only,) = tell(*lines).stays
    return only


def ms(second: int) -> int:
    return 1_000 * (START + second)


ENTERED = at(0, "ENTERQUEUE", "", "13812341234", 1)


def test_a_call_is_answered_after_the_seconds_that_the_log_gives() -> None:
    found = tell(
        ENTERED, at(18, "CONNECT", 17, "1.2", 5, agent="li"), at(78, "COMPLETECALLER", 17, 60, 1, agent="li")
    )
    (one,) = found.stays
    assert (found.ani, found.outcome, found.began, found.ended) == (
        "13812341234",
        "caller-hung-up",
        ms(0),
        ms(78),
    )
    assert (one.outcome, one.arrived, one.left, one.wait_ms, one.seat) == (
        "answered",
        ms(0),
        ms(18),
        17_000,
        "li",
    )
    assert (one.talk_ended, one.talk_ms, one.ended_by) == (ms(78), 60_000, "caller")
    assert one.rings == [Rang("li", ms(13), ms(18), "answered")]


@pytest.mark.parametrize(
    ("line", "outcome", "reason", "wait_ms"),
    [
        (at(30, "ABANDON", 1, 1, 29), "abandoned", None, 29_000),
        (at(30, "ABANDON"), "abandoned", None, 30_000),
        (at(30, "ABANDON", 1, 1, 29, agent="li"), "abandoned", None, 29_000),
        (at(30, "EXITWITHTIMEOUT", 1, 1, 29), "overflowed", "timeout", 29_000),
        (at(30, "EXITWITHTIMEOUT", 1), "overflowed", "timeout", 30_000),
        (at(30, "EXITWITHKEY", 0, 1, 1, 29), "overflowed", "key", 29_000),
        (at(30, "EXITWITHKEY", 0, 1), "overflowed", "key", 30_000),
        (at(30, "EXITEMPTY", 1, 1, 29), "overflowed", "empty", 29_000),
        (at(30, "WITHDRAW", 1, 1, 29, "info"), "other", "withdrawn", 29_000),
        (at(30, "SYSCOMPAT", agent="li"), "other", "incompatible", 30_000),
    ],
)
def test_each_way_out_of_a_queue_has_its_outcome(
    line: str, outcome: str, reason: str | None, wait_ms: int
) -> None:
    """Where an old line gives no seconds, the wait is from ENTERQUEUE to it."""
    found = stay(ENTERED, line)
    assert (found.outcome, found.reason, found.wait_ms, found.left) == (outcome, reason, wait_ms, ms(30))


@pytest.mark.parametrize(
    ("line", "talk_ms", "ended_by"),
    [
        (at(70, "COMPLETEAGENT", 10, 59, 1, agent="li"), 59_000, "seat"),
        (at(70, "COMPLETECALLER", 10, 59, agent="li"), 59_000, "caller"),
        (at(70, "COMPLETECALLER", agent="li"), 60_000, "caller"),
        (at(70, "TRANSFER", "200", "default", agent="li"), 60_000, "unknown"),
        (at(70, "TRANSFER", "200", "default", 10, 59, agent="li"), 59_000, "unknown"),
        (at(70, "BLINDTRANSFER", "200", "default", 10, 59, 1, agent="li"), 59_000, "unknown"),
        (at(70, "ATTENDEDTRANSFER", "BRIDGE", "b-1", 10, 59, 1, agent="li"), 59_000, "unknown"),
        (at(70, "ATTENDEDTRANSFER", "LINK", "a", "b", 10, 59, 1, agent="li"), 59_000, "unknown"),
    ],
)
def test_each_end_of_a_conversation_is_known_in_old_and_new_forms(
    line: str, talk_ms: int, ended_by: str
) -> None:
    found = stay(ENTERED, at(10, "CONNECT", 10, agent="li"), line)
    assert (found.talk_ms, found.ended_by, found.talk_ended) == (talk_ms, ended_by, ms(70))


def test_who_was_rung_in_vain_is_kept_in_order() -> None:
    found = stay(
        ENTERED,
        at(6, "RINGNOANSWER", 5_000, agent="li"),
        at(8, "AGENTDUMP", agent="wang"),
        at(15, "RINGCANCELED", 4_000, agent="zhao"),
        at(15, "ABANDON", 1, 1, 15),
    )
    assert found.rings == [
        Rang("li", ms(1), ms(6), "no-answer"),
        Rang("wang", ms(8), ms(8), "refused"),
        Rang("zhao", ms(11), ms(15), "cancelled"),
    ]


def test_a_call_that_comes_into_the_same_queue_again_is_there_twice() -> None:
    found = tell(
        ENTERED,
        at(9, "EXITWITHTIMEOUT", 1, 1, 9),
        at(9, "ENTERQUEUE", "", "1", 1),
        at(20, "ABANDON", 1, 1, 11),
    )
    assert [(one.arrived, one.outcome, one.wait_ms) for one in found.stays] == [
        (ms(0), "overflowed", 9_000),
        (ms(9), "abandoned", 11_000),
    ]


def test_a_transfer_that_is_told_after_the_next_queue_was_entered_ends_the_first_conversation() -> None:
    found = tell(
        ENTERED,
        at(10, "CONNECT", 10, "1.2", 3, agent="li"),
        at(3_600, "ENTERQUEUE", "", "1", 1, queue="faults"),
        at(3_600, "BLINDTRANSFER", "faults", "default", 10, 3_590, 1, agent="li"),
        at(3_605, "CONNECT", 5, "1.3", 3, queue="faults", agent="wang"),
        at(3_700, "COMPLETEAGENT", 5, 95, 1, queue="faults", agent="wang"),
    )
    assert [(one.queue, one.seat, one.talk_ms) for one in found.stays] == [
        ("sales", "li", 3_590_000),
        ("faults", "wang", 95_000),
    ]


def test_an_abandon_without_its_beginning_is_reckoned_back() -> None:
    found = stay(at(30, "ABANDON", 1, 1, 20))
    assert (found.arrived, found.left, found.wait_ms) == (ms(10), ms(30), 20_000)


def test_an_end_with_neither_beginning_nor_seconds_is_counted_and_said_to_be_a_guess() -> None:
    tally = Tally()
    (found,) = tell(at(30, "ABANDON"), tally=tally).stays
    assert (found.arrived, found.outcome, found.wait_ms) == (ms(30), "abandoned", 0)
    assert [(remark.line, remark.reason[:26]) for remark in tally.assumed] == [
        (1, "ABANDON without ENTERQUEUE")
    ]


def test_a_conversation_of_which_only_the_end_is_told_was_answered() -> None:
    found = stay(at(100, "COMPLETEAGENT", 10, 60, 1, agent="li"))
    assert (found.arrived, found.left, found.outcome, found.seat) == (ms(30), ms(40), "answered", "li")


def test_an_end_that_is_told_twice_counts_once_and_the_second_is_listed() -> None:
    tally = Tally()
    talked = at(10, "CONNECT", 10, "1.2", 3, agent="li")
    found = tell(
        ENTERED,
        talked,
        at(70, "TRANSFER", "200", "default", 10, 60, 1, agent="li"),
        at(71, "COMPLETEAGENT", 10, 61, 1, agent="li"),
        tally=tally,
    )
    assert len(found.stays) == 1
    assert [(remark.line, remark.reason) for remark in tally.skipped] == [
        (4, "COMPLETEAGENT of a conversation that had ended")
    ]


def test_a_call_whose_end_no_line_tells_was_there_until_it_was_last_heard_of() -> None:
    made = rows(tell(ENTERED, at(9, "RINGNOANSWER", 5_000, agent="li")), "s")
    (visit,) = made[visits]
    assert (visit["outcome"], visit["reason"], visit["left"], visit["wait_ms"]) == (
        "other",
        "end-unknown",
        ms(9),
        9_000,
    )


def test_a_conversation_whose_end_no_line_tells_has_no_length() -> None:
    made = rows(tell(ENTERED, at(9, "CONNECT", 9, "1.2", 4, agent="li")), "s")
    (talk,) = made[conversations]
    assert (talk["began"], talk["ended"], talk["talk_ms"], talk["offer"]) == (ms(9), ms(9), None, "s:1.1/1/1")


@pytest.mark.parametrize(("kind", "reason"), [("JOINEMPTY", "empty"), ("FULL", "full"), ("CLOSED", "closed")])
def test_a_caller_who_may_not_join_overflowed_at_once(kind: str, reason: str) -> None:
    found = stay(at(0, kind))
    assert (found.outcome, found.reason, found.wait_ms) == ("overflowed", reason, 0)


def test_the_number_that_was_dialled_is_told_by_did() -> None:
    assert tell(ENTERED, at(0, "DID", "10000")).dnis == "10000"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1700000000|1.1|sales|NO", "4 of at least 5 fields"),
        ("soon|1.1|sales|NONE|ABANDON", "its first field is no time"),
        ("-5|1.1|sales|NONE|ABANDON", "its first field is no time"),
        ("99999999999999999999999|1.1|sales|NONE|ABANDON", "its first field is no time"),
        (at(0, "COFFEE"), "COFFEE is no kind of event"),
        (at(0, "13812341234"), "its fifth field names no kind"),
        (at(0, "ABANDON", call="NONE"), "ABANDON without a call's id"),
        (at(0, "PAUSE"), "PAUSE without an agent"),
    ],
)
def test_a_line_that_is_not_understood_is_listed_with_its_reason(line: str, reason: str) -> None:
    tally = Tally()
    assert parsed([ENTERED, line], tally) == parsed([ENTERED], Tally())
    ((file, number, why),) = [(remark.file, remark.line, remark.reason) for remark in tally.skipped]
    assert (file, number) == ("log", 2)
    assert why.startswith(reason)


def test_what_says_nothing_for_the_ledger_is_counted_by_kind() -> None:
    tally = Tally()
    start = at(0, "QUEUESTART", call="NONE", queue="NONE")
    assert parsed([start, start, at(1, "CALLSTATUS", "ok")], tally) == []
    assert tally.unused == {"QUEUESTART": 2, "CALLSTATUS": 1}


def test_files_in_any_order_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    newer = log(tmp_path, at(20, "ENTERQUEUE", "", "1", 1, call="2"), at(30, "ABANDON", 1, 1, 10, call="2"))
    older = log(tmp_path, at(0, "ENTERQUEUE", "", "1", 1), at(20, "ABANDON", 1, 1, 20), name="queue_log.1")
    found = queue_log.read([newer, older], Tally(), Unwatched())
    assert [(line.at, line.kind) for line in found] == [
        (ms(0), "ENTERQUEUE"),
        (ms(20), "ABANDON"),
        (ms(20), "ENTERQUEUE"),
        (ms(30), "ABANDON"),
    ]


def test_what_stands_in_two_files_counts_as_often_as_in_the_one_that_has_it_most_often(
    tmp_path: Path,
) -> None:
    missed = at(5, "RINGNOANSWER", 0, agent="li")
    some = log(tmp_path, ENTERED, missed, missed, name="a")
    more = log(tmp_path, missed, missed, missed, at(9, "ABANDON", 1, 1, 9), name="b")
    tally = Tally()
    found = queue_log.read([some, more, some], tally, Unwatched())
    assert [line.kind for line in found] == ["ENTERQUEUE", *["RINGNOANSWER"] * 3, "ABANDON"]
    assert (tally.lines, tally.repeated) == (10, 5)


def test_compressed_files_are_known_by_their_content(tmp_path: Path) -> None:
    file = tmp_path / "without-a-suffix"
    file.write_bytes(gzip.compress(f"{ENTERED}\n".encode()))
    assert [line.kind for line in queue_log.read([str(file)], Tally(), Unwatched())] == ["ENTERQUEUE"]


def test_a_compressed_file_that_breaks_off_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "log.gz"
    whole = gzip.compress("".join(at(n, "ENTERQUEUE", "", n * n, 1) + "\n" for n in range(999)).encode())
    file.write_bytes(whole[: len(whole) // 2])
    tally = Tally()
    assert len(queue_log.read([str(file)], tally, Unwatched())) == tally.lines > 10
    assert [remark.reason for remark in tally.skipped] == ["the compressed file breaks off here"]


def test_a_half_written_last_line_is_listed(tmp_path: Path) -> None:
    file = tmp_path / "queue_log"
    file.write_text(f"{ENTERED}\n{at(9, 'ABANDON')[:20]}", encoding="utf-8")
    tally = Tally()
    queue_log.read([str(file)], tally, Unwatched())
    assert [remark.line for remark in tally.skipped] == [2]


def test_a_whole_last_line_without_its_end_is_taken_and_said_to_be_a_guess(tmp_path: Path) -> None:
    file = tmp_path / "queue_log"
    file.write_text(f"{ENTERED}\n{at(9, 'ABANDON', 1, 1, 9)}", encoding="utf-8")
    tally = Tally()
    assert len(queue_log.read([str(file)], tally, Unwatched())) == 2
    assert [remark.line for remark in tally.assumed] == [2]


def test_a_figure_cut_at_a_files_end_gives_way_to_the_whole_one() -> None:
    found = stay(ENTERED, at(34, "ABANDON", 1, 1, 3), at(34, "ABANDON", 1, 1, 34))
    assert found.wait_ms == 34_000


def test_a_torn_file_is_told_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "queue_log"
    file.write_bytes(ENTERED.encode() + b"\n\0\0\0\0\n")
    tally = Tally()
    queue_log.read([str(file)], tally, Unwatched())
    assert [remark.line for remark in tally.skipped] == [2]


def test_a_file_that_is_not_there_is_told_before_any_is_read(tmp_path: Path) -> None:
    tally = Tally()
    with pytest.raises(HistoryUnreadable, match="nowhere"):
        queue_log.read([log(tmp_path, ENTERED), "nowhere"], tally, Unwatched())
    assert tally.lines == 0


def test_standard_input_can_be_named_once() -> None:
    with pytest.raises(TwiceFromStdin):
        queue_log.read(["-", "-"], Tally(), Unwatched())


@st.composite
def call_lines(draw: st.DrawFn) -> list[str]:
    """Draw a call as app_queue writes it: some stays in queues, one after the other, each with its end or without."""
    second, told = 0, []
    for _ in range(draw(st.integers(1, 3))):
        second += draw(st.integers(3, 5_000))
        came = second
        queue = draw(st.sampled_from(["sales", "faults"]))
        told.append(at(second, "ENTERQUEUE", "", "1", 1, queue=queue))
        for agent in draw(st.lists(st.sampled_from(["li", "wang"]), max_size=2)):
            second += draw(st.integers(1, 30))
            told.append(at(second, "RINGNOANSWER", 1_000, queue=queue, agent=agent))
        second += draw(st.integers(0, 90))
        waited = second - came
        match draw(st.sampled_from(["answered", "abandoned", "timeout"])):
            case "answered":
                told.append(at(second, "CONNECT", waited, "1.2", 1, queue=queue, agent="zhao"))
                talked = draw(st.integers(0, 400))
                second += talked
                told.append(at(second, "COMPLETEAGENT", waited, talked, 1, queue=queue, agent="zhao"))
            case "abandoned":
                told.append(at(second, "ABANDON", 1, 1, waited, queue=queue))
                break
            case "timeout":
                told.append(at(second, "EXITWITHTIMEOUT", 1, 1, waited, queue=queue))
    return told


@given(call_lines(), st.data())
def test_a_call_cut_by_rotation_is_whole_again_whichever_part_is_imported_first(
    lines: list[str], data: st.DataObject
) -> None:
    """The parts may overlap, and what the ledger keeps of the first is all that the second meets."""
    cut = data.draw(st.integers(1, len(lines)))
    overlap = data.draw(st.integers(0, cut))
    parts = [part for part in (lines[:cut], lines[cut - overlap :]) if part]
    if data.draw(st.booleans()):
        parts.reverse()
    whole = rows(tell(*lines), "s")
    kept = rows(tell(*parts[0]), "s")
    for part in parts[1:]:
        kept = rows(merged(story("1.1", kept), tell(*part)), "s")
    assert kept == whole


@given(call_lines())
def test_the_same_call_again_changes_nothing(lines: list[str]) -> None:
    told = tell(*lines)
    kept = rows(told, "s")
    assert rows(merged(story("1.1", kept), told), "s") == kept


def test_ids_name_their_descent() -> None:
    made = rows(tell(ENTERED, at(6, "RINGNOANSWER", 5_000, agent="li"), at(7, "ABANDON", 1, 1, 7)), "s")
    assert (made[calls][0]["call"], made[visits][0]["visit"], made[offers][0]["offer"]) == (
        "s:1.1",
        "s:1.1/1",
        "s:1.1/1/1",
    )
