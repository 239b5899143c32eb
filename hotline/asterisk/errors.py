"""What can keep Asterisk from being found or brought: one class per situation, each with its way out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class AsteriskError(Exception):
    """Asterisk, or a program beside it, cannot be had. `remedy` tells the person who meets it what to do."""

    def __init__(self, wrong: str, remedy: str) -> None:
        super().__init__(wrong)
        self.remedy = remedy


class MissingProgram(AsteriskError):
    """Programs that are neither installed nor brought; `reasons` says why what was seen did not do."""

    def __init__(
        self, programs: Sequence[str], reasons: Sequence[str], prefix: Path, remedy: str = ""
    ) -> None:
        self.programs = tuple(programs)
        self.reasons = tuple(reasons)
        because = "".join(f"\n  {reason}" for reason in reasons)
        tests = " --with-tests" if {"sipp", "postgres", "initdb"} & set(programs) else ""
        super().__init__(
            f"Not found on this machine, nor in {prefix}: {', '.join(programs)}.{because}",
            remedy or f"Bring them into that folder, without root: hotline asterisk fetch{tests}",
        )


class BadSetting(AsteriskError):
    """An environment variable with a value that means nothing."""

    def __init__(self, name: str, value: str, allowed: Sequence[str]) -> None:
        self.name = name
        self.value = value
        super().__init__(f"{name}={value!r} means nothing here.", f"Use one of: {', '.join(allowed)}.")


_BY_HAND = (
    "Install Asterisk 18 or newer, Mosquitto, espeak-ng and SoX by this system's own means: the hotline uses "
    "what it finds on the PATH."
)


class NoAptTools(AsteriskError):
    """The tools that bring Debian's packages are not on this machine."""

    def __init__(self, missing: Sequence[str]) -> None:
        self.missing = tuple(missing)
        super().__init__(
            f"Bringing Asterisk takes Debian's package tools, and this machine lacks: {', '.join(missing)}.",
            f"{_BY_HAND} On Debian and Ubuntu install the packages named above instead.",
        )


class UnsupportedProcessor(AsteriskError):
    """No packages are brought for this kind of machine."""

    def __init__(self, machine: str) -> None:
        self.machine = machine
        super().__init__(
            f"Asterisk is brought for x86_64 and aarch64 Linux only; this machine is {machine}.", _BY_HAND
        )


class NoKeyring(AsteriskError):
    """Debian's public keys are missing, so no download could be trusted."""

    def __init__(self, looked: Sequence[Path]) -> None:
        self.looked = tuple(looked)
        super().__init__(
            f"Debian's keys are missing: there is no {' or '.join(map(str, looked))}.",
            "apt install debian-archive-keyring (Ubuntu has it too), then try again.",
        )


class OldKeyring(AsteriskError):
    """Debian's public keys are here, but not yet those that sign today's packages."""

    def __init__(self, keyring: Path, detail: str) -> None:
        self.keyring = keyring
        super().__init__(
            f"{keyring} lacks a key that signs Debian's packages today.\n  {detail}",
            "apt update && apt install debian-archive-keyring, then try again.",
        )


class BadSignature(AsteriskError):
    """What came is not what Debian signed. Nothing of it was kept."""

    def __init__(self, mirror: str, detail: str) -> None:
        super().__init__(
            f"What {mirror} sent does not carry Debian's signature, and was refused.\n  {detail}",
            "Something on the way changes downloads, often a proxy or the network's login page. Try another "
            "network, or another mirror: HOTLINE_DEBIAN_MIRROR=https://…/debian",
        )


class WrongClock(AsteriskError):
    """Debian's signed index is not valid at the time that this machine believes in."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"By this machine's clock Debian's package index is not valid.\n  {detail}",
            "Set the clock (timedatectl set-ntp true), or if it is right use a mirror that is up to date: "
            "HOTLINE_DEBIAN_MIRROR=https://…/debian",
        )


class NoNetwork(AsteriskError):
    """The mirror cannot be reached."""

    def __init__(self, mirror: str, detail: str) -> None:
        super().__init__(
            f"{mirror} cannot be reached.\n  {detail}",
            "Check the network and its proxy (http_proxy, or Acquire::http::Proxy in /etc/apt/apt.conf.d), "
            "then try again: what was already downloaded is kept. Another mirror: "
            "HOTLINE_DEBIAN_MIRROR=https://…/debian",
        )


class IncompleteMirror(AsteriskError):
    """The mirror lacks, or has changed, what its own index names."""

    def __init__(self, mirror: str, detail: str) -> None:
        super().__init__(
            f"{mirror} does not have what Debian's index names.\n  {detail}",
            "A mirror is so for some minutes while it is renewed: try again, what was downloaded is kept. Or "
            "name another: HOTLINE_DEBIAN_MIRROR=https://…/debian",
        )


class NoSpace(AsteriskError):
    """The disk is too full, before or during the work. `needed` and `free` are in bytes, 0 where unknown."""

    def __init__(self, folder: Path, needed: int | None = None, free: int | None = None) -> None:
        self.folder = folder
        self.needed = needed
        self.free = free
        figures = (
            "" if needed is None or free is None else f": {free >> 20} MB free, {needed >> 20} MB needed"
        )
        super().__init__(
            f"The disk that holds {folder} is full{figures}.",
            "Make room there, or name a folder on another disk: HOTLINE_CACHE=/path. Then try again: what "
            "was downloaded is kept.",
        )


class UnusableFolder(AsteriskError):
    """The cache folder cannot be made or written."""

    def __init__(self, folder: Path, detail: str) -> None:
        self.folder = folder
        super().__init__(
            f"{folder} cannot be written: {detail}.",
            "Make it writable for this user, or name another folder: HOTLINE_CACHE=/path",
        )


class WrongVersion(AsteriskError):
    """Debian carries another Asterisk than the one that this hotline was built for."""

    def __init__(self, suite: str, offered: str, wanted: int) -> None:
        self.offered = offered
        super().__init__(
            f"Debian {suite} now carries Asterisk {offered}; this hotline was built and tested for {wanted}.",
            "Take a newer hotline, or install an Asterisk yourself (18 or newer): it uses what it finds.",
        )


class Incomplete(AsteriskError):
    """What Debian's packages brought would not start; it was not kept."""

    def __init__(self, suite: str, program: str, libraries: Sequence[str]) -> None:
        self.program = program
        self.libraries = tuple(libraries)
        super().__init__(
            f"Debian {suite} brought a {program} without its libraries: {', '.join(libraries)}.",
            "Debian's testing suite may be between two versions: try again tomorrow, or install "
            f"{program} yourself.",
        )


class ToolFailed(AsteriskError):
    """A package tool failed for a reason that has no class of its own; `detail` holds its own words."""

    def __init__(self, tool: str, detail: str, folder: Path) -> None:
        self.tool = tool
        self.detail = detail
        super().__init__(
            f"{tool} failed.\n  {detail}",
            f"Try again. If it fails in the same way, remove {folder} and start over.",
        )
