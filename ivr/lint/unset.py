"""Variables that a call may meet before anything has set them: there a node fails."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from ivr.language.expression import Expression
from ivr.language.flow import prompts_of, values_of
from ivr.language.prompt import Prompt
from ivr.reading.folder import FlowFile
from ivr.reading.problem import Problem
from ivr.verbs.collect import Collect
from ivr.verbs.switch import Switch
from ivr.verbs.verb import Exit, Verb

HAS = re.compile(r"(!\s*)?\bhas\s*\(\s*vars\.(\w+)\s*\)")
FAILED = frozenset({"error", "timeout", "invalid", "failure", "nothing"})  # by these a node has set nothing
Read = tuple[tuple[str | int, ...], set[str]]


def unset(file: FlowFile, prompts: Mapping[str, Prompt]) -> Iterator[Problem]:
    """Warn of each variable that is read where on some way nothing has set it, unless ``has()`` was asked before.

    Where it is read a second time on a way it is there, or the call would not have come so far.
    """
    said = {name: _read_by(prompt) for name, prompt in prompts.items()}
    reads = {str(name): _reads(node, said) for name, node in file.flow.nodes.items()}
    known = set(file.variables or ()) & {
        name for read in reads.values() for _, names in read for name in names
    }
    if not known:
        return
    bits = {name: 1 << place for place, name in enumerate(sorted(known))}
    before = _set_before(file, reads, bits)
    for node, read in reads.items():
        for place, names in read if node in before else ():
            for name in sorted(names & known):
                if not before[node] & bits[name]:
                    message = (
                        f"on some way nothing has set the variable {name!r} yet, and then this node fails; set it "
                        f"before, or ask has(vars.{name}) first"
                    )
                    path = ("nodes", node, *place)
                    yield file.source.problem(path, "maybe-unset", message, "warning")


def _set_before(
    file: FlowFile, reads: Mapping[str, Sequence[Read]], bits: Mapping[str, int]
) -> dict[str, int]:
    """Return for each node that can be reached the variables that are set on every way to it, as bits."""
    nodes = {str(name): node for name, node in file.flow.nodes.items()}
    outs = {
        name: [(str(out.target), _bits(_sure_after(nodes[name], reads[name], out), bits)) for out in exits]
        for name, exits in file.exits.items()
    }
    start = _bits((str(name) for name in file.flow.arguments), bits)
    found: dict[str, int] = {}
    ahead = deque([(str(file.flow.start), start)])
    if (
        file.flow.error is not None
    ):  # any node may lead there, so nothing is sure but what the flow begins with
        ahead.append((str(file.flow.error), start))
    while ahead:
        name, arriving = ahead.popleft()
        now = arriving if name not in found else found[name] & arriving
        if found.get(name) != now:
            found[name] = now
            ahead.extend((target, now | more) for target, more in outs[name])
    return found


def _sure_after(node: Verb, reads: Sequence[Read], out: Exit) -> set[str]:
    if out.name == "error":
        return set()
    sure = _set_by(node, out)
    for _, names in reads[:1] if isinstance(node, Switch) else reads:
        sure |= names
    return sure


def _bits(names: Iterator[str] | set[str], bits: Mapping[str, int]) -> int:
    """Return a set of variables as one number: of thousands of nodes, each has one."""
    total = 0
    for name in names:
        total |= bits.get(name, 0)
    return total


def _set_by(node: Verb, out: Exit) -> set[str]:
    if isinstance(node, Switch):
        return _told_by(node, out.name)
    failed = out.name in FAILED or (isinstance(node, Collect) and out.name in node.keys)
    return set() if failed else {str(name) for name in node.sets()}


def _told_by(node: Switch, out: str) -> set[str]:
    """Return the variables that are set where a switch is left by an exit, since a condition asked for them."""
    number = int(out) - 1 if out.isdigit() else len(node.switch)
    told = {name for case in node.switch[:number] if (name := _lacks(case.condition)) is not None}
    if number < len(node.switch) and "||" not in node.switch[number].condition:
        told |= {asked[2] for asked in HAS.finditer(node.switch[number].condition) if not asked[1]}
    return told


def _lacks(condition: Expression) -> str | None:
    """Return the variable of a condition that is ``!has(vars.NAME)``, so that after it the variable is there."""
    asked = HAS.fullmatch(condition.strip())
    return asked[2] if asked is not None and asked[1] else None


def _reads(node: Verb, said: Mapping[str, set[str]]) -> list[Read]:
    found: list[Read] = []
    told = set(node.says)
    for place, expression in node.reads():
        found.append((place, _needed(expression) - told))
        if isinstance(node, Switch) and (name := _lacks(expression)) is not None:
            told.add(name)
    found += [(place, said[prompt] - node.says) for place, prompt in prompts_of(node) if said.get(prompt)]
    return found


def _needed(expression: Expression) -> set[str]:
    """Return the variables without which an expression has no value."""
    variables = expression.variables()
    return variables - {asked[2] for asked in HAS.finditer(expression)} if variables else variables


def _read_by(prompt: Prompt) -> set[str]:
    values = (value.value for _, value in values_of(prompt))
    return {name for value in values if isinstance(value, Expression) for name in _needed(value)}
