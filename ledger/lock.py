"""A lock that tells who holds it, and since when. The system takes it from a process that dies."""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path


class Held(Exception):
    """Another process holds the lock; ``since`` is as that one wrote it."""

    def __init__(self, process: str, since: str) -> None:
        self.process, self.since = process, since
        super().__init__(f"process {process}" + (f", since {since}" if since else ""))


def take(path: Path) -> int:
    """Take the lock; return its descriptor, whose closing lets go of it. Raises `Held` and `OSError`."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()} {datetime.now(UTC).isoformat(' ', 'seconds')}\n".encode())
    except BlockingIOError as error:
        process, _, since = os.read(lock, 80).decode("ascii", "replace").strip().partition(" ")
        os.close(lock)
        raise Held(process or "unknown", since) from error
    except OSError:
        os.close(lock)
        raise
    return lock
