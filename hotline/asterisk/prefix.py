"""The programs that the hotline starts: each installed on this machine, or brought into a private prefix."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args

from hotline.asterisk.errors import BadSetting, MissingProgram
from hotline.asterisk.home import AsteriskHome, Unusable, installed
from hotline.asterisk.root import PCAPS, opened, prefix_folder

Choice: TypeAlias = Literal["auto", "installed", "brought"]
Program: TypeAlias = Literal[
    "asterisk", "rasterisk", "mosquitto", "espeak-ng", "sox", "sipp", "postgres", "initdb"
]

NEEDED = ("asterisk", "mosquitto", "espeak-ng", "sox")
FOR_TESTS = ("sipp", "postgres", "initdb")
# The prefix has a root for each, so that the second is added later without touching the first.
ROOTS: Mapping[str, tuple[str, ...]] = {"root": NEEDED, "tests": FOR_TESTS}


@dataclass(frozen=True)
class Tool:
    """How to start one program."""

    start: tuple[str, ...]
    environment: Mapping[str, str]
    origin: Literal["installed", "brought"]


@dataclass(frozen=True)
class Toolbox:
    """What was found. ``passed_over`` tells which installed programs were not used, and why."""

    prefix: Path
    tools: Mapping[str, Tool]
    home: AsteriskHome | None
    pcaps: Path | None
    passed_over: tuple[str, ...]

    def command(self, program: Program, *arguments: str) -> list[str]:
        """Return the command line that starts the program. Raises `MissingProgram`."""
        return [*self._tool(program).start, *arguments]

    def environment(self, program: Program) -> dict[str, str]:
        """Return the variables to add to the program's environment. Raises `MissingProgram`."""
        return dict(self._tool(program).environment)

    @property
    def asterisk(self) -> AsteriskHome:
        """The folders of the Asterisk that ``command("asterisk")`` starts. Raises `MissingProgram`."""
        if self.home is None:
            raise MissingProgram(["asterisk"], self.passed_over, self.prefix)
        return self.home

    @property
    def sipp_pcaps(self) -> Path:
        """The folder with SIPp's recordings of DTMF. Raises `MissingProgram`."""
        if self.pcaps is None:
            raise MissingProgram(["sipp"], self.passed_over, self.prefix)
        return self.pcaps

    def missing(self, *, with_tests: bool = False) -> tuple[str, ...]:
        """Return which programs the hotline, or its tests, would lack."""
        return tuple(name for name in NEEDED + FOR_TESTS * with_tests if name not in self.tools)

    def _tool(self, program: str) -> Tool:
        if program not in self.tools:
            raise MissingProgram([program], self.passed_over, self.prefix)
        return self.tools[program]


@dataclass(frozen=True)
class Machine:
    """Where to look for installed programs: a search path, and the root of the file system."""

    path: str
    system: Path = Path("/")

    @classmethod
    def own(cls) -> Machine:
        """Return this machine. Users other than root seldom have the daemons' folders on their PATH."""
        path = os.environ.get("PATH", os.defpath)
        return cls(os.pathsep.join([path, "/usr/local/sbin", "/usr/sbin", "/sbin"]))

    def which(self, program: str) -> Path | None:
        """Return the program's file."""
        found = shutil.which(program, path=self.path)
        return Path(found).absolute() if found else None


def chosen() -> Choice:
    """Return what ``HOTLINE_ASTERISK`` asks for. Raises `BadSetting`."""
    value = os.environ.get("HOTLINE_ASTERISK") or "auto"
    if value not in get_args(Choice):
        raise BadSetting("HOTLINE_ASTERISK", value, get_args(Choice))
    return cast("Choice", value)


def find(
    *,
    cache: Path | None = None,
    choice: Choice | None = None,
    with_tests: bool = False,
    machine: Machine | None = None,
) -> Toolbox:
    """Find the programs, installed ones first, or raise `MissingProgram` with the way out.

    ``choice``, by default ``HOTLINE_ASTERISK``: ``brought`` uses nothing of this system, ``installed`` takes
    no brought Asterisk. ``cache`` is as in `prefix_folder`. Needs no network; starts only ``asterisk -V``.
    """
    choice = choice or chosen()
    toolbox = survey(cache=cache, choice=choice, machine=machine or Machine.own())
    if missing := toolbox.missing(with_tests=with_tests):
        raise lacking(toolbox, missing, choice)
    return toolbox


def lacking(toolbox: Toolbox, missing: tuple[str, ...], choice: Choice) -> MissingProgram:
    """Return the error for programs that were not found, with the way out that the choice leaves."""
    barred = choice == "installed" and "asterisk" in missing
    remedy = (
        "HOTLINE_ASTERISK=installed asks for this system's own Asterisk: install one (18 or newer), or unset "
        "the variable, and one is brought."
    )
    return MissingProgram(missing, toolbox.passed_over, toolbox.prefix, remedy if barred else "")


def survey(*, cache: Path | None, choice: Choice, machine: Machine) -> Toolbox:
    """Look for every program, and return what there is."""
    prefix = prefix_folder(cache)
    found = Toolbox(prefix, {}, None, None, ()) if choice == "brought" else _installed(prefix, machine)
    tools, home, pcaps = dict(found.tools), found.home, found.pcaps
    for name, programs in ROOTS.items():
        lacked = [one for one in programs if one not in tools and (one, choice) != ("asterisk", "installed")]
        root = opened(prefix / name) if lacked else None
        if root is None:
            continue
        for program in set(lacked) & set(root.programs):
            start = (*root.loader(), str(root.file(program)))
            tools[program] = Tool(start, root.environment(program), "brought")
            if program == "asterisk":
                home = root.home
            elif program == "sipp":
                pcaps = root.folder / PCAPS
    if asterisk := tools.get("asterisk"):  # the same program, asked to connect to the one that runs
        tools["rasterisk"] = replace(asterisk, start=(*asterisk.start, "-r"))
    return Toolbox(prefix, tools, home, pcaps, found.passed_over)


def _installed(prefix: Path, machine: Machine) -> Toolbox:
    files = {program: file for program in NEEDED + FOR_TESTS if (file := machine.which(program))}
    home = pcaps = None
    passed_over = []
    if asterisk := files.get("asterisk"):
        look = installed(asterisk, machine.system)
        if isinstance(look, Unusable):
            passed_over.append(look.reason)
            del files["asterisk"]
        else:
            home = look
    if sipp := files.get("sipp"):
        pcaps = machine.system / PCAPS
        if not any(pcaps.glob("dtmf_2833_*.pcap")):
            passed_over.append(f"{sipp} has no recordings of DTMF in {pcaps}")
            del files["sipp"]
            pcaps = None
    if not {"postgres", "initdb"} <= files.keys():  # each asks the other for its version
        files.pop("postgres", None)
        files.pop("initdb", None)
    tools = {program: Tool((str(file),), {}, "installed") for program, file in files.items()}
    return Toolbox(prefix, tools, home, pcaps, tuple(passed_over))
