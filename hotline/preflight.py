"""Looks at everything that could keep the hotline from running, before anything is started."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from pathlib import Path

from hotline.asterisk.config import UNWRITABLE
from hotline.errors import HotlineError
from hotline.flows.folder import number_problems
from hotline.lookup.check import missing_secrets
from hotline.site import Site, load_site, readable_site
from hotline.site_names import names_of
from ivr.reading.loader import load_flows
from ivr.reading.problem import Problem, SourceErrors
from ledger.database import open_for_writing

ROOM = 200 * 1024 * 1024
UNFIT = frozenset(""",;=&|$"'`\\()[]{}<>""")  # in a folder's name each means something to Asterisk's dialplan


class PortInUse(HotlineError):
    """Somebody else listens where a part of the hotline should."""

    def __init__(self, key: str, port: int, kind: str) -> None:
        super().__init__(
            f"port {port}/{kind} (ports.{key}) is in use by another program. Is another hotline running here? "
            f"End it with Ctrl-C where it was started, or give ports.{key} another number."
        )


class PortRefused(HotlineError):
    """The system does not let us listen there, though nobody else does."""

    def __init__(self, key: str, host: str, port: int, error: OSError) -> None:
        why = {
            errno.EACCES: f"ports below 1024 are root's: give ports.{key} a higher number",
            errno.EADDRNOTAVAIL: f"this machine has no address {host}: see `listen`",
        }
        way_out = why.get(error.errno or 0, (error.strerror or str(error)).lower())
        super().__init__(f"cannot listen on {host}:{port} (ports.{key}): {way_out}")


class FolderUnusable(HotlineError):
    """The data folder cannot be written."""

    def __init__(self, site: Site, reason: str) -> None:
        super().__init__(
            f"the data folder {site.data} cannot be used: {reason}. "
            f"Make it writable, or name another in `data:` in {site.file}, or with --data."
        )


class DiskFull(HotlineError):
    """There is hardly any room where the data is."""

    def __init__(self, site: Site, free: int) -> None:
        super().__init__(
            f"only {free >> 20} MB are free in {site.data}; the hotline wants {ROOM >> 20} MB to begin. "
            "Make room, or name a data folder on another disk with --data."
        )


class PasswordMissing(HotlineError):
    """A trunk's password is to come from the environment, and does not."""

    def __init__(self, trunk: str, variable: str) -> None:
        super().__init__(
            f"the trunk {trunk!r} wants its password in the environment variable {variable}: set it"
        )


class PasswordUnusable(HotlineError):
    """A trunk's password has what Asterisk's files cannot hold."""

    def __init__(self, trunk: str, variable: str) -> None:
        super().__init__(
            f"the password of the trunk {trunk!r}, in the environment variable {variable}, begins or ends with a "
            "blank, or holds a line break or another control character: set it again without"
        )


def checked_site(file: Path, data: Path | None = None) -> Site:
    """Read the site and all that hangs on it. Raises `SourceErrors` with every mistake in any of its files."""
    problems: list[Problem] = []
    site: Site | None = None
    try:
        site = load_site(file, data)
    except SourceErrors as errors:
        problems.extend(errors.problems)
    readable = site or readable_site(file)
    if readable is not None:
        for check in (check_flows, check_certificate, check_secrets):
            try:
                check(readable)
            except SourceErrors as errors:
                problems.extend(errors.problems)
    if site is None or problems:
        raise SourceErrors(problems)
    return site


def check_flows(site: Site) -> None:
    """Read every flow, and hold the site's numbers against them. Raises `SourceErrors` with every mistake."""
    if problems := list(number_problems(site, load_flows(site.flows, names_of(site)))):
        raise SourceErrors(problems)


def check_certificate(site: Site) -> None:
    """See that the files for TLS can be read. Raises `SourceErrors` with every one that cannot."""
    problems = []
    for key, file in site.settings.tls or ():
        path = ("tls", key)
        if file is None:
            continue
        if UNWRITABLE.search(str(file)) or str(file) != str(file).strip():
            message = "Asterisk cannot read a file whose name has control characters, or blanks at its ends"
            problems.append(site.problem(path, "unfit-name", message))
        elif not os.access(site.folder / file, os.R_OK):
            message = f"{site.folder / file} is not there, or not for this user to read"
            problems.append(site.problem(path, "unreadable", message))
    if problems:
        raise SourceErrors(problems)


def check_secrets(site: Site) -> None:
    """See that the environment holds what the lookups want of it. Raises `SourceErrors` with all that is missing."""
    problems = [
        site.problem(
            ("lookups", name, *key),
            "secret-missing",
            f"this wants {variable} from the environment, where it is not: set it",
        )
        for name, lookup in site.settings.lookups.items()
        for key, variable in missing_secrets(lookup, os.environ)
    ]
    if problems:
        raise SourceErrors(problems)


def check_folder(site: Site) -> None:
    """Make the data folder and try it. Raises `FolderUnusable` or `DiskFull`."""
    if unfit := sorted(UNFIT & set(str(site.data))) or UNWRITABLE.findall(str(site.data)):
        raise FolderUnusable(site, f"Asterisk cannot work in a folder whose name holds {unfit[0]!r}")
    try:
        for folder in (site.data, site.data / "run", site.data / "logs", site.data / "spool"):
            folder.mkdir(parents=True, exist_ok=True)
        site.data.chmod(0o700)
        probe = site.data / ".probe"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise FolderUnusable(site, (error.strerror or str(error)).lower()) from error
    free = shutil.disk_usage(site.data).free
    if free < ROOM:
        raise DiskFull(site, free)


def check_ledger(site: Site) -> None:
    """Open the ledger and let go of it. Raises the ledger's own errors."""
    open_for_writing(site.database).dispose()


def check_ports(site: Site) -> None:
    """See that nobody listens where we will. Raises `PortInUse`."""
    ports = site.settings.ports
    tcp: dict[str, tuple[str, int | None]] = {
        "agi": ("127.0.0.1", ports.agi),
        "metrics": ("127.0.0.1", ports.metrics),
    }
    if site.settings.mqtt is None:
        tcp["mqtt"] = ("127.0.0.1", ports.mqtt)
    own = site.settings.asterisk == "own"
    if own:
        tcp |= {
            "ami": ("127.0.0.1", ports.ami),
            "sip": (site.settings.listen, ports.sip),
            "sip_tls": (site.settings.listen, ports.sip_tls),
        }
    for key, (host, port) in tcp.items():
        if port is not None:
            _check_port(key, host, port, socket.SOCK_STREAM)
    if own:
        _check_port("sip", site.settings.listen, ports.sip, socket.SOCK_DGRAM)
        voice = range(ports.rtp_first + ports.rtp_first % 2, ports.rtp_last, 2)
        if not any(is_free(site.settings.listen, port, socket.SOCK_DGRAM) for port in voice):
            raise PortInUse("rtp_first", ports.rtp_first, "udp and all up to rtp_last")


def _check_port(key: str, host: str, port: int, kind: socket.SocketKind) -> None:
    try:
        with _bound(host, port, kind):
            pass
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(key, port, "tcp" if kind == socket.SOCK_STREAM else "udp") from None
        raise PortRefused(key, host, port, error) from error


def trunk_passwords(site: Site) -> dict[str, str]:
    """Return the trunks' passwords out of the environment. Raises `PasswordMissing`."""
    passwords = {}
    for name, trunk in site.settings.trunks.items():
        if trunk.register_ is not None:
            password = os.environ.get(trunk.register_.password_env)
            if not password:
                raise PasswordMissing(name, trunk.register_.password_env)
            if UNWRITABLE.search(password) or password != password.strip():
                raise PasswordUnusable(name, trunk.register_.password_env)
            passwords[name] = password
    return passwords


def is_free(host: str, port: int, kind: socket.SocketKind) -> bool:
    """Tell whether one could listen there now."""
    try:
        with _bound(host, port, kind):
            return True
    except OSError:
        return False


def _bound(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    probe = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    try:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
    except BaseException:
        probe.close()
        raise
    return probe
