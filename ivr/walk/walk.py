"""流程穿越, walking the process: every way through a flow, by machine, to a person or to an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from typing import Literal, TypeAlias

from ivr.language.flow import FlowSet
from ivr.verbs.callback import Callback
from ivr.verbs.collect import Collect
from ivr.verbs.language import SetLanguage
from ivr.verbs.menu import Menu
from ivr.verbs.queue import Queue
from ivr.verbs.subflow import CALL, RETURN, Return, SubFlow
from ivr.verbs.transfer import Transfer
from ivr.verbs.verb import Verb
from ivr.walk.moves import UNSERVED, Lengths, Move, moves_of
from ivr.walk.way import Step, Walk, Way, WayEnd

MOST_PLACES = 50_000
STEPS_PER_WAY = 50  # when it takes more on average, ways are too long, or hardly any comes to an end

Mood: TypeAlias = Literal["", "unserved", "served"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a caller is, and what he came away with: ``unserved`` since his last choice, or ``served`` for good."""

    flow: str
    node: str
    language: str
    stack: tuple[tuple[str, str], ...] = ()  # the nodes to return to, outermost first
    mood: Mood = ""


class TooMany(Exception):
    """There are more ways than were asked for."""


def walk(
    live: FlowSet,
    flow: str,
    lengths: Lengths,
    language: str | None = None,
    most: int = 10_000,
    rounds: int = 1,
) -> Walk:
    """Walk a flow and those that it calls; no way comes to the same place more than ``rounds`` times.

    Conditions, hours and services go every way that has an exit. A way ends at a person; what follows there is
    walked from there on. With more than ``most`` ways each exit is walked once, on the quickest way.
    """
    walker = _Walker(live, flow, lengths, language)
    try:
        ways, circles = walker.all_ways(most, rounds)
        return Walk(flow, ways, circles, complete=True)
    except TooMany:
        return Walk(flow, walker.each_exit(most), 0, complete=False, cut=walker.cut)


_Edge: TypeAlias = tuple[Move, Place | None]


class _Walker:
    """Walks one flow."""

    def __init__(self, live: FlowSet, flow: str, lengths: Lengths, language: str | None) -> None:
        self._live = live
        self._lengths = lengths
        first = live.flows[flow]
        spoken = language or str(first.languages[0])
        self._known: dict[Place, list[_Edge]] = {}
        self._roots: dict[Place, str] = {}
        self._at_once: list[Way] = []  # where a flow begins with a person
        self.cut = False
        self._begin(Place(flow, str(first.start), spoken), "start")
        if first.error is not None:
            self._begin(Place(flow, str(first.error), spoken, mood="unserved"), "error")

    def _begin(self, place: Place, name: str) -> None:
        person = self._person(place)
        if person:
            step = Step(place.flow, place.node)
            self._at_once.append(Way(name, "person", (step,), 0, 0.0, 0.0, place.language, person))
            self._roots[self._behind(place)] = place.node
        else:
            self._roots[place] = name

    def all_ways(self, most: int, rounds: int) -> tuple[list[Way], int]:
        """Return every way and the number of circles not followed. Raises `TooMany`."""
        ways = list(self._at_once)
        walked: set[Place] = set()
        circles = steps = 0
        ahead = list(self._roots)
        for root in ahead:  # grows
            fresh: set[Place] = set()
            path: list[tuple[Place, Move]] = []
            visits: dict[Place, int] = {}
            trail: list[tuple[Place, Iterator[_Edge]]] = [(root, iter(self._edges(root)))]
            visits[root] = 1
            while trail:
                place, edges = trail[-1]
                edge = next(edges, None)
                if edge is None:
                    trail.pop()
                    visits[place] -= 1
                    if path:
                        path.pop()
                    continue
                steps += 1
                if len(ways) > most or steps > most * STEPS_PER_WAY:
                    raise TooMany
                move, target = edge
                path.append((place, move))
                if target is None or self._person(target) or (target in walked and not self._ends(target)):
                    ways.append(self._way(root, path, target))
                    steps += len(path)
                    path.pop()
                    if target is not None and self._person(target):
                        behind = self._behind(target)
                        if behind not in self._roots:
                            self._roots[behind] = behind.node
                            ahead.append(behind)
                elif visits.get(target, 0) >= rounds:
                    circles += 1
                    path.pop()
                else:
                    fresh.add(target)
                    visits[target] = visits.get(target, 0) + 1
                    trail.append((target, iter(self._edges(target))))
            walked |= fresh | {root}
        return ways, circles

    def each_exit(self, most: int) -> list[Way]:
        """Return for each exit the quickest way through it, ``most`` at most."""
        ways = {(way.begins, way.steps): way for way in self._at_once}
        ahead = list(self._roots)
        steps = 0
        for root in ahead:  # grows
            came, order = self._quickest_to(root)
            onward = self._quickest_on(order)
            for place in order:
                for move, target in self._edges(place):
                    path = [*_path_to(came, place), (place, move)]
                    end = target
                    while end is not None and not self._person(end):
                        if end not in onward:
                            break
                        step, following = onward[end]
                        path.append((end, step))
                        end = following
                    else:
                        way = self._way(root, path, end)
                        steps += len(path)
                        ways.setdefault((way.begins, way.steps), way)
                        if end is not None and (behind := self._behind(end)) not in self._roots:
                            self._roots[behind] = behind.node
                            ahead.append(behind)
                    if len(ways) >= most or steps > most * STEPS_PER_WAY:
                        self.cut = True
                        return list(ways.values())
        return list(ways.values())

    def _quickest_to(self, root: Place) -> tuple[dict[Place, tuple[Place, Move]], list[Place]]:
        """Return from where each place is reached the quickest, and all of them, the quickest first."""
        came: dict[Place, tuple[Place, Move]] = {}
        spent: dict[Place, float] = {root: 0.0}
        order: list[Place] = []
        done: set[Place] = set()
        tie = count()
        heap = [(0.0, next(tie), root)]
        while heap:
            seconds, _, place = heappop(heap)
            if place in done:
                continue
            if len(order) >= MOST_PLACES:
                self.cut = True
                break
            done.add(place)
            order.append(place)
            for move, target in self._edges(place):
                if target is None or self._person(target):
                    continue
                longer = seconds + move.listens + move.waits
                if longer < spent.get(target, float("inf")):
                    spent[target] = longer
                    came[target] = (place, move)
                    heappush(heap, (longer, next(tie), target))
        return came, order

    def _quickest_on(self, places: Sequence[Place]) -> dict[Place, _Edge]:
        """Return the quickest move on to a person or an end, of each place that has one."""
        into: dict[Place | None, list[tuple[Place, Move, Place | None]]] = {}
        for place in places:
            for move, target in self._edges(place):
                goal = None if target is None or self._person(target) else target
                into.setdefault(goal, []).append((place, move, target))
        found: dict[Place, _Edge] = {}
        tie = count()
        heap: list[tuple[float, int, Place | None]] = [(0.0, next(tie), None)]
        best: dict[Place, float] = {}
        while heap:
            seconds, _, goal = heappop(heap)
            if goal is not None and seconds > best[goal]:
                continue
            for place, move, target in into.get(goal, ()):
                longer = seconds + move.listens + move.waits
                if longer < best.get(place, float("inf")):
                    best[place] = longer
                    found[place] = (move, target)
                    heappush(heap, (longer, next(tie), place))
        return found

    def _node(self, flow: str, node: str) -> Verb:
        return self._live.flows[flow].nodes[node]  # type: ignore[index]

    def _person(self, place: Place) -> str:
        return person_of(self._node(place.flow, place.node))

    def _ends(self, place: Place) -> bool:
        return all(target is None for _, target in self._edges(place))

    def _behind(self, place: Place) -> Place:
        return replace(place, mood="served" if place.mood == "served" else "")

    def _edges(self, place: Place) -> list[_Edge]:
        if place not in self._known:
            self._known[place] = list(self._find_edges(place))
        return self._known[place]

    def _find_edges(self, place: Place) -> Iterator[_Edge]:
        node = self._node(place.flow, place.node)
        if isinstance(node, SubFlow):
            stack = (*place.stack, (place.flow, place.node))
            flow = str(node.flow)
            start = str(self._live.flows[flow].start)
            yield Move(CALL), replace(place, flow=flow, node=start, stack=stack)
            return
        if isinstance(node, Return):
            yield Move(RETURN), self._returned(place, str(node.return_ or "next"))
            return

        def said(phrase: Sequence[object]) -> float:
            return self._lengths.said(place.flow, place.language, phrase)  # type: ignore[arg-type]

        for move in moves_of(node, said):
            mood = self._mood(place, node, move)
            language = str(node.language) if isinstance(node, SetLanguage) else place.language
            here = replace(place, language=language, mood=mood)
            way = node.way(move.exit)
            if way is not None:
                yield move, replace(here, node=str(way))
            elif move.exit == "error":
                yield move, self._after_error(here)
            else:
                yield move, None

    def _mood(self, place: Place, node: Verb, move: Move) -> Mood:
        if move.served or place.mood == "served":
            return "served"
        if move.exit in UNSERVED:
            return "unserved"
        return "" if move.presses and isinstance(node, Menu | Collect | Queue) else place.mood

    def _returned(self, place: Place, by: str) -> Place | None:
        if not place.stack:
            return None
        *outer, (flow, node) = place.stack
        way = self._node(flow, node).way(by)
        return replace(place, flow=flow, node=str(way), stack=tuple(outer)) if way is not None else None

    def _after_error(self, place: Place) -> Place | None:
        """Return where a call goes on whose node has no way of its own for errors: as `ivr.run` does."""
        flow, stack = place.flow, place.stack
        while True:
            way = self._live.flows[flow].error
            if way is not None:
                return replace(place, flow=flow, node=str(way), stack=stack)
            if not stack:
                return None
            *outer, (flow, node) = stack
            stack = tuple(outer)
            own = self._node(flow, node).error
            if own is not None:
                return replace(place, flow=flow, node=str(own), stack=stack)

    def _way(self, root: Place, path: Sequence[tuple[Place, Move]], end: Place | None) -> Way:
        steps = [Step(place.flow, place.node, move.exit, move.how) for place, move in path]
        ends: WayEnd
        last, move = path[-1]
        if end is None:
            mood = self._mood(last, self._node(last.flow, last.node), move)
            apology = move.exit == "error"
            ends = "dead end" if mood == "unserved" or apology else "end"
        else:
            steps.append(Step(end.flow, end.node))
            ends = "person" if self._person(end) else "walked"
        moves = [move for _, move in path]
        return Way(
            begins=self._roots[root],
            ends=ends,
            steps=tuple(steps),
            presses=sum(move.presses for move in moves),
            seconds=sum(move.listens + move.waits for move in moves),
            at_best=_at_best(moves),
            language=(end or last).language,
            person=self._person(end) if end is not None else "",
        )


def person_of(node: Verb) -> str:
    """Return to whom a node leads, as ``queue faults``; nothing where it leads to nobody."""
    match node:
        case Queue():
            return f"queue {node.queue}"
        case Callback():
            return f"call-back by {node.callback}"
        case Transfer():
            return f"seat {node.transfer.seat}" if node.transfer.seat is not None else "a number outside"
    return ""


def _at_best(moves: Sequence[Move]) -> float:
    """Return the seconds of a caller who knows what to press, and presses as soon as that counts."""
    spent = held = 0.0
    ahead = False  # whether he could press before this node, so that the key is taken at once
    for move in moves:
        if move.carries:
            held += move.listens
            ahead = True
            continue
        if not (move.presses or move.listens or move.waits):
            continue
        if move.presses:
            spent += move.waits + (0.0 if ahead or move.cuts else held + move.listens)
        else:
            spent += held + move.listens + move.waits
        held, ahead = 0.0, False
    return spent + held


def _path_to(came: Mapping[Place, tuple[Place, Move]], place: Place) -> list[tuple[Place, Move]]:
    path = []
    while place in came:
        place, move = came[place]
        path.append((place, move))
    return path[::-1]
