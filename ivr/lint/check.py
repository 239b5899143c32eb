"""What must be right in a flow beyond the form of its keys: every name known, every exit there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from ivr.language.duration import WHOLE
from ivr.language.expression import Expression
from ivr.language.flow import values_of
from ivr.language.words import NodeName
from ivr.reading.folder import FlowFile, Folder
from ivr.reading.names import SiteNames
from ivr.reading.problem import Problem, did_you_mean
from ivr.verbs.callback import Callback
from ivr.verbs.lookup import Lookup
from ivr.verbs.matcher import covers
from ivr.verbs.menu import Menu
from ivr.verbs.subflow import Return, SubFlow
from ivr.verbs.transfer import Transfer
from ivr.verbs.verb import Verb

Path = Sequence[str | int]

WILD = frozenset("XZN")
MOST_GUESSED = 50  # unknown names for which the nearest is looked for among many, which takes its time
FEW = 200
MOST_PATTERNS = 100  # of one menu that are held against one another


class Check:
    """Checks one flow against its own nodes, the other flows, and the site's names, if these are known."""

    def __init__(self, file: FlowFile, folder: Folder, site: SiteNames | None) -> None:
        self._file = file
        self._flow = flow = file.flow
        self._flows = folder.flows
        self._site = site
        self._guessed = 0
        self._known: dict[str, Collection[str] | None] = {  # None: not known, so that none is wrong
            "node": file.keys("nodes"),
            "prompt": None if folder.prompt_names is None else folder.prompt_names | file.keys("prompts"),
            "schedule": None if folder.schedule_names is None else folder.schedule_names | file.keys("hours"),
            "flow": folder.flow_names,
            "language": None if file.lacks("languages") else flow.languages,
        }
        if site is not None:
            self._known |= {
                "queue": site.queues,
                "skill": site.skills,
                "agent": site.seats,
                "lookup": site.lookups,
            }

    def problems(self) -> Iterator[Problem]:
        """Yield every problem of the flow's names and exits."""
        yield from self._header()
        for name, node in self._flow.nodes.items():
            yield from self._names(("nodes", name), node)
            yield from self._of_verb(("nodes", name), node)
        for named, prompt in self._flow.prompts.items():
            for path, value in values_of(prompt):
                if isinstance(value.value, Expression):
                    yield from self._queues(("prompts", named, *path, value.kind), value.value)

    def _problem(self, path: Path, code: str, message: str, *, of_key: bool = False) -> Problem:
        return self._file.source.problem(path, code, message, of_key=of_key)

    def _unknown(
        self, path: Path, kind: str, word: str, known: Collection[str], *, of_key: bool = False
    ) -> Problem:
        message = f"unknown {kind} {word!r}{self._meant(word, known)}"
        return self._problem(path, f"unknown-{kind}", message, of_key=of_key)

    def _meant(self, word: str, known: Collection[str]) -> str:
        self._guessed += len(known) > FEW
        return did_you_mean(word, known) if self._guessed <= MOST_GUESSED else ""

    def _header(self) -> Iterator[Problem]:
        nodes = self._file.keys("nodes")
        for key, name in (("start", self._flow.start), ("error", self._flow.error)):
            if name is not None and name not in nodes and not self._file.lacks(key):
                yield self._unknown((key,), "node", name, nodes)
        for key, names in (("languages", self._flow.languages), ("arguments", self._flow.arguments)):
            for index, word in enumerate(names):
                if str(word) in map(str, names[:index]) and not self._file.lacks(key):
                    message = f"the {word.kind} {str(word)!r} is here twice; write it once"
                    yield self._problem((key, index), f"duplicate-{word.kind}", message)

    def _names(self, path: tuple[str | int, ...], node: Verb) -> Iterator[Problem]:
        for found in node.words:
            place = (*path, *found.path)
            if isinstance(found.word, Expression):
                yield from self._expression(place, found.word)
                continue
            known = self._known.get(found.word.kind)
            if known is None or found.word in known:
                continue
            if isinstance(found.word, NodeName) and found.path == ("timeout",) and WHOLE.match(found.word):
                message = f"timeout names a node; how long to wait is wait: {found.word}"
                yield self._problem(place, "unknown-node", message)
            else:
                yield self._unknown(place, found.word.kind, found.word, known, of_key=found.of_key)

    def _expression(self, place: Path, expression: Expression) -> Iterator[Problem]:
        variables = self._file.variables
        if variables is not None:
            for name in sorted(expression.variables().difference(variables)):
                message = f"nothing in this flow sets the variable {name!r}{self._meant(name, variables)}"
                yield self._problem(place, "unknown-variable", message)
        yield from self._queues(place, expression)

    def _queues(self, place: Path, expression: Expression) -> Iterator[Problem]:
        known = self._known.get("queue")
        for name in sorted(expression.queues()) if known is not None else ():
            if known is not None and name not in known:
                yield self._unknown(place, "queue", name, known)

    def _of_verb(self, path: tuple[str | int, ...], node: Verb) -> Iterator[Problem]:
        match node:
            case Menu():
                yield from self._menu(path, node)
            case Lookup():
                yield from self._lookup(path, node)
            case SubFlow():
                yield from self._sub_flow(path, node)
            case Transfer() if node.transfer.number is not None:
                yield from self._number((*path, "transfer", "number"), node.transfer.number)
            case Callback():
                yield from self._number((*path, "number"), node.number)

    def _menu(self, path: tuple[str | int, ...], node: Menu) -> Iterator[Problem]:
        wide: list[
            str
        ] = []  # an exact key goes before a pattern, so patterns alone can be in the way, and of patterns
        for key in node.keys:
            if not WILD & set(key):
                continue
            before = next((other for other in wide if covers(other, key)), None)
            if before is not None:
                message = f"nobody reaches the key {key!r}: {before!r} before it takes the same keys; put {key!r} first"
                yield self._problem((*path, "keys", key), "key-never-reached", message, of_key=True)
            if len(wide) < MOST_PATTERNS:
                wide.append(key)

    def _lookup(self, path: tuple[str | int, ...], node: Lookup) -> Iterator[Problem]:
        if node.error is None and node.timeout is None:
            message = "no way on when the service is slow or dead: name a node for it as 'error'"
            yield self._problem(path, "exit-missing", message, of_key=True)
        form = self._site.lookups.get(node.lookup) if self._site is not None else None
        if form is None:
            return
        for name in node.given:
            if name not in form.arguments:
                yield self._unknown(
                    (*path, "with", name), "argument", name, sorted(form.arguments), of_key=True
                )
        for name in sorted(form.arguments - node.given.keys()):
            message = f"the lookup {str(node.lookup)!r} asks for {name!r}; give it as with: {{{name}: …}}"
            yield self._problem((*path, "lookup"), "argument-missing", message)

    def _sub_flow(self, path: tuple[str | int, ...], node: SubFlow) -> Iterator[Problem]:
        callee, called = self._flows.get(str(node.flow)), str(node.flow)
        if callee is None or not callee.is_whole:
            return
        flow = callee.flow
        for language in self._flow.languages:
            if language not in flow.languages and not self._file.lacks("languages"):
                message = f"the flow {called!r} does not speak {str(language)!r}, which this flow does"
                yield self._problem((*path, "flow"), "missing-language", message)
        for name in node.given:
            if name not in flow.arguments:
                yield self._unknown((*path, "with", name), "argument", name, flow.arguments, of_key=True)
        for wanted in flow.arguments:
            if wanted not in node.given:
                message = f"the flow {called!r} asks for {str(wanted)!r}; give it as with: {{{wanted}: …}}"
                yield self._problem((*path, "flow"), "argument-missing", message)
        ways = [end for end in flow.nodes.values() if isinstance(end, Return)]
        named = {str(end.return_) for end in ways if end.return_ is not None}
        for exit_ in node.exits_:
            if exit_ not in named:
                yield self._unknown((*path, "exits", exit_), "exit", exit_, sorted(named), of_key=True)
        if node.next is None:
            left = sorted(named - node.exits_.keys()) + ["next"] * any(end.return_ is None for end in ways)
            if left:
                message = (
                    f"no way on when the flow {called!r} returns by {', '.join(left)}: name a node for it"
                )
                yield self._problem(path, "exit-missing", message, of_key=True)

    def _number(self, place: Path, number: Any) -> Iterator[Problem]:
        if self._site is None:
            return
        if self._site.allows is None:
            message = "the site lets no number be called: see outbound.trunk and outbound.allow in its configuration"
            yield self._problem(place, "number-not-allowed", message)
        elif not isinstance(number, Expression) and not self._site.allows(str(number)):
            message = "no pattern of the site's outbound.allow lets this number through"
            yield self._problem(place, "number-not-allowed", message)
