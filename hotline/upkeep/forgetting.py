"""One person's data erased wherever this house keeps them; that somebody called, waited and talked, stays counted."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from acd.messages import Refused
from hotline.asterisk.config import write_private
from hotline.chronicle import Chronicle
from hotline.clock import Clock, SystemClock
from hotline.mailbox import FOLDER
from hotline.memory import Memory, OpenCall
from hotline.site import Site
from ledger.events import CallbackEnded
from ledger.journal import Journal
from ledger.person import number_pattern, scrub_text

_LOGS = ("logs", "asterisk/logs")  # Asterisk's records of calls and its queue_log are in the latter


def forget_live(memory: Memory, chronicle: Chronicle, clock: Clock, number: str, by: str) -> int:
    """Let the engine forget who spoke last with a number, and withdraw its call-backs; return how many they were.

    ``by`` is the person who asked. Raises `Refused` while a call of that number is live.
    """
    if any(call.began.ani == number and not _only_waits(call) for call in memory.calls.values()):
        raise Refused("a call of that number is live; ask again when it is over")
    memory.served_last.pop(number, None)
    wanted = [callback.callback for callback in memory.callbacks.values() if callback.number == number]
    for callback in wanted:
        chronicle.record(CallbackEnded(at=clock.now(), callback=callback, outcome="withdrawn", by=by))
    return len(wanted)


def _only_waits(call: OpenCall) -> bool:
    """Tell whether a call is a request to be called that nobody has been offered: withdrawn, it is over."""
    return call.began.call_kind == "callback" and call.offer is None


def forget_without_engine(site: Site, number: str, by: str) -> int:
    """Do the same in the journal of an engine that is away. Raises `Refused`, or `JournalInUse` where it is not."""
    folder = site.data / "journal"
    if not folder.is_dir():
        return 0
    held: list[Memory] = [Memory()]
    with closing(Journal(folder, snapshot=lambda: held[0].snapshot())) as journal:
        snapshot, events = journal.replay()
        memory = held[0] = Memory.recalled(snapshot)
        for _, event in events:
            memory.apply(event)
        chronicle = Chronicle(journal, memory, lambda *_: None)
        return forget_live(memory, chronicle, SystemClock(), number, by)


def remove_recordings(site: Site, files: tuple[str, ...]) -> int:
    """Remove sound files of the mailbox; return how many were there. What lies outside its folder is left alone."""
    folder = (site.data / FOLDER).resolve()
    there = [
        file
        for name in files
        if (file := (folder / name).resolve()).is_relative_to(folder) and file.is_file()
    ]
    for file in there:
        file.unlink()
    return len(there)


def scrub_files(site: Site, number: str) -> Iterator[tuple[str, int]]:
    """Take a number out of the spool, the logs, and Asterisk's records; yield files and how many lines held it."""
    for file in sorted((site.data / "spool").glob("*")):
        if file.is_file() and (held := _scrub_small(file, number)):
            yield str(file.relative_to(site.data)), held
    for folder in _LOGS:
        for file in sorted((site.data / folder).rglob("*")):
            if file.is_file() and not file.is_symlink():
                held = _scrub_packed(file, number) if file.suffix == ".gz" else scrub_text(file, number)
                if held:
                    yield str(file.relative_to(site.data)), held


def _scrub_small(file: Path, number: str) -> int:
    """Empty it in a file that nobody writes to again: what reads it takes an empty number for a withheld one."""
    text = file.read_text(errors="surrogateescape")
    left, held = number_pattern(number).subn("", text)
    if held:
        write_private(file, left)
    return held


def _scrub_packed(file: Path, number: str) -> int:
    unpacked = file.with_name(f"{file.name}.partial")
    try:
        unpacked.write_bytes(gzip.decompress(file.read_bytes()))
        held = scrub_text(unpacked, number)
        if held:
            unpacked.write_bytes(gzip.compress(unpacked.read_bytes()))
            unpacked.chmod(file.stat().st_mode)
            unpacked.replace(file)
        return held
    finally:
        unpacked.unlink(missing_ok=True)
