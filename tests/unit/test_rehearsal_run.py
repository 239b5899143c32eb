"""Rehearsals in files: what is read, what is refused, and what is told when a call goes another way."""

from __future__ import annotations

import re
import time
from datetime import UTC
from pathlib import Path
from textwrap import dedent, indent

import pytest

from ivr.language.flow import FlowSet
from ivr.language.part import Part
from ivr.reading.problem import SourceErrors
from ivr.rehearsal.coverage import Coverage
from ivr.rehearsal.file import Ending, Hears, NoticeOn, Rehearsal, Step, Written, rehearsals_in
from ivr.rehearsal.run import Outcome, rehearse
from tests.unit.small_flows import SITE, flow, live_of

NODES = """\
main: {menu: choose, invalid_prompt: wrong, failure: bye, keys: {1: faults, 2: card, 3: owed, 4: speak, 5: ask, 6: sub}}
faults: {queue: faults, keys: {7: back, 8: line}, answered: rate, otherwise: bye}
back: {callback: faults, number: =caller.number, next: bye, not_allowed: bye}
line: {transfer: {number: "10086"}, answered: rate, failure: bye}
card: {collect: card, into: card, length: 16, secret: true, next: tag, failure: bye}
tag: {tag: {business: cards}, next: bye}
owed: {play: owed, next: bye}
speak: {voicemail: speak, box: faults, next: bye}
ask: {lookup: customer, with: {number: =caller.number}, into: found, next: owed, nothing: wrong, error: bye}
wrong: {play: wrong, next: bye}
sub: {flow: identify, exits: {known: owed}, next: wrong}
rate: {survey: rate, next: bye}
bye: {hangup: bye}
"""
IDENTIFY = """\
hello: {play: hello, next: what}
what: {switch: [{if: caller.number == "13800001111", then: known}], otherwise: unknown}
known: {return: known}
unknown: {return: null}
"""


@pytest.fixture
def live(tmp_path: Path) -> FlowSet:
    return live_of(tmp_path, flow(NODES), flow(IDENTIFY, "identify"))


def written(tmp_path: Path, live: FlowSet, text: str) -> list[Written]:
    file = tmp_path / "rehearsals" / "some.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("rehearsals:\n" + indent(dedent(text).strip(), "  ") + "\n", encoding="utf-8")
    return rehearsals_in([file], live, SITE)


async def run(tmp_path: Path, live: FlowSet, steps: str, rest: str = "") -> Outcome:
    """Rehearse a call to the flow demo; ``steps`` are its steps, ``rest`` its other keys."""
    text = f"- {{name: a call, flow: demo, call: [{steps}]{', ' if rest else ''}{rest}}}"
    (one,) = written(tmp_path, live, text)
    return await rehearse(one, live, UTC, SITE.allows)


def problems(tmp_path: Path, live: FlowSet, text: str) -> list[str]:
    with pytest.raises(SourceErrors) as caught:
        written(tmp_path, live, text)
    return [f"{found.line}:{found.column} {found.message}" for found in caught.value.problems]


RIGHT = [
    (
        "{hears: choose}, {presses: 1}, {queued: faults}, talks, {hears: rate}, {presses: 5}",
        "ratings: {rate: 5}",
    ),
    (
        "{presses: 2}, {hears: card}, {presses: 6222020000001234}",
        "tags: {business: cards}, ends: {node: bye}",
    ),
    ("{presses: 3}, {hears: {prompt: owed, text: you owe SEVEN}}", "ends: let-go"),
    ("{presses: 3}, {hears: {text: 您欠七}}", "language: zh"),
    ("{presses: 4}, {hears: speak}, {says: 9s}", "messages: [faults]"),
    ("{presses: 5}, {hears: owed}", "lookups: {customer: {balance: 1}}"),
    ("{presses: 5}, {hears: wrong}", "lookups: {customer: nothing}"),
    ("{presses: 5}, {hears: bye}", "lookups: {customer: timeout}"),
    ("{presses: 6}, {hears: hello}, {hears: owed}", 'number: "13800001111"'),
    ("{presses: 6}, {hears: hello}, {hears: wrong}", 'number: "13900001111"'),
    ("{presses: 9}, {hears: wrong}, {waits: 2}", "ends: {how: let-go, node: bye, exit: end}"),
    ("{presses: 1}, {queued: faults}, waits, {hears: bye}", "queues: {faults: busy}"),
    ("{presses: 1}, {queued: faults}", "queues: {faults: busy}, ends: {how: in-queue, node: faults}"),
    ("{presses: 1}, {queued: faults}, hangs up", "queues: {faults: busy}, ends: hung-up"),
    ("{presses: 17}, {called_back: faults}", 'queues: {faults: busy}, number: "13800001111"'),
    ("{presses: 18}, {transferred: 10086}, talks, {hears: rate}", "queues: {faults: busy}"),
    ("{presses: 18}, {transferred: 10086}, {hears: bye}", "queues: {faults: busy}, rings: [busy]"),
    ("{hears: owed}", "from: owed"),
    ("{hears: choose}, hangs up", "exactly: true, ends: hung-up"),
]


@pytest.mark.parametrize(("steps", "rest"), RIGHT)
async def test_a_call_that_goes_as_written_is_right(
    tmp_path: Path, live: FlowSet, steps: str, rest: str
) -> None:
    outcome = await run(tmp_path, live, steps, rest)
    assert outcome.difference is None


WRONG = [
    ("{presses: 3}, {hears: wrong}", "", "hears wrong", '"You owe seven" (owed)'),
    ("{hears: {text: goodbye}}", "", 'hears "goodbye"', '"Press 1 or 2." (choose)'),
    ("{presses: 1}, {queued: sales}", "", "queued sales", "queue faults"),
    ("{presses: 1}, {hears: wrong}", "", "hears wrong", '"Rate us." (rate)'),
    (
        "{presses: 4}, {says: 3s}",
        "messages: [faults, faults]",
        "a recording is left in faults",
        "none is there",
    ),
    ("{presses: 1}, {presses: 9}", "queues: {faults: busy}", "presses 9", "queue faults"),
    ("{presses: 3}, {presses: 1}", "", "presses 1", '"You owe seven" (owed)'),
    ("{presses: 3}, hangs up, waits", "", "waits 1", "the call ended at owed (hung-up)"),
    ("{presses: 3}, {hears: bye}, talks", "", "talks", "the call ended at bye by end (let-go)"),
    ("{presses: 3}", "ends: {node: owed}", "ends node owed", "the call ended at bye by end (let-go)"),
    ("{presses: 3}", "ends: hung-up", "ends how hung-up", "the call ended at bye by end (let-go)"),
    ("{presses: 3}", "tags: {business: cards}", "the tag business is cards", "it was not given"),
    ("{presses: 4}, waits", "messages: [faults]", "a recording is left in faults", "none is there"),
    ("{presses: 1}, talks, {presses: 4}", "ratings: {rate: 5}", "the question rate is answered by 5", "4"),
    ("{presses: 3}, {hears: bye}", "exactly: true", "presses 3", 'hears "Press 1 or 2." (choose)'),
    ("{hears: choose}, {presses: 3}, {hears: owed}", "exactly: true", "nothing more", 'hears "Bye." (bye)'),
]


@pytest.mark.parametrize(("steps", "rest", "expected", "got"), WRONG)
async def test_the_first_difference_is_told(
    tmp_path: Path, live: FlowSet, steps: str, rest: str, expected: str, got: str
) -> None:
    difference = (await run(tmp_path, live, steps, rest)).difference
    assert difference is not None
    assert (difference.expected, difference.got) == (expected, got)


async def test_a_difference_has_the_line_of_its_step_and_the_moment_behind_which_it_showed(
    tmp_path: Path, live: FlowSet
) -> None:
    text = """
        - name: a call
          flow: demo
          call:
            - hears: choose
            - presses: 3
            - hears: wrong
    """
    (one,) = written(tmp_path, live, text)
    outcome = await rehearse(one, live, UTC, SITE.allows)
    assert outcome.difference is not None
    assert outcome.difference.line == 7
    before = [moment.kind for moment in outcome.moments[: outcome.difference.after]]
    assert before == ["answer", "heard", "key"]


async def test_numbers_that_the_site_does_not_allow_are_not_called(tmp_path: Path, live: FlowSet) -> None:
    outcome = await run(
        tmp_path, live, "{presses: 17}, {hears: bye}", 'number: "0013800001111", queues: {faults: busy}'
    )
    assert outcome.right
    assert "call back" not in [moment.kind for moment in outcome.moments]


async def test_secret_digits_are_in_no_dialogue(tmp_path: Path, live: FlowSet) -> None:
    outcome = await run(tmp_path, live, "{presses: 2}, {presses: 6222020000001234}")
    assert outcome.right
    assert "6222" not in "".join(moment.what for moment in outcome.moments)
    assert sum(moment.what == "•" for moment in outcome.moments) == 16


MISTAKES = [
    ("- {name: a, flow: dem}", ["2:21 unknown flow 'dem'; did you mean 'demo'?"]),
    (
        "- {name: a, flow: demo, call: [{hears: welcom}], queues: {fault: busy}}",
        [
            "2:42 unknown prompt 'welcom'; known here: apology, bye, card, choose, hello, owed, rate, speak, wrong",
            "2:61 unknown queue 'fault'; did you mean 'faults'?",
        ],
    ),
    ("- {name: a, flow: demo, from: ow}", ["2:33 unknown node 'ow'"]),
    ("- {name: a, flow: demo, ends: {node: by}}", ["2:40 unknown node 'by'; did you mean 'bye'?"]),
    (
        "- {name: a, flow: demo, lookups: {custom: error}}",
        ["2:37 unknown lookup 'custom'; did you mean 'customer'?"],
    ),
    ("- {name: a, flow: demo, language: fr}", ["2:37 unknown language 'fr'; known here: en, zh"]),
    (
        "- {name: a, flow: demo, queues: {faults: sleeps}}",
        ["found the text 'sleeps'; write one of answers, full, no_agents, closed, timeout, long_wait, busy"],
    ),
    ("- {name: a, flow: demo, at: tomorrow}", ['2:31 write a day and a time, as "2027-02-17 21:00"']),
    ("- {name: a, flow: demo, call: [{presses: 12x}]}", ["it must have the form"]),
    (
        "- {name: a, flow: demo, call: [{presses: 1, waits: 1}]}",
        ["2:34 a step is one of hears, presses, waits"],
    ),
    ("- {name: a, flow: demo, call: [sings]}", ["2:34 found the text 'sings'; write keys with values"]),
    ("- {name: a, flow: demo, cal: []}", ["2:27 unknown key 'cal'; did you mean 'call'?"]),
    (
        "- {name: a, flow: demo, call: [{hears: {}}]}",
        ["2:42 write a prompt's name"],
    ),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_a_mistake_in_a_rehearsal_is_told_where_it_stands(
    tmp_path: Path, live: FlowSet, text: str, expected: list[str]
) -> None:
    found = problems(tmp_path, live, text)
    matched = [part if part in whole else whole for part, whole in zip(expected, found, strict=True)]
    assert matched == expected


def test_the_mistakes_of_all_files_are_told_in_one_go(tmp_path: Path, live: FlowSet) -> None:
    files = [tmp_path / name for name in ("a.yaml", "b.yaml", "missing.yaml")]
    files[0].write_text("rehearsals: 5\n", encoding="utf-8")
    files[1].write_text("rehearsals: [*x]\n", encoding="utf-8")
    with pytest.raises(SourceErrors) as caught:
        rehearsals_in(files, live, SITE)
    assert [found.file.name for found in caught.value.problems] == ["a.yaml", "b.yaml", "missing.yaml"]


def test_files_of_rehearsals_are_not_taken_for_flows(tmp_path: Path, live: FlowSet) -> None:
    written(tmp_path, live, "- {name: a, flow: demo}")
    assert set(live_of(tmp_path).flows) == {"demo", "identify"}


async def test_a_notice_of_the_rehearsal_is_heard_by_its_name(tmp_path: Path) -> None:
    live = live_of(tmp_path, flow("news: {announce: {}, next: bye}\nbye: {hangup: bye}"))
    notices = "notices: [{name: outage, text: {en: The network is down.}}]"
    outcome = await run(tmp_path, live, "{hears: outage}, {hears: {text: network}}", notices)
    assert outcome.difference is not None
    assert outcome.difference.expected == 'hears "network"'  # one sentence answers one step


async def test_figures_and_the_hour_are_those_of_the_rehearsal(tmp_path: Path) -> None:
    nodes = """
        what: {switch: [{if: "queue.faults.waiting > 5 && now.hour == 21", then: wrong}], otherwise: bye}
        wrong: {play: wrong, next: bye}
        bye: {hangup: bye}
    """
    live = live_of(tmp_path, flow(nodes))
    rest = 'figures: {faults: {waiting: 6}}, at: "2027-02-17 21:00"'
    assert (await run(tmp_path, live, "{hears: wrong}", rest)).right
    assert not (await run(tmp_path, live, "{hears: wrong}", "figures: {faults: {waiting: 6}}")).right


async def test_coverage_tells_which_nodes_and_exits_no_rehearsal_tried(tmp_path: Path, live: FlowSet) -> None:
    coverage = Coverage(live)
    coverage.add((await run(tmp_path, live, "{presses: 6}, {hears: owed}", 'number: "13800001111"')).passed)
    coverage.add((await run(tmp_path, live, "{presses: 1}", "queues: {faults: full}")).passed)
    demo, identify = coverage.of("demo"), coverage.of("identify")
    assert demo.missed_nodes == ("back", "line", "card", "tag", "speak", "ask", "wrong", "rate")
    assert [name for node, name in demo.missed_exits if node == "main"] == ["2", "3", "4", "5", "failure"]
    assert [name for node, name in demo.missed_exits if node == "sub"] == ["next"]
    assert [name for node, name in demo.missed_exits if node == "faults"] == ["7", "8", "answered"]
    assert (identify.missed_nodes, identify.missed_exits) == (("unknown",), (("what", "otherwise"),))
    assert identify.percent == pytest.approx(100 * 5 / 7)


async def test_an_exit_counts_as_tried_under_the_name_that_the_document_gives_it(
    tmp_path: Path, live: FlowSet
) -> None:
    """A full queue leaves by ``otherwise``, a sub-flow that returns without a word by ``next``."""
    coverage = Coverage(live)
    coverage.add((await run(tmp_path, live, "{presses: 6}")).passed)
    coverage.add((await run(tmp_path, live, "{presses: 1}", "queues: {faults: no_agents}")).passed)
    missed = coverage.of("demo").missed_exits
    assert ("faults", "otherwise") not in missed
    assert ("sub", "next") not in missed
    assert ("sub", "known") in missed


async def test_rehearsals_are_quick(tmp_path: Path, live: FlowSet) -> None:
    (one,) = written(tmp_path, live, "- {name: a, flow: demo, call: [{presses: 1}, {queued: faults}, talks]}")
    begun = time.process_time()
    for _ in range(200):
        assert (await rehearse(one, live, UTC, SITE.allows)).right
    assert (time.process_time() - begun) / 200 < 0.005  # ten times the aim: a test is no benchmark


@pytest.mark.parametrize("part", [Rehearsal, Step, Hears, Ending, NoticeOn])
def test_every_key_is_in_the_documentation(part: type[Part]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "rehearsing.md").read_text(encoding="utf-8")
    shown = [code for line in page.splitlines() if line[:1] == "|" for code in re.findall(r"`([^`]+)`", line)]
    words = set(re.findall(r"\w+", " ".join(shown)))
    assert {field.alias or name for name, field in part.model_fields.items()} <= words
