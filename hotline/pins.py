"""The agents' PINs: made at first run, kept for this user alone, and never guessed by trying."""

from __future__ import annotations

import hmac
import json
import secrets
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path

from hotline.asterisk.config import write_private
from hotline.clock import Clock
from hotline.errors import HotlineError

DIGITS = 6
TRIES = 5
LOCKED_MS = 300_000


class PinsSpoilt(HotlineError):
    """The file with the PINs is not as this program writes it."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file} does not hold PINs as this program writes them. Bring it back from a copy; or remove it: new "
            "ones are made then, and every agent must be told the new one (`hotline agents`)."
        )


def load_pins(file: Path, agents: Iterable[str]) -> dict[str, str]:
    """Read the PINs by agent, making those that are lacking. The file's mode is 0600.

    Raises `OSError` where the file cannot be read or written, and `PinsSpoilt` where it is not ours.
    """
    kept: dict[str, str] = {}
    if file.exists():
        try:
            kept = json.loads(file.read_text())
            whole = all(isinstance(pin, str) and pin.isdecimal() for pin in kept.values())
        except (ValueError, AttributeError):
            raise PinsSpoilt(file) from None
        if not whole:
            raise PinsSpoilt(file)
    made = kept | {name: _new() for name in agents if name not in kept}
    if made != kept:
        write_private(file, json.dumps(made, indent=1))
    return made


def _new() -> str:
    return "".join(secrets.choice("0123456789") for _ in range(DIGITS))


class Pins:
    """Checks PINs. A phone at which `TRIES` wrong ones were entered within five minutes takes none, right or wrong.

    It is the phone that is locked, not the agent: so nobody can keep others from signing in by mistyping for them. And
    a right PIN forgives no wrong one, or who has one of his own could go on guessing.
    """

    def __init__(self, pins: Mapping[str, str], clock: Clock) -> None:
        self._pins = pins
        self._clock = clock
        self._wrong: dict[str, deque[int]] = {}  # by phone: when the last of them were entered

    def renew(self, pins: Mapping[str, str]) -> None:
        """Take in the PINs of agents who are new."""
        self._pins = pins

    def fits(self, agent: str, pin: str, phone: str) -> bool | None:
        """Tell whether this is the agent's PIN, where there is such an agent; None while the phone is locked."""
        now = self._clock.now()
        wrong = self._wrong.setdefault(phone, deque(maxlen=TRIES))
        if len(wrong) == TRIES and now < wrong[0] + LOCKED_MS:
            return None
        known = self._pins.get(agent, "")
        if known and hmac.compare_digest(known.encode(), pin.encode()):
            return True
        wrong.append(now)
        return False
