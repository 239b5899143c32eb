"""From written prompts to pieces of sound: texts, recordings, and the words of values that will be spoken."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.language.expression import Expression
from ivr.language.flow import APOLOGY, Flow, prompts_of, values_of
from ivr.language.prompt import Prompt, SoundFile, Spoken, SpokenValue, pieces_of
from ivr.language.words import LanguageName
from ivr.reading.problem import Problem, did_you_mean
from ivr.reading.source import Source
from ivr.saying import LANGUAGES, vocabulary
from ivr.verbs.collect import Collect

SOUNDS = "sounds"


@dataclass(frozen=True, slots=True)
class Written:
    """A prompt and where it stands; one that the house brings has no source."""

    prompt: Prompt
    source: Source | None
    path: tuple[str, ...]


def of_house() -> dict[str, Written]:
    """Return the prompts that are there without being written."""
    return {"apology": Written({LanguageName(name): text for name, text in APOLOGY.items()}, None, ())}


class Wordings:
    """All that the flows of a folder say, piece by piece; problems are gathered on the way."""

    def __init__(self, folder: Path, problems: list[Problem]) -> None:
        self._folder = folder
        self._problems = problems
        self.spoken: dict[tuple[str, str, str], tuple[Spoken | SpokenValue, ...]] = {}
        self.words: dict[tuple[str, str], Spoken] = {}

    def add(
        self, flow: Flow, source: Source, prompts: Mapping[str, Written], variables: Collection[str] | None
    ) -> None:
        """Add what one flow says. ``variables`` are those that the flow has, None where they are unknown."""
        used = dict.fromkeys(name for node in flow.nodes.values() for _, name in prompts_of(node))
        for name in (*used, "apology"):
            if name in prompts:
                for language in flow.languages:
                    self._prompt(flow, str(name), str(language), prompts[name], source, variables)
        for _, value in values_of(flow.nodes):
            for language in flow.languages:
                self._vocabulary(value, str(language))
        for name, node in flow.nodes.items():
            if isinstance(node, Collect) and node.confirm:
                for language in flow.languages:
                    self._vocabulary(node.spoken("0"), str(language))
            if any(True for _ in values_of(node)):
                self._problems.extend(_speakable(flow, source, ("nodes", str(name))))

    def _prompt(
        self,
        flow: Flow,
        name: str,
        language: str,
        written: Written,
        source: Source,
        variables: Collection[str] | None,
    ) -> None:
        given = written.prompt.get(LanguageName(language))
        where, path = (written.source or source), (written.path if written.source else ("languages",))
        recorded = self._folder / SOUNDS / language / f"{name}.wav"
        if recorded.is_file() and not isinstance(given, SoundFile | tuple):
            text = given if isinstance(given, str) else ""
            made = self._recording(name, language, text, recorded, where, path)
            self.spoken[flow.flow, name, language] = (made,) if made is not None else ()
            return
        if given is None:
            message = (
                f"the prompt {name!r} has no text for the language {language!r}, which the flow "
                f"{flow.flow!r} speaks; write one, or record {SOUNDS}/{language}/{name}.wav"
            )
            self._problems.append(where.problem(path, "missing-language", message, of_key=True))
            return
        pieces: list[Spoken | SpokenValue] = []
        inner: tuple[str | int, ...]
        for index, piece in enumerate(pieces_of(given)):
            inner = (*path, language, index) if isinstance(given, tuple) else (*path, language)
            if isinstance(piece, SpokenValue):
                self._vocabulary(piece, language)
                self._problems.extend(_unset(flow, piece, where, inner, variables))
                self._problems.extend(_speakable(flow, where, inner))
                pieces.append(piece)
            elif isinstance(piece, SoundFile):
                made = self._sound_file(name, language, piece, where, inner)
                pieces.extend([made] if made is not None else [])
            else:
                pieces.append(
                    Spoken(name, language, piece, pace="word" if isinstance(given, tuple) else "prompt")
                )
        self.spoken[flow.flow, name, language] = tuple(pieces)

    def _vocabulary(self, value: SpokenValue, language: str) -> None:
        if language.partition("-")[0] in LANGUAGES:
            for word in vocabulary(value.kind, language, currency=value.currency):
                self.words.setdefault((language, word), Spoken("", language, word, pace="word"))

    def _sound_file(
        self, name: str, language: str, given: SoundFile, where: Source, path: tuple[str | int, ...]
    ) -> Spoken | None:
        file, path = self._folder / given.sound, (*path, "sound")
        if not file.resolve().is_relative_to(self._folder.resolve()):
            message = (
                f"{given.sound!r} lies outside of the flows' folder; move the recording into that folder"
            )
            self._problems.append(where.problem(path, "unknown-sound", message))
            return None
        if not file.is_file():
            near = did_you_mean(file.name, _names_in(file.parent))
            message = f"there is no sound file {given.sound!r} in the flows' folder{near}"
            self._problems.append(where.problem(path, "unknown-sound", message))
            return None
        return self._recording(name, language, given.text, file, where, path)

    def _recording(
        self, name: str, language: str, text: str, file: Path, where: Source, path: tuple[str | int, ...]
    ) -> Spoken | None:
        try:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            message = f"cannot read the sound file {file}: {(error.strerror or 'unknown reason').lower()}"
            self._problems.append(where.problem(path, "unreadable", message))
            return None
        return Spoken(name, language, text, file.absolute(), digest)


def _unset(
    flow: Flow,
    value: SpokenValue,
    where: Source,
    path: tuple[str | int, ...],
    variables: Collection[str] | None,
) -> Iterator[Problem]:
    if isinstance(value.value, Expression) and variables is not None:
        for name in sorted(value.value.variables().difference(variables)):
            message = (
                f"the flow {flow.flow!r} says this, and nothing in it sets the variable {name!r}"
                f"{did_you_mean(name, variables)}"
            )
            yield where.problem((*path, value.kind), "unknown-variable", message)


def _speakable(flow: Flow, source: Source, path: tuple[str | int, ...]) -> Iterator[Problem]:
    for language in flow.languages:
        if language.partition("-")[0] not in LANGUAGES:
            message = (
                f"values are spoken in {' and '.join(LANGUAGES)} alone, and the flow speaks {language!r} too"
            )
            yield source.problem(path, "unspeakable", message, of_key=True)


def _names_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()] if folder.is_dir() else []
