"""Where an Asterisk keeps what it needs to run, and whether that one will do."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

OLDEST = 18  # the first major version with everything that the generated configuration asks for

_CONFIGURED = ("etc/asterisk/asterisk.conf", "usr/local/etc/asterisk/asterisk.conf")
_MODULES = (
    "usr/lib/*-linux-gnu*/asterisk/modules",
    "usr/lib/asterisk/modules",
    "usr/lib64/asterisk/modules",
    "usr/local/lib/asterisk/modules",
)
_DATA = ("usr/share/asterisk", "var/lib/asterisk", "usr/local/share/asterisk")


@dataclass(frozen=True)
class AsteriskHome:
    """The folders that an asterisk.conf must name. `moh` may be empty in an installed Asterisk."""

    version: tuple[int, ...]
    modules: Path
    data: Path
    agi_bin: Path
    origin: Literal["installed", "brought"]

    @property
    def sounds(self) -> Path:
        """The folder with a folder of prompts for each language."""
        return self.data / "sounds"

    @property
    def moh(self) -> Path:
        """The folder with the music on hold."""
        return self.data / "moh"


@dataclass(frozen=True)
class Unusable:
    """Why an Asterisk that is there will not do."""

    reason: str


def installed(program: Path, system: Path = Path("/")) -> AsteriskHome | Unusable:
    """Look at an installed Asterisk: its version, its asterisk.conf, else the distributions' usual places.

    ``system`` is the root of the file system in which its folders are looked for.
    """
    version = _version(program)
    if not version:
        return Unusable(f"{program} does not tell its version (asterisk -V)")
    if version[0] < OLDEST:
        return Unusable(f"{program} is Asterisk {version[0]}; the hotline needs {OLDEST} or newer")
    named = _directories(system)
    modules = _first(system, named.get("astmoddir"), _MODULES, "res_pjsip.so")
    if modules is None:
        return Unusable(f"{program} has no res_pjsip.so: its SIP channel, PJSIP, is not installed")
    data = _first(system, named.get("astdatadir"), _DATA, "sounds/en*/beep.*", "sounds/beep.*")
    if data is None:
        return Unusable(f"{program} has no English core sounds (Debian: asterisk-core-sounds-en-wav)")
    scripts = _inside(system, named["astagidir"]) if "astagidir" in named else data / "agi-bin"
    return AsteriskHome(version, modules, data, scripts, "installed")


def version_in(text: str) -> tuple[int, ...]:
    """Return the version in what ``asterisk -V`` or a package says; empty when there is none."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(number) for number in found.group().split(".")) if found else ()


def _version(program: Path) -> tuple[int, ...]:
    try:
        said = subprocess.run([program, "-V"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ()
    return version_in(said.stdout)


def _directories(system: Path) -> dict[str, str]:
    for place in _CONFIGURED:
        try:
            text = (system / place).read_text(errors="replace")
        except OSError:  # often readable for Asterisk's own user alone
            continue
        return dict(re.findall(r"^\s*(ast\w+dir)\s*=>?\s*([^;\s]+)", text, re.MULTILINE))
    return {}


def _inside(system: Path, absolute: str) -> Path:
    return system / absolute.lstrip("/")


def _first(system: Path, named: str | None, usual: Iterable[str], *wanted: str) -> Path | None:
    folders = [_inside(system, named)] if named else []
    for place in usual:
        folders.extend(sorted(system.glob(place)))
    return next((folder for folder in folders if any(any(folder.glob(one)) for one in wanted)), None)
