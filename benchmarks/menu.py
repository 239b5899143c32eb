"""The menu call through the engine, in plain dialplan, and by a program that is started for each call."""

from __future__ import annotations

import math
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import jinja2
from rich.console import Console

from benchmarks.caller import RIVALS, CallFigures, Caller
from benchmarks.figures import Aim, Figures
from benchmarks.house import MENU, ORDINARY, House, opened, write_site
from benchmarks.search import RateSearch
from hotline.asterisk.prefix import Toolbox
from hotline.site import Site

STEP_S = 6.0
SLOW_MS = 2_000
SLOW_SHARE = 0.01
KEY_AFTER_MS = 300  # once the prompt of 200 ms is over, so that every contender waits for the key
COST_ROUNDS = 3
"""""

@dataclass
class Contender:
    """One way to serve the menu call."""

    name: str
    number: str
    ordinary: str
    search: RateSearch
    rate: float  # at which the cost of a call is taken
    asterisk_ms: list[float] = field(default_factory=list)
    engine_ms: list[float] = field(default_factory=list)
