"""Files that are there whole or not at all, whatever dies meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import mkstemp


def write_whole(file: Path, content: bytes) -> None:
    """Write a file, for this user alone, and wait for the disk. Raises `OSError`; then nothing has changed."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = mkstemp(dir=file.parent, prefix=f".{file.name}.")
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
