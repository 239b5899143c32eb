"""What must be right of a flow's ways: every node reached, an end ahead of each, no round without its caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ivr.language.expression import Expression
from ivr.language.flow import Flow
from ivr.lint.paths import Graph, components, reached, round_trip
from ivr.reading.folder import FlowFile
from ivr.reading.problem import Problem, nearest
from ivr.verbs.collect import Collect
from ivr.verbs.menu import Menu
from ivr.verbs.set import Set
from ivr.verbs.subflow import SubFlow
from ivr.verbs.switch import Switch
from ivr.verbs.verb import Verb

MOST_GUESSED = 50  # names that are looked for among all others, which takes its time


class Ways:
    """Checks the ways through one flow. A node too wrong to be read leads wherever its text names a node."""

    def __init__(self, file: FlowFile, flows: Mapping[str, Flow]) -> None:
        self._file = file
        self._flow = file.flow
        self._flows = flows
        self._order = {name: place for place, name in enumerate(file.source.data["nodes"])}
        # A misspelt name counts as the node that was meant, so that one mistake is told once; where none
        # can be meant the ways are unknown.
        self._meant: dict[str, str | None] = {name: name for name in self._order}

    def problems(self) -> Iterator[Problem]:
        """Yield every problem of the ways, as far as they are known."""
        if self._file.is_flawed or self._file.lacks("start") or self._file.lacks("error"):
            return
        begins = [self._flow.start, *([self._flow.error] if self._flow.error is not None else [])]
        targets = [*begins, *(out.target for exits in self._file.exits.values() for out in exits)]
        if any(self._resolve(target) is None for target in targets):
            return
        whole = self._graph()
        live = reached(whole, [str(self._resolve(name)) for name in begins])
        yield from self._unreachable(whole, live)
        yield from self._nowhere(whole, live)
        yield from self._rounds(self._graph(alone=True))

    def _graph(self, *, alone: bool = False) -> dict[str, list[str]]:
        """Return each node with those that follow it; ``alone``: without the caller's doing anything."""
        graph: dict[str, list[str]] = {}
        for name in self._order:
            if name in self._file.broken:
                named = set(_texts(self._file.broken[name])) & self._order.keys()
                graph[name] = [] if alone else sorted(named, key=self._order.__getitem__)
                continue
            asks = alone and self._asks(self._flow.nodes[name])
            graph[name] = [
                str(self._resolve(out.target))
                for out in self._file.exits[name]
                if not (alone and (out.by_caller or asks))
            ]
        return graph

    def _asks(self, node: Verb) -> bool:
        """Tell whether a node is a flow that asks the caller something."""
        callee = self._flows.get(str(node.flow)) if isinstance(node, SubFlow) else None
        return callee is not None and any(
            isinstance(inner, Menu | Collect) for inner in callee.nodes.values()
        )

    def _resolve(self, target: str) -> str | None:
        if target not in self._meant:
            guessed = len(self._meant) - len(self._order)
            self._meant[target] = nearest(target, self._order) if guessed < MOST_GUESSED else None
        return self._meant[target]

    def _unreachable(self, graph: Graph, live: set[str]) -> Iterator[Problem]:
        """Yield the nodes that no way leads to; not also those that only they lead to."""
        lost = {
            name: [target for target in graph[name] if target not in live]
            for name in graph
            if name not in live
        }
        behind: set[str] = set()
        for component in reversed(components(lost)):
            if not behind.intersection(component):
                name = min(component, key=self._order.__getitem__)
                message = f"no way leads to the node {name!r}; let an exit name it, or remove it"
                yield self._file.source.problem(("nodes", name), "unreachable", message, of_key=True)
            behind.update(target for name in component for target in lost[name])

    def _nowhere(self, graph: Graph, live: set[str]) -> Iterator[Problem]:
        ends = {
            str(name) for name, node in self._flow.nodes.items() if node.may_end
        } | self._file.broken.keys()
        for component in components(graph):
            members = set(component)
            leaves = any(target not in members for name in members for target in graph[name])
            if not leaves and not members & ends and members <= live:
                first = min(members, key=self._order.__getitem__)
                message = "from here no way leads to an end; let an exit lead to a hangup node"
                yield self._file.source.problem(("nodes", first), "leads-nowhere", message, of_key=True)

    def _rounds(self, graph: Graph) -> Iterator[Problem]:
        for component in components(graph):
            members = set(component)
            bounds = self._bounds(component) if len(component) > 1 else set()
            rest = {
                name: [target for target in graph[name] if target in members and target not in bounds]
                for name in component
                if name not in bounds
            }
            for inner in components(rest):
                first = min(inner, key=self._order.__getitem__)
                way = round_trip(rest, first)
                if way:
                    message = (
                        f"a call can go round here for ever without a key from the caller: {' → '.join(way)}; "
                        "let one of them lead to an end, or to a person"
                    )
                    path = ("nodes", first)
                    yield self._file.source.problem(path, "endless-loop", message, of_key=True)

    def _bounds(self, component: list[str]) -> set[str]:
        """Return the switches that look at a variable which counts within the round: they bound it."""
        nodes = {name: node for name in component if (node := self._flow.nodes.get(name)) is not None}  # type: ignore[call-overload]
        counters = {
            str(variable)
            for node in nodes.values()
            if isinstance(node, Set)
            for variable, written in node.set.items()
            if isinstance(written, Expression) and variable in written.variables()
        }
        return {
            name
            for name, node in nodes.items()
            if isinstance(node, Switch) and any(case.condition.variables() & counters for case in node.switch)
        }


def _texts(written: Any) -> Iterator[str]:
    """Yield every text in what is written, the keys too: a split's nodes are keys."""
    if isinstance(written, str):
        yield written
    elif isinstance(written, Mapping):
        for key, value in written.items():
            yield key
            yield from _texts(value)
    elif isinstance(written, list):
        for value in written:
            yield from _texts(value)
