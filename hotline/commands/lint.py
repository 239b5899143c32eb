"""``hotline lint``: everything that is wrong or unwise in flows, at its place; ``hotline schema``: help for editors."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hotline.commands.console import CONFIG, ConfigOption, fail, told
from hotline.reference.schema import DOCUMENTS, schema_of
from hotline.site import Site, load_site
from hotline.site_names import names_of
from ivr.reading.loader import look_at
from ivr.reading.problem import Problem, SourceErrors, did_you_mean

lint_app = typer.Typer(pretty_exceptions_enable=False)

FLOWS = Path("flows")
NOT_CHECKED = "queues, skills, agents, lookups and numbers to call are not checked"


class Form(StrEnum):
    """How findings are printed."""

    text = "text"
    json = "json"


class Document(StrEnum):
    """The documents that have a schema."""

    flow = "flow"
    prompts = "prompts"
    hours = "hours"
    config = "config"


@dataclass(frozen=True, slots=True)
class Target:
    """A folder to lint; ``files`` are those whose problems are shown, None for all."""

    folder: Path
    files: frozenset[Path] | None


@lint_app.command()
def lint(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILES", help="flows, or folders of them; the site's own without", show_default=False
        ),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="text for people, json for programs")] = Form.text,
    config: ConfigOption = CONFIG,
) -> None:
    """Tell everything that is wrong or unwise in flows, with file, line and column. Needs no engine and no Asterisk.

    Ends with status 1 when there are errors, with 0 when there are warnings alone.
    """
    with told():
        site = _site(config)
        problems, read = findings(_targets(files, site), site)
    if form is Form.json:
        typer.echo(json.dumps([_as_data(problem) for problem in problems], ensure_ascii=False, indent=2))
    else:
        for problem in problems:
            typer.secho(line_of(problem), fg="red" if problem.severity == "error" else "yellow")
        typer.secho(summary(problems, read), bold=True)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)


@lint_app.command()
def schema(
    document: Annotated[Document, typer.Argument(help="which document", show_default=True)] = Document.flow,
) -> None:
    """Print the JSON Schema of a document, with which an editor completes and explains its keys."""
    typer.echo(json.dumps(schema_of(DOCUMENTS[document.value]), ensure_ascii=False, indent=2))


def show_warnings(site: Site) -> None:
    """Print what is unwise in the flows of a site in which nothing is wrong."""
    for problem in findings([Target(site.flows, None)], site)[0]:
        typer.secho(line_of(problem), fg="yellow")


def line_of(problem: Problem) -> str:
    """Return a problem as one line for people."""
    place = f"{_shown(problem.file)}:{problem.line}:{problem.column}:"
    parts = [
        place,
        "warning:" if problem.severity == "warning" else "",
        f"{problem.path}:" if problem.path else "",
    ]
    return " ".join(filter(None, (*parts, problem.message, f"[{problem.code}]")))


def summary(problems: Sequence[Problem], files: int) -> str:
    """Return how much was found, in words."""
    found = Counter(problem.severity for problem in problems)
    counted = ", ".join(_count(found[kind], kind) for kind in ("error", "warning") if found[kind])
    return f"{_count(files, 'file')}: {counted or 'nothing wrong'}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _site(config: Path) -> Site | None:
    """Return the site, or None with a note why names are not checked against it."""
    if not config.exists():
        if config != CONFIG:
            fail(f"there is no file {config}: see --config")
        typer.echo(
            f"note: there is no {config} here, so {NOT_CHECKED}; name the site with --config", err=True
        )
        return None
    try:
        return load_site(config)
    except SourceErrors:
        typer.echo(
            f"note: {config} has mistakes of its own, so {NOT_CHECKED}; see: hotline check --config {config}",
            err=True,
        )
        return None


def _targets(files: Sequence[Path] | None, site: Site | None) -> Iterator[Target]:
    if not files:
        folder = site.flows if site is not None else FLOWS
        yield Target(folder, None)
        return
    named: dict[Path, set[Path]] = {}
    for file in files:
        if file.is_dir():
            yield Target(file, None)
        elif file.is_file():
            named.setdefault(file.parent, set()).add(file)
        else:
            beside = [other.name for other in file.parent.iterdir()] if file.parent.is_dir() else []
            fail(f"there is no file {file}{did_you_mean(file.name, beside, most=0)}")
    for folder, wanted in named.items():
        yield Target(folder, frozenset(wanted))


def findings(targets: Iterable[Target], site: Site | None) -> tuple[list[Problem], int]:
    """Return every problem of the files that are meant, in order, and how many files these are."""
    names = names_of(site) if site is not None else None
    today = datetime.now(site.zone if site is not None else UTC).date()
    found: dict[Problem, None] = {}
    read: set[Path] = set()
    for target in targets:
        for problem in look_at(target.folder, names, today).problems:
            if target.files is None or problem.file in target.files:
                found[problem] = None
        read |= target.files if target.files is not None else set(target.folder.glob("*.yaml"))
    return sorted(found, key=lambda problem: (problem.file, problem.line, problem.column)), len(read)


def _as_data(problem: Problem) -> dict[str, object]:
    return {
        "file": _shown(problem.file),
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
    }


def _shown(file: Path) -> str:
    """Return a file's name as seen from here, where it is below."""
    here = Path.cwd()
    return os.path.relpath(file, here) if file.is_absolute() and file.is_relative_to(here) else str(file)
