"""Secret digits and answers: which variables hold them, and where they must never flow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ivr.language.expression import Expression
from ivr.language.flow import Flow, prompts_of, values_of
from ivr.language.prompt import Prompt
from ivr.lint.paths import reached
from ivr.reading.folder import FlowFile
from ivr.reading.names import SiteNames
from ivr.reading.problem import Problem
from ivr.verbs.announce import Announce
from ivr.verbs.callback import Callback
from ivr.verbs.collect import Collect
from ivr.verbs.lookup import Lookup
from ivr.verbs.queue import Queue
from ivr.verbs.set import Set
from ivr.verbs.subflow import Return, SubFlow
from ivr.verbs.tag import Tag
from ivr.verbs.transfer import Transfer
from ivr.verbs.verb import Verb

Holder: TypeAlias = str  # FLOW/VARIABLE
NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Secrets:
    """The variables that hold secrets, by flow.

    ``digits`` hold what a caller entered, which must not be spoken either; ``stored`` also the secret answers of
    lookups, such as a balance, which its caller may hear.
    """

    stored: Mapping[str, frozenset[str]]
    digits: Mapping[str, frozenset[str]]


def secrets_of(flows: Mapping[str, Flow]) -> Secrets:
    """Find the secret variables, through all that is computed from them, given to other flows and returned."""
    into: dict[Holder, set[Holder]] = {}
    digits: set[Holder] = set()
    answers: set[Holder] = set()
    for name, flow in flows.items():
        for node in flow.nodes.values():
            of_node = {_holder(name, variable) for variable in node.secrets}
            (answers if isinstance(node, Lookup) else digits).update(of_node)
            for source, target in _moves(name, node, flows):
                into.setdefault(source, set()).add(target)
                into.setdefault(target, set())
    for holder in digits | answers:
        into.setdefault(holder, set())
    return Secrets(_by_flow(flows, reached(into, digits | answers)), _by_flow(flows, reached(into, digits)))


def _moves(name: str, node: Verb, flows: Mapping[str, Flow]) -> Iterator[tuple[Holder, Holder]]:
    """Yield from which variable what a node computes, gives or is returned goes into which."""
    if isinstance(node, Set):
        yield from _computed(name, ((_holder(name, str(to)), value) for to, value in node.set.items()))
    callee = flows.get(str(node.flow)) if isinstance(node, SubFlow) else None
    if not isinstance(node, SubFlow) or callee is None:
        return
    called = str(callee.flow)
    yield from _computed(name, ((_holder(called, str(to)), value) for to, value in node.given.items()))
    if node.into is not None:
        to = _holder(name, str(node.into))
        for end in callee.nodes.values():
            if isinstance(end, Return):
                yield from _computed(called, ((to, value) for value in end.given.values()))


def _computed(flow: str, targets: Iterable[tuple[Holder, object]]) -> Iterator[tuple[Holder, Holder]]:
    for to, value in targets:
        if isinstance(value, Expression):
            yield from ((_holder(flow, variable), to) for variable in value.variables())


def _holder(flow: str, variable: str) -> Holder:
    return f"{flow}/{variable}"


def _by_flow(flows: Iterable[str], holders: Iterable[Holder]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {name: set() for name in flows}
    for holder in holders:
        flow, _, variable = holder.rpartition("/")
        found[flow].add(variable)
    return {name: frozenset(variables) for name, variables in found.items()}


class Secrecy:
    """Checks where the secret variables of one flow are used. ``site`` None: what stands in URLs is unknown."""

    def __init__(
        self, file: FlowFile, secrets: Secrets, prompts: Mapping[str, Prompt], site: SiteNames | None
    ) -> None:
        self._file = file
        self._stored = secrets.stored.get(file.name, NONE)
        self._digits = secrets.digits.get(file.name, NONE)
        self._prompts = prompts
        self._site = site

    def problems(self) -> Iterator[Problem]:
        """Yield every place where a secret would be spoken, stored or shown."""
        if self._stored:
            says = {name: said for name, prompt in self._prompts.items() if (said := self._said(prompt))}
            for name, node in self._file.flow.nodes.items():
                yield from self._node(("nodes", str(name)), node, says)

    def _problem(self, path: tuple[str | int, ...], variables: Iterable[str], where: str) -> Problem:
        names = " and ".join(repr(name) for name in sorted(variables))
        message = f"the secret in {names} would be {where}, which is forbidden; leave it out here"
        return self._file.source.problem(path, "secret", message)

    def _said(self, part: object) -> set[str]:
        values = (value.value for _, value in values_of(part))
        return {
            name
            for value in values
            if isinstance(value, Expression)
            for name in value.variables() & self._digits
        }

    def _node(
        self, path: tuple[str | int, ...], node: Verb, says: Mapping[str, set[str]]
    ) -> Iterator[Problem]:
        for place, expression in node.reads():
            secret = expression.variables() & self._stored
            where = self._kept(node, place) if secret else None
            if where is not None:
                yield self._problem((*path, *place), secret, where)
        for place, value in values_of(node):
            if said := self._said(value):
                yield self._problem((*path, *place), said, "spoken aloud")
        if isinstance(node, Collect) and node.secret and node.confirm:
            yield self._problem((*path, "confirm"), [str(node.into)], "read back aloud")
        for place, prompt in prompts_of(node):
            if prompt in says:
                yield self._problem((*path, *place), says[prompt], "spoken aloud")

    def _kept(self, node: Verb, place: tuple[str | int, ...]) -> str | None:
        """Return what would become of a secret that a node's expression reads; None where nothing does."""
        match node:
            case Tag():
                return "kept in a tag"
            case Announce():
                return "used to choose notices"
            case Queue():
                return "kept with the visit to the queue"
            case Transfer():
                return "called, and kept as a number"
            case Callback():
                return "kept with the call-back"
            case Lookup() if place[0] == "with" and self._in_url(node, str(place[-1])):
                return "part of a URL, which services write into their logs"
            case _:
                return None

    def _in_url(self, node: Lookup, argument: str) -> bool:
        form = self._site.lookups.get(node.lookup) if self._site is not None else None
        return form is not None and argument in form.in_url
