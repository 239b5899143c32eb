"""The reference of the flow language: whole, right, and up to date."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field

from hotline.reference.config import Undocumented
from hotline.reference.flow import flow_page
from ivr.language.expression import FUNCTIONS, Expression
from ivr.lint.codes import CODES, WARNINGS
from ivr.reading.document import parse
from ivr.reading.loader import look_at
from ivr.reading.validation import CODES as PYDANTIC
from ivr.verbs import VERBS
from ivr.verbs.verb import Verb

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "flow.md"
CODE = re.compile(r"[a-z]+([-_][a-z]+)*")
TELLS = {
    "problem",
    "_problem",
    "_warning",
    "_flaw",
    "_at_top",
    "_unplaced",
    "Problem",
    "Flaw",
    "PydanticCustomError",
}
CHECKER = ("language", "lint", "reading", "verbs")  # the rooms that tell mistakes


def test_the_page_is_up_to_date() -> None:
    """Renew it with ``python -m hotline.reference.flow > docs/flow.md``."""
    assert PAGE.read_text(encoding="utf-8") == flow_page()


def test_a_key_without_description_is_refused_by_its_name() -> None:
    class Dance(Verb):
        """Dance."""

        verb = "dance"
        example: ClassVar[str] = "{dance: 1}"
        dance: int = Field(description="How often.")
        steps: int = 2

    with pytest.raises(Undocumented) as caught:
        flow_page({"dance": Dance})
    assert caught.value.keys == ["dance.steps"]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verbs_example_is_right(verb: str) -> None:
    document = parse(VERBS[verb].example)
    assert document.flaws == []
    assert VERBS[verb].model_validate(document.data)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_and_key_is_on_the_page(verb: str) -> None:
    section = PAGE.read_text(encoding="utf-8").partition(f"### {verb}\n")[2].partition("\n### ")[0]
    keys = [field.alias or name for name, field in VERBS[verb].model_fields.items() if name != "error"]
    assert [key for key in keys if f"| `{key}` |" not in section] == []


def test_the_pages_own_flow_is_right(tmp_path: Path) -> None:
    example = next(block for block in _yaml_blocks() if block.startswith("flow: hotline"))
    (tmp_path / "hotline.yaml").write_text(example)
    assert look_at(tmp_path, None).problems == ()


def test_the_pages_conditions_can_be_read() -> None:
    for block in _yaml_blocks():
        for case in (parse(block).data or {}).get("switch", ()):
            assert Expression.of(case["if"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_that_may_be_called_exists(function: str) -> None:
    """What the checker lets through must not fail in every call."""
    calls = {
        "has": "has(vars.n)",
        "size": "size(vars.text)",
        "int": "int(vars.text)",
        "double": "double(vars.text)",
        "string": "string(vars.n)",
    }
    written = calls.get(function, f'vars.text.{function}("1")')
    assert Expression.of(written).value({"vars": {"n": 1, "text": "12"}}) is not None


def test_every_code_is_on_the_page_with_its_severity() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [code for code in CODES if f"| `{code}`" not in page] == []
    assert [code for code in WARNINGS if f"| `{code}` (warning) |" not in page] == []


def test_every_code_that_the_checker_can_tell_has_its_meaning() -> None:
    files = [file for room in CHECKER for file in sorted((ROOT / "ivr" / room).glob("*.py"))]
    told = {code for file in files for code in _codes_in(file)} | set(PYDANTIC.values()) | {"wrong-type"}
    assert told - CODES.keys() == set()


def test_every_code_that_has_a_meaning_is_told_somewhere() -> None:
    source = "".join(
        file.read_text(encoding="utf-8") for file in (ROOT / "ivr").rglob("*.py") if file.name != "codes.py"
    )
    kinds = ("unknown-", "duplicate-")
    unused = [
        code
        for code in CODES
        if f'"{code}"' not in source
        and f'"{code.replace("-", "_")}"' not in source
        and not code.startswith(kinds)
    ]
    assert unused == []


def _yaml_blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def _codes_in(file: Path) -> set[str]:
    """Return the codes that are given to whatever makes a problem, and those in pairs of code and message."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        arguments: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            arguments = node.args[: 1 if name == "PydanticCustomError" else 5] if name in TELLS else []
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            arguments = node.value.elts[:1]
        found |= {
            PYDANTIC.get(part.value, part.value.replace("_", "-"))
            for part in arguments
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and CODE.fullmatch(part.value)
        }
    return found - {"error", "warning"}
