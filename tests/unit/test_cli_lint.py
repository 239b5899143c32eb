"""``hotline lint`` and ``hotline schema`` at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hotline.commands.lint import lint_app, show_warnings
from hotline.reference.schema import DOCUMENTS
from hotline.site import load_site
from ivr.reading.problem import Problem
from tests.unit.flow_folder import END, HEAD

ROOT = Path(__file__).parents[2]
RIGHT = HEAD + "  main: {queue: faults, otherwise: end}\n" + END
WRONG = RIGHT.replace("otherwise: end", "otherwise: edn")
UNWISE = HEAD + "  main: {play: hello, next: end}\n" + END


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOTLINE_CONFIG", raising=False)
    (tmp_path / "flows").mkdir()
    return tmp_path


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(lint_app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_an_error_is_one_line_and_status_1(here: Path) -> None:
    (here / "flows" / "demo.yaml").write_text(WRONG)
    status, out, _ = run("lint")
    assert status == 1
    assert out.splitlines() == [
        "flows/demo.yaml:7:36: nodes.main.otherwise: unknown node 'edn'; did you mean 'end'? [unknown-node]",
        "1 file: 1 error",
    ]


def test_warnings_alone_are_marked_and_status_0(here: Path) -> None:
    (here / "flows" / "demo.yaml").write_text(UNWISE)
    status, out, _ = run("lint")
    assert status == 0
    assert out.splitlines() == [
        "flows/demo.yaml:3:1: warning: start: no way of this flow leads to a person: "
        "to a queue, a transfer or a call-back [no-person]",
        "1 file: 1 warning",
    ]


def test_nothing_wrong_says_so(here: Path) -> None:
    (here / "flows" / "demo.yaml").write_text(RIGHT)
    assert run("lint")[:2] == (0, "1 file: nothing wrong\n")


def test_json_is_a_list_with_every_field(here: Path) -> None:
    (here / "flows" / "demo.yaml").write_text(WRONG)
    status, out, _ = run("lint", "--format", "json")
    assert status == 1
    assert json.loads(out) == [
        {
            "file": "flows/demo.yaml",
            "line": 7,
            "column": 36,
            "path": "nodes.main.otherwise",
            "code": "unknown-node",
            "severity": "error",
            "message": "unknown node 'edn'; did you mean 'end'?",
        }
    ]
    assert set(json.loads(out)[0]) == set(Problem.__dataclass_fields__)


def test_a_named_file_is_checked_with_its_folder_and_shown_alone(here: Path) -> None:
    (here / "flows" / "demo.yaml").write_text(RIGHT.replace("hello: {en: Hello.}", "unused: {en: Hello.}"))
    (here / "flows" / "prompts.yaml").write_text("prompts: {hello: {en: Hello.}}\n")
    (here / "flows" / "other.yaml").write_text(WRONG.replace("demo", "other"))
    assert run("lint", "flows/demo.yaml")[:2] == (0, "1 file: nothing wrong\n")
    assert run("lint", "flows/demo.yaml", "flows/other.yaml")[1].endswith("2 files: 1 error\n")
    assert run("lint", "flows")[1].endswith("3 files: 1 error\n")


def test_a_file_that_is_not_there_is_told_with_the_nearest(here: Path) -> None:
    (here / "flows" / "demo.yaml").write_text(RIGHT)
    status, _, err = run("lint", "flows/demmo.yaml")
    assert status == 1
    assert "there is no file flows/demmo.yaml; did you mean 'demo.yaml'?" in err


def test_without_a_site_it_says_what_is_not_checked(here: Path) -> None:
    (here / "flows" / "demo.yaml").write_text(RIGHT)
    _, _, err = run("lint")
    assert (
        "there is no config.yaml here, so queues, skills, agents, lookups and numbers to call are not" in err
    )
    status, _, err = run("lint", "--config", "absent.yaml")
    assert status == 1
    assert "there is no file absent.yaml" in err


def test_a_site_gives_the_names_and_the_folder(here: Path) -> None:
    (here / "menus").mkdir()
    (here / "menus" / "demo.yaml").write_text(RIGHT.replace("queue: faults", "queue: fauts"))
    site = (ROOT / "config.yaml").read_text(encoding="utf-8")
    (here / "site.yaml").write_text(f"{site}\nflows: menus\n", encoding="utf-8")
    status, out, err = run("lint", "--config", "site.yaml")
    assert (status, err) == (1, "")
    assert "unknown queue 'fauts'; did you mean 'faults'?" in out


def test_a_site_with_mistakes_is_not_asked(here: Path) -> None:
    (here / "flows" / "demo.yaml").write_text(RIGHT)
    (here / "config.yaml").write_text("site: x\n")
    status, _, err = run("lint")
    assert status == 0
    assert "config.yaml has mistakes of its own" in err
    assert "hotline check --config config.yaml" in err


def test_a_right_site_shows_the_warnings_of_its_flows(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "flows" / "demo.yaml").write_text(UNWISE)
    (here / "config.yaml").write_text((ROOT / "config.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    show_warnings(load_site(here / "config.yaml"))
    assert capsys.readouterr().out.endswith("[no-person]\n")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_schema_is_printed_as_json(document: str) -> None:
    status, out, _ = run("schema", document)
    assert status == 0
    assert json.loads(out)["additionalProperties"] is False
