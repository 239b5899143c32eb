"""Renders, while the engine is there, what ``agi_scripts/engine_away.py`` says when it is not."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import structlog

import agi_scripts
from ivr.language.flow import PromptFile
from ivr.language.prompt import Spoken
from ivr.prompts import PromptErrors, PromptStore
from ivr.reading.problem import SourceErrors
from ivr.reading.source import read, validated

log = structlog.get_logger(__name__)

TEXTS = Path(agi_scripts.__file__).with_name("prompts.yaml")
LANGUAGES = "languages"  # the file that tells the script in which order they are spoken


async def prepare(store: PromptStore, folder: Path, *, first: str, texts: Path = TEXTS) -> int:
    """Leave every prompt as ``folder/LANGUAGE/NAME.wav``, and the order of the languages beside them.

    ``first`` is the language that callers hear first. Returns how many prompts are there. Raises nothing: what
    cannot be rendered or written is logged, and the apology is held without it. Cancelling leaves no half file.
    """
    try:
        prompts = await asyncio.to_thread(_prompts, texts)
    except SourceErrors as errors:
        log.warning("apology not rendered", reason=str(errors))
        return 0
    languages = sorted(
        {said.language for said in prompts}, key=lambda language: (language != first, language)
    )
    if first not in languages:
        log.warning("apology has no such language", language=first, spoken=languages)
    try:
        await store.prepare_all(prompts)
    except PromptErrors as errors:
        log.warning("apology not rendered in full", reason=str(errors))
    try:
        return await asyncio.to_thread(_lay_out, store, prompts, folder, languages)
    except OSError as error:
        log.warning("apology not kept", folder=str(folder), reason=error.strerror)
        return 0


def _prompts(texts: Path) -> list[Spoken]:
    source = read(texts)
    model, problems = validated(source, PromptFile)
    if model is None:
        raise SourceErrors(problems)
    return [
        Spoken(str(name), str(language), said)
        for name, prompt in model.prompts.items()
        for language, said in prompt.items()
        if isinstance(said, str)
    ]


def _lay_out(store: PromptStore, prompts: list[Spoken], folder: Path, languages: list[str]) -> int:
    there = 0
    for said in prompts:
        try:
            rendered = store.sound(said).path
        except KeyError:
            continue
        _place(rendered, folder / said.language / f"{said.prompt}.wav")
        there += 1
    order = folder / f".{LANGUAGES}"
    order.write_text(" ".join(languages) + "\n")
    order.replace(folder / LANGUAGES)
    return there


def _place(rendered: Path, file: Path) -> None:
    """Give a rendered sound its stable name. A call that plays the old one plays it to its end."""
    if file.exists() and file.samefile(rendered):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}")
    partial.unlink(missing_ok=True)
    try:
        os.link(rendered, partial)
    except OSError:  # another file system, or one without links
        shutil.copyfile(rendered, partial)
    partial.replace(file)
