"""Things in an order that mostly come at its end and go at its start."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")
Key: TypeAlias = tuple[Any, ...]


class Order(Generic[T]):
    """Things by unique keys, least first. To add at the end or take from the start costs the same however many wait.

    Elsewhere it costs a search and one move of memory. Not to be changed while it is iterated over.
    """

    __slots__ = ("_keys", "_start", "_things")

    def __init__(self) -> None:
        self._keys: list[Key] = []
        self._things: list[T] = []
        self._start = 0  # what is before it is gone already

    def __len__(self) -> int:
        return len(self._keys) - self._start

    def __iter__(self) -> Iterator[T]:
        for place in range(self._start, len(self._things)):
            yield self._things[place]

    def add(self, key: Key, thing: T) -> None:
        """Put a thing in its place."""
        if not self._keys or key > self._keys[-1]:
            self._keys.append(key)
            self._things.append(thing)
            return
        place = bisect_left(self._keys, key, self._start)
        self._keys.insert(place, key)
        self._things.insert(place, thing)

    def remove(self, key: Key) -> None:
        """Take the thing with this key out. Raises `KeyError`."""
        place = bisect_left(self._keys, key, self._start)
        if place == len(self._keys) or self._keys[place] != key:
            raise KeyError(key)
        if place > self._start:
            del self._keys[place], self._things[place]
            return
        self._start += 1
        if self._start > 32 and self._start * 2 > len(self._keys):
            del self._keys[: self._start], self._things[: self._start]
            self._start = 0

    def first(self, may: Callable[[T], bool] | None = None) -> T | None:
        """Return the first thing, or the first that ``may`` accepts."""
        if may is None:
            return self._things[self._start] if self._start < len(self._things) else None
        return next((thing for thing in self if may(thing)), None)

    def at(self, place: int) -> T:
        """Return the thing at a place, the first being at 0. Raises `IndexError`."""
        return self._things[self._start + place]
