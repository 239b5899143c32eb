"""The words for it: what a caller needs, what keeps a seat from him, who is due before him."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from acd.explain import Bar, Choice, Possible, Rival
from acd.policy import Alternatives, Needs
from hotline.lasting import clock

_NAMED = 8  # seats of a kind that are named; the rest are counted
_TURNS = {
    "longest-idle": "the longest idle first",
    "least-busy": "the least busy first",
    "best-skilled": "the best skilled first",
    "least-skilled": "the least skilled first",
    "round-robin": "one after the other",
    "owner": "his owner first",
}
EVENTS: Mapping[str, str] = {
    "sign-in": "somebody signed in",
    "ready": "it became ready",
    "not-ready": "it was asked for",
    "phone-lost": "its phone could not be reached",
    "phone-busy": "its phone was in use by a private call",
    "phone-free": "its phone's private call was over",
    "reserve": "a caller was chosen for it",
    "ring": "its phone began to ring",
    "answer": "it answered",
    "hold": "it put its caller on hold",
    "unhold": "it came back to its caller",
    "spare": "its offer was over by no doing of its own",
    "miss": "it missed an offer",
    "end": "its conversation was over",
    "extend": "more time was asked for",
    "wrap-up-over": "its wrap-up was over",
    "pause-over": "its pause was over",
}
ENDS: Mapping[str, str] = {
    "answered": "answered",
    "no-answer": "did not answer",
    "refused": "refused",
    "busy": "was busy with something else",
    "unreachable": "could not be reached",
    "cancelled": "was let be",
}


class Words:
    """Words in the time of one place."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone

    def day(self, ms: int) -> str:
        """Return a moment with its day."""
        return f"{datetime.fromtimestamp(ms / 1000, self.zone):%Y-%m-%d %H:%M:%S}"

    def time(self, ms: int) -> str:
        """Return a moment's time of day."""
        return f"{datetime.fromtimestamp(ms / 1000, self.zone):%H:%M:%S}"

    def bar(self, bar: Bar | None) -> str:
        """Return what keeps seats from a caller, as several may have it in common."""
        if bar is None:
            return "nothing but the turn of others"
        match bar.kind:
            case "owner":
                return f"not {bar.owner}, his owner, who is waited for first"
            case "lacks":
                return f"without {needs(bar.missing)}"
            case "missed":
                return f"missed him, not again until {self.time(bar.until or 0)}"
            case "reserve":
                return f"kept in reserve for tier {bar.tier}"
            case "state":
                return f"{bar.state}: {bar.reason}" if bar.reason is not None else str(bar.state)

    def kinds(self, seats: Mapping[str, Bar | None]) -> Iterator[str]:
        """Yield a line for each kind of bar: how many seats, what it is, which seats."""
        found: dict[str, list[str]] = defaultdict(list)
        for seat, bar in seats.items():
            if bar is not None:
                has = ", ".join(_skill(skill, level) for skill, level in bar.has.items())
                found[self.bar(bar)].append(f"{seat} (has {has})" if has else seat)
        for what, names in sorted(found.items(), key=lambda one: -len(one[1])):
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield f"{len(names)} {what}: {', '.join(names[:_NAMED])}{more}"

    def rival(self, rival: Rival, *, ahead: bool) -> str:
        """Return by what another caller is due before one (``ahead``), or after him."""
        less, more = (rival.theirs, rival.his) if ahead else (rival.his, rival.theirs)
        match rival.by:
            case "rank":
                why = f"rank {less} here against {more}"
            case "priority":
                why = f"priority {-less} against {-more}"
            case "target":
                why = f"its target runs out {clock(more - less)} sooner"
            case "age":
                why = f"waits longer by {_fine(more - less)}"
            case "order":
                why = "was heard of first"
        return f"{rival.visit} ({rival.queue}): {why}"


def needs(required: Needs) -> str:
    """Return needs as people say them."""
    return ", ".join(_skill(name, level) for name, level in required) or "anybody"


def ways(required: Alternatives) -> str:
    """Return needs of which any will do."""
    return "; or ".join(needs(way) for way in required)


def seats_in_order(choice: Choice) -> str:
    """Return the seats that could be had, the best first, each with what it is chosen by."""
    shown = [f"{one.seat} ({_figures(one, choice)})" for one in choice.possible[:_NAMED]]
    more = f" and {len(choice.possible) - _NAMED} more" if len(choice.possible) > _NAMED else ""
    return ", ".join(shown) + more


def rule(choice: Choice) -> str:
    """Return the order of seats."""
    wanted = f"who has most of {', '.join(choice.prefer)}, then " if choice.prefer else ""
    return wanted + _TURNS[choice.rule]


def act(action: str, subject: str, detail: Mapping[str, Any]) -> str:
    """Return what a person did."""
    said = ", ".join(f"{name} {_plain(value)}" for name, value in detail.items())
    return f"{action} {subject}" + (f" ({said})" if said else "")


def _figures(one: Possible, choice: Choice) -> str:
    figures = [f"{one.preferred} preferred"] if choice.prefer else []
    match choice.rule:
        case "least-busy":
            figures.append(f"busy {one.occupancy:.1%}")
        case "best-skilled":
            figures.append(f"{one.levels} levels in what is needed")
        case "least-skilled":
            figures.append(f"{one.levels} levels beyond what is needed")
        case "round-robin":
            figures.append(f"turn {one.turn}" if one.turn else "had no turn yet")
        case _:
            pass
    return ", ".join([*figures, f"idle {clock(one.idle_ms)}"])


def _fine(ms: int) -> str:
    return clock(ms) if ms >= 1_000 else f"{ms} ms"


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name}={one}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _skill(name: str, level: int) -> str:
    if name.startswith("@"):
        return f"{name[1:]} in person"
    return f"a place in {name[1:]}" if name.startswith("%") else f"{name} {level}"
