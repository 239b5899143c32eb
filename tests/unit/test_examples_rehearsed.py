"""The example flows do what their rehearsals say, and no exit of theirs is left untried."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from hotline.cli import app

EXAMPLES = Path(__file__).parents[2] / "flows" / "examples"


def test_the_examples_are_as_rehearsed_in_every_node_and_exit() -> None:
    site = EXAMPLES / "site" / "config.yaml"
    result = CliRunner().invoke(app, ["test", "--min-coverage", "100", "--config", str(site)])
    assert result.exit_code == 0, result.output


def test_the_six_way_menu_takes_fewer_than_sixty_lines() -> None:
    assert len((EXAMPLES / "six-ways.yaml").read_text().splitlines()) < 60
