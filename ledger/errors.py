"""What can go wrong with the journal and the ledger, each with its way out."""

from __future__ import annotations

import errno
from pathlib import Path


class LedgerError(Exception):
    """Something about the journal or the ledger that a person must see to."""


class JournalInUse(LedgerError):
    """Another engine keeps this journal; ``since`` is when it began to, as it wrote it."""

    def __init__(self, folder: Path, process: str, since: str = "") -> None:
        self.folder, self.process, self.since = folder, process, since
        told = f", since {since}" if since else ""
        super().__init__(
            f"The journal in {folder} is kept by another engine (process {process}{told}). "
            "Stop that engine, or give this one a data folder of its own."
        )


class JournalFull(LedgerError):
    """There is no room for another line; the journal still ends with its last whole line."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"No room to write to {path}: {reason}. "
            "Free some space on that disk, or lift the quota or size limit. Nothing half-written was left."
        )


class JournalUnwritable(LedgerError):
    """The journal's folder or file refuses to be written."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"Cannot write to {path}: {reason}. "
            "Let the engine's user own that folder, or choose another data folder."
        )


class BadLedgerUrl(LedgerError):
    """The database URL names nothing that can hold a ledger."""

    def __init__(self, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(
            f"The database URL {url} cannot be used: {reason}. "
            "Write sqlite:////folder/ledger.sqlite or postgresql+psycopg://user@host/name."
        )


class LedgerUnreachable(LedgerError):
    """The database does not open."""

    def __init__(self, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(
            f"The ledger {url} does not open: {reason}. "
            "See that its folder exists, is writable and has room, or that its server runs and lets this user in."
        )


class LedgerMissing(LedgerError):
    """There is no ledger to read at this URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(
            f"There is no ledger at {url}. "
            "An engine makes it when it first starts: check the URL, or start one."
        )


class LedgerInUse(LedgerError):
    """Somebody has the ledger open, and what was asked for needs it alone."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(
            f"The ledger {url} is in use: an engine, a report or another program has it open. "
            "Stop the hotline, end what reads there, and try again."
        )


class LedgerNotEmpty(LedgerError):
    """There are records already where a backup was to go."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(
            f"The ledger {url} has records in it, which restoring would replace. "
            "Say --replace if that is meant, or name another database with --database URL."
        )


class BackupTorn(LedgerError):
    """A file that is no backup, or no whole one."""

    def __init__(self, file: Path, reason: str) -> None:
        self.file, self.reason = file, reason
        super().__init__(
            f"{file} is no whole backup of a ledger: {reason}. Nothing was changed; take another backup."
        )


class BackupUnfit(LedgerError):
    """A backup whose schema is not that of this program."""

    def __init__(self, file: Path, found: int, known: int) -> None:
        self.file, self.found, self.known = file, found, known
        super().__init__(
            f"The backup {file} has schema {found}, and this program restores schema {known}. "
            "Restore it with the version of the program that made it; this one then brings the ledger up to date."
        )


class NewerLedger(LedgerError):
    """The ledger was made by a newer version of this program."""

    def __init__(self, url: str, found: int, known: int) -> None:
        self.url, self.found, self.known = url, found, known
        super().__init__(
            f"The ledger {url} has schema {found}, and this program knows schemas up to {known}. "
            "Run the newer program that made it, or use another database."
        )


class OlderLedger(LedgerError):
    """The ledger was made by an older version of this program, and nothing has brought it up to date yet."""

    def __init__(self, url: str, found: int, known: int) -> None:
        self.url, self.found, self.known = url, found, known
        super().__init__(
            f"The ledger {url} has schema {found}, and this program reads schema {known}. "
            "Bring it up to date, which loses nothing: hotline ledger upgrade (or start the engine, which does it)."
        )


def write_error(path: Path, error: OSError) -> JournalFull | JournalUnwritable:
    """Return the error to raise when the operating system refused to write ``path``."""
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return JournalFull(path, reason)
    return JournalUnwritable(path, reason)
