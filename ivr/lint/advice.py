"""What is not wrong in flows but hard on their callers: long menus, long greetings, long ways to a person."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping

from ivr.language.flow import values_of
from ivr.language.words import PromptName
from ivr.lint.paths import components
from ivr.reading.folder import FlowFile
from ivr.reading.problem import Problem
from ivr.verbs.callback import Callback
from ivr.verbs.collect import Collect
from ivr.verbs.menu import Menu
from ivr.verbs.queue import Queue
from ivr.verbs.seat import Seat
from ivr.verbs.subflow import Return, SubFlow
from ivr.verbs.transfer import Transfer
from ivr.verbs.verb import Verb

MOST_CHOICES = 5
DEEPEST_MENU = 3
LONGEST_GREETING_S = 15.0
LONGEST_WAY_S = 60.0
VALUE_S = 1.5  # what a spoken value takes, about
BACK = ("*", "#")  # keys that lead back or repeat are no choices to remember
PERSON = (Queue, Transfer, Callback)


def advice(files: Mapping[str, FlowFile], lengths: Mapping[str, Callable[[str], float]]) -> Iterator[Problem]:
    """Yield every warning. ``lengths`` gives for each flow the seconds of its prompts, in its first language.

    Ways are measured for flows that are right, with the flows that they call, all prompts heard out.
    """
    for file in files.values():
        yield from _choices(file)
    order = _callees_first(files)
    ways = _Ways({name: files[name] for name in order}, lengths)
    called = {callee for file in files.values() for callee in file.callees}
    for name in reversed(order):
        yield from ways.in_flow(name)
        if name not in called:
            yield from ways.greeting(name)
            yield from ways.no_person(name)


def _choices(file: FlowFile) -> Iterator[Problem]:
    for name, node in file.flow.nodes.items():
        if isinstance(node, Menu):
            choices = [key for key in node.keys if key not in BACK]
            if len(choices) > MOST_CHOICES:
                message = f"{len(choices)} choices are more than people remember; {MOST_CHOICES} are enough"
                yield _warning(file, ("nodes", str(name), "keys"), "many-choices", message)


def _warning(file: FlowFile, path: tuple[str | int, ...], code: str, message: str) -> Problem:
    return file.source.problem(path, code, message, "warning", of_key=True)


def _callees_first(files: Mapping[str, FlowFile]) -> list[str]:
    """Return the flows whose ways can be measured: right ones, that call none but such, and not one another."""
    graph = {name: [callee for callee in file.callees if callee in files] for name, file in files.items()}
    order: list[str] = []
    for component in components(graph):
        name = component[0]
        callees = files[name].callees
        if len(component) == 1 and files[name].leads_to_nodes and all(callee in order for callee in callees):
            order.append(name)
    return order


class _Ways:
    """The shortest ways through flows, which come with those that they call before them."""

    def __init__(self, files: Mapping[str, FlowFile], lengths: Mapping[str, Callable[[str], float]]) -> None:
        self._files = files
        self._seconds = {name: self._listened(file, lengths[name]) for name, file in files.items()}
        self._menus = {
            name: {str(key): float(isinstance(node, Menu)) for key, node in file.flow.nodes.items()}
            for name, file in files.items()
        }
        self._to_person: set[str] = set()
        for name, file in files.items():
            for costs in (self._seconds, self._menus):
                for key, node in file.flow.nodes.items():
                    if isinstance(node, SubFlow):
                        costs[name][str(key)] += self._through(str(node.flow), costs[str(node.flow)])
            if any(self._is_person(file.flow.nodes[key]) for key in self._least(name, self._menus[name])):  # type: ignore[index]
                self._to_person.add(name)
        self._begins: dict[str, tuple[float, float]] = {}

    def in_flow(self, name: str) -> Iterator[Problem]:
        """Yield what is far from the beginning of a call. Flows that call this one must have been asked before."""
        file = self._files[name]
        seconds_before, menus_before = self._begins.get(name, (0.0, 0.0))
        seconds = self._least(name, self._seconds[name], seconds_before)
        menus = self._least(name, self._menus[name], menus_before)
        for key in seconds:
            node, path = file.flow.nodes[key], ("nodes", key)  # type: ignore[index]
            if isinstance(node, SubFlow):
                callee, here = str(node.flow), (seconds[key], menus[key])
                known = self._begins.get(callee, here)
                self._begins[callee] = (min(known[0], here[0]), min(known[1], here[1]))
            if isinstance(node, PERSON) and seconds[key] > LONGEST_WAY_S:
                message = (
                    f"the quickest way to this person takes {seconds[key]:.0f} s of listening; "
                    f"{LONGEST_WAY_S:.0f} are plenty"
                )
                yield _warning(file, path, "long-way", message)
            if isinstance(node, Menu) and menus[key] == DEEPEST_MENU:  # and not again for those behind it
                message = f"callers go through {DEEPEST_MENU} menus before this one; {DEEPEST_MENU} in all are plenty"
                yield _warning(file, path, "deep-menu", message)

    def greeting(self, name: str) -> Iterator[Problem]:
        """Yield the warning of a long greeting: all that is said before a caller is first asked something."""
        file = self._files[name]
        first = self._least(name, self._seconds[name], until=(Menu, Collect, SubFlow))
        asked = [key for key in first if isinstance(file.flow.nodes[key], (Menu, Collect, SubFlow))]  # type: ignore[index]
        longest = max((first[key] for key in asked), default=0.0)
        if longest > LONGEST_GREETING_S:
            message = f"callers listen to {longest:.0f} s before the first choice; {LONGEST_GREETING_S:.0f} are plenty"
            yield _warning(file, ("nodes", str(file.flow.start)), "long-greeting", message)

    def no_person(self, name: str) -> Iterator[Problem]:
        """Yield the warning of a flow that leads to nobody."""
        agents_own = any(isinstance(node, Seat) for node in self._files[name].flow.nodes.values())
        if name not in self._to_person and not agents_own:
            message = "no way of this flow leads to a person: to a queue, a transfer or a call-back"
            yield _warning(self._files[name], ("start",), "no-person", message)

    def _listened(self, file: FlowFile, length: Callable[[str], float]) -> dict[str, float]:
        """Return the seconds that each node's own prompt takes."""
        found = {}
        for name, node in file.flow.nodes.items():
            said = (word for word in node.words if isinstance(word.word, PromptName))
            seconds = sum(length(str(word.word)) for word in said if word.path[0] == node.verb)
            values = sum(path[:1] == (node.verb,) for path, _ in values_of(node))
            found[str(name)] = seconds + values * VALUE_S
        return found

    def _is_person(self, node: Verb) -> bool:
        return isinstance(node, PERSON) or (isinstance(node, SubFlow) and str(node.flow) in self._to_person)

    def _through(self, name: str, costs: Mapping[str, float]) -> float:
        """Return the least that a flow costs from its start to where it returns."""
        nodes = self._files[name].flow.nodes
        ends = [cost for key, cost in self._least(name, costs).items() if isinstance(nodes[key], Return)]  # type: ignore[index]
        return min(ends, default=0.0)

    def _least(
        self,
        name: str,
        costs: Mapping[str, float],
        begin: float = 0.0,
        until: tuple[type[Verb], ...] = (),
    ) -> dict[str, float]:
        """Return the least cost on a way to each node, after Dijkstra; no way leads on from ``until``."""
        file = self._files[name]
        found: dict[str, float] = {}
        ahead = [(begin, str(file.flow.start))]
        while ahead:
            cost, key = heapq.heappop(ahead)
            if key in found:
                continue
            found[key] = cost
            if isinstance(file.flow.nodes[key], until):  # type: ignore[index]
                continue
            for out in file.exits[key]:
                if out.name != "error" and out.target not in found:
                    heapq.heappush(ahead, (cost + costs[key], str(out.target)))
        return found
