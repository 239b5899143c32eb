"""A root brought from Debian: a folder of programs that run beside any system, through their own loader."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hotline.asterisk.errors import UnsupportedProcessor
from hotline.asterisk.home import AsteriskHome, version_in

SUITE = "forky"
MAJOR = 22  # the suite moves; the Asterisk that this hotline is tested with does not

# What each program comes in. A root holds the packages of some of them, and all that these depend on.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "asterisk": ("asterisk", "asterisk-core-sounds-en-wav", "asterisk-moh-opsound-wav"),
    "mosquitto": ("mosquitto",),
    "espeak-ng": ("espeak-ng",),
    "sox": ("sox",),
    "sipp": ("sip-tester",),
    "postgres": ("postgresql-18",),
    "initdb": ("postgresql-18",),
}
_FOLDERS = ("usr/sbin", "usr/bin", "usr/lib/postgresql/*/bin")
STAMP = "BROUGHT.txt"  # written last: a root without it is not one
PCAPS = "usr/share/sip-tester"


@dataclass(frozen=True)
class Processor:
    """What Debian calls a kind of machine, and what its loader is called."""

    architecture: str
    triplet: str
    loader: str


_PROCESSORS = {
    "x86_64": Processor("amd64", "x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "aarch64": Processor("arm64", "aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}


def processor() -> Processor:
    """Return this machine's. Raises `UnsupportedProcessor`."""
    machine = platform.machine()
    if platform.system() != "Linux" or machine not in _PROCESSORS:
        raise UnsupportedProcessor(f"{machine} {platform.system()}")
    return _PROCESSORS[machine]


def prefix_folder(cache: Path | None = None) -> Path:
    """Return the folder for what is brought, one for each Asterisk version and kind of machine.

    It lies below ``cache``, else ``$HOTLINE_CACHE``, ``$XDG_CACHE_HOME/hotline`` or ``~/.cache/hotline``.
    """
    if cache is None:
        own, everyones = os.environ.get("HOTLINE_CACHE"), os.environ.get("XDG_CACHE_HOME")
        cache = Path(own) if own else (Path(everyones) if everyones else Path.home() / ".cache") / "hotline"
    return cache.absolute() / f"prefix-{MAJOR}-{platform.machine()}"


@dataclass(frozen=True)
class Root:
    """One root, and the version of each package in it. It may be moved: nothing in it names its own place."""

    folder: Path
    processor: Processor
    versions: Mapping[str, str]

    @property
    def libraries(self) -> Path:
        """The folder with the libraries and the loader."""
        return self.folder / "usr/lib" / self.processor.triplet

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that it was brought for."""
        return tuple(program for program, packages in PACKAGES.items() if packages[0] in self.versions)

    def loader(self, *options: str) -> list[str]:
        """Return how a command line begins that runs a program with this root's libraries."""
        # libpulse's own library, which espeak-ng takes in, lies a folder deeper.
        path = f"{self.libraries}:{self.libraries / 'pulseaudio'}"
        return [str(self.libraries / self.processor.loader), *options, "--library-path", path]

    def file(self, program: str) -> Path:
        """Return where the program lies."""
        found = (file for place in _FOLDERS for file in self.folder.glob(f"{place}/{program}"))
        return next(found, self.folder / "usr/bin" / program)

    def environment(self, program: str) -> dict[str, str]:
        """Return what the program must find in its environment."""
        return {"ESPEAK_DATA_PATH": str(self.libraries)} if program == "espeak-ng" else {}

    @property
    def home(self) -> AsteriskHome:
        """The folders of this root's Asterisk."""
        data = self.folder / "usr/share/asterisk"
        return AsteriskHome(
            version=version_in(self.versions["asterisk"]),
            modules=self.libraries / "asterisk/modules",
            data=data,
            agi_bin=data / "agi-bin",
            origin="brought",
        )

    def stamp(self) -> None:
        """Write down what was brought, which makes the folder a root."""
        lines = [f"# Debian {SUITE}, {self.processor.architecture}: package=version"]
        lines += [f"{package}={version}" for package, version in sorted(self.versions.items())]
        (self.folder / STAMP).write_text("\n".join(lines) + "\n")


def opened(folder: Path) -> Root | None:
    """Return the root in ``folder``, or None when there is no finished one."""
    try:
        lines = (folder / STAMP).read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    versions = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return Root(folder, processor(), versions)
