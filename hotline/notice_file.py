"""The file with the notices that are on, so that they are on again after a restart."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from acd.messages import Refused
from hotline.disk import write_whole
from hotline.errors import HotlineError
from ivr.reading.problem import did_you_mean
from ledger.events import NoticeChanged

FILE = "notices.json"  # in the data folder
LONGEST_TEXT = 500
LONGEST_WORD = 60
MOST_WORDS = 200
NAME = re.compile(r"[\w-]{1,80}")


class NoticeRefused(Refused):
    """A notice cannot be switched on or off as asked; the text says why, one line for each mistake."""


class NoticesSpoilt(HotlineError):
    """The file with the notices is not as this program writes it."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file} does not hold notices as this program writes them. Bring it back from a copy, or remove it and "
            "switch the notices on anew (`hotline notice on`)."
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """The notices that are on, the oldest first, each as the change that switched it on.

    ``untold`` are changes that the journal may not have yet.
    """

    on: tuple[NoticeChanged, ...] = ()
    untold: tuple[NoticeChanged, ...] = ()

    def after(self, change: NoticeChanged) -> Kept:
        """Return what is kept once a change has been made. What has ended by itself is left out."""
        others = tuple(one for one in self.current(change.at) if one.notice != change.notice)
        return Kept((*others, change) if change.on else others, (*self.untold, change))

    def current(self, now: int) -> tuple[NoticeChanged, ...]:
        """Return the notices that have not ended by themselves."""
        return tuple(one for one in self.on if not is_over(one, now))


KEPT = TypeAdapter(Kept)


class NoticeFile:
    """Reads and writes what is kept. Both block."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Kept:
        """Return what is kept. Raises `NoticesSpoilt` or `OSError`."""
        try:
            return KEPT.validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return Kept()
        except ValueError:
            raise NoticesSpoilt(self.path) from None

    def write(self, kept: Kept) -> None:
        """Put it on the disk, whole or not at all. Raises `OSError`."""
        write_whole(self.path, KEPT.dump_json(kept, indent=1))

    def set_aside(self) -> None:
        """Give a file that is not understood another name. Raises `OSError`."""
        self.path.replace(self.path.with_suffix(".bad"))


def is_over(change: NoticeChanged, now: int) -> bool:
    """Tell whether a notice that was switched on has ended by itself."""
    return change.until is not None and change.until <= now


def check_on(change: NoticeChanged, languages: Collection[str]) -> None:
    """Check a notice that shall be switched on where flows speak these languages. Raises `NoticeRefused`."""
    wrong = []
    if not NAME.fullmatch(change.notice):
        wrong.append(f"the name {change.notice!r} does not fit; write up to 80 letters, digits, _ and -")
    if is_over(change, change.at):
        wrong.append("it would be over already; write a later --until")
    wrong += [
        f"callers are spoken to in {language!r} too; add {_option(language)}"
        for language in sorted(set(languages) - set(change.texts))
    ]
    for language, text in change.texts.items():
        if language not in languages:
            wrong.append(f"no flow speaks {language!r}{did_you_mean(language, languages)}")
        elif not any(map(str.isalnum, text)) or not text.isprintable():
            wrong.append(
                f"the text in {language!r} has no words, or line breaks in it; {_option(language)} in one line"
            )
        elif len(text) > LONGEST_TEXT:
            wrong.append(f"the text in {language!r} has {len(text)} characters; {LONGEST_TEXT} at most")
    for option, words in (("--area", change.areas), ("--service", change.services)):
        wrong += [f"{option} {word!r} does not fit; write a word of at most {LONGEST_WORD} characters"
                  for word in words if not 0 < len(word.strip()) <= LONGEST_WORD]  # fmt: skip
        if len(words) > MOST_WORDS:
            wrong.append(f"{len(words)} times {option}; {MOST_WORDS} at most")
    if wrong:
        raise NoticeRefused("\n".join(wrong))


def check_off(name: str, kept: Kept, now: int) -> None:
    """Check that a notice is on. Raises `NoticeRefused`."""
    on = [one.notice for one in kept.current(now)]
    if name not in on:
        raise NoticeRefused(f"no notice {name!r} is on{did_you_mean(name, on)}")


def _option(language: str) -> str:
    return f"--{language} TEXT" if language in ("zh", "en") else f"--text {language}=TEXT"
