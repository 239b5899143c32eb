"""Takes in what the dialplan and ``agi_scripts`` kept in the spool while the engine was away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from hotline.calls import AnsweredLeg, Calls
from hotline.chronicle import Chronicle
from hotline.clock import Clock
from hotline.site import Site
from ledger.events import CallbackNoted, CallBegan

log = structlog.get_logger(__name__)

UNFINISHED_MS = 5_000  # a file that makes no sense for so long is not being written any more


@dataclass(frozen=True, slots=True)
class Spool:
    """One folder of small files: ``ended-CALL.txt`` by the dialplan, ``away-CALL.json`` by the apology."""

    folder: Path
    site: Site
    calls: Calls
    chronicle: Chronicle
    clock: Clock

    def take_in(self) -> int:
        """Take in every whole file and remove it; return how many. A file that is still being written waits."""
        taken = 0
        for pattern, take in self._kinds():
            for file in sorted(self.folder.glob(pattern)):
                try:
                    take(file.read_text())
                    file.unlink()
                    taken += 1
                except (ValueError, LookupError, TypeError, AttributeError, OSError):
                    self._set_aside(file)
        if taken:
            log.info("spool taken in", files=taken)
        return taken

    def _kinds(self) -> Iterator[tuple[str, Callable[[str], None]]]:
        yield "away-*.json", self._away
        yield "ended-*.txt", self._ended

    def _set_aside(self, file: Path) -> None:
        with suppress(OSError):  # somebody has moved it, or the folder cannot be written: another time
            age_ms = self.clock.now() - self.clock.of_wall(int(file.stat().st_mtime * 1000))
            if age_ms > UNFINISHED_MS:
                log.error("spool file not understood, set aside", file=file.name)
                file.rename(file.with_suffix(".bad"))

    def _ended(self, text: str) -> None:
        """What the dialplan wrote when a call ended: ``key=value`` parted by ``|``."""
        said = dict(field.split("=", 1) for field in text.strip().split("|"))
        call, until = said["call"], said["until"]
        self._begin_if_unknown(call, int(said["arrived"]), said)
        self.calls.conversation(
            call,
            AnsweredLeg.of(said["answered"], self.clock),
            self.clock.of_wall(int(until)) if until else None,
        )
        self.calls.over(call, self.clock.of_wall(int(said["ended"])), "engine-away")

    def _away(self, text: str) -> None:
        """What the apology heard: who called what, and the number to call back if one was left."""
        said = {key: str(value) for key, value in json.loads(text).items()}
        call = said["call"]
        self._begin_if_unknown(call, int(said["arrived"]), said)
        if said["number"]:
            self.calls.left_number(call, int(said["at"]))
            self.chronicle.record(
                CallbackNoted(at=int(said["at"]), call=call, note=f"{call}/note", number=said["number"])
            )

    def _begin_if_unknown(self, call: str, arrived: int, said: Mapping[str, str]) -> None:
        if self.calls.is_known(call):
            return
        entry = self.site.settings.numbers.get(said.get("dnis", ""))
        self.chronicle.record(
            CallBegan(
                at=arrived,
                call=call,
                ani=said.get("ani", ""),
                dnis=said.get("dnis", ""),
                trunk=said.get("trunk", ""),
                flow=entry.flow if entry is not None else "",
                flow_version="",  # no engine led it
                language=entry.language if entry is not None else "",
            )
        )
