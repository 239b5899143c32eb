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
        """Return the CPU seconds that it and its ended children have used (proc(5): utime to cstime)."""
        fields = self._file("stat").rpartition(")")[2].split()
        return sum(int(ticks) for ticks in fields[11:15]) / TICKS

    def memory(self) -> int:
        """Return its resident set in bytes."""
        return int(self._file("statm").split()[1]) * PAGE

    def descriptors(self) -> int:
        """Return how many files it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def _file(self, name: str) -> str:
        return Path(f"/proc/{self.pid}/{name}").read_text()
