"""`hotline rehearse`, `test`, `walk` and `graph`, as they are typed."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hotline.cli import app
from tests.unit.small_flows import flow

CONFIG = Path(__file__).parents[2] / "config.yaml"
NODES = """
    welcome: {play: hello, barge_in: true, next: main}
    main: {menu: choose, keys: {1: faults, 2: sales, 9: chinese}, failure: faults}
    chinese: {language: zh, next: main}
    faults: {queue: faults, answered: bye, otherwise: wrong}
    sales: {queue: sales, answered: bye, otherwise: wrong}
    wrong: {hangup: wrong}
    bye: {hangup: bye}
"""
REHEARSALS = """\
  - name: faults
    flow: demo
    call: [{hears: choose}, {presses: 1}, {queued: faults}, talks, {hears: bye}]
  - name: sales
    flow: demo
    queues: {sales: full}
    call: [{presses: 92}, {queued: sales}, {hears: wrong}]
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with one flow; return its configuration."""
    (tmp_path / "flows" / "rehearsals").mkdir(parents=True)
    (tmp_path / "flows" / "demo.yaml").write_text(flow(NODES), encoding="utf-8")
    write(tmp_path / "config.yaml", REHEARSALS, "demo.yaml")
    return shutil.copy(CONFIG, tmp_path / "config.yaml")


def hotline(*words: str, site: Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words, "--config", str(site)])
    return result.exit_code, result.output


def rehearse(site: Path, keys: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hotline", "rehearse", "demo", "--config", str(site), *words]
    return subprocess.run(command, input=keys, capture_output=True, text=True, timeout=60, check=False)


def write(site: Path, text: str, name: str = "more.yaml") -> Path:
    file = site.parent / "flows" / "rehearsals" / name
    file.write_text(f"rehearsals:\n{text}", encoding="utf-8")
    return file


WRONG = "  - {name: mine, flow: demo, call: [{presses: 1}, {queued: sales}]}\n"


def test_a_call_is_rehearsed_with_keys_from_a_pipe(site: Path) -> None:
    done = rehearse(site, "92", "--nodes")
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert "⌨ 9" in lines
    assert "[main → 2]" in lines
    assert "♪ enters the queue sales" in lines
    assert lines[-3:] == ["再见。", "[bye → end]", "☎ the hotline hangs up"]


def test_a_queue_does_as_the_options_say(site: Path) -> None:
    """Of two things that a queue does, the first at the first visit."""
    done = rehearse(site, "", "--from", "faults", "--language", "en", "--queue", "faults=full,answers")
    assert [line.strip() for line in done.stdout.splitlines()] == [
        "☎ the hotline answers",
        "♪ enters the queue faults",
        "♪ leaves it: full",
        "Wrong.",
        "☎ the hotline hangs up",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["rehearse", "dem"],
            "there is no flow 'dem'; did you mean 'demo'?",
        ),
        (
            ["rehearse", "demo", "--from", "man"],
            "the flow 'demo' has no node 'man'; did you mean 'main'?",
        ),
        (["rehearse", "demo", "--language", "fr"], "--language: the flow 'demo' speaks en, zh"),
        (["rehearse", "demo", "--at", "noon"], "--at 'noon' is no moment"),
        (["rehearse", "demo", "--queue", "faults"], "--queue 'faults' names nothing; write faults=busy"),
        (["rehearse", "demo", "--queue", "fault=busy"], "the site has no 'fault'; did you mean 'faults'?"),
        (
            ["rehearse", "demo", "--queue", "faults=sleeps"],
            "a queue does not 'sleeps'; write one of answers, full",
        ),
        (["rehearse", "demo", "--figure", "faults.waiting=many"], "'many' is no number"),
        (["rehearse", "demo", "--lookup", "customer=5"], "the site has no 'customer'"),
        (["walk", "x"], "there is no flow 'x'"),
        (["walk", "demo", "--language", "fr"], "speaks en, zh"),
        (["graph", "x"], "there is no flow 'x'"),
        (["test", "nowhere"], "nowhere:1:1: cannot read this file"),
        (["test", "--flow", "x"], "there is no flow 'x'"),
    ],
)
def test_what_cannot_be_is_told_in_words(site: Path, words: list[str], said: str) -> None:
    status, output = hotline(*words, site=site)
    assert status == 1
    assert said in output.replace("\n", " ")


def test_rehearsals_that_come_true_are_told_with_what_they_tried(site: Path) -> None:
    status, output = hotline("test", "--min-coverage", "75", site=site)
    assert status == 0
    assert output.splitlines() == [
        "✓ faults",
        "✓ sales",
        "",
        "2 rehearsed, 0 not as written",
        "demo: 82 % tried: 7 of 7 nodes, 7 of 10 exits",
        "  main: never left by failure",
        "  faults: never left by otherwise",
        "  sales: never left by answered",
    ]


def test_a_rehearsal_that_fails_is_shown_as_a_dialogue_with_the_difference(site: Path) -> None:
    file = write(site, WRONG)
    status, output = hotline("test", str(file), site=site)
    lines = [line.strip() for line in output.splitlines()]
    difference = f"✗ {file}:2: expected: queued sales; got: queue faults"
    assert status == 1
    assert lines.index("⌨ 1") < lines.index(difference) < lines.index("♪ enters the queue faults")


def test_coverage_below_the_least_is_an_error_that_names_the_flow(site: Path) -> None:
    status, output = hotline("test", "--min-coverage", "99", site=site)
    assert status == 1
    assert "below 99 % of nodes and exits: demo" in output


def test_a_flow_that_no_rehearsal_calls_is_not_covered(site: Path) -> None:
    (site.parent / "flows" / "other.yaml").write_text(flow(NODES, "other"), encoding="utf-8")
    status, output = hotline("test", "--min-coverage", "1", site=site)
    assert status == 1
    assert "other: 0 % tried" in output


def test_results_and_coverage_come_as_json(site: Path) -> None:
    write(site, WRONG)
    status, output = hotline("test", "--format", "json", site=site)
    told = json.loads(output)
    wrong = [one for one in told["rehearsals"] if not one["right"]]
    assert (status, [one["name"] for one in wrong]) == (1, ["mine"])
    assert wrong[0]["difference"] == {"line": 2, "expected": "queued sales", "got": "queue faults"}
    assert told["coverage"][0]["missed_exits"] == ["main: failure", "faults: otherwise", "sales: answered"]


def test_a_mistake_in_a_rehearsal_is_told_with_file_line_and_column(site: Path) -> None:
    file = write(site, "  - {name: mine, flow: demo, call: [{hears: chose}]}\n")
    status, output = hotline("test", site=site)
    assert status == 1
    assert f"{file}:2:45: rehearsals.0.call.0.hears" in output
    assert "unknown prompt 'chose'; did you mean 'choose'?" in output


def test_a_node_that_fails_is_told_in_one_line(site: Path) -> None:
    nodes = "what: {switch: [{if: vars.never, then: bye}], otherwise: bye}\n  bye: {hangup: null}\n  other: "
    nodes += "{set: {never: 1}, next: what}"
    text = f"flow: broken\nlanguages: [zh]\nstart: other\nnodes:\n  {nodes}\n"
    (site.parent / "flows" / "broken.yaml").write_text(text, encoding="utf-8")
    file = write(site, "  - {name: mine, flow: broken, ends: {how: let-go}}\n")
    status, output = hotline("test", str(file), site=site)
    assert status == 1
    assert "broken: the node 'what' failed: the condition 'vars.never' is neither true nor false" in output
    assert "Traceback" not in output


def test_a_walk_tells_its_summary_first(site: Path) -> None:
    status, output = hotline("walk", "demo", site=site)
    assert status == 0
    assert output.splitlines()[0].startswith("demo: ")


def test_a_walk_comes_as_json_and_as_a_table(site: Path) -> None:
    told = json.loads(hotline("walk", "demo", "--format", "json", site=site)[1])
    rows = list(csv.DictReader(io.StringIO(hotline("walk", "demo", "--format", "csv", site=site)[1])))
    assert (told["complete"], len(told["ways"])) == (True, len(rows))
    assert rows[0]["way"] == told["ways"][0]["way"] == "welcome → main 1 → faults"


def test_a_walk_of_too_many_ways_says_so(site: Path) -> None:
    _, output = hotline("walk", "demo", "--most", "5", site=site)
    assert "more ways than --most allows" in output


def test_a_picture_is_written_into_a_file_and_mermaid_on_the_terminal(site: Path, tmp_path: Path) -> None:
    status, output = hotline("graph", "demo", "-o", str(tmp_path / "flow.svg"), site=site)
    assert (status, "7 nodes" in output) == (0, True)
    assert (tmp_path / "flow.svg").read_text(encoding="utf-8").startswith("<svg ")
    assert hotline("graph", "demo", "--format", "mermaid", site=site)[1].startswith("flowchart LR\n")


def test_the_rehearsals_of_the_sample_hotline_come_true_and_try_most_of_it() -> None:
    status, output = hotline("test", "--min-coverage", "75", site=CONFIG)
    assert (status, "✗" in output) == (0, False)
