"""Where Unix sockets go: beside the data, or, where that path is too long for a socket, at a short one."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

LONGEST_PATH = 90  # bytes; the system cuts a socket's path at 107, and a name of up to 16 follows


def socket_folder(folder: Path) -> Path:
    """Return the folder for the sockets of what lives in ``folder``. Two folders never share one."""
    if len(os.fsencode(folder)) <= LONGEST_PATH:
        return folder
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/hotline-{os.getuid()}"  # noqa: S108 see make_private
    return Path(runtime) / f"{folder.name}-{zlib.crc32(os.fsencode(folder)):08x}"


def make_private(folder: Path) -> None:
    """Make a folder for this user alone. Raises `OSError`, also where somebody else has made it before us."""
    for made in (folder.parent, folder):
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.is_symlink():
        raise PermissionError(1, "it belongs to somebody else; remove it", str(folder))
    folder.chmod(0o700)
