"""A folder of flows as it is read: each file for as much as is right in it, and what its mistakes leave unknown."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from ivr.language.flow import Flow, HoursFile, PromptFile
from ivr.language.hours import Schedule
from ivr.language.part import Part
from ivr.language.words import FlowName, ScheduleName
from ivr.reading.problem import Problem
from ivr.reading.remainder import Remainder, remainder
from ivr.reading.source import Source, beginning, look
from ivr.reading.wording import Written, of_house
from ivr.verbs.subflow import SubFlow
from ivr.verbs.verb import Exit

PROMPTS = "prompts.yaml"
HOURS = "hours.yaml"
NAME_LINE = re.compile(r"""^flow:[ \t]*["']?([\w-]+)""", re.MULTILINE)

P = TypeVar("P", bound=Part)


@dataclass(frozen=True, slots=True)
class Placed(Generic[P]):
    """A part of a file, and where it stands."""

    part: P
    source: Source
    path: tuple[str | int, ...]


@dataclass(frozen=True)
class FlowFile:
    """One flow, without what is wrong in it: ``left_out`` are the paths of that.

    ``is_flawed``: it is not right as YAML, so that it may hold more than can be seen.
    """

    source: Source
    flow: Flow
    left_out: frozenset[tuple[str | int, ...]]
    is_flawed: bool

    @property
    def name(self) -> str:
        """The flow's name."""
        return str(self.flow.flow)

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out of it."""
        return not self.left_out and not self.is_flawed

    def lacks(self, key: str) -> bool:
        """Tell whether a key at the top, or a part of it, was left out."""
        return any(path[:1] == (key,) for path in self.left_out)

    def keys(self, part: str) -> set[str]:
        """Return the names under a key at the top, right or wrong."""
        return keys_of(self.source.data, part)

    @cached_property
    def exits(self) -> Mapping[str, tuple[Exit, ...]]:
        """Every way out of each node."""
        return {str(name): tuple(node.exits()) for name, node in self.flow.nodes.items()}

    @cached_property
    def callees(self) -> tuple[str, ...]:
        """The flows that it calls."""
        calls = (str(node.flow) for node in self.flow.nodes.values() if isinstance(node, SubFlow))
        return tuple(dict.fromkeys(calls))

    @cached_property
    def leads_to_nodes(self) -> bool:
        """Whether it is whole, and every node that it names is there."""
        targets = {out.target for exits in self.exits.values() for out in exits} | {self.flow.start}
        if self.flow.error is not None:
            targets.add(self.flow.error)
        return self.is_whole and targets <= self.flow.nodes.keys()

    @cached_property
    def variables(self) -> Collection[str] | None:
        """The variables that the flow has, also those of broken nodes; None where they are unknown."""
        if self.is_flawed or self.lacks("arguments"):
            return None
        names = {str(name) for node in self.flow.nodes.values() for name in node.sets()}
        names |= {name for node in self.flow.nodes.values() for name in node.says}
        names.update(str(name) for name in self.flow.arguments)
        for broken in self.broken.values():
            names |= keys_of(broken, "set")
            if isinstance(into := broken.get("into"), str):
                names.add(into)
        return names

    @cached_property
    def broken(self) -> Mapping[str, Mapping[str, Any]]:
        """The nodes that were left out, as they are written."""
        nodes = self.source.data.get("nodes", {})
        return {
            name: node if isinstance(node, dict) else {}
            for name, node in nodes.items()
            if name not in self.flow.nodes
        }


class Folder:
    """Reads every ``*.yaml`` of a folder at once. Blocks.

    ``prompt_names``, ``schedule_names`` and ``flow_names`` hold also the names of what is wrong; they are None
    where a file could not be read that may have had more of them.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.problems: list[Problem] = []
        self.flows: dict[str, FlowFile] = {}
        self.twice: list[FlowFile] = []  # flows whose name another has already
        self.prompts: dict[str, Written] = of_house()
        self.schedules: dict[str, Placed[Schedule]] = {}
        self.prompt_names: set[str] | None = set(self.prompts)
        self.schedule_names: set[str] | None = set()
        self.flow_names: set[str] | None = set()
        files = self._files()
        self._shared_prompts()
        self._shared_hours()
        for file in files:
            self._flow(file)

    def prompts_for(self, file: FlowFile) -> dict[str, Written]:
        """Return the prompts that a flow may say: its own go before shared ones."""
        own = {
            str(key): Written(prompt, file.source, ("prompts", key))
            for key, prompt in file.flow.prompts.items()
        }
        return {**self.prompts, **own}

    def schedules_for(self, file: FlowFile) -> dict[str, Placed[Schedule]]:
        """Return a flow's own opening hours, and the shared ones that it uses."""
        own = {
            str(key): Placed(part, file.source, ("hours", str(key))) for key, part in file.flow.hours.items()
        }
        used = {
            str(found.word)
            for node in file.flow.nodes.values()
            for found in node.words
            if isinstance(found.word, ScheduleName)
        }
        return {**{key: self.schedules[key] for key in sorted(used & self.schedules.keys())}, **own}

    def _files(self) -> list[Path]:
        try:
            found = sorted(self.path.iterdir())
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            self._at_top(self.path, "unreadable", f"cannot read the flows' folder: {reason}")
            return []
        for file in found:
            if file.suffix == ".yml":
                self._at_top(file, "file-name", "a flow's file must end in .yaml; rename it")
        files = [file for file in found if is_flow(file)]
        if not files:
            message = "there is no flow in this folder; put one there as NAME.yaml"
            self._at_top(self.path, "no-flow", message)
        return files

    def _at_top(self, file: Path, code: str, message: str) -> None:
        self.problems.append(Problem(file, 1, 1, "", code, "error", message))

    def _shared_prompts(self) -> None:
        for found in self._shared(PROMPTS, PromptFile):
            if found is None or self.prompt_names is None:
                self.prompt_names = None
                return
            source, read = found
            self.prompt_names |= keys_of(source.data, "prompts")
            for name, prompt in read.made.prompts.items() if read.made is not None else ():
                self.prompts[str(name)] = Written(prompt, source, ("prompts", str(name)))

    def _shared_hours(self) -> None:
        for found in self._shared(HOURS, HoursFile):
            if found is None or self.schedule_names is None:
                self.schedule_names = None
                return
            source, read = found
            self.schedule_names |= keys_of(source.data, "hours")
            for name, schedule in read.made.hours.items() if read.made is not None else ():
                self.schedules[str(name)] = Placed(schedule, source, ("hours", str(name)))

    def _shared(self, name: str, model: type[P]) -> Iterator[tuple[Source, Remainder[P]] | None]:
        file = self.path / name
        if not file.exists():
            return
        source, flaws = look(file)
        self.problems.extend(flaws)
        if source is None:
            yield None
            return
        read = remainder(source, model)
        self.problems.extend(beside(flaws, read.problems))
        yield source, read

    def _flow(self, file: Path) -> None:
        source, flaws = look(file)
        self.problems.extend(flaws)
        if source is None:
            self._unreadable(file)
            return
        if isinstance(source.data, dict) and not source.data.keys() & {"flow", "start", "nodes"}:
            message = "this is no flow, which has flow, languages, start and nodes"
            self._at_top(
                file, "not-a-flow", f"{message}; shared prompts stand in {PROMPTS}, opening hours in {HOURS}"
            )
            self._unreadable(file)
            return
        read = remainder(source, Flow, instead=_header(source))
        self.problems.extend(beside(flaws, read.problems))
        if read.made is None:
            self._unreadable(file)
            return
        made = FlowFile(source, read.made, frozenset(read.left_out), is_flawed=bool(flaws))
        if self.flow_names is not None:
            self.flow_names.add(made.name)
        if made.name not in self.flows:
            self.flows[made.name] = made
            return
        self.twice.append(made)
        if not made.lacks("flow"):
            message = f"another file has a flow {made.name!r} already; rename one of them"
            self.problems.append(source.problem(("flow",), "duplicate-flow", message))

    def _unreadable(self, file: Path) -> None:
        """Keep the name of a flow that cannot be read, so that nobody is told that it does not exist."""
        try:
            name = NAME_LINE.search(beginning(file).decode(errors="replace"))
        except OSError:
            name = None
        if name is None:
            self.flow_names = None
        elif self.flow_names is not None:
            self.flow_names.add(name[1])


def is_read(file: Path) -> bool:
    """Tell whether a file's name is one of those that are read: a flow's, or that of what flows share."""
    return is_flow(file) or file.name in (PROMPTS, HOURS)


def is_flow(file: Path) -> bool:
    """Tell whether a file's name is that of a flow."""
    return file.suffix == ".yaml" and file.name not in (PROMPTS, HOURS) and not file.name.startswith(".")


def beside(flaws: Collection[Problem], problems: Collection[Problem]) -> list[Problem]:
    """Return the problems that are not what a flaw of the YAML has left behind."""
    at = [flaw.path for flaw in flaws if flaw.path]
    return [
        problem
        for problem in problems
        if not any(_within(problem.path, flaw) or _within(flaw, problem.path) for flaw in at)
    ]


def _within(path: str, part: str) -> bool:
    return path == part or path.startswith(f"{part}.")


def keys_of(data: Any, part: str) -> set[str]:
    """Return the keys under a key, if there are any."""
    return set(data[part]) if isinstance(data, dict) and isinstance(data.get(part), dict) else set()


def _header(source: Source) -> dict[str, Any]:
    """Return what stands in for a header too wrong to be used, so that the nodes are checked all the same."""
    data = source.data if isinstance(source.data, dict) else {}
    prompts = data.get("prompts")
    spoken = (
        [prompt for prompt in prompts.values() if isinstance(prompt, dict)]
        if isinstance(prompts, dict)
        else []
    )
    languages = next((list(prompt) for prompt in spoken if prompt), ["en"])
    first = next(iter(keys_of(data, "nodes")), "main")
    stem = re.sub(r"[^\w-]", "-", source.file.stem)[:80] or "flow"
    return {"flow": FlowName(stem), "start": first, "languages": languages}
