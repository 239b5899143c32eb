"""Runs one call through a flow, node by node."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeAlias, assert_never

import structlog

from ivr.call import Call, CallLost, Ring, Sound
from ivr.door import Door, Leave, QueueExit, Stay, Wish
from ivr.flow import KEYS, FlowSet, Hangup, Menu, Node, Play, Queue, SetLanguage, Spoken

MOST_NODES_ALONE = 200

End: TypeAlias = Literal["flow-ended", "error"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a call is in its flows: all that is needed to go on there.

    ``stack`` holds the places to return to, outermost first. ``after_queue``: the conversation of the queue
    node has taken place already, so that the call goes on at the node's exit ``answered``.
    """

    flow: str
    node: str
    language: str
    stack: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    after_queue: bool = False


class Trace(Protocol):
    """Who is told which way a call takes."""

    def entered(
        self, flow: str, node: str, language: str, stack: tuple[str, ...], variables: Mapping[str, Any]
    ) -> None:
        """Tell that the call is at a node, before the node does anything."""

    def left(self, name: str, /) -> None:
        """Tell by which exit the call left the node it was at; not told when the call is lost there."""


class Prompts(Protocol):
    """Where the sounds of prompts are; see `ivr.prompts.PromptStore`."""

    def sound(self, spoken: Spoken) -> Sound:
        """Return the sound of a prompt."""


class EndlessLoop(Exception):
    """A call went through too many nodes without a key from its caller."""

    def __init__(self, flow: str) -> None:
        self.flow = flow
        super().__init__(f"the flow {flow!r} went through {MOST_NODES_ALONE} nodes without its caller")


class FlowRun:
    """One call's way through a set of flows; it runs once."""

    def __init__(
        self,
        flows: FlowSet,
        flow: str,
        call: Call,
        door: Door,
        prompts: Prompts,
        trace: Trace,
        language: str | None = None,
        at: Position | None = None,
    ) -> None:
        """Begin at the flow's start, or go on ``at`` a position; ``language`` None means the flow's first."""
        self._flows = flows
        self._call = call
        self._door = door
        self._prompts = prompts
        self._trace = trace
        # A position is unknown when the files have changed while the engine was away.
        known = at is not None and at.flow in flows.flows and at.node in flows.flows[at.flow].nodes
        self._at = at if at is not None and known else self._start(flow, language)
        self._over = at is not None and at.after_queue and not known
        self._ahead: str | None = None
        self._alone = 0

    async def run(self) -> End:
        """Lead the call to its end, and hang up. Raises `CallLost` when the caller can no longer be reached.

        A node that fails is told to the log; the caller then goes the flow's way for errors, or hears an
        apology. Cancelled while the caller waits, it tells the door that he is out of reach.
        """
        failed = False
        while not self._over:
            try:
                await self._follow()
                self._over = True
            except CallLost:
                raise
            except Exception:  # whatever it is, a caller must not be left in silence
                log.exception("a node failed", call=self._call.id, flow=self._at.flow, node=self._at.node)
                self._trace.left("error")
                way = self._flows.flows[self._at.flow].error
                if failed or way is None:
                    await self._apologise()
                    self._over = True
                else:
                    self._at = replace(self._at, node=way, after_queue=False)
                    self._alone = 0
                failed = True
        await self._call.hang_up()
        return "error" if failed else "flow-ended"

    def _start(self, flow: str, language: str | None) -> Position:
        first = self._flows.flows[flow]
        spoken = language if language in first.languages else None
        return Position(flow, first.start, spoken or first.languages[0])

    async def _follow(self) -> None:
        await self._call.answer()
        target: str | None = self._at.node
        while target is not None:
            at = self._at
            self._trace.entered(at.flow, at.node, at.language, at.stack, at.variables)
            self._alone += 1
            if self._alone > MOST_NODES_ALONE:
                raise EndlessLoop(at.flow)
            name, target = await self._node(self._flows.flows[at.flow].nodes[at.node])
            self._trace.left(name)
            if target is not None:
                self._at = replace(self._at, node=target, after_queue=False)

    async def _node(self, node: Node) -> tuple[str, str | None]:
        match node:
            case Play():
                if not (node.barge_in and self._ahead):  # a caller who has chosen hears no more prompts
                    self._ahead = await self._say(node.play, KEYS if node.barge_in else "") or self._ahead
                return "next", node.next
            case Menu():
                return await self._menu(node)
            case Queue():
                self._ahead = None
                name = "answered" if self._at.after_queue else await self._queue(node)
                if name == "answered":
                    self._alone = 0
                    return name, node.answered
                return name, getattr(node, name) or node.otherwise
            case SetLanguage():
                self._at = replace(self._at, language=node.language)
                return "next", node.next
            case Hangup():
                await self._say(node.hangup or ())
                return "end", None
            case _:
                assert_never(node)

    async def _menu(self, node: Menu) -> tuple[str, str | None]:
        reason = "timeout"
        for left in reversed(range(node.tries)):
            key, self._ahead = self._ahead, None
            if key is None:
                key = await self._say(node.menu, KEYS if node.barge_in else "")
            if key is None:
                key = await self._call.key(node.wait)
            if key is not None:
                self._alone = 0
            if key is not None and key in node.keys:
                return key, node.keys[key]
            reason = "timeout" if key is None else "invalid"
            if left:
                await self._say(node.timeout_prompt if key is None else node.invalid_prompt)
        own = node.timeout if reason == "timeout" else node.invalid
        return (reason, own) if own is not None else ("failure", node.failure)

    async def _queue(self, node: Queue) -> QueueExit:
        at = self._at
        stay = self._door.enter(
            Wish(self._call.id, node.queue, dict(node.skills), node.priority, at.language)
        )
        over = False
        try:
            await self._call.music(True)
            while True:
                order = await self._order(stay)
                if isinstance(order, Leave):
                    over = True
                    await self._call.music(False)
                    return order.exit
                rang = await self._call.ring(order)
                stay.rang(rang)
                if rang.outcome == "answered":
                    over = True
                    return "answered"
                await self._call.music(True)
        finally:
            if not over:
                stay.left()

    async def _order(self, stay: Stay) -> Ring | Leave:
        order = asyncio.ensure_future(stay.next())
        gone = asyncio.ensure_future(self._call.gone())
        try:
            await asyncio.wait((order, gone), return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                gone.result()
                raise CallLost
            return order.result()
        finally:
            order.cancel()
            gone.cancel()
            await asyncio.gather(order, gone, return_exceptions=True)

    async def _say(self, names: Sequence[str], keys: str = "") -> str | None:
        if not names:
            return None
        at = self._at
        sounds = [self._prompts.sound(self._flows.spoken[at.flow, name, at.language]) for name in names]
        return await self._call.play(sounds, keys)

    async def _apologise(self) -> None:
        try:
            await self._say(("apology",))
        except CallLost:
            raise
        except Exception:
            log.exception("the apology failed too", call=self._call.id, flow=self._at.flow)
