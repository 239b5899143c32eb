"""What a process costs, as the kernel counts it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Process:
    """One process. Its figures raise `OSError` once it is gone."""

    pid: int

    def cpu(self) -> float:
        """Return the CPU seconds that it has used itself (proc(5): utime and stime)."""
        return self._ticks(11, 12) / TICKS

    def children_cpu(self) -> float:
        """Return the CPU seconds of its children that have ended (proc(5): cutime and cstime)."""
        return self._ticks(13, 14) / TICKS

    def memory(self) -> int:
        """Return its resident set in bytes."""
        return int(self._file("statm").split()[1]) * PAGE

    def _ticks(self, *fields: int) -> int:
        stat = self._file("stat").rpartition(")")[2].split()
        return sum(int(stat[field]) for field in fields)

    def _file(self, name: str) -> str:
        return Path(f"/proc/{self.pid}/{name}").read_text()
