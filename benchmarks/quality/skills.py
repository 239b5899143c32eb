"""What it is worth that seats have skills: six kinds of call on ninety seats that have one, two or all of them.

After Wallace and Whitt, "A staffing algorithm for call centers with skill-based routing", 2005, who have the same load.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations
from math import log

import numpy as np
from rich.console import Console

from acd.plan import Plan, QueuePlan
from acd.simulation import Outcome
from benchmarks.quality.exact import erlang_c, erlang_c_over
from benchmarks.quality.runs import Plain, Run, number_of, processes, study, tell
from benchmarks.quality.traffic import TALK, Calls, Traffic, calls, plain_waits, plain_waits_apart
from benchmarks.report import Aim, Report
from hotline.asterisk.prefix import Toolbox

KINDS = tuple(f"k{n}" for n in range(6))
ERLANGS = 14.0  # of each kind
SEATS = 90
CALLS = 60_000  # in a run
EDGE = 10_000
AIM_RATIO = 1.3
ONE, CHAIN, PAIRS, ALL = "one skill each", "two, in a chain", "two, every pair", "all six"
WITHIN = 20.0  # s
WAIT, P95, LEVEL = "mean wait, s", "19 of 20 wait at most, s", f"answered within {WITHIN:g} s"


def designs() -> dict[str, Plan]:
    """Return who can do what, with as many seats for each kind."""
    return {
        ONE: _plan([(kind,) for kind in KINDS]),
        CHAIN: _plan([(kind, KINDS[n - 1]) for n, kind in enumerate(KINDS)]),
        PAIRS: _plan(list(combinations(KINDS, 2))),
        ALL: _plan([KINDS]),
    }


async def skills(_: Toolbox, console: Console) -> Report:
    """Measure; Asterisk has no part in it.

    With one skill and with all, each caller waits as long as in plain lines: that is looked at, and Erlang C is exact.
    """
    means = {ONE: _by_erlang_c(SEATS // len(KINDS), ERLANGS), ALL: _by_erlang_c(SEATS, ERLANGS * len(KINDS))}
    cells = {name: [f"{value:.4g}" for value in exact.values()] for name, exact in means.items()}
    runs = dict.fromkeys(means, "exact")
    plans, aims = designs(), []
    for name in (ONE, ALL):
        what = f"{name}: callers of {CALLS:,} who do not wait as long as in plain lines"
        aims.append(Aim(what, differing(plans[name], CALLS, 1, apart=name == ONE), 0, most=True))
    with processes() as executor:
        for name in (CHAIN, PAIRS):
            console.print(f"  {name}", highlight=False)
            done = study(partial(run, plans[name], CALLS), executor)
            means[name] = {what: found.mean for what, found in done.found.items()}
            cells[name] = [f"{found.mean:.4g} ± {found.half:.2g}" for found in done.found.values()]
            runs[name] = f"{done.runs}"
            ratio = means[name][WAIT] / means[ALL][WAIT]
            aims.append(Aim(f"{name}: mean wait to that with all six skills", ratio, AIM_RATIO, most=True))
            aims.append(done.narrow(name))
    rows = [(name, *cells[name], f"{means[name][WAIT] / means[ALL][WAIT]:.2f}", runs[name]) for name in plans]
    figures = {f"{name}, {what}": value for name, one in means.items() for what, value in one.items()}
    columns = ("skills of a seat", WAIT, P95, LEVEL, "wait to that with all six", f"runs of {CALLS:,} calls")
    title = f"Six kinds of call, {ERLANGS:g} Erlangs of each, {SEATS} seats"
    return Report(title, columns, rows, figures, aims)


def run(plan: Plan, number: int, seed: int) -> Run:
    """Let so many calls come, once."""
    coming = _calls(number, seed)
    told = tell(plan, coming, EDGE)
    waited = np.array([fact.waited_ms / 1000 for fact in told.facts if isinstance(fact, Outcome)])
    figures = {
        WAIT: float(waited.mean()),
        P95: float(np.quantile(waited, 0.95)),
        LEVEL: float((waited <= WITHIN).mean()),
    }
    near = [Plain(servers, ERLANGS * len(KINDS), (0, WITHIN, 60)) for servers in (SEATS - 1, SEATS + 1)]
    controls = [missed for plain in near for missed in plain.missed(coming, EDGE)]
    return Run(figures, controls, told.events, told.seconds)


def differing(plan: Plan, number: int, seed: int, *, apart: bool) -> int:
    """Return how many callers do not wait as long as in one plain line, or in one for each kind."""
    coming = _calls(number, seed)
    plain = plain_waits_apart(coming, SEATS // len(KINDS)) if apart else plain_waits(coming, SEATS)
    facts = tell(plan, coming).facts
    return sum(int(plain[number_of(one.visit)]) != one.waited_ms for one in facts if isinstance(one, Outcome))


def _calls(number: int, seed: int) -> Calls:
    return calls(Traffic(dict.fromkeys(KINDS, ERLANGS)), number, seed)


def _plan(teams: Sequence[Sequence[str]]) -> Plan:
    return Plan(
        {kind: QueuePlan(kind, {kind: 1}, wrap_up_ms=0) for kind in KINDS},
        {f"s{n}": dict.fromkeys(teams[n % len(teams)], 1) for n in range(SEATS)},
    )


def _by_erlang_c(servers: int, erlangs: float) -> dict[str, float]:
    known = erlang_c(servers, erlangs, TALK)
    each = TALK / (servers - erlangs)  # s until the next server is free, on average, while some wait
    return {
        WAIT: known.wait,
        P95: each * log(known.p_wait / 0.05),
        LEVEL: 1 - erlang_c_over(servers, erlangs, TALK, WITHIN),
    }
