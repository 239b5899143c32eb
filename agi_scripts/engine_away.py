"""Takes a call when the engine stays away: apologises, and notes a number to call back in the spool.

Asterisk runs it with DATA_FOLDER CALL ARRIVED_MS DNIS TRUNK, as the context ``hotline-call`` says. It needs nothing
of the hotline but the sounds that ``hotline.apology`` rendered, and leaves one file that ``hotline.spool`` takes in.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from io import TextIOWrapper
from pathlib import Path
from typing import Protocol

from asterisk.agi import AGI, AGIException

KEYS = "0123456789*#"
ROUNDS = 5  # so often is anything asked, all told: nobody is kept for ever
KEY_MS = 7_000
DIGIT_MS = 6_000  # slow enough for one who reads the number from paper
SHORTEST_NUMBER, LONGEST_NUMBER = 3, 20
SAID = (
    *("apology", "other-language", "offer", "offer-withheld", "invalid-key", "no-key"),
    *("enter-number", "invalid-number", "read-back", "confirm", "noted", "not-noted", "goodbye"),
)
# Asterisk's own English, where nothing was rendered. It can apologise, but not ask.
CORE_APOLOGY = ("im-sorry", "please-try-call-later", "goodbye")


class CallerGone(Exception):
    """The caller, or Asterisk itself, has left."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is kept of the call. Times are UTC ms; ``number`` is empty when none was left."""

    call: str
    arrived: int
    dnis: str
    trunk: str
    ani: str
    at: int
    language: str
    number: str = ""


class Spool:
    """Where the note goes. ``note`` is what is known at any moment, should the caller hang up."""

    def __init__(self, folder: Path, note: Note) -> None:
        self.note = note
        self._folder = folder
        self._kept: Note | None = None

    def keep(self) -> bool:
        """Write the note, if it says anything new; tell whether it is kept, and Asterisk's console why not."""
        if self._kept is not None and self._kept.number == self.note.number:
            return True  # the engine may have taken the file in by now, and must not meet the call twice
        try:
            self._write()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            complain(
                f"calls cannot be noted in {self._folder}: {reason}; make room there, and make it writable"
            )
            return False
        self._kept = self.note
        return True

    def _write(self) -> None:
        """Let the file be there whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]", "_", self.note.call)
        partial = self._folder / f"away-{name}.partial"
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(asdict(self.note), file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._folder / f"away-{name}.json")
        except OSError:
            partial.unlink(missing_ok=True)
            raise


class Channel(Protocol):
    """What is used of pyst2, which comes without types. Its arguments reach Asterisk as they are."""

    def stream_file(self, filename: str, escape_digits: str) -> str:
        """Play; return the key that ended it."""

    def get_data(self, filename: str, timeout: int, max_digits: int) -> str:
        """Play, and return the keys pressed up to #."""


class Lines:
    """Asterisk's side of the talk. pyst2 takes its end for an empty line, and may then read for ever."""

    def readline(self) -> str:
        """Return the next line. Raises `CallerGone` at the end."""
        line = sys.stdin.readline()
        if not line or line.strip() == "HANGUP":
            raise CallerGone
        return line


class Voice:
    """The rendered prompts, in the two languages at most that have them all; the site's own goes first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            order = (folder / "languages").read_text().split()
        except (OSError, ValueError):
            order = []
        self.languages = [one for one in order if all(self._file(one, name).exists() for name in SAID)][:2]

    def sound(self, language: str, name: str) -> str:
        """Return a prompt as an argument of an AGI command; a digit that was not rendered in Asterisk's English."""
        file = self._file(language, name)
        if name.startswith("digit-") and not file.exists():
            return name.replace("digit-", "digits/")
        return '"' + re.sub(r'([\\"])', r"\\\1", str(file.with_suffix(""))) + '"'

    def _file(self, language: str, name: str) -> Path:
        return self._folder / language / f"{name}.wav"


class Apology:
    """The conversation: `hold` it. Any step raises when the caller is gone."""

    def __init__(self, channel: Channel, voice: Voice, spool: Spool) -> None:
        self._channel = channel
        self._voice = voice
        self._spool = spool

    def hold(self) -> None:
        """Spool the call first of all, apologise, and ask for a number if it can be said and kept."""
        kept = self._spool.keep()
        if not self._voice.languages:
            for sound in CORE_APOLOGY:
                self._channel.stream_file(sound, "")
        elif not kept:
            for language in self._voice.languages:
                self._speak(language)
                self._say("apology", "goodbye")
        elif self._ask():
            self._say("noted" if self._spool.keep() else "not-noted")
        else:
            self._say("goodbye")

    def _ask(self) -> bool:
        """Return whether a number was left."""
        key = self._say("apology")
        for _ in range(ROUNDS):
            key = key or self._offer()
            if key == "9" and self._other is not None:
                self._speak(self._other)
                key = self._say("apology")
            elif key == "1" and self._own_number:
                if self._confirmed(self._own_number):
                    return True
                key = "2"
            elif key == "2":
                if self._confirmed(self._entered()):
                    return True
            else:
                key = self._say("invalid-key" if key else "no-key")
        return False

    def _offer(self) -> str:
        """Return the key pressed, or nothing."""
        key = self._say("other-language", language=self._other) if self._other is not None else ""
        return key or self._choose("offer" if self._own_number else "offer-withheld")

    def _entered(self) -> str:
        """Return the number that the caller enters; the star key begins it anew."""
        keys = self._channel.get_data(self._sound("enter-number"), DIGIT_MS, LONGEST_NUMBER)
        return keys.rpartition("*")[2]

    def _confirmed(self, number: str) -> bool:
        """Read the number back; return whether it stays. Silence lets it, and so does a hang-up."""
        if len(number) < SHORTEST_NUMBER:
            self._say("invalid-number")
            return False
        self._spool.note = replace(self._spool.note, number=number, at=now())
        key = self._say("read-back", *(f"digit-{digit}" for digit in number if digit != "+"))
        if (key or self._choose("confirm")) != "2":
            return True
        self._spool.note = replace(self._spool.note, number="")
        return False

    @property
    def _own_number(self) -> str:
        ani = self._spool.note.ani
        return ani if len(ani) >= SHORTEST_NUMBER else ""

    @property
    def _other(self) -> str | None:
        """The language that the caller does not hear now."""
        return next((one for one in self._voice.languages if one != self._spool.note.language), None)

    def _speak(self, language: str) -> None:
        self._spool.note = replace(self._spool.note, language=language)

    def _sound(self, name: str, language: str | None = None) -> str:
        return self._voice.sound(language or self._spool.note.language, name)

    def _say(self, *names: str, language: str | None = None) -> str:
        """Return the key that interrupted, or nothing."""
        for name in names:
            if key := self._channel.stream_file(self._sound(name, language), KEYS):
                return key
        return ""

    def _choose(self, name: str) -> str:
        return self._channel.get_data(self._sound(name), KEY_MS, 1)


def now() -> int:
    """Return UTC ms."""
    return time.time_ns() // 1_000_000


def complain(text: str) -> None:
    """Tell Asterisk's console."""
    print(f"engine_away: {text}", file=sys.stderr)


def main(arguments: Sequence[str]) -> int:
    """Take the call that the arguments name; return the exit status."""
    if len(arguments) < 4 or not arguments[2].isdigit():
        complain("wanted: DATA_FOLDER CALL ARRIVED_MS DNIS TRUNK, as extensions.conf gives them")
        return 2
    data, call, arrived, dnis, *rest = arguments
    voice = Voice(Path(data, "apology"))
    language = next(iter(voice.languages), "")
    note = Note(call, int(arrived), dnis, next(iter(rest), ""), ani="", at=now(), language=language)
    spool = Spool(Path(data, "spool"), note)
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # a caller's name may be anything
    with Path(os.devnull).open("w") as nowhere:  # pyst2 would write numbers and keys into Asterisk's log
        try:
            agi = AGI(stdin=Lines(), stderr=nowhere)
            spool.note = replace(note, ani=re.sub(r"[^0-9+]", "", agi.env.get("agi_callerid", "")))
            agi.answer()
            Apology(agi, voice, spool).hold()
        except (CallerGone, AGIException, OSError, ValueError):  # pyst2's ValueError: a reply that is none
            spool.keep()
            os.dup2(nowhere.fileno(), sys.stdout.fileno())  # what is unsent has nobody to go to
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # Python's own end would let a late one kill it
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
