"""A YAML file that remembers where each value stands, so that every message names line and column."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ivr.reading.document import Document, parse
from ivr.reading.problem import Problem, Severity, SourceErrors, did_you_mean, nearest
from ivr.reading.validation import code_of, message_of, path_of

__all__ = ["Problem", "Source", "SourceErrors", "did_you_mean", "nearest", "read", "validated"]

LARGEST = 5_000_000

M = TypeVar("M", bound=BaseModel)


class Source:
    """One YAML file as plain data (``data``), with the place of every key and value."""

    def __init__(self, file: Path, document: Document) -> None:
        self.file = file
        self.data: Any = document.data
        self._values = document.values
        self._keys = document.keys

    def place(self, path: Sequence[str | int], of_key: bool = False) -> tuple[int, int]:
        """Return line and column, from 1, of a value or its key; of the nearest parent if it is missing."""
        whole = tuple(path)
        if of_key and whole in self._keys:
            return self._keys[whole]
        for length in range(len(whole), -1, -1):
            parent = whole[:length]
            if parent in self._values:
                # What is missing in a mapping belongs to the mapping's own key, where a reader looks.
                by_key = length < len(whole) and isinstance(self._at(parent), dict)
                return self._keys.get(parent, self._values[parent]) if by_key else self._values[parent]
        return 1, 1

    def _at(self, path: Sequence[str | int]) -> Any:
        data = self.data
        for part in path:
            try:
                data = data[part]
            except (
                TypeError,
                KeyError,
                IndexError,
            ):  # it stands in what was left out: a key that is here twice
                return None
        return data

    def problem(
        self,
        path: Sequence[str | int],
        code: str,
        message: str,
        severity: Severity = "error",
        of_key: bool = False,
    ) -> Problem:
        """Return a problem at a path of this file; the number of what stands alone, where a list could, is dropped."""
        real: list[str | int] = []
        for part in path:
            if not (isinstance(part, int) and tuple(real) in self._values and self._stands_alone(real)):
                real.append(part)
        line, column = self.place(real, of_key)
        return Problem(self.file, line, column, _dotted(real), code, severity, message)

    def _stands_alone(self, path: Sequence[str | int]) -> bool:
        return not isinstance(self._at(path), list)


def read(file: Path) -> Source:
    """Read a YAML file. Raises `SourceErrors` with everything that is wrong with it as YAML."""
    source, problems = look(file)
    if source is None or problems:
        raise SourceErrors(problems)
    return source


def look(file: Path) -> tuple[Source | None, list[Problem]]:
    """Return as much of a YAML file as can be read, None where nothing can, and all that is wrong with it as YAML."""
    try:
        text = _text_of(file)
    except SourceErrors as errors:
        return None, list(errors.problems)
    document = parse(text)
    problems = [
        Problem(file, *flaw.place, _dotted(flaw.path), flaw.code, "error", flaw.message)
        for flaw in document.flaws
    ]
    return (Source(file, document) if document.complete else None), problems


def _text_of(file: Path) -> str:
    try:
        raw = beginning(file)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise SourceErrors([_unplaced(file, "unreadable", f"cannot read this file: {reason}")]) from error
    if len(raw) > LARGEST:
        raise SourceErrors([_unplaced(file, "too-large", f"this file is over {LARGEST:,} bytes; split it")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = len(raw[raw.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        message = "this is not UTF-8 (GBK perhaps); save the file as UTF-8"
        raise SourceErrors([Problem(file, line, column, "", "encoding", "error", message)]) from error


def beginning(file: Path) -> bytes:
    """Return a file's first bytes, one more than a file may have. Raises `OSError`, also for what is no file."""
    # A pipe that nobody writes into is opened as well, rather than waited for.
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a file; remove it from this folder")
        return opened.read(LARGEST + 1)


def validated(source: Source, model: type[M]) -> tuple[M | None, list[Problem]]:
    """Make a model of a source. Returns None and every problem, in plain words, when it does not fit."""
    try:
        return model.model_validate(source.data), []
    except ValidationError as error:
        return None, misfits(source, model, error)


def misfits(source: Source, model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Return what Pydantic found in plain words, one problem for each place."""
    located = [(path_of(detail, source.data), detail) for detail in error.errors(include_url=False)]
    located.sort(key=lambda found: [str(part) for part in found[0][0]])
    problems = []
    for (path, of_key), group in groupby(located, key=lambda found: found[0]):
        details = [detail for _, detail in group]
        problems.append(source.problem(path, code_of(details[0]), message_of(details, model), of_key=of_key))
    problems.sort(key=lambda problem: (problem.line, problem.column))
    return problems


def _dotted(path: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in path)


def _unplaced(file: Path, code: str, message: str) -> Problem:
    return Problem(file, 1, 1, "", code, "error", message)
