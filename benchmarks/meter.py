"""What a house and its load cost the machine, read twice and subtracted."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.house import House
from benchmarks.process import TICKS, Process
from benchmarks.report import NotMeasured


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds: of Asterisk, of what runs beside it (engine, broker), of the load; the machine's, used and had."""

    asterisk: float
    beside: float
    load: float
    used: float
    had: float

    def __sub__(self, earlier: Usage) -> Usage:
        return Usage(
            self.asterisk - earlier.asterisk,
            self.beside - earlier.beside,
            self.load - earlier.load,
            self.used - earlier.used,
            self.had - earlier.had,
        )

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.asterisk + other.asterisk,
            self.beside + other.beside,
            self.load + other.load,
            self.used + other.used,
            self.had + other.had,
        )

    @property
    def system(self) -> float:
        """All that serves the calls."""
        return self.asterisk + self.beside

    @property
    def busy(self) -> float:
        """How much of the machine was in use, by whomever, in %."""
        return 100 * self.used / self.had


class Meter:
    """Reads the processes of a house that run now: they are known by the site's folder on their command lines.

    The callers' folder is in the site's; this process holds the phones.
    """

    def __init__(self, house: House) -> None:
        self._asterisk = house.asterisk
        self._callers, self._beside = [], []
        site, callers = os.fsencode(house.site.folder), os.fsencode(house.site.folder / "callers")
        for process, command in _processes():
            if callers in command:
                self._callers.append(process)
            elif site in command and process != self._asterisk:
                self._beside.append(process)

    def read(self) -> Usage:
        """Return what has been used until now. Raises `NotMeasured` where one of the processes has ended."""
        try:
            callers = sum(process.cpu() for process in self._callers)
            beside = sum(process.cpu() for process in self._beside)
            asterisk = self._asterisk.cpu()
        except OSError:
            raise NotMeasured("a process of the house, or its callers, ended while it was measured") from None
        used, had = _machine()
        return Usage(asterisk, beside, callers + time.process_time(), used, had)


def _processes() -> list[tuple[Process, bytes]]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                found.append((Process(int(folder.name)), (folder / "cmdline").read_bytes()))
            except OSError:
                continue  # it has ended meanwhile
    return found


def _machine() -> tuple[float, float]:
    """Return the CPU seconds that were used, and those that there were (proc(5): the line cpu of stat)."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    had, idle = sum(fields), fields[3] + fields[4]
    return (had - idle) / TICKS, had / TICKS
