"""The checker, mistake by mistake: each is told at its place, in words that say what to do, and hides no other."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ivr.reading.loader import load_flows, look_at
from tests.unit.flow_folder import END, HEAD, SITE, found, problems

MAIN = "  main: {play: hello, next: end}\n"
SAMPLE = Path(__file__).parents[2] / "flows"
SUB = """\
flow: identify
languages: [en]
start: ask
arguments: [tries]
prompts: {ask: {en: Who are you?}}
nodes:
  ask: {menu: ask, keys: {1: known}, failure: unknown}
  known: {return: , with: {name: =vars.tries}}
  unknown: {return: unknown}
"""

MISTAKES = [
    # unknown names, with the nearest right one
    ("{plai: hello, next: end}", "verb-missing", "main: unknown verb 'plai'; did you mean 'play'?"),
    ("{play: hello, nxt: end}", "unknown-key", "main.nxt: unknown key 'nxt'; did you mean 'next'?"),
    ("{play: hello, next: ned}", "unknown-node", "main.next: unknown node 'ned'; did you mean 'end'?"),
    ("{play: helo, next: end}", "unknown-prompt", "main.play: unknown prompt 'helo'; did you mean 'hello'?"),
    (
        "{queue: biling, otherwise: end}",
        "unknown-queue",
        "main.queue: unknown queue 'biling'; did you mean 'billing'?",
    ),
    (
        "{queue: faults, skills: {brodband: 1}, otherwise: end}",
        "unknown-skill",
        "main.skills.brodband: unknown skill 'brodband'; did you mean 'broadband'?",
    ),
    (
        "{transfer: {seat: lihau, queue: faults}, failure: end}",
        "unknown-agent",
        "main.transfer.seat: unknown agent 'lihau'; did you mean 'lihua'?",
    ),
    (
        "{lookup: custmer, with: {number: 1}, into: c, next: end, error: end}",
        "unknown-lookup",
        "main.lookup: unknown lookup 'custmer'; did you mean 'customer'?",
    ),
    (
        "{lookup: customer, with: {numbr: 1}, into: c, next: end, error: end}",
        "unknown-argument",
        "main.with.numbr: unknown argument 'numbr'; did you mean 'number'?",
    ),
    (
        "{lookup: customer, into: c, next: end, error: end}",
        "argument-missing",
        "main.lookup: the lookup 'customer' asks for 'number'; give it as with: {number: …}",
    ),
    ("{language: fr, next: end}", "unknown-language", "main.language: unknown language 'fr'; known here: en"),
    (
        "{hours: ofice, open: end, closed: end}",
        "unknown-schedule",
        "main.hours: unknown schedule 'ofice'; did you mean 'office'?",
    ),
    (
        "{flow: idntify, next: end}",
        "unknown-flow",
        "main.flow: unknown flow 'idntify'; did you mean 'identify'?",
    ),
    (
        "{flow: identify, with: {tires: 2}, next: end}",
        "unknown-argument",
        "main.with.tires: unknown argument 'tires'; did you mean 'tries'?",
    ),
    (
        "{flow: identify, next: end}",
        "argument-missing",
        "main.flow: the flow 'identify' asks for 'tries'; give it as with: {tries: …}",
    ),
    (
        "{flow: identify, with: {tries: 2}, exits: {unknwn: end}, next: end}",
        "unknown-exit",
        "main.exits.unknwn: unknown exit 'unknwn'; did you mean 'unknown'?",
    ),
    # variables, conditions
    (
        "{switch: [{if: vars.age > 3, then: end}], otherwise: end}",
        "unknown-variable",
        "main.switch.0.if: nothing in this flow sets the variable 'age'",
    ),
    (
        "{switch: [{if: age > 3, then: end}], otherwise: end}",
        "expression",
        "main.switch.0.if: unknown name 'age'; a variable is read as vars.age, a text stands in quotes",
    ),
    (
        "{switch: [{if: now.hours > 3, then: end}], otherwise: end}",
        "expression",
        "main.switch.0.if: unknown name now.hours; did you mean 'hour'?",
    ),
    (
        "{switch: [{if: queue.fault.waiting > 3, then: end}], otherwise: end}",
        "unknown-queue",
        "main.switch.0.if: unknown queue 'fault'; did you mean 'faults'?",
    ),
    (
        "{switch: [{if: now.hour = 3, then: end}], otherwise: end}",
        "expression",
        "main.switch.0.if: this expression cannot be read: at its character 10 '=' does not fit; "
        "did you mean '=='?",
    ),
    # wrong types and forms
    ("{play: , next: end}", "wrong-type", "main.play: found nothing; write the name of a prompt"),
    ("{play: hello, next: [end]}", "wrong-type", "main.next: found a list; write the name of a node"),
    (
        "{queue: faults, priority: high, otherwise: end}",
        "wrong-type",
        "main.priority: found the text 'high'; write a whole number",
    ),
    (
        "{queue: faults, priority: 12, otherwise: end}",
        "out-of-range",
        "main.priority: found the number 12; it must be at most 9",
    ),
    (
        "{collect: hello, into: Card No, next: end, failure: end}",
        "name-form",
        "main.into: found the text 'Card No'; the name of a variable has small letters, digits and _ alone, "
        "and no digit first",
    ),
    (
        "{collect: hello, into: card, length: a few, next: end, failure: end}",
        "length",
        "main.length: write how many digits: 4, or at least and at most, as 16-19",
    ),
    (
        "{menu: hello, keys: {1: end}, wait: 5, failure: end}",
        "duration",
        "main.wait: found the number 5; write a duration with its unit, as 5s, 500ms, 1m30s or 2h",
    ),
    (
        "{play: hello, hangup: hello, next: end}",
        "verbs-several",
        "main: a node has one verb, and here are play and hangup; make a node of each",
    ),
    (
        "{split: {main: 20, end: 70}}",
        "percentages",
        "main: the percentages sum up to 90; let it be 100",
    ),
    (
        "{transfer: {seat: lihua}, failure: end}",
        "target",
        "main.transfer: write {number: …}, or {seat: NAME, queue: NAME} for an agent of the site",
    ),
    # keys that nobody can press
    (
        "{menu: hello, keys: {' 9 ': end}, failure: end}",
        "key-never-reached",
        "main.keys. 9 : no key can be ' 9 ', with blanks, so nobody reaches this; write '9'",
    ),
    (
        "{menu: hello, keys: {9XX: end, 9NX: end}, failure: end}",
        "key-never-reached",
        "main.keys.9NX: nobody reaches the key '9NX': '9XX' before it takes the same keys; put '9NX' first",
    ),
    (
        "{collect: hello, into: card, keys: {'#': end}, next: end, failure: end}",
        "key-never-reached",
        "main: '#' ends the entry: see `finish`",
    ),
    # ways out
    (
        "{menu: hello, keys: {1: end}, invalid: end}",
        "exit-missing",
        "main: the key 'failure' is missing: the node to go on at when all tries are used up",
    ),
    (
        "{collect: hello, into: card, next: end, timeout: end}",
        "exit-missing",
        "main: the key 'failure' is missing: the node to go on at when all tries are used up",
    ),
    (
        "{queue: faults, full: end}",
        "exit-missing",
        "main: no way on for no_agents, timeout: name a node for each, or one for all as 'otherwise'",
    ),
    (
        "{lookup: customer, with: {number: 1}, into: c, next: end}",
        "exit-missing",
        "main: no way on when the service is slow or dead: name a node for it as 'error'",
    ),
    (
        "{flow: identify, with: {tries: 2}, exits: {unknown: end}}",
        "exit-missing",
        "main: no way on when the flow 'identify' returns by next: name a node for it",
    ),
    # numbers to call
    (
        "{transfer: {number: '10086'}, failure: end}",
        "number-not-allowed",
        "main.transfer.number: no pattern of the site's outbound.allow lets this number through",
    ),
    (
        "{callback: faults, number: '10086', next: end, not_allowed: end}",
        "number-not-allowed",
        "main.number: no pattern of the site's outbound.allow lets this number through",
    ),
]


@pytest.mark.parametrize(("node", "code", "told"), MISTAKES)
def test_a_mistake_in_a_node_is_told_in_words_that_help(
    tmp_path: Path, node: str, code: str, told: str
) -> None:
    hours = "hours: {office: {week: {daily: '08:00-18:00'}}}\n"
    assert found(tmp_path, f"  main: {node}\n", code, identify=SUB, hours=hours) == [f"nodes.{told}"]


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (
            "    keys: {1: end, *: end}",
            "trap-alias",
            '* alone begins an alias in YAML; for the * key write "*"',
        ),
        ("    keys:\n      #: end\n      1: end", "trap-hash", 'for the # key write "#": in quotes'),
        ("    keys: {1: end}\n    tries: 03", "trap-octal", "03 is an octal number in YAML"),
        (
            "    keys: {1: end}\n    wait: 12:30",
            "trap-sexagesimal",
            "12:30 is a number to the base 60 in YAML",
        ),
        ("    keys: {1: end}\n    barge_in: on", "trap-boolean", "on is true in YAML; write true"),
        ("    keys: {1: end, 1: main}", "duplicate-key", "the key '1' is here twice; the first is in line 9"),
    ],
)
def test_a_trap_of_yaml_is_told_once_by_its_own_name(
    tmp_path: Path, line: str, code: str, words: str
) -> None:
    flow = f"{HEAD}  main:\n    menu: hello\n{line}\n    failure: end\n{END}"
    told = [problem for problem in problems(tmp_path, flow) if problem.severity == "error"]
    assert [problem.code for problem in told] == [code]
    assert words in told[0].message


def test_a_trap_hides_no_mistake_elsewhere_in_the_file(tmp_path: Path) -> None:
    nodes = "  main: {play: hello, barge_in: on, next: two}\n  two: {play: helo, next: end}\n"
    told = problems(tmp_path, HEAD + nodes + END)
    assert [problem.code for problem in told if problem.severity == "error"] == [
        "trap-boolean",
        "unknown-prompt",
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ("start: main\n", "", "missing-key"),
        ("start: main\n", "start: [main]\n", "wrong-type"),
        ("languages: [en]\n", "languages: english\n", "wrong-type"),
        ("languages: [en]\n", "languages: [en, English]\n", "name-form"),
        ("flow: demo\n", "flow: my demo\n", "name-form"),
        ("nodes:\n", "canary: 10\nnodes:\n", "percent"),
        ("nodes:\n", "arguments: [A b]\nnodes:\n", "name-form"),
        ("nodes:\n", "hours: {office: {week: {mon-fry: '8:00-9:00'}}}\nnodes:\n", "day-unknown"),
    ],
)
def test_a_mistake_in_the_head_is_told_and_the_nodes_are_checked_all_the_same(
    tmp_path: Path, right: str, wrong: str, code: str
) -> None:
    flow = HEAD.replace(right, wrong) + "  main: {play: helo, next: end}\n" + END
    told = [problem.code for problem in problems(tmp_path, flow) if problem.severity == "error"]
    assert sorted(told) == sorted([code, "unknown-prompt"])


def test_a_broken_node_leads_where_its_text_says(tmp_path: Path) -> None:
    """So what is behind it is not told as lost, and the variables it sets are not told as unknown."""
    nodes = "  main: {collect: hello, into: card, tries: 99, next: two, failure: end}\n"
    nodes += "  two: {switch: [{if: vars.card == '1', then: end}], otherwise: end}\n"
    told = problems(tmp_path, HEAD + nodes + END)
    assert [problem.code for problem in told if problem.severity == "error"] == ["out-of-range"]


def test_of_lost_nodes_only_the_first_is_told(tmp_path: Path) -> None:
    nodes = MAIN + "  lost: {play: hello, next: behind}\n  behind: {play: hello, next: further}\n"
    nodes += "  further: {play: hello, next: behind}\n"
    assert found(tmp_path, nodes, "unreachable") == [
        "nodes.lost: no way leads to the node 'lost'; let an exit name it, or remove it"
    ]


def test_shared_prompts_that_cannot_be_read_are_one_problem(tmp_path: Path) -> None:
    told = problems(tmp_path, HEAD + "  main: {play: welcome, next: end}\n" + END, prompts="prompts: {\n")
    assert [(problem.file.name, problem.code) for problem in told if problem.severity == "error"] == [
        ("prompts.yaml", "syntax")
    ]


def test_one_wrong_prompt_keeps_the_others(tmp_path: Path) -> None:
    prompts = "prompts:\n  welcome: {en: 5}\n  bye: {zh: 再见。}\n"
    nodes = "  main: {play: [welcome, bye], next: end}\n"
    told = problems(tmp_path, HEAD + nodes + END, prompts=prompts)
    assert [(problem.path, problem.code) for problem in told if problem.severity == "error"] == [
        ("prompts.welcome.en", "wrong-type"),
        ("prompts.bye", "missing-language"),
    ]


def test_a_flow_that_cannot_be_read_is_no_unknown_flow(tmp_path: Path) -> None:
    nodes = "  main: {flow: identify, next: two}\n  two: {flow: idntify, next: end}\n"
    broken = SUB.replace("[en]", "[en")
    assert found(tmp_path, nodes, "unknown-flow", identify=broken) == [
        "nodes.two.flow: unknown flow 'idntify'; did you mean 'identify'?"
    ]


def test_the_second_of_two_flows_of_one_name_is_checked_too(tmp_path: Path) -> None:
    second = HEAD + "  main: {play: helo, next: end}\n" + END
    told = problems(tmp_path, HEAD + MAIN + END, twice=second)
    assert [(problem.file.name, problem.code) for problem in told if problem.severity == "error"] == [
        ("twice.yaml", "duplicate-flow"),
        ("twice.yaml", "unknown-prompt"),
    ]


def test_flows_that_call_one_another_are_told_as_a_ring(tmp_path: Path) -> None:
    sub = SUB.replace("ask: {menu: ask, keys: {1: known}", "ask: {flow: demo, exits: {1: known}")
    sub = sub.replace("failure: unknown", "next: unknown")
    nodes = "  main: {flow: identify, with: {tries: 1}, next: end}\n"
    assert found(tmp_path, nodes, "recursion", identify=sub) == [
        "flow: flows call one another in a ring: demo → identify → demo; a flow must not call itself"
    ]


def test_a_round_that_counts_is_bounded(tmp_path: Path) -> None:
    nodes = "  main: {set: {n: 0}, next: say}\n  say: {play: hello, next: count}\n"
    nodes += "  count: {set: {n: =vars.n + 1}, next: enough}\n"
    nodes += "  enough: {switch: [{if: vars.n > 2, then: end}], otherwise: say}\n"
    assert found(tmp_path, nodes, "endless-loop") == []


def test_without_a_site_its_names_are_not_checked_and_all_else_is(tmp_path: Path) -> None:
    nodes = "  main: {queue: any, skills: {any: 1}, otherwise: two}\n"
    nodes += "  two: {transfer: {number: '1'}, failure: three}\n"
    nodes += "  three: {lookup: any, into: x, next: four, error: four}\n"
    nodes += "  four: {switch: [{if: queue.any.waiting > 1, then: end}], otherwise: edn}\n"
    told = problems(tmp_path, HEAD + nodes + END, site=None)
    assert [problem.code for problem in told] == ["unknown-node"]


def test_a_language_twice_is_refused(tmp_path: Path) -> None:
    told = problems(tmp_path, HEAD.replace("[en]", "[en, en]") + MAIN + END)
    assert [problem.message for problem in told if problem.severity == "error"] == [
        "the language 'en' is here twice; write it once"
    ]


def test_opening_hours_are_checked_where_they_are_written(tmp_path: Path) -> None:
    hours = "hours:\n  office:\n    timezone: Asia/Shanghay\n    week: {mon: '08:00-25:00'}\n"
    told = problems(tmp_path, HEAD + MAIN + END, hours=hours)
    assert [(problem.path, problem.code) for problem in told if problem.severity == "error"] == [
        ("hours.office.timezone", "timezone-unknown"),
        ("hours.office.week.mon", "hours-clock"),
    ]


def test_holidays_that_nobody_has_published_are_a_warning(tmp_path: Path) -> None:
    hours = "hours: {office: {week: {mon-fri: '08:00-18:00'}, holidays: CN}}\n"
    nodes = "  main: {hours: office, open: end, closed: end}\n"
    told = problems(tmp_path, HEAD + nodes + END, today=date(2090, 12, 1), hours=hours)
    assert ("hours.yaml", "hours.office", "warning") in [
        (problem.file.name, problem.path, problem.severity)
        for problem in told
        if problem.code == "holidays-unknown"
    ]


def test_unused_prompts_and_hours_are_nobodys_business(tmp_path: Path) -> None:
    nodes = "  main: {queue: faults, otherwise: end}\n"
    told = problems(
        tmp_path,
        HEAD + nodes + END,
        prompts="prompts: {unused: {zh: 你好。}}\n",
        hours="hours: {unused: {week: {mon: '8:00-9:00'}}}\n",
    )
    assert told == []


def test_warnings_keep_no_flow_from_going_live(tmp_path: Path) -> None:
    told = problems(tmp_path, HEAD + MAIN + END)
    assert [problem.severity for problem in told] == ["warning"]
    assert load_flows(tmp_path, SITE).flows["demo"]


def test_thousands_of_unknown_names_are_told_in_time(tmp_path: Path) -> None:
    """The nearest right name is looked for only so often among thousands."""
    nodes = "".join(f"  n{place}: {{play: hello, next: m{place}x}}\n" for place in range(3000))
    told = problems(tmp_path, HEAD.replace("main", "n0") + nodes + END)
    assert sum(problem.code == "unknown-node" for problem in told) == 3000


def test_the_sample_flows_have_no_error() -> None:
    assert [problem.code for problem in look_at(SAMPLE, None).problems if problem.severity == "error"] == []


def test_a_file_that_is_no_flow_is_one_problem(tmp_path: Path) -> None:
    told = problems(
        tmp_path, HEAD + "  main: {queue: faults, otherwise: end}\n" + END, promps="prompts: {a: {en: A}}\n"
    )
    assert [(problem.file.name, problem.code) for problem in told] == [("promps.yaml", "not-a-flow")]
