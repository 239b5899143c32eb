"""The same call made without the engine: in plain dialplan, and by a program that is started for each call."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import jinja2

from benchmarks.house import House

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class RivalCall:
    """One menu call: its numbers in plain dialplan and by program, and its two prompts."""

    dialplan: str
    script: str
    choose: Path
    bye: Path


def graft(house: House, calls: Iterable[RivalCall]) -> None:
    """Add the rivals to the Asterisk that is up: all else is what the engine's own calls have."""
    layout = house.supervisor.layout
    program = layout.agi_bin / "rival"
    program.write_text(f"#!{sys.executable}\n{(FOLDER / 'script.py').read_text()}")
    program.chmod(stat.S_IRWXU)
    template = jinja2.Template((FOLDER / "extensions.conf.j2").read_text(), undefined=jinja2.StrictUndefined)
    bare = [RivalCall(c.dialplan, c.script, c.choose.with_suffix(""), c.bye.with_suffix("")) for c in calls]
    with (layout.etc / "extensions.conf").open("a") as extensions:
        extensions.write(template.render(program=program.name, calls=bare))
    for command in ("module load app_playback.so", "dialplan reload"):
        house.supervisor.asterisk.ask(command)
