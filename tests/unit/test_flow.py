"""Flows: what loads, what is refused, where and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.language.flow import FlowSet
from ivr.language.prompt import Spoken
from ivr.reading.loader import load_flows
from ivr.reading.names import SiteNames
from ivr.reading.problem import Problem, SourceErrors
from ivr.verbs.menu import Menu
from ivr.verbs.queue import Queue

QUEUES = ("billing", "faults", "sales", "complaints", "operator")
SKILLS = ("broadband", "english")
SAMPLE = Path(__file__).parents[2] / "flows"

HEAD = """\
flow: demo
languages: [en]
start: main
prompts:
  hello: {en: Hello.}
nodes:
"""
END = "  end: {hangup: hello}\n"
MAIN = "  main: {play: hello, next: end}\n"


def load(folder: Path) -> FlowSet:
    return load_flows(folder, SiteNames(queues=QUEUES, skills=SKILLS))


def write(folder: Path, text: str, name: str = "demo.yaml") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def problems_of(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(SourceErrors) as caught:
        load(folder)
    return caught.value.problems


def messages(folder: Path, text: str) -> list[tuple[int, int, str]]:
    write(folder, text)
    return [(problem.line, problem.column, problem.message) for problem in problems_of(folder)]


def test_the_sample_flows_load_without_a_problem() -> None:
    flows = load(SAMPLE)
    menu = flows.flows["customer-hotline"].nodes["main"]
    assert isinstance(menu, Menu)
    assert set("123450") <= set(menu.keys)


def test_the_sample_flows_speak_every_prompt_in_both_languages() -> None:
    spoken = load(SAMPLE).spoken
    prompts = {(flow, prompt) for flow, prompt, _ in spoken}
    assert {flow for flow, _ in prompts} == {"customer-hotline", "agent-phone"}
    assert set(spoken) == {(*prompt, language) for prompt in prompts for language in ("zh", "en")}


def test_a_node_has_the_defaults_of_its_verb(tmp_path: Path) -> None:
    write(tmp_path, HEAD + "  main: {queue: faults, otherwise: end}\n" + END)
    node = load(tmp_path).flows["demo"].nodes["main"]
    assert node == Queue(queue="faults", otherwise="end")
    assert (node.priority, node.skills) == (0, {})


@pytest.mark.parametrize(
    ("node", "mark", "words"),
    [
        ("{play: hello, next: ned}", "ned}", "unknown node 'ned'; did you mean 'end'?"),
        ("{play: helo, next: end}", "helo", "unknown prompt 'helo'; did you mean 'hello'?"),
        ("{play: [hello, helo], next: end}", "helo]", "unknown prompt 'helo'; did you mean 'hello'?"),
        ("{queue: fault, otherwise: end}", "fault", "unknown queue 'fault'; did you mean 'faults'?"),
        (
            "{queue: faults, skills: {brodband: 2}, otherwise: end}",
            "brodband",
            "unknown skill 'brodband'; did you mean 'broadband'?",
        ),
        (
            "{queue: faults, skills: {broadband: 6}, otherwise: end}",
            "6}",
            "found the number 6; it must be at most 5",
        ),
        ("{plai: hello, next: end}", "{plai", "unknown verb 'plai'; did you mean 'play'?"),
        ("{next: end}", "{next", "this node has no verb; write one of play, menu, collect, set"),
        (
            "{play: hello, hangup: hello, next: end}",
            "{play",
            "a node has one verb, and here are play and hangup",
        ),
        (
            "hello",
            "hello",
            "found the text 'hello'; write a verb with its options, as {play: welcome, next: main}",
        ),
        ("{play: hello, nxt: end}", "nxt", "unknown key 'nxt'; did you mean 'next'?"),
        ("{menu: hello, keys: {1: end}}", "{menu", "the key 'failure' is missing"),
        (
            "{menu: hello, keys: {1A: end}, failure: end}",
            "1A",
            "'1A' is no key; write digits, * or #; X is any digit, Z is 1 to 9, N is 2 to 9",
        ),
        (
            "{menu: hello, keys: {1: end}, timeout: 5s, failure: end}",
            "5s",
            "timeout names a node; how long to wait is wait: 5s",
        ),
        ("{queue: faults, full: end}", "{queue", "no way on for no_agents, timeout: name a node for each"),
        ("{language: fr, next: end}", "fr", "unknown language 'fr'; known here: en"),
    ],
)
def test_a_mistake_in_a_node_is_told_where_it_stands(
    tmp_path: Path, node: str, mark: str, words: str
) -> None:
    line = f"  main: {node}"
    found = [
        (row, column, message)
        for row, column, message in messages(tmp_path, HEAD + line + "\n" + END)
        if words in message
    ]
    assert [(row, column) for row, column, _ in found] == [(7, line.index(mark) + 1)]


def test_problems_of_all_kinds_and_files_are_told_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        HEAD
        + "  main: {play: helo, next: two}\n  two: {plai: hello}\n  three: {queue: x, otherwise: en}\n"
        + END,
    )
    write(tmp_path, "flow: other\nflow: twice\n", "other.yaml")
    write(tmp_path, "prompts: {a: {en: 5}}\n", "prompts.yaml")
    assert [(problem.file.name, problem.code) for problem in problems_of(tmp_path)] == [
        ("demo.yaml", "unknown-prompt"),
        ("demo.yaml", "verb-missing"),
        ("demo.yaml", "unreachable"),
        ("demo.yaml", "unknown-queue"),
        ("demo.yaml", "unknown-node"),
        ("other.yaml", "missing-key"),
        ("other.yaml", "missing-key"),
        ("other.yaml", "missing-key"),
        ("other.yaml", "duplicate-key"),
        ("prompts.yaml", "wrong-type"),
    ]


def test_one_misspelt_node_is_one_problem(tmp_path: Path) -> None:
    """What it leads to is not told as unreachable, nor as leading nowhere."""
    found = messages(tmp_path, HEAD + "  main: {play: hello, next: edn}\n" + END)
    assert [message for _, _, message in found] == ["unknown node 'edn'; did you mean 'end'?"]


def test_a_node_that_no_way_leads_to_is_refused(tmp_path: Path) -> None:
    found = messages(tmp_path, HEAD + MAIN + END + "  lost: {hangup: hello}\n")
    assert found == [(9, 3, "no way leads to the node 'lost'; let an exit name it, or remove it")]


def test_the_way_for_errors_is_a_way_to_a_node(tmp_path: Path) -> None:
    write(tmp_path, HEAD.replace("nodes:", "error: lost\nnodes:") + MAIN + END + "  lost: {hangup: hello}\n")
    assert load(tmp_path).flows["demo"].error == "lost"


def test_a_flow_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    main = "  main: {menu: hello, keys: {1: two}, invalid: two, timeout: two}\n"
    two = "  two: {queue: faults, answered: main, otherwise: main}\n"
    found = messages(tmp_path, HEAD + main + two)
    assert (7, 3, "from here no way leads to an end; let an exit lead to a hangup node") in found


def test_a_loop_without_a_key_of_the_caller_is_refused(tmp_path: Path) -> None:
    main = "  main: {menu: hello, keys: {1: end}, failure: again}\n  again: {play: hello, next: main}\n"
    found = messages(tmp_path, HEAD + main + END)
    message = (
        "a call can go round here for ever without a key from the caller: main → again → main; "
        "let one of them lead to an end, or to a person"
    )
    assert found == [(7, 3, message)]


def test_a_loop_through_a_key_or_a_conversation_is_right(tmp_path: Path) -> None:
    main = "  main: {menu: hello, keys: {'*': main, 1: wait}, failure: end}\n"
    write(tmp_path, HEAD + main + "  wait: {queue: faults, answered: main, otherwise: end}\n" + END)
    assert "demo" in load(tmp_path).flows


def test_a_prompt_missing_in_one_language_is_refused_where_it_is_written(tmp_path: Path) -> None:
    text = HEAD.replace("[en]", "[en, zh]") + MAIN + END
    found = messages(tmp_path, text)
    assert found == [
        (
            5,
            3,
            "the prompt 'hello' has no text for the language 'zh', which the flow 'demo' speaks; "
            "write one, or record sounds/zh/hello.wav",
        )
    ]


def test_a_language_without_an_apology_is_refused(tmp_path: Path) -> None:
    found = messages(tmp_path, HEAD.replace("[en]", "[fr]").replace("{en:", "{fr:") + MAIN + END)
    assert [message[:65] for _, _, message in found] == [
        "the prompt 'apology' has no text for the language 'fr', which the"
    ]


def test_prompts_of_the_flow_go_before_shared_ones(tmp_path: Path) -> None:
    write(tmp_path, HEAD + MAIN + "  end: {hangup: bye}\n")
    write(tmp_path, "prompts: {hello: {en: Shared.}, bye: {en: Bye.}}\n", "prompts.yaml")
    spoken = load(tmp_path).spoken
    assert spoken["demo", "hello", "en"] == (Spoken("hello", "en", "Hello."),)
    assert spoken["demo", "bye", "en"] == (Spoken("bye", "en", "Bye."),)


def test_a_recording_goes_before_the_text(tmp_path: Path) -> None:
    file = write(tmp_path, "not a sound yet", "sounds/en/hello.wav")
    write(tmp_path, HEAD + MAIN + END)
    (spoken,) = load(tmp_path).spoken["demo", "hello", "en"]
    assert isinstance(spoken, Spoken)
    assert (spoken.sound, spoken.text) == (file, "Hello.")


def test_a_sound_file_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "", "greetings/hello.wav")
    text = HEAD.replace("Hello.", "{sound: greetings/helo.wav}") + MAIN + END
    assert messages(tmp_path, text) == [
        (5, 23, "there is no sound file 'greetings/helo.wav' in the flows' folder; did you mean 'hello.wav'?")
    ]


def test_two_flows_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, HEAD + MAIN + END, "one.yaml")
    write(tmp_path, HEAD + MAIN + END, "two.yaml")
    assert [(problem.file.name, problem.code) for problem in problems_of(tmp_path)] == [
        ("two.yaml", "duplicate-flow")
    ]


@pytest.mark.parametrize(
    ("name", "code"), [("demo.yml", "file-name"), ("prompts.yaml", "no-flow"), ("absent/x", "no-flow")]
)
def test_a_folder_without_a_flow_is_refused(tmp_path: Path, name: str, code: str) -> None:
    write(tmp_path, "prompts: {}\n", name)
    assert code in [problem.code for problem in problems_of(tmp_path)]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "cannot read the flows' folder: no such file" in str(problems_of(tmp_path / "absent")[0])


def test_the_version_changes_with_what_callers_hear_and_with_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, HEAD + MAIN + END)
    first = load(tmp_path).version
    write(tmp_path, "# a comment\n" + HEAD + MAIN + END)
    assert load(tmp_path).version == first
    versions = {first}
    write(tmp_path, HEAD.replace("Hello.", "Hello!") + MAIN + END)
    versions.add(load(tmp_path).version)
    write(tmp_path, "one recording", "sounds/en/hello.wav")
    versions.add(load(tmp_path).version)
    write(tmp_path, "another recording", "sounds/en/hello.wav")
    versions.add(load(tmp_path).version)
    write(tmp_path, HEAD + MAIN.replace("hello", "[hello, hello]") + END)
    versions.add(load(tmp_path).version)
    assert len(versions) == 5


def test_a_flow_of_five_thousand_nodes_in_a_row_loads(tmp_path: Path) -> None:
    """Deeper than Python's own stack."""
    nodes = "".join(f"  n{place}: {{play: hello, next: n{place + 1}}}\n" for place in range(5000))
    write(tmp_path, HEAD.replace("main", "n0") + nodes + "  n5000: {hangup: hello}\n")
    assert len(load(tmp_path).flows["demo"].nodes) == 5001
