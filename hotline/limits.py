"""How many files a process may open: every live call takes one in the engine, and five in Asterisk."""

from __future__ import annotations

import resource

MOST_OPEN_FILES = 65_536


def raise_open_files() -> int:
    """Let this process open as many files as its user may, as far as it is of use; return how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
