"""Debian's packages by apt-get, with every folder of its own: no root, and the system is not touched."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from hotline.asterisk.errors import (
    AsteriskError,
    BadSignature,
    IncompleteMirror,
    NoNetwork,
    NoSpace,
    OldKeyring,
    ToolFailed,
    WrongClock,
)
from hotline.asterisk.root import SUITE, Processor

# Only installation scripts and services ask for these, and neither ever runs in a root: 22 MB less to bring.
_NEVER_RUN = (
    "adduser",
    "base-passwd",
    "debconf",
    "gnupg",
    "locales",
    "passwd",
    "perl",
    "perl-base",
    "postgresql-client-common",
    "postgresql-common",
    "python3",
    "ssl-cert",
    "systemd",
    "sysvinit-utils",
    "tzdata",
)

_CONFIG = """\
#clear APT::Architectures;
#clear APT::Update;
#clear Acquire::CompressionTypes::Order;
#clear DPkg::Post-Invoke;
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Default-Release "";
APT::Get::AllowUnauthenticated "false";
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::CompressionTypes::Order {{ "xz"; "gz"; }};
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Dir::Cache "{work}/cache";
Dir::Cache::archives "{work}/archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourcelist "{work}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
Dir::Log "{work}";
Dir::State "{work}/state";
Dir::State::lists "{work}/lists";
Dir::State::status "{work}/status";
"""

C_LOCALE = {"LC_ALL": "C.UTF-8"}

# What apt-get says when it fails, in the order of how much each tells of the cause.
_SPACE = re.compile(r"No space left on device|Disk quota exceeded|don't have enough free space")
_KEY = re.compile(r"NO_PUBKEY|Missing key|is not signed by a trusted key")
_CLOCK = re.compile(r"is not valid yet|is expired|EXPSIG|Not live until")
_SIGNATURE = re.compile(r"BADSIG|not signed|signature|Clearsigned|[Cc]ertificate verification", re.IGNORECASE)
_MIRROR = re.compile(r"Hash Sum mismatch|unexpected size|\b404\b|not have a Release file|sync in progress")
_NETWORK = re.compile(
    r"[Rr]esolv|[Cc]ould not connect|[Uu]nable to connect|[Cc]onnection (failed|timed|refused|reset)|"
    r"unreachable|[Cc]ould not handshake|Failed to fetch|\b50[234] "
)


@dataclass(frozen=True)
class Package:
    """One package to bring. ``file`` is its name among the archives, ``size`` in bytes."""

    name: str
    version: str
    file: str
    size: int


@dataclass(frozen=True)
class Source:
    """Where packages come from and are worked on.

    ``work`` is kept between runs: what was downloaded stays there. ``held`` is a file descriptor that every
    program started inherits, so that a lock on it outlives us for as long as one of them does.
    """

    work: Path
    processor: Processor
    mirror: str
    keyring: Path
    held: int


class Apt:
    """apt-get with its folders below ``source.work``, which it makes."""

    def __init__(self, source: Source) -> None:
        self.archives = source.work / "archives"
        self._source = source
        work, architecture = source.work, source.processor.architecture
        for folder in ("archives/partial", "lists/partial", "state", "cache", "none/partial"):
            (work / folder).mkdir(parents=True, exist_ok=True)
        (work / "status").write_text("".join(_stanza(name, architecture) for name in _NEVER_RUN))
        (work / "apt.conf").write_text(_CONFIG.format(architecture=architecture, work=work))
        options = f"signed-by={source.keyring} arch={architecture} target=Packages"
        (work / "sources.list").write_text(f"deb [{options}] {source.mirror} {SUITE} main\n")

    def update(self, reached: Callable[[float], None]) -> None:
        """Bring the index of packages, its signature checked. ``reached`` is told the percentage."""
        self._bring(["update"], reached)

    def plan(self, packages: Sequence[str]) -> list[Package]:
        """Return the packages and all that they depend on."""
        # An empty folder of archives, or it would leave out what is already downloaded.
        empty = f"Dir::Cache::archives={self._source.work / 'none'}"
        done = subprocess.run(
            self._command("-qq", "-o", empty, "--print-uris", "install", *packages),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=os.environ | C_LOCALE,
            pass_fds=(self._source.held,),
            check=False,
        )
        self._check(done.returncode, done.stderr.splitlines())
        return [_package(line) for line in done.stdout.splitlines() if line.startswith("'")]

    def download(self, packages: Sequence[str], reached: Callable[[float], None]) -> None:
        """Bring those archives of the plan that are not there yet. ``reached`` is told the percentage."""
        self._bring(["--download-only", "install", *packages], reached)

    def _command(self, *arguments: str) -> list[str]:
        return ["apt-get", "-c", str(self._source.work / "apt.conf"), *arguments]

    def _bring(self, arguments: Sequence[str], reached: Callable[[float], None]) -> None:
        complaints = []
        with subprocess.Popen(
            self._command("-o", "APT::Status-Fd=2", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=os.environ | C_LOCALE,
            pass_fds=(self._source.held,),
        ) as process:
            try:
                for line in process.stderr or ():
                    if line.startswith("dlstatus:"):
                        reached(float(line.split(":")[2]))
                    else:
                        complaints.append(line.rstrip())
            except BaseException:  # Ctrl-C among them
                process.terminate()
                raise
        self._check(process.returncode, complaints)

    def _check(self, status: int, complaints: Sequence[str]) -> None:
        # Old releases of apt end an update that failed with a warning and status 0.
        if status != 0 or any("Failed to fetch" in line for line in complaints):
            raise self._failure(status, complaints)

    def _failure(self, status: int, complaints: Sequence[str]) -> AsteriskError:
        lines = [line for line in complaints if line.startswith(("E:", "W:"))] or [*complaints[-3:]]
        lines = lines or [f"It ended with status {status} and said nothing."]

        def first(pattern: re.Pattern[str]) -> str | None:
            return next((line for line in lines if pattern.search(line)), None)

        if first(_SPACE):
            return NoSpace(self._source.work)
        if detail := first(_KEY):
            return OldKeyring(self._source.keyring, detail)
        if detail := first(_CLOCK):
            return WrongClock(detail)
        if detail := first(_SIGNATURE):
            return BadSignature(self._source.mirror, detail)
        if detail := first(_MIRROR):
            return IncompleteMirror(self._source.mirror, detail)
        if detail := first(_NETWORK):
            return NoNetwork(self._source.mirror, detail)
        return ToolFailed("apt-get", "\n  ".join(lines[:5]), self._source.work)


def _stanza(name: str, architecture: str) -> str:
    return (
        f"Package: {name}\nStatus: install ok installed\nVersion: 9999:0\nArchitecture: {architecture}\n"
        "Multi-Arch: allowed\nMaintainer: none\nDescription: never run here\n\n"
    )


def _package(line: str) -> Package:
    _uri, file, size, *_hash = line.split()
    name, version, _architecture = file.split("_")
    return Package(name, unquote(version), file, int(size))
