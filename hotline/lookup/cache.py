"""Answers that are still good."""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b

from ivr.house import Value

MOST = 1_000
LARGEST = 16 * 1024


class Cache:
    """The last answers of one service, the least used going first. What was asked is kept as a keyed digest alone."""

    def __init__(self, seconds: float, most: int = MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._key = secrets.token_bytes(16)
        self._kept: OrderedDict[bytes, tuple[float, str]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def recall(self, given: Mapping[str, Value], now: float) -> tuple[Value | None] | None:
        """Return an answer, in a tuple since it may be None, if one of before ``now`` (monotonic seconds) is good."""
        digest = self._digest(given)
        kept = self._kept.get(digest)
        if kept is None:
            return None
        until, text = kept
        if now >= until:
            del self._kept[digest]
            return None
        self._kept.move_to_end(digest)
        return (json.loads(text),)  # a copy of its own for each call

    def keep(self, given: Mapping[str, Value], answer: Value | None, now: float) -> None:
        """Keep an answer from ``now`` (monotonic seconds) on, unless it is large."""
        text = json.dumps(answer)
        if len(text) > LARGEST:
            return
        digest = self._digest(given)
        self._kept[digest] = (now + self._seconds, text)
        self._kept.move_to_end(digest)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def _digest(self, given: Mapping[str, Value]) -> bytes:
        return blake2b(json.dumps(given, sort_keys=True).encode(), key=self._key, digest_size=16).digest()
