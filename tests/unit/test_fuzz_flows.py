"""Broken flows of every kind: the loader tells what is wrong, never breaks; and what it lets through can be called."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from structlog.typing import EventDict

from ivr.call import CallLost
from ivr.facts import Fact
from ivr.house import Caller
from ivr.language.expression import ExpressionFailed
from ivr.language.flow import FlowSet
from ivr.lint.codes import CODES
from ivr.reading.document import UNPRINTABLE
from ivr.reading.loader import Loaded, look_at
from ivr.reading.names import LookupForm, SiteNames
from ivr.rehearsal.call import Act, HangUp, Press, RehearsedCall, Silence, UnspokenPrompts
from ivr.rehearsal.house import QUEUE_DOES, RehearsedHouse, Stubs
from ivr.run import EndlessLoop, FlowRun
from ivr.saying import Unspeakable
from ivr.verbs import VERBS
from ivr.verbs.set import VariableTooLarge
from ivr.verbs.switch import NoCondition

SITE = SiteNames(
    queues=("billing", "faults", "sales", "complaints", "operator"),
    skills=("broadband",),
    seats=("lihua",),
    lookups={"customer": LookupForm(frozenset({"number"}), frozenset({"number"}))},
    allows=lambda number: number.startswith("0755"),
)
SAMPLE = (Path(__file__).parents[2] / "flows" / "customer-hotline.yaml").read_text(encoding="utf-8")
PROMPTS = (Path(__file__).parents[2] / "flows" / "prompts.yaml").read_text(encoding="utf-8")
EXAMPLES = "\n".join(
    f"  n-{verb}:\n" + "".join(f"    {line}\n" for line in kind.example.strip().splitlines())
    for verb, kind in VERBS.items()
)
TARGETS = ("main", "end", "n-play", "n-menu", "n-collect", "n-queue", "n-return", "lost")
WORDS = (
    *(
        "zh",
        "en",
        "hello",
        "welcome",
        "faults",
        "customer",
        "lihua",
        "broadband",
        "office",
        "vars.card",
        "other",
    ),
    *(
        "=vars.card",
        "=vars.tries + 1",
        "=caller.number",
        "=1 / 0",
        "=",
        "5s",
        "10%",
        "",
        "~",
        "on",
        "0123",
        "12:30",
    ),
    *(
        '"*"',
        "*",
        "#",
        '"#"',
        "9XX",
        "1-3",
        "1[3-9]X{9}",
        "true",
        "-1",
        "9" * 30,
        "1e999",
        "~",
        "{}",
        "[]",
        "&a",
        "!x",
    ),
    *(
        "mon-fri",
        '"08:30-18:00"',
        "daily",
        "CN",
        "Asia/Shanghai",
        "2027-02-17",
        "'",
        '"',
        "{",
        "}",
        "[",
        "]",
        ": ",
        "- ",
    ),
)
KEYS = tuple(
    dict.fromkeys(field.alias or name for kind in VERBS.values() for name, field in kind.model_fields.items())
)
LINES = SAMPLE.splitlines()
ROUNDS = 60
OF_VALUES = (ExpressionFailed, VariableTooLarge, NoCondition, Unspeakable, EndlessLoop)


def load(folder: Path, flow: str, prompts: str = PROMPTS) -> Loaded:
    (folder / "hotline.yaml").write_bytes(flow.encode("utf-8", "surrogatepass"))
    (folder / "prompts.yaml").write_text(prompts, encoding="utf-8")
    loaded = look_at(folder, SITE)
    assert all(problem.code in CODES for problem in loaded.problems)
    assert all(problem.line >= 1 and problem.column >= 1 for problem in loaded.problems)
    assert (loaded.flows is None) == any(problem.severity == "error" for problem in loaded.problems)
    return loaded


class Deaf:
    """Hears nothing of what a call does."""

    def entered(self, *told: object) -> None: ...

    def left(self, name: str, /) -> None: ...

    def noted(self, fact: Fact) -> None: ...


async def call(flows: FlowSet, flow: str, chance: random.Random) -> None:
    """Call a flow as somebody who presses, waits and hangs up as it comes; whatever he does, the call ends."""
    script: list[Act] = [
        chance.choice([Press(chance.choice("0123456789*#"), chance.random() < 0.5), Silence()])
        for _ in range(chance.randrange(40))
    ]
    rehearsed = RehearsedCall([*script, HangUp()], rings=["answered", "no-answer", "busy", "answered"])
    stubs = Stubs(
        queues={queue: [chance.choice(QUEUE_DOES)] for queue in SITE.queues},  # type: ignore[list-item]
        lookups={"customer": chance.choice([{"name": "Li", "balance": 12}, None, "timeout", "error"])},
    )
    house = RehearsedHouse(stubs, rehearsed).house
    caller = Caller("13800138000", "10000")
    run = FlowRun(flows, flow, rehearsed, house, UnspokenPrompts(), Deaf(), caller)
    failures: list[BaseException | None] = []

    def keep(logger: object, method: str, event: EventDict) -> EventDict:
        failures.append(sys.exc_info()[1])
        return event

    with capture_logs(processors=[keep]), contextlib.suppress(CallLost):
        async with asyncio.timeout(5):
            await run.run()
    # What a node may fail by is what depends on the values that it meets; anything else the checker has overlooked.
    assert all(isinstance(failure, OF_VALUES) for failure in failures), failures


def call_all(loaded: Loaded, seed: int) -> None:
    async def everyone() -> None:
        chance = random.Random(seed)
        for _ in range(20):
            for flow in loaded.flows.flows if loaded.flows is not None else ():
                await call(loaded.flows, flow, chance)  # type: ignore[arg-type]

    if loaded.flows is not None:
        asyncio.run(everyone())


def mutated(text: str, chance: random.Random) -> str:
    """Return a text in which a few lines are not what they were."""
    lines = text.splitlines()
    changes: list[Callable[[int], None]] = [
        lambda at: lines.pop(at) and None,
        lambda at: lines.insert(at, lines[at]),
        lambda at: lines.insert(chance.randrange(len(lines)), lines.pop(at)),
        lambda at: lines.__setitem__(at, " " * chance.randrange(6) + lines[at].strip()),
        lambda at: lines.__setitem__(at, _with_word(lines[at], chance)),
        lambda at: lines.__setitem__(at, lines[at][: chance.randrange(len(lines[at]) + 1)]),
        lambda at: lines.insert(at, f"    {chance.choice(KEYS)}: {chance.choice(WORDS + TARGETS)}"),
    ]
    for _ in range(chance.randrange(1, 4)):
        if lines:
            chance.choice(changes)(chance.randrange(len(lines)))
    return "\n".join(lines) + "\n"


def _with_word(line: str, chance: random.Random) -> str:
    key, colon, _ = line.partition(":")
    return f"{key}{colon} {chance.choice(WORDS + TARGETS)}"


@pytest.mark.parametrize("seed", range(8))
def test_a_sample_with_lines_changed_is_told_or_can_be_called(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    called = 0
    for _ in range(40):
        loaded = load(tmp_path, mutated(SAMPLE, chance), mutated(PROMPTS, chance) if seed % 2 else PROMPTS)
        if loaded.flows is not None and called < 4:
            called += 1
            call_all(loaded, seed)


@pytest.mark.parametrize("seed", range(4))
def test_the_examples_of_all_verbs_with_lines_changed_are_told(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    whole = f"flow: a\nlanguages: [en]\nstart: n-play\nnodes:\n{EXAMPLES}"
    for _ in range(25):
        load(tmp_path, mutated(whole, chance))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, len(SAMPLE)))
def test_bytes_in_the_midst_of_a_flow_are_told(tmp_path: Path, noise: bytes, at: int) -> None:
    whole = SAMPLE.encode()
    (tmp_path / "hotline.yaml").write_bytes(whole[:at] + noise + whole[at:])
    (tmp_path / "prompts.yaml").write_bytes(noise)
    assert all(problem.code in CODES for problem in look_at(tmp_path, SITE).problems)


scalars = st.sampled_from(WORDS + TARGETS)
inner = st.recursive(
    scalars,
    lambda more: (
        st.lists(more, max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
        | st.dictionaries(st.sampled_from(KEYS + TARGETS + WORDS), more, max_size=4).map(
            lambda parts: "{" + ", ".join(f"{key}: {part}" for key, part in parts.items()) + "}"
        )
    ),
    max_leaves=8,
)
node = st.dictionaries(st.sampled_from(KEYS), inner, min_size=1, max_size=5)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(TARGETS), node, min_size=1, max_size=5),
    st.dictionaries(
        st.sampled_from(
            ["prompts", "hours", "error", "arguments", "canary", "languages", "start", "flow", "x"]
        ),
        inner,
        max_size=4,
    ),
)
def test_a_flow_of_random_words_of_ours_is_told_or_can_be_called(
    tmp_path: Path, nodes: dict[str, dict[str, str]], more: dict[str, str]
) -> None:
    head = {"flow": "a", "languages": "[en]", "start": "main", "prompts": "{hello: {en: Hello}}", **more}
    text = "".join(f"{key}: {part}\n" for key, part in head.items()) + "nodes:\n"
    for name, keys in nodes.items():
        text += f"  {name}:\n" + "".join(f"    {key}: {part}\n" for key, part in keys.items())
    text = UNPRINTABLE.sub("", text)
    call_all(load(tmp_path, text), 1)


NODES = (  # A is the node that follows; B and C are any
    "{play: hello, next: A}",
    "{menu: hello, keys: {1: A, 12: B, '*': C, 3XX: end}, into: key, failure: end}",
    "{collect: hello, into: card, length: 2-4, next: A, failure: B}",
    "{set: {card: '=vars.card + 1', key: now, n: '=now.hour'}, next: A}",
    "{switch: [{if: 'vars.card > 2', then: B}], otherwise: A}",
    "{switch: [{if: '!has(vars.n)', then: A}, {if: 'vars.n > 3', then: B}], otherwise: C}",
    "{queue: faults, keys: {1: B}, answered: A, otherwise: C}",
    "{lookup: customer, with: {number: '=vars.card'}, into: card, next: A, nothing: B, error: C}",
    "{play: [{money: '=vars.card'}, {date: '=now.date'}], next: A}",
    "{play: {digits: '=vars.key'}, next: A, error: B}",
    "{split: {A: 40, end: 60}}",
    "{survey: [hello, hello], next: A}",
    "{voicemail: hello, next: A}",
    "{record: hello, into: key, next: A, nothing: B}",
    "{transfer: {number: '=caller.number'}, answered: A, failure: B}",
    "{transfer: {seat: lihua, queue: faults}, answered: A, failure: B}",
    "{callback: faults, number: '=vars.key', at: '=vars.card', next: A, not_allowed: B}",
    "{tag: {business: '=vars.key'}, next: A}",
    "{announce: {area: '=vars.key'}, next: A}",
    "{hours: office, open: A, closed: B}",
    "{language: en, next: A}",
    "{flow: b, with: {card: '=vars.card'}, into: card, exits: {other: B}, next: A}",
)
HEAD = """\
flow: a
languages: [en, zh]
start: first
error: end
prompts: {hello: {en: Hello, zh: 你好}}
hours: {office: {week: {daily: "08:00-18:00"}}}
nodes:
  first: {set: {key: 1, card: 2}, next: n0}
  end: {hangup: hello}
"""
CALLED = """\
flow: b
languages: [en, zh]
start: ask
arguments: [card]
prompts: {hello: {en: Hello, zh: 你好}}
nodes:
  ask: {menu: hello, keys: {1: other}, failure: found}
  other: {return: other, with: {card: =vars.card}}
  found: {return: , with: {balance: 12}}
"""


def test_whatever_is_let_through_can_be_called(tmp_path: Path) -> None:
    """Nodes whose form is right, put together at random: loops and failing values among them."""
    (tmp_path / "b.yaml").write_text(CALLED, encoding="utf-8")
    chance = random.Random(7)
    through = 0
    for _ in range(ROUNDS):
        size = chance.randrange(1, 9)
        names = [*(f"n{place}" for place in range(size)), "end"]
        nodes = []
        for place in range(size):
            others = {"A": names[place + 1], "B": chance.choice(names), "C": chance.choice(names)}
            node = re.sub(r"\b[ABC]\b", lambda found: others[found[0]], chance.choice(NODES))  # noqa: B023
            nodes.append(f"  {names[place]}: {node}\n")
        loaded = load(tmp_path, HEAD + "".join(nodes))
        through += loaded.flows is not None
        call_all(loaded, chance.randrange(1000))
    assert through > ROUNDS / 6
