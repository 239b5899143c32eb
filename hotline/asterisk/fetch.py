"""Asterisk and the programs beside it brought into the private prefix: checked, resumable, once."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from hotline.asterisk.apt import Apt, Source
from hotline.asterisk.errors import NoAptTools, NoKeyring, NoSpace, UnusableFolder, WrongVersion
from hotline.asterisk.home import version_in
from hotline.asterisk.prefix import ROOTS, Choice, Machine, Toolbox, chosen, find, lacking, survey
from hotline.asterisk.progress import Progress, shown
from hotline.asterisk.root import MAJOR, PACKAGES, SUITE, Processor, Root, opened, processor
from hotline.asterisk.unpack import finish, unpack

MIRROR = "http://deb.debian.org/debian"  # what comes is checked by its signature, not by the way it came

_TOOLS = {"apt-get": "apt", "dpkg-deb": "dpkg", "tar": "tar", "ldconfig": "libc-bin"}
_KEYRINGS = ("usr/share/keyrings/debian-archive-keyring.pgp", "usr/share/keyrings/debian-archive-keyring.gpg")
# Bytes on disk at the worst moment, measured and rounded up: each root with its archives, and apt's index.
_ROOM: Mapping[str, int] = {"root": 450 << 20, "tests": 170 << 20}
_INDEX = 150 << 20


def fetch(
    *,
    with_tests: bool = False,
    progress: Progress | None = None,
    cache: Path | None = None,
    choice: Choice | None = None,
    machine: Machine | None = None,
) -> Toolbox:
    """Find the programs, and first bring those that are missing, with what the tests need if asked.

    When none is missing it takes no network and starts no program but ``asterisk -V``. Of two at once
    the second waits. Interrupted, it leaves the prefix as it was, and the downloads for the next time.
    Progress is shown on stderr unless ``progress`` is given; the other arguments are those of `find`.
    Raises an `AsteriskError`.
    """
    choice = choice or chosen()
    machine = machine or Machine.own()

    def look() -> tuple[Toolbox, tuple[str, ...]]:
        toolbox = survey(cache=cache, choice=choice, machine=machine)
        return toolbox, toolbox.missing(with_tests=with_tests)

    toolbox, missing = look()
    if not missing:
        return toolbox
    if choice == "installed" and "asterisk" in missing:
        raise lacking(toolbox, missing, choice)
    kind, keyring = _able(machine)
    with nullcontext(progress) if progress else shown() as progress, _writing(toolbox.prefix):
        toolbox.prefix.mkdir(parents=True, exist_ok=True)
        with _alone(toolbox.prefix, progress) as held:
            _tidy(toolbox.prefix)
            toolbox, missing = look()  # another may have brought them while we waited
            if missing:
                source = Source(toolbox.prefix / "work", kind, _mirror(), keyring, held)
                _bring(missing, toolbox, source, progress)
    return find(cache=cache, choice=choice, with_tests=with_tests, machine=machine)


def _bring(missing: Sequence[str], toolbox: Toolbox, source: Source, progress: Progress) -> None:
    for reason in toolbox.passed_over:
        progress.say(f"Not used: {reason}.")
    roots = {name: programs for name, programs in ROOTS.items() if set(programs) & set(missing)}
    _check_room(toolbox.prefix, roots)
    apt = Apt(source)
    progress.begin(f"Reading the package index of Debian {SUITE}", 100)
    apt.update(progress.reached)
    for name, programs in roots.items():
        there = opened(toolbox.prefix / name)
        kept = there.programs if there else ()
        wanted = [program for program in programs if program in missing or program in kept]
        _make(toolbox.prefix / name, wanted, apt, source, progress)
    shutil.rmtree(source.work)


def _make(target: Path, programs: Sequence[str], apt: Apt, source: Source, progress: Progress) -> None:
    names = list(dict.fromkeys(package for program in programs for package in PACKAGES[program]))
    plan = apt.plan(names)
    versions = {package.name: package.version for package in plan}
    if "asterisk" in versions and version_in(versions["asterisk"])[:1] != (MAJOR,):
        raise WrongVersion(SUITE, versions["asterisk"], MAJOR)
    to_come = sum(package.size for package in plan if not (apt.archives / package.file).exists())
    progress.begin(f"Downloading {', '.join(programs)}: {len(plan)} packages, {to_come / 1e6:.0f} MB", 100)
    apt.download(names, progress.reached)
    progress.begin("Unpacking", len(plan))
    partial = Root(target.with_name(f"{target.name}.partial"), source.processor, versions)
    unpack([apt.archives / package.file for package in plan], partial, progress.reached, held=source.held)
    finish(partial, held=source.held)
    partial.stamp()
    if target.exists():
        target.rename(_old(target))
    partial.folder.rename(target)
    _tidy(target.parent)


def _able(machine: Machine) -> tuple[Processor, Path]:
    """Return the kind of machine and Debian's keyring, or raise what this machine lacks."""
    kind = processor()
    lacks = [tool for tool in _TOOLS if not machine.which(tool)]
    if lacks:
        raise NoAptTools([f"{tool} (package {_TOOLS[tool]})" for tool in lacks])
    keyrings = [machine.system / keyring for keyring in _KEYRINGS]
    keyring = next((keyring for keyring in keyrings if keyring.exists()), None)
    if keyring is None:
        raise NoKeyring(keyrings)
    return kind, keyring


def _mirror() -> str:
    return os.environ.get("HOTLINE_DEBIAN_MIRROR") or MIRROR


def _check_room(prefix: Path, roots: Iterable[str]) -> None:
    here = sum(file.stat().st_size for file in prefix.glob("work/**/*") if file.is_file())
    needed = _INDEX + sum(_ROOM[root] for root in roots) - here
    free = shutil.disk_usage(prefix).free
    if free < needed:
        raise NoSpace(prefix, needed, free)


def _old(target: Path) -> Path:
    return target.with_name(f"{target.name}.old")


def _tidy(prefix: Path) -> None:
    """Undo what a run left that was killed."""
    for name in ROOTS:
        target = prefix / name
        if _old(target).exists() and not target.exists():  # killed between the two renames
            _old(target).rename(target)
        for left in (_old(target), target.with_name(f"{name}.partial")):
            if left.exists():
                shutil.rmtree(left)


@contextmanager
def _alone(prefix: Path, progress: Progress) -> Iterator[int]:
    """Hold the prefix's lock, first waiting for whoever has it. Yields its file descriptor.

    Programs that inherit it keep the lock for as long as they run, even if this process is killed.
    """
    with (prefix / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"Another fetch is at work in {prefix}: waiting for it to end.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


@contextmanager
def _writing(prefix: Path) -> Iterator[None]:
    """Turn the system's refusals to write into ours."""
    # Each of these ends a value in the syntax of apt, of the loader or of Asterisk.
    if unfit := sorted(set('":;\n') & set(str(prefix))):
        raise UnusableFolder(prefix, f"its name holds {unfit[0]!r}")
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(prefix) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EEXIST):
            raise UnusableFolder(prefix, error.strerror or str(error)) from error
        raise
