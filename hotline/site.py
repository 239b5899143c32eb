"""The site: ``config.yaml``, checked as a whole before anything starts."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from hotline.contradictions import contradictions
from hotline.settings import Settings
from hotline.sockets import socket_folder
from ivr.reading.problem import SourceErrors
from ivr.reading.source import Source, read, validated


class Site:
    """A checked ``config.yaml`` and the paths that follow from where it stands."""

    def __init__(self, source: Source, settings: Settings, data: Path | None = None) -> None:
        self.file = file = source.file
        self.problem = source.problem  # for what only shows when the site meets its flows
        self.settings = settings
        self.folder = file.parent.resolve()
        self.data = (data or self.folder / settings.data).resolve()
        self.flows = (self.folder / settings.flows).resolve()

    @property
    def name(self) -> str:
        """The site's name."""
        return self.settings.site

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.settings.timezone)

    @property
    def database(self) -> str:
        """The ledger's URL."""
        return self.settings.database or f"sqlite:///{self.data / 'ledger.sqlite'}"

    @property
    def broker(self) -> str:
        """The MQTT broker's URL: the site's, else that of our own."""
        return self.settings.mqtt or f"mqtt://127.0.0.1:{self.settings.ports.mqtt}"

    @property
    def socket(self) -> Path:
        """The engine's control socket."""
        return socket_folder(self.data / "run") / "engine.sock"


def load_site(file: Path, data: Path | None = None) -> Site:
    """Read and check the site; ``data`` takes the place of the file's own data folder.

    Raises `SourceErrors` with every mistake, each at its place.
    """
    source = read(file)
    settings, problems = validated(source, Settings)
    readable = settings or _what_is_right(source.data)
    if readable is not None:
        problems = [*problems, *contradictions(source, readable)]
    if settings is None or any(problem.severity == "error" for problem in problems):
        raise SourceErrors(problems)
    return Site(source, settings, data)


def readable_site(file: Path) -> Site | None:
    """Return the site without its mistakes, to look at what hangs on it; None where nothing of it can be read."""
    try:
        source = read(file)
    except SourceErrors:
        return None
    settings = _what_is_right(source.data)
    return Site(source, settings) if settings is not None else None


def _what_is_right(data: Any) -> Settings | None:
    """Return the settings without their mistakes, so that contradictions are found in the same run."""
    rest = deepcopy(data)
    for _ in range(10):  # what is left out may be missed by what holds it, which is then left out too
        try:
            return Settings.model_validate(rest)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                _leave_out(rest, detail["loc"])
    return None


def _leave_out(data: Any, location: tuple[str | int, ...]) -> None:
    holder, last = None, None
    for part in location:
        if not isinstance(data, dict) or part not in data:
            break
        holder, last, data = data, part, data[part]
    if holder is not None:
        del holder[last]
