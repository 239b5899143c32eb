"""The ways through a graph of named nodes: what is reached, what goes round, where no way leads on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

Graph: TypeAlias = Mapping[str, Collection[str]]


def reached(graph: Graph, starts: Collection[str]) -> set[str]:
    """Return all nodes on some way from the starts, these included."""
    found = set(starts)
    ahead = list(starts)
    while ahead:
        new = set(graph[ahead.pop()]) - found
        found |= new
        ahead.extend(new)
    return found


def components(graph: Graph) -> list[list[str]]:
    """Return the strongly connected components, each after those that it leads to.

    Tarjan (1972), with a stack of its own, since a flow may be deeper than Python's.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    found: list[list[str]] = []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        path.append(root)
        on_path.add(root)
        while work:
            node, following = work[-1]
            for target in following:
                if target not in index:
                    index[target] = low[target] = len(index)
                    path.append(target)
                    on_path.add(target)
                    work.append((target, iter(graph[target])))
                    break
                if target in on_path:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = [path.pop()]
                    while component[-1] != node:
                        component.append(path.pop())
                    on_path.difference_update(component)
                    found.append(component)
    return found


def round_trip(graph: Graph, start: str) -> list[str]:
    """Return a shortest way from a node back to itself, both ends included; empty when there is none."""
    came_from: dict[str, str] = {}
    ahead = [start]
    for node in ahead:
        for target in graph[node]:
            if target == start:
                way = [start, node]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if target not in came_from:
                came_from[target] = node
                ahead.append(target)
    return []
