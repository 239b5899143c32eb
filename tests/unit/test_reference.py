"""The reference of ``config.yaml``: whole, and up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
import yaml
from pydantic import BaseModel, Field

from hotline.cli import app
from hotline.reference.config import Undocumented, config_page, config_schema, duration

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date() -> None:
    """Renew it with ``python -m hotline.reference.config > docs/config.md``."""
    assert (ROOT / "docs" / "config.md").read_text() == config_page()


def test_a_key_without_description_is_refused_by_its_name() -> None:
    class Inner(BaseModel):
        """Inside."""

        told: int = Field(1, description="this one is told")
        untold: int = 2

    class Whole(BaseModel):
        """All."""

        inner: Inner = Field(Inner(), description="the inside")

    with pytest.raises(Undocumented) as caught:
        config_page(Whole)
    assert caught.value.keys == ["inner.untold"]


def test_every_key_of_the_sample_is_on_the_page() -> None:
    sample = yaml.safe_load((ROOT / "config.yaml").read_text())
    page = config_page()
    assert all(f"| `{key}` |" in page for key in sample)


def test_the_schema_refuses_what_is_unknown_as_the_program_does() -> None:
    schema = config_schema()
    assert schema["additionalProperties"] is False
    assert all(part["additionalProperties"] is False for part in schema["$defs"].values())


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [(0, "0s"), (500, "500ms"), (15_000, "15s"), (90_000, "1m30s"), (86_400_000, "1d"), (3_600_000, "1h")],
)
def test_a_duration_is_written_as_people_write_it(milliseconds: int, written: str) -> None:
    assert duration(milliseconds) == written


def test_every_command_is_on_the_page_for_those_who_run_it() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    group = typer.main.get_command(app)
    commands = [name for name, command in group.commands.items() if not command.hidden]  # type: ignore[attr-defined]
    assert [name for name in commands if f"`hotline {name}" not in page and f"`{name}`" not in page] == []
