"""From a folder of YAML files to a set of flows that may go live, or to all that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ivr.language.flow import Flow, FlowSet
from ivr.language.prompt import Spoken
from ivr.lint.advice import advice
from ivr.lint.check import Check
from ivr.lint.paths import components, round_trip
from ivr.lint.secrecy import Secrecy, Secrets, secrets_of
from ivr.lint.unset import unset
from ivr.lint.ways import Ways
from ivr.reading.folder import FlowFile, Folder
from ivr.reading.names import SiteNames
from ivr.reading.problem import Problem, SourceErrors
from ivr.reading.version import version_of_all, versions_of
from ivr.reading.wording import Wordings

SECONDS_PER_CHARACTER = {"zh": 0.22}
SECONDS_PER_LETTER = 0.065
VALUE_S = 1.5


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a folder came to: the flows, where nothing is wrong, and every problem, warnings too."""

    flows: FlowSet | None
    problems: tuple[Problem, ...]
    files: Mapping[str, Path]  # of each flow


def load_flows(folder: Path, site: SiteNames) -> FlowSet:
    """Load every ``*.yaml`` of the folder; ``prompts.yaml`` and ``hours.yaml`` hold what all flows share.

    Raises `SourceErrors` with all errors of all files. Blocks: call it off the event loop.
    """
    loaded = look_at(folder, site)
    if loaded.flows is None:
        raise SourceErrors(problem for problem in loaded.problems if problem.severity == "error")
    return loaded.flows


def look_at(folder: Path, site: SiteNames | None, today: date | None = None) -> Loaded:
    """Load a folder and tell everything that is wrong or unwise, in the files' order. Blocks.

    ``site`` None leaves out what only a site can tell: whether it has the queues, skills, agents, lookups and numbers
    that flows name. ``today`` is from when on public holidays should be known; None leaves that out too.
    """
    return _Loading(Folder(folder), site, today).result()


class _Loading:
    """One attempt to load a folder."""

    def __init__(self, folder: Folder, site: SiteNames | None, today: date | None) -> None:
        self._folder = folder
        self._site = site
        self._today = today
        self._problems = list(folder.problems)
        self._wordings = Wordings(folder.path, self._problems)
        self._files = folder.flows
        self._flows = {name: file.flow for name, file in folder.flows.items()}

    def result(self) -> Loaded:
        schedules = {name: self._folder.schedules_for(file) for name, file in self._files.items()}
        secrets = secrets_of(self._flows)
        for name, file in self._files.items():
            self._check(file, secrets)
            prompts = self._folder.prompts_for(file)
            if not file.lacks("languages"):
                self._wordings.add(file.flow, file.source, prompts, file.variables)
            if self._today is not None:
                for found in schedules[name].values():
                    for message in found.part.warnings(self._today):
                        self._problems.append(
                            found.source.problem(
                                found.path, "holidays-unknown", message, "warning", of_key=True
                            )
                        )
        for file in self._folder.twice:
            self._check(file, secrets_of({**self._flows, file.name: file.flow}))
        self._problems.extend(self._rings())
        self._advise()
        problems = tuple(sorted(dict.fromkeys(self._problems), key=_place))
        places = {name: file.source.file for name, file in self._files.items()}
        if any(problem.severity == "error" for problem in problems):
            return Loaded(None, problems, places)
        versions = versions_of(self._files, self._wordings, schedules)
        flows = FlowSet(
            version_of_all(versions),
            self._flows,
            self._wordings.spoken,
            self._wordings.words,
            {(flow, key): found.part for flow, named in schedules.items() for key, found in named.items()},
            secrets.stored,
            versions,
        )
        return Loaded(flows, problems, places)

    def _check(self, file: FlowFile, secrets: Secrets) -> None:
        prompts = {name: written.prompt for name, written in self._folder.prompts_for(file).items()}
        self._problems.extend(Check(file, self._folder, self._site).problems())
        self._problems.extend(Secrecy(file, secrets, prompts, self._site).problems())
        self._problems.extend(Ways(file, self._flows).problems())
        if file.leads_to_nodes:
            self._problems.extend(unset(file, prompts))

    def _rings(self) -> Iterator[Problem]:
        graph = {
            name: [callee for callee in file.callees if callee in self._files]
            for name, file in self._files.items()
        }
        for component in components(graph):
            way = round_trip(graph, min(component))
            if way:
                message = f"flows call one another in a ring: {' → '.join(way)}; a flow must not call itself"
                yield self._files[way[0]].source.problem(("flow",), "recursion", message)

    def _advise(self) -> None:
        lengths = {name: _lengths(flow, self._wordings) for name, flow in self._flows.items()}
        self._problems.extend(advice(self._files, lengths))


def _lengths(flow: Flow, wordings: Wordings) -> Callable[[str], float]:
    language = str(flow.languages[0])
    each = seconds_per_character(language)

    def seconds(prompt: str) -> float:
        pieces = wordings.spoken.get((flow.flow, prompt, language), ())
        return sum(len(piece.text) * each if isinstance(piece, Spoken) else VALUE_S for piece in pieces)

    return seconds


def seconds_per_character(language: str) -> float:
    """Return how long a character takes that nobody has spoken yet, in seconds: an estimate."""
    return SECONDS_PER_CHARACTER.get(language.partition("-")[0], SECONDS_PER_LETTER)


def _place(problem: Problem) -> tuple[Path, int, int]:
    return problem.file, problem.line, problem.column
