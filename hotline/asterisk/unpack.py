"""Packages unpacked into a root and made fit to run from there; nothing of them is ever installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from hotline.asterisk.apt import C_LOCALE
from hotline.asterisk.errors import Incomplete, NoSpace, ToolFailed
from hotline.asterisk.root import SUITE, Root

# Big, and of no use to a program that runs. The licences (usr/share/doc/*/copyright) stay.
_LEFT_OUT = (
    "./usr/share/man",
    "./usr/share/info",
    "./usr/share/locale",
    "./usr/share/lintian",
    "./usr/share/perl",
    "./usr/share/doc/*/changelog*",
    "./usr/share/doc/*/NEWS*",
    "./usr/share/doc/*/README*",
    "./usr/share/doc/*/examples",
    "./usr/share/doc/*/html",
    "./usr/lib/*/perl",
)
_AT_ONCE = 2


def unpack(archives: Sequence[Path], root: Root, reached: Callable[[float], None], *, held: int) -> None:
    """Unpack the archives into the root's folder, which must not exist; tell ``reached`` how many are done.

    ``held`` is inherited by each program, as in `Source`. Raises `ToolFailed`, `NoSpace`.
    """
    for merged in ("bin", "sbin", "lib", "lib64"):  # these links come with none of the packages
        (root.folder / "usr" / merged).mkdir(parents=True)
        (root.folder / merged).symlink_to(f"usr/{merged}")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        jobs = [pool.submit(_unpack, archive, root.folder, held) for archive in archives]
        try:
            for done, job in enumerate(as_completed(jobs), 1):
                job.result()
                reached(done)
        except BaseException:  # Ctrl-C among them
            pool.shutdown(cancel_futures=True)
            raise


def finish(root: Root, *, held: int) -> None:
    """Do what the packages' installation scripts would have done, so far as the programs need it.

    Raises `Incomplete` when a program lacks a library, `ToolFailed`, `NoSpace`.
    """
    # The links by which a library is known; some packages leave them to ldconfig.
    _run(["ldconfig", "-n", str(root.libraries)], root, held)
    if spoken := sorted((root.folder / "usr/share/asterisk/sounds").glob("en_US_*")):
        spoken[0].with_name("en").symlink_to(spoken[0].name)
    for program in root.programs:
        # The loader goes on to the system's own folders: what it finds there is on no other machine.
        linked = _run([*root.loader("--list"), str(root.file(program))], root, held).splitlines()
        strays = [line.strip() for line in linked if "=>" in line and f"=> {root.folder}/" not in line]
        if strays:
            raise Incomplete(SUITE, program, strays)


def _unpack(archive: Path, into: Path, held: int) -> None:
    # Not dpkg-deb -x, which run by root would keep owners and set-uid bits.
    options = ["--no-same-owner", "--no-same-permissions", "--keep-directory-symlink", "--wildcards"]
    left_out = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", archive],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | C_LOCALE,
        pass_fds=(held,),
    ) as source:
        tar = subprocess.run(
            ["tar", "-x", "-C", into, *options, *left_out],
            stdin=source.stdout,
            capture_output=True,
            env=os.environ | C_LOCALE,
            pass_fds=(held,),
            check=False,
        )
        _rest, complaint = source.communicate()  # the rest, after a tar that failed: else this would hang
    if tar.returncode or source.returncode:
        raise _failure(f"Unpacking {archive.name}", tar.stderr + complaint, into)


def _run(command: Sequence[str], root: Root, held: int) -> str:
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"  # ldconfig is there, for any user
    done = subprocess.run(
        [shutil.which(command[0], path=path) or command[0], *command[1:]],
        capture_output=True,
        env=os.environ | C_LOCALE,
        pass_fds=(held,),
        check=False,
    )
    if done.returncode:
        raise _failure(Path(command[0]).name, done.stderr, root.folder)
    return done.stdout.decode(errors="replace")


def _failure(tool: str, complaint: bytes, folder: Path) -> ToolFailed | NoSpace:
    text = complaint.decode(errors="replace")
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return NoSpace(folder.parent)
    return ToolFailed(tool, "\n  ".join(text.splitlines()[:5]), folder.parent)
