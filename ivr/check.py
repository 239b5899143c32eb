"""What must be right in a flow beyond the form of its keys: every name known, every way leading to an end."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ivr.duration import WHOLE
from ivr.flow import Flow, Hangup, Menu, Node, Queue, SetLanguage, prompts_of
from ivr.paths import Graph, components, reached, round_trip
from ivr.problem import Problem, did_you_mean, nearest
from ivr.source import Source


class Check:
    """Checks one flow against its own nodes and the site's names."""

    def __init__(
        self,
        source: Source,
        flow: Flow,
        *,
        nodes: Collection[str],
        prompts: Collection[str],
        queues: Collection[str],
        skills: Collection[str],
    ) -> None:
        """``nodes`` are all names, also of nodes too wrong to be in ``flow``."""
        self._source = source
        self._flow = flow
        self._nodes = nodes
        self._prompts = prompts
        self._queues = queues
        self._skills = skills

    def problems(self) -> Iterator[Problem]:
        """Yield every problem of the flow."""
        yield from self._header()
        for name, node in self._flow.nodes.items():
            yield from self._exits(name, node)
            yield from self._names(name, node)
        if len(self._flow.nodes) == len(self._nodes):
            yield from self._ways()

    def _unknown(
        self, path: tuple[str | int, ...], kind: str, word: str, known: Collection[str], of_key: bool = False
    ) -> Problem:
        message = f"unknown {kind} {word!r}{did_you_mean(word, known)}"
        return self._source.problem(path, f"unknown-{kind}", message, of_key=of_key)

    def _header(self) -> Iterator[Problem]:
        for key, target in (("start", self._flow.start), ("error", self._flow.error)):
            if target is not None and target not in self._nodes:
                yield self._unknown((key,), "node", target, self._nodes)
        for index, language in enumerate(self._flow.languages):
            if language in self._flow.languages[:index]:
                message = f"the language {language!r} is here twice"
                yield self._source.problem(("languages", index), "duplicate-language", message)

    def _exits(self, name: str, node: Node) -> Iterator[Problem]:
        for out in node.exits():
            if out.target in self._nodes:
                continue
            path = ("nodes", name, *out.path)
            if isinstance(node, Menu) and out.name == "timeout" and WHOLE.match(out.target):
                message = f"timeout names a node; how long to wait for a key is wait: {out.target}"
                yield self._source.problem(path, "unknown-node", message)
            else:
                yield self._unknown(path, "node", out.target, self._nodes)

    def _names(self, name: str, node: Node) -> Iterator[Problem]:
        for path, prompt in prompts_of(node):
            if prompt not in self._prompts:
                yield self._unknown(("nodes", name, *path), "prompt", prompt, self._prompts)
        match node:
            case Queue():
                if node.queue not in self._queues:
                    yield self._unknown(("nodes", name, "queue"), "queue", node.queue, self._queues)
                for skill in node.skills:
                    if skill not in self._skills:
                        path = ("nodes", name, "skills", skill)
                        yield self._unknown(path, "skill", skill, self._skills, of_key=True)
            case SetLanguage(language=language) if language not in self._flow.languages:
                yield self._unknown(("nodes", name, "language"), "language", language, self._flow.languages)

    def _ways(self) -> Iterator[Problem]:
        # A misspelt name counts as the node that was meant, so that one mistake is told once; where none
        # can be meant the ways are unknown.
        meant: dict[str, str | None] = {name: name for name in self._nodes}

        def resolve(target: str) -> str | None:
            if target not in meant:
                meant[target] = nearest(target, self._nodes)
            return meant[target]

        nodes = self._flow.nodes
        begins = [self._flow.start, *([self._flow.error] if self._flow.error is not None else [])]
        targets = [*begins, *(out.target for node in nodes.values() for out in node.exits())]
        if any(resolve(target) is None for target in targets):
            return

        def graph(alone: bool) -> dict[str, list[str]]:
            return {
                name: [str(resolve(out.target)) for out in node.exits() if not (alone and out.by_caller)]
                for name, node in nodes.items()
            }

        whole = graph(alone=False)
        live = reached(whole, [str(resolve(name)) for name in begins])
        for name in nodes:
            if name not in live:
                message = f"no way leads to the node {name!r}; let an exit name it, or remove it"
                yield self._source.problem(("nodes", name), "unreachable", message, of_key=True)
        yield from self._nowhere(whole, live)
        yield from self._round(graph(alone=True))

    def _nowhere(self, graph: Graph, live: set[str]) -> Iterator[Problem]:
        ends = {name for name, node in self._flow.nodes.items() if _ends(node)}
        order = {name: place for place, name in enumerate(self._flow.nodes)}
        for component in components(graph):
            members = set(component)
            leaves = any(target not in members for name in members for target in graph[name])
            if not leaves and not members & ends and members <= live:
                first = min(members, key=order.__getitem__)
                message = "from here no way leads to an end; let an exit lead to a hangup node"
                yield self._source.problem(("nodes", first), "leads-nowhere", message, of_key=True)

    def _round(self, graph: Graph) -> Iterator[Problem]:
        order = {name: place for place, name in enumerate(self._flow.nodes)}
        for component in components(graph):
            first = min(component, key=order.__getitem__)
            way = round_trip(graph, first) if len(component) > 1 or first in graph[first] else []
            if way:
                message = (
                    f"a call can go round here for ever without a key from the caller: {' → '.join(way)}"
                )
                yield self._source.problem(("nodes", first), "endless-loop", message, of_key=True)


def _ends(node: Node) -> bool:
    return isinstance(node, Hangup) or (isinstance(node, Queue) and node.answered is None)
