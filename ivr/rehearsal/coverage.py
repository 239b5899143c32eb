"""How much of the flows the rehearsals have tried: nodes, and the exits that the documents name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ivr.language.flow import FlowSet
from ivr.rehearsal.call import Passed
from ivr.verbs.subflow import CALL, RETURN, Return
from ivr.verbs.verb import Verb

FALLBACKS = ("otherwise", "failure", "closed", "next")  # exits that are taken in place of others not named


@dataclass(frozen=True, slots=True)
class FlowCoverage:
    """What was tried of one flow, and what was not, in the document's order."""

    flow: str
    nodes: int
    exits: int
    missed_nodes: tuple[str, ...]
    missed_exits: tuple[tuple[str, str], ...]  # node, exit

    @property
    def percent(self) -> float:
        """The share of nodes and exits that were tried."""
        total = self.nodes + self.exits
        return 100 * (1 - (len(self.missed_nodes) + len(self.missed_exits)) / total)


class Coverage:
    """Gathers what rehearsed calls went through."""

    def __init__(self, live: FlowSet) -> None:
        self._live = live
        self._nodes: set[tuple[str, str]] = set()
        self._exits: set[tuple[str, str, str]] = set()
        self._declared: dict[tuple[str, str], Mapping[str, str]] = {
            (str(name), str(node)): {out.name: str(out.target) for out in verb.exits()}
            for name, flow in live.flows.items()
            for node, verb in flow.nodes.items()
        }

    def add(self, passed: Iterable[Passed]) -> None:
        """Add the way of one call."""
        for step in passed:
            self._nodes.add((step.flow, step.node))
            if step.exit not in (None, CALL, RETURN):
                self._leave(step.flow, step.node, step.exit)
            verb = self._node(step.flow, step.node)
            if isinstance(verb, Return) and step.exit == RETURN and step.caller is not None:
                flow, node, *_ = json.loads(step.caller)
                self._leave(flow, node, str(verb.return_ or "next"))

    def _node(self, flow: str, node: str) -> Verb:
        return self._live.flows[flow].nodes[node]  # type: ignore[index]

    def _leave(self, flow: str, node: str, name: str) -> None:
        declared = self._declared[flow, node]
        if name not in declared:
            target = self._node(flow, node).way(name)
            name = next((other for other in FALLBACKS if declared.get(other) == target), name)
        if name in declared:
            self._exits.add((flow, node, name))

    def of(self, flow: str) -> FlowCoverage:
        """Return what was tried of a flow."""
        nodes = [str(node) for node in self._live.flows[flow].nodes]
        exits = [(node, name) for node in nodes for name in self._declared[flow, node]]
        return FlowCoverage(
            flow,
            len(nodes),
            len(exits),
            tuple(node for node in nodes if (flow, node) not in self._nodes),
            tuple((node, name) for node, name in exits if (flow, node, name) not in self._exits),
        )
