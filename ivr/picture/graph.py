"""A flow as boxes and the ways between them, for a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ivr.language.flow import Flow, FlowSet, prompts_of
from ivr.language.prompt import Spoken
from ivr.verbs.callback import Callback
from ivr.verbs.hours import Hours
from ivr.verbs.language import SetLanguage
from ivr.verbs.lookup import Lookup
from ivr.verbs.queue import Queue
from ivr.verbs.set import Set
from ivr.verbs.split import Split
from ivr.verbs.subflow import Return, SubFlow
from ivr.verbs.switch import Switch
from ivr.verbs.tag import Tag
from ivr.verbs.transfer import Transfer
from ivr.verbs.verb import Verb
from ivr.walk.moves import FAILING

Kind: TypeAlias = Literal["say", "ask", "decide", "person", "record", "flow", "end"]
KINDS: dict[str, Kind] = {
    **dict.fromkeys(("play", "announce"), "say"),
    **dict.fromkeys(("menu", "collect", "survey"), "ask"),
    **dict.fromkeys(("switch", "hours", "split", "lookup", "set", "tag", "language"), "decide"),
    **dict.fromkeys(("queue", "transfer", "callback"), "person"),
    **dict.fromkeys(("voicemail", "record"), "record"),
    "flow": "flow",
    **dict.fromkeys(("hangup", "return"), "end"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One or several exits to the same node. ``dimmed``: none of them is meant to happen."""

    label: str
    target: str
    dimmed: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A node. ``about`` is the queue, the lookup, the prompt… that it is about; ``says`` the words of its prompts."""

    name: str
    verb: str
    kind: Kind
    about: str
    says: str
    rows: tuple[Row, ...]
    calls: str | None = None  # the flow that it runs


@dataclass(frozen=True, slots=True)
class Chart:
    """One flow."""

    flow: str
    start: str
    error: str | None
    boxes: tuple[Box, ...]


def charts_of(live: FlowSet, flow: str) -> list[Chart]:
    """Return a flow and all that it calls, each once, in the order in which they are called."""
    names = [flow]
    for name in names:  # grows
        names.extend(callee for callee in live.flows[name].callees() if callee not in names)
    return [_chart(live, live.flows[name]) for name in names]


def _chart(live: FlowSet, flow: Flow) -> Chart:
    boxes = tuple(_box(live, flow, str(name), node) for name, node in flow.nodes.items())
    return Chart(str(flow.flow), str(flow.start), str(flow.error) if flow.error is not None else None, boxes)


def _box(live: FlowSet, flow: Flow, name: str, node: Verb) -> Box:
    language = str(flow.languages[0])
    said = dict.fromkeys(
        piece.text
        for _, prompt in prompts_of(node)
        for piece in live.spoken.get((flow.flow, prompt, language), ())
        if isinstance(piece, Spoken)
    )
    calls = str(node.flow) if isinstance(node, SubFlow) else None
    return Box(name, node.verb, KINDS[node.verb], _about(node), " ".join(said), tuple(_rows(node)), calls)


def _rows(node: Verb) -> Iterator[Row]:
    by_target: dict[str, list[str]] = {}
    for out in node.exits():
        by_target.setdefault(str(out.target), []).append(out.name)
    for target, names in by_target.items():
        labels = [_label(node, name) for name in names]
        yield Row(", ".join(labels), target, dimmed=all(name in FAILING for name in names))


def _label(node: Verb, name: str) -> str:
    if isinstance(node, Switch) and name.isdigit():
        return str(node.switch[int(name) - 1].condition)
    if isinstance(node, Split) and name in node.split:
        return f"{node.split[name]} %"  # type: ignore[index]
    return name


def _about(node: Verb) -> str:
    match node:
        case Queue():
            return str(node.queue)
        case Transfer():
            return str(node.transfer.seat or node.transfer.number)
        case Callback():
            return str(node.callback)
        case Lookup():
            return str(node.lookup)
        case Hours():
            return str(node.hours)
        case SetLanguage():
            return str(node.language)
        case Set():
            return ", ".join(map(str, node.set))
        case Tag():
            return ", ".join(node.tag)
        case SubFlow():
            return str(node.flow)
        case Return():
            return str(node.return_ or "")
    return next((prompt for _, prompt in prompts_of(node)), "")
