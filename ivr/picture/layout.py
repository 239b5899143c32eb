"""Where the boxes of a flow stand in a picture: in columns from left to right, with few crossings.

The layered method of Sugiyama, Tagawa and Toda (1981): columns by the longest way, order by barycentres, and
heights by isotonic regression, so that lines are as straight as the boxes let them be.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SWEEPS = 12
COLUMN_GAP = 64.0
ROW_GAP = 16.0
LINE_HEIGHT = 8.0  # of a line that passes through a column
STRAIGHT = 4.0  # the weight of such a line, when heights are chosen


@dataclass(frozen=True, slots=True)
class Size:
    """A box: its size, and how far below its top lines come in."""

    width: float
    height: float
    entry: float


@dataclass(frozen=True, slots=True)
class Line:
    """A way from one box to another, leaving so far below the first one's top."""

    begin: str
    port: float
    end: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Where everything stands: the top left corner of each box and the width of its column, the points of each line.

    Lines begin at a column's right edge: a box is to be drawn as wide as its column.
    """

    width: float
    height: float
    boxes: Mapping[str, tuple[float, float, float]]
    lines: Sequence[Sequence[tuple[float, float]]]


@dataclass(slots=True, eq=False)
class _Item:
    """A box, or the place where a line passes through a column."""

    size: Size
    column: int
    y: float = 0.0
    into: list[_Join] = field(default_factory=list)
    out: list[_Join] = field(default_factory=list)

    @property
    def weight(self) -> float:
        return 1.0 if self.size.width else STRAIGHT


@dataclass(frozen=True, slots=True, eq=False)
class _Join:
    """A piece of a line between neighbouring columns."""

    begin: _Item
    port: float
    end: _Item


def place(boxes: Mapping[str, Size], lines: Sequence[Line]) -> Placed:
    """Place boxes whose lines form no circle."""
    columns_of = _columns(boxes, lines)
    items = {name: _Item(size, columns_of[name]) for name, size in boxes.items()}
    columns: list[list[_Item]] = [[] for _ in range(max(columns_of.values(), default=-1) + 1)]
    for item in items.values():
        columns[item.column].append(item)
    chains = [_chain(line, items, columns) for line in lines]
    columns = _ordered(columns)
    _rise(columns)
    lefts, width = _lefts(columns)
    right = {
        column: lefts[column] + max(i.size.width for i in items_) for column, items_ in enumerate(columns)
    }
    return Placed(
        width,
        max((item.y + item.size.height for item in items.values()), default=0.0),
        {
            name: (lefts[item.column], item.y, right[item.column] - lefts[item.column])
            for name, item in items.items()
        },
        [_points(chain, lefts, right) for chain in chains],
    )


def _columns(boxes: Mapping[str, Size], lines: Sequence[Line]) -> dict[str, int]:
    """Return each box's column: one more than the greatest of those before it."""
    after: dict[str, list[str]] = {name: [] for name in boxes}
    missing = dict.fromkeys(boxes, 0)
    for line in lines:
        after[line.begin].append(line.end)
        missing[line.end] += 1
    found = dict.fromkeys(boxes, 0)
    ahead = [name for name in boxes if not missing[name]]
    for name in ahead:  # grows
        for target in after[name]:
            found[target] = max(found[target], found[name] + 1)
            missing[target] -= 1
            if not missing[target]:
                ahead.append(target)
    return found


def _chain(line: Line, items: Mapping[str, _Item], columns: list[list[_Item]]) -> list[_Join]:
    """Cut a line at every column that it passes."""
    last, port, end = items[line.begin], line.port, items[line.end]
    chain = []
    for column in range(last.column + 1, end.column):
        between = _Item(Size(0.0, LINE_HEIGHT, LINE_HEIGHT / 2), column)
        columns[column].append(between)
        chain.append(_Join(last, port, between))
        last, port = between, LINE_HEIGHT / 2
    chain.append(_Join(last, port, end))
    for join in chain:
        join.begin.out.append(join)
        join.end.into.append(join)
    return chain


def _ordered(columns: list[list[_Item]]) -> list[list[_Item]]:
    """Order each column so that few lines cross; the best of several sweeps to and fro."""
    best, fewest = columns, None
    current = [list(column) for column in columns]
    for sweep in range(SWEEPS):
        places = {id(item): float(place) for column in current for place, item in enumerate(column)}
        forward = sweep % 2 == 0
        for column in current if forward else reversed(current):
            centres = {id(item): _centre(item, places, forward) for item in column}
            column.sort(key=lambda item: centres[id(item)])
            places.update((id(item), float(place)) for place, item in enumerate(column))
        crossings = sum(_crossings(column, places) for column in current)
        if fewest is None or crossings < fewest:
            best, fewest = [list(column) for column in current], crossings
    return best


def _centre(item: _Item, places: Mapping[int, float], forward: bool) -> float:
    joins = item.into if forward else item.out
    if not joins:
        return places[id(item)]
    if forward:
        return sum(places[id(join.begin)] + join.port / 1000 for join in joins) / len(joins)
    return sum(places[id(join.end)] for join in joins) / len(joins)


def _crossings(column: Sequence[_Item], places: Mapping[int, float]) -> int:
    """Count the crossings between a column and the next: the inversions of where its lines end."""
    seen: list[float] = []
    found = 0
    for item in column:
        for join in sorted(item.out, key=lambda join: join.port):
            place = places[id(join.end)]
            found += len(seen) - bisect_left(seen, place + 0.5)
            insort(seen, place)
    return found


def _rise(columns: Sequence[Sequence[_Item]]) -> None:
    """Choose the heights: each item near those that it is joined to, in order and without overlap."""
    for column in columns:
        _settle(column, [0.0] * len(column))
    for sweep in range(SWEEPS):
        last = sweep >= SWEEPS - 2
        for column in columns if sweep % 2 == 0 else reversed(columns):
            _settle(column, [_wish(item, sweep % 2 == 0, last) for item in column])
    top = min((item.y for column in columns for item in column), default=0.0)
    for column in columns:
        for item in column:
            item.y -= top


def _wish(item: _Item, forward: bool, both: bool) -> float:
    wishes = []
    if forward or both:
        wishes += [join.begin.y + join.port - item.size.entry for join in item.into]
    if not forward or both:
        wishes += [join.end.y + join.end.size.entry - join.port for join in item.out]
    return sum(wishes) / len(wishes) if wishes else item.y


def _settle(column: Sequence[_Item], wishes: Sequence[float]) -> None:
    """Give each item the height nearest to its wish, in the least squares' sense, that keeps the order and the gaps.

    Pool adjacent violators: Barlow, Bartholomew, Bremner and Brunk (1972).
    """
    offset = 0.0
    pools: list[list[float]] = []  # weighted sum, weight, number of items
    offsets = []
    for item, wish in zip(column, wishes, strict=True):
        pools.append([(wish - offset) * item.weight, item.weight, 1])
        offsets.append(offset)
        offset += item.size.height + (ROW_GAP if item.size.width else LINE_HEIGHT / 2)
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, weight, number = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += weight
            pools[-1][2] += number
    heights = [total / weight for total, weight, number in pools for _ in range(int(number))]
    for item, height, offset in zip(column, heights, offsets, strict=True):
        item.y = height + offset


def _lefts(columns: Sequence[Sequence[_Item]]) -> tuple[list[float], float]:
    lefts, left = [], 0.0
    for column in columns:
        lefts.append(left)
        left += max(item.size.width for item in column) + COLUMN_GAP
    return lefts, max(0.0, left - COLUMN_GAP)


def _points(
    chain: Sequence[_Join], lefts: Sequence[float], right: Mapping[int, float]
) -> list[tuple[float, float]]:
    points = []
    for join in chain:
        begin, end = join.begin, join.end
        points.append((right[begin.column], begin.y + join.port))
        points.append((lefts[end.column], end.y + end.size.entry))
    return points
