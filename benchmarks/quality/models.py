"""The distributor against exact answers: mean waits, and how many wait or give up, in centres that theory can solve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from rich.console import Console

from acd.plan import Plan, QueuePlan
from acd.simulation import Fact, Outcome
from benchmarks.quality import oracle
from benchmarks.quality.chain import Design, by_priority, oldest_first
from benchmarks.quality.exact import Waits, erlang_a, erlang_c, priorities
from benchmarks.quality.runs import Plain, Run, number_of, processes, study, tell
from benchmarks.quality.traffic import TALK, Traffic, calls
from benchmarks.report import Aim, Report
from hotline.asterisk.prefix import Toolbox

CALLS = 25_000  # in a run, of which a tenth at its start and its end is not judged
COMPARED = 20_000  # calls that Ciw serves too
AIM = 0.02
FIGURES = {"wait": "mean wait, s", "p_wait": "P(wait)", "p_abandon": "P(abandon)"}


@dataclass(frozen=True, slots=True)
class Model:
    """A centre, who calls it, and what the callers of each queue should meet (s).

    Ciw can serve it too where every seat serves every queue.
    """

    name: str
    plan: Plan
    traffic: Traffic
    exact: Mapping[str, Waits]
    plain: tuple[Plain, ...]
    for_ciw: bool = True


def models() -> list[Model]:
    """Return the centres. Their loads are in their names."""
    return [
        one_queue("14 seats, 10 Erlangs", 14, 10, None, (13, 15)),
        one_queue("13 seats, 10.5 Erlangs, patience 300 s", 13, 10.5, 300, (12, 14)),
        one_queue("10 seats, 12 Erlangs, patience 180 s", 10, 12, 180, (13, 14)),
        two_priorities(),
        n_design("first kind first", 2, 1),
        n_design("second kind first", 1, 2),
        n_design("oldest first, longest idle", 1, 1),
    ]


def one_queue(name: str, seats: int, erlangs: float, patience: float | None, near: tuple[int, ...]) -> Model:
    """Return M/M/c, or with ``patience`` (s) M/M/c+M."""
    by_a = patience is not None and erlang_a(seats, erlangs, TALK, patience)
    return Model(
        name,
        Plan({"all": _queue("all", {})}, {f"s{n}": {} for n in range(seats)}),
        Traffic({"all": erlangs}, patience),
        {"all": by_a or erlang_c(seats, erlangs, TALK)},
        tuple(Plain(servers, erlangs) for servers in near),
    )


def two_priorities() -> Model:
    """Return ten seats for two kinds of caller, of whom one goes first."""
    erlangs = {"gold": 2.4, "other": 5.6}
    waits = priorities(10, list(erlangs.values()), TALK)
    return Model(
        "10 seats, priorities 2.4 + 5.6 Erlangs",
        Plan(
            {"gold": _queue("gold", {}, 1), "other": _queue("other", {}, 0)},
            {f"s{n}": {} for n in range(10)},
        ),
        Traffic(erlangs),
        dict(zip(erlangs, waits, strict=True)),
        (Plain(9, 8), Plain(11, 8)),
    )


def n_design(name: str, priority_first: int, priority_second: int) -> Model:
    """Return five seats that serve the first kind alone, and five that serve both.

    Where one kind goes first the seats that serve one kind are rung first; otherwise all is by age.
    """
    design = Design(5, 5, first=4.5, second=2.5)
    first = _queue("first", {"first": 1}, priority_first)
    if priority_first == priority_second:
        solved = oldest_first(design, most=50)
    else:
        solved = by_priority(design, 1 if priority_first > priority_second else 2, most=(40, 80))
        first = replace(first, seat_order="least-skilled")
    seats = {f"a{n}": {"first": 1} for n in range(5)} | {f"b{n}": {"first": 1, "second": 1} for n in range(5)}
    return Model(
        f"N, 5 + 5 seats, 4.5 + 2.5 Erlangs, {name}",
        Plan({"first": first, "second": _queue("second", {"second": 1}, priority_second)}, seats),
        Traffic({"first": design.first, "second": design.second}),
        {
            queue: replace(one, wait=one.wait * TALK)
            for queue, one in zip(("first", "second"), solved, strict=True)
        },
        (Plain(9, 7), Plain(10, 7)),
        for_ciw=False,
    )


async def quality(_: Toolbox, console: Console) -> Report:
    """Measure; Asterisk has no part in it."""
    rows, figures, aims, speeds = [], {}, [], []
    with processes() as executor:
        for model in models():
            console.print(f"  {model.name}", highlight=False)
            done = study(partial(run, model, CALLS), executor)
            speeds.append(done.events_per_s)
            should = expected(model)
            off = {what: 100 * abs(done.found[what].mean / exact - 1) for what, exact in should.items()}
            for what, exact in should.items():
                found, name = done.found[what], f"{model.name}: {what}"
                width = f"{100 * found.relative:.1f} %"
                rows.append(
                    (name, f"{exact:.5g}", f"{found.mean:.5g}", width, f"{off[what]:.2f} %", f"{done.runs}")
                )
                figures[name] = found.mean
            aims.append(
                Aim(f"{model.name}: figure furthest off", max(off.values()), 100 * AIM, " %", most=True)
            )
            aims.append(done.narrow(model.name))
            if model.for_ciw:
                what = f"{model.name}: callers of {COMPARED:,} who fare otherwise by Ciw"
                aims.append(Aim(what, differing(model, COMPARED, seed=1), 0, most=True))
    figures["simulated_events_per_s"] = sum(speeds) / len(speeds)
    columns = ("centre: figure", "exact", "found", "95 % interval, ±", "off by", f"runs of {CALLS:,} calls")
    return Report("The distributor's decisions against exact answers", columns, rows, figures, aims)


def expected(model: Model) -> dict[str, float]:
    """Return the exact figures by name."""
    return {
        f"{queue}, {what}": getattr(waits, name)
        for queue, waits in model.exact.items()
        for name, what in FIGURES.items()
        if getattr(waits, name)
    }


def run(model: Model, number: int, seed: int) -> Run:
    """Let so many calls come, once."""
    coming, edge = calls(model.traffic, number, seed), number // 10
    told = tell(model.plan, coming, edge)
    found = _figures(told.facts)
    controls = [missed for plain in model.plain for missed in plain.missed(coming, edge)]
    return Run({name: found[name] for name in expected(model)}, controls, told.events, told.seconds)


def differing(model: Model, number: int, seed: int) -> int:
    """Return how many of the same callers wait differently (ms), or give up or not, by Ciw."""
    coming = calls(model.traffic, number, seed)
    ours = {
        number_of(fact.visit): (fact.waited_ms, fact.how == "abandoned")
        for fact in tell(model.plan, coming).facts
        if isinstance(fact, Outcome)
    }
    ranks = {name: queue.priority for name, queue in model.plan.queues.items()}
    theirs = oracle.waits(coming, len(model.plan.seats), ranks)
    return sum(ours[n] != one for n, one in enumerate(theirs))


def _figures(facts: Iterable[Fact]) -> dict[str, float]:
    over, queued, gave_up, waited_ms = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for fact in facts:
        queue = fact.caller.queue
        if isinstance(fact, Outcome):
            over[queue] += 1
            waited_ms[queue] += fact.waited_ms
            gave_up[queue] += fact.how == "abandoned"
        else:
            queued[queue] += 1
    return {
        f"{queue}, {what}": value / of
        for queue, of in over.items()
        for what, value in zip(
            FIGURES.values(), (waited_ms[queue] / 1000, queued[queue], gave_up[queue]), strict=True
        )
    }


def _queue(name: str, skills: Mapping[str, int], priority: int = 0) -> QueuePlan:
    return QueuePlan(name, skills, wrap_up_ms=0, priority=priority)
