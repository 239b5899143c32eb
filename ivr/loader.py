"""From a folder of YAML files to a set of flows that may go live, or to all that is wrong with them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ivr.check import Check
from ivr.flow import APOLOGY, Flow, FlowSet, Prompt, PromptFile, SoundFile, Spoken, prompts_of
from ivr.problem import Problem, SourceErrors, did_you_mean
from ivr.source import Source, read, validated

PROMPTS = "prompts.yaml"
SOUNDS = "sounds"


@dataclass(frozen=True, slots=True)
class _Written:
    """A prompt and where it stands; one that the house brings has no source."""

    prompt: Prompt
    source: Source | None
    path: tuple[str, ...]


def load_flows(folder: Path, *, queues: Collection[str], skills: Collection[str]) -> FlowSet:
    """Load every ``*.yaml`` of the folder; ``prompts.yaml`` holds the prompts that all share.

    Raises `SourceErrors` with all problems of all files. Blocks: call it off the event loop.
    """
    return _Loading(folder, queues, skills).result()


class _Loading:
    """One attempt to load a folder."""

    def __init__(self, folder: Path, queues: Collection[str], skills: Collection[str]) -> None:
        self._folder = folder
        self._queues = queues
        self._skills = skills
        self._problems: list[Problem] = []
        self._flows: dict[str, Flow] = {}
        self._spoken: dict[tuple[str, str, str], Spoken] = {}

    def result(self) -> FlowSet:
        files = self._files()
        shared = self._shared_prompts()
        for file in files:
            self._flow(file, shared)
        if any(problem.severity == "error" for problem in self._problems):
            raise SourceErrors(self._problems)
        return FlowSet(_version(self._flows, self._spoken), self._flows, self._spoken)

    def _files(self) -> list[Path]:
        try:
            found = sorted(self._folder.iterdir())
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            self._at_top(self._folder, "unreadable", f"cannot read the flows' folder: {reason}")
            return []
        for file in found:
            if file.suffix == ".yml":
                self._at_top(file, "file-name", "a flow's file must end in .yaml; rename it")
        files = [file for file in found if file.suffix == ".yaml" and file.name != PROMPTS]
        if not files:
            self._at_top(
                self._folder, "no-flow", "there is no flow in this folder; put one there as NAME.yaml"
            )
        return files

    def _at_top(self, file: Path, code: str, message: str) -> None:
        self._problems.append(Problem(file, 1, 1, "", code, "error", message))

    def _source(self, file: Path) -> Source | None:
        try:
            return read(file)
        except SourceErrors as errors:
            self._problems.extend(errors.problems)
            return None

    def _shared_prompts(self) -> dict[str, _Written]:
        house = {"apology": _Written(dict(APOLOGY), None, ())}
        file = self._folder / PROMPTS
        source = self._source(file) if file.exists() else None
        if source is None:
            return house
        model, problems = validated(source, PromptFile)
        self._problems.extend(problems)
        names = model.prompts if model is not None else {}
        return house | {name: _Written(names[name], source, ("prompts", name)) for name in names}

    def _flow(self, file: Path, shared: Mapping[str, _Written]) -> None:
        source = self._source(file)
        if source is None:
            return
        flow, problems = validated(source, Flow)
        self._problems.extend(problems)
        flow = flow or _remainder(source, problems)
        if flow is None:
            return
        if flow.flow in self._flows:
            message = f"another file has a flow {flow.flow!r} already; rename one of them"
            self._problems.append(source.problem(("flow",), "duplicate-flow", message))
        own = {name: _Written(prompt, source, ("prompts", name)) for name, prompt in flow.prompts.items()}
        prompts = {**shared, **own}
        written = source.data["prompts"] if isinstance(source.data.get("prompts"), dict) else {}
        check = Check(
            source,
            flow,
            nodes=source.data["nodes"],
            prompts=prompts.keys() | written.keys(),
            queues=self._queues,
            skills=self._skills,
        )
        self._problems.extend(check.problems())
        self._flows[flow.flow] = flow
        used = dict.fromkeys(name for node in flow.nodes.values() for _, name in prompts_of(node))
        for name in (*used, "apology"):
            if name in prompts:
                self._speak(flow, name, prompts[name], source)

    def _speak(self, flow: Flow, name: str, written: _Written, source: Source) -> None:
        for language in flow.languages:
            given = written.prompt.get(language)
            recorded = self._folder / SOUNDS / language / f"{name}.wav"
            where, path = (written.source or source), (written.path if written.source else ("languages",))
            if isinstance(given, SoundFile):
                recorded, path = self._folder / given.sound, (*path, language, "sound")
                if not recorded.is_file():
                    near = did_you_mean(recorded.name, _names_in(recorded.parent))
                    message = f"there is no sound file {given.sound!r} in the flows' folder{near}"
                    self._problems.append(where.problem(path, "unknown-sound", message))
                    continue
            if given is None and not recorded.is_file():
                message = (
                    f"the prompt {name!r} has no text for the language {language!r}, which the flow "
                    f"{flow.flow!r} speaks; write one, or record {SOUNDS}/{language}/{name}.wav"
                )
                self._problems.append(where.problem(path, "missing-language", message, of_key=True))
                continue
            text = given.text if isinstance(given, SoundFile) else given or ""
            if not recorded.is_file():
                self._spoken[flow.flow, name, language] = Spoken(name, language, text)
                continue
            try:
                digest = hashlib.sha256(recorded.read_bytes()).hexdigest()
            except OSError as error:
                message = (
                    f"cannot read the sound file {recorded}: {(error.strerror or 'unknown reason').lower()}"
                )
                self._problems.append(where.problem(path, "unreadable", message))
                continue
            self._spoken[flow.flow, name, language] = Spoken(
                name, language, text, recorded.absolute(), digest
            )


def _remainder(source: Source, problems: Iterable[Problem]) -> Flow | None:
    """Return the flow without what is wrong in it, so that the rest is checked in the same go."""
    if not isinstance(source.data, dict):
        return None
    rest = {key: dict(part) if isinstance(part, dict) else part for key, part in source.data.items()}
    for problem in problems:
        key, *inner = problem.path.split(".")
        if inner and isinstance(rest.get(key), dict):
            rest[key].pop(inner[0], None)
        elif problem.code == "unknown-key":
            rest.pop(key, None)
    try:
        return Flow.model_validate(rest)
    except ValidationError:
        return None


def _names_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()] if folder.is_dir() else []


def _version(flows: Mapping[str, Flow], spoken: Mapping[tuple[str, str, str], Spoken]) -> str:
    digest = hashlib.sha256()
    for name in sorted(flows):
        digest.update(flows[name].model_dump_json(exclude={"prompts"}).encode())
    for key in sorted(spoken):
        said = spoken[key]
        digest.update(json.dumps([*key, said.text, said.digest]).encode())
    return digest.hexdigest()[:12]
