"""Runs one call through a flow, node by node."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

import structlog

from ivr.call import Call, CallLost
from ivr.facts import Fact
from ivr.here import Here, Prompts
from ivr.house import Caller, House
from ivr.language.flow import FlowSet
from ivr.verbs.subflow import CALL, RETURN, Return, SubFlow
from ivr.verbs.verb import Verb

MOST_ALONE = 200  # nodes without a key from the caller, or a person who speaks with him
MOST_SILENT = 100  # nodes without the caller hearing anything
DEEPEST = 20  # flows within flows

End: TypeAlias = Literal["flow-ended", "error"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a call is in its flows: all that is needed to go on there.

    ``stack`` holds the places to return to, outermost first. ``talked``: the conversation of the node has taken
    place already, so that the call goes on at the node's exit ``answered``.
    """

    flow: str
    node: str
    language: str
    stack: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    talked: bool = False


class Trace(Protocol):
    """Who is told which way a call takes, and what it leaves behind."""

    def entered(
        self, flow: str, node: str, language: str, stack: tuple[str, ...], variables: Mapping[str, Any]
    ) -> None:
        """Tell that the call is at a node, before the node does anything."""

    def left(self, name: str, /) -> None:
        """Tell by which exit the call left the node it was at; not told when the call is lost there."""

    def noted(self, fact: Fact) -> None:
        """Keep a fact."""


class EndlessLoop(Exception):
    """A call went through too many nodes without its caller, or without his hearing anything."""

    def __init__(self, flow: str, what: str) -> None:
        self.flow = flow
        super().__init__(f"the flow {flow!r} went through {what}")


class TooDeep(Exception):
    """Flows call one another without end."""

    def __init__(self, flow: str) -> None:
        super().__init__(f"the flow {flow!r} is called within {DEEPEST} others")


class FlowRun:
    """One call's way through a set of flows; it runs once."""

    def __init__(
        self,
        live: FlowSet,
        flow: str,
        call: Call,
        house: House,
        prompts: Prompts,
        trace: Trace,
        caller: Caller,
        language: str | None = None,
        at: Position | None = None,
    ) -> None:
        """Begin at the flow's start, or go on ``at`` a position; ``language`` None means the flow's first."""
        self._live = live
        self._call = call
        self._trace = trace
        # A position is unknown when its version of the flows could not be kept.
        known = at is not None and at.flow in live.flows and at.node in live.flows[at.flow].nodes
        where = at if at is not None and known else self._start(flow, language)
        self._over = at is not None and at.talked and not known
        self._here = Here(
            live=live,
            call=call,
            caller=caller,
            house=house,
            prompts=prompts,
            notes=trace,
            flow=where.flow,
            node=where.node,
            language=where.language,
            variables=dict(where.variables),
            stack=where.stack,
            talked=where.talked,
        )
        self._kept_back: dict[int, dict[str, Any]] = {}  # of the flows to return to, secrets too, by depth
        self._alone = self._silent = 0
        self._failed = False

    async def run(self) -> End:
        """Lead the call to its end, and hang up. Raises `CallLost` when the caller can no longer be reached.

        A node that fails is told to the log; the caller then goes the node's or the flow's way for errors, or
        hears an apology. Cancelled while the caller waits, it tells the door that he is out of reach.
        """
        await self._call.answer()
        while not self._over:
            try:
                await self._step()
            except CallLost:
                raise
            except Exception as error:  # whatever it is, a caller must not be left in silence
                here = self._here
                log.exception("a node failed", call=self._call.id, flow=here.flow, node=here.node)
                self._trace.left("error")
                await self._go_on_after(error)
        await self._call.hang_up()
        return "error" if self._failed else "flow-ended"

    def _start(self, flow: str, language: str | None) -> Position:
        first = self._live.flows[flow]
        spoken = str(language) if language in first.languages else None
        return Position(flow, str(first.start), spoken or str(first.languages[0]))

    def _node(self) -> Verb:
        return self._live.flows[self._here.flow].nodes[self._here.node]  # type: ignore[index]

    async def _step(self) -> None:
        here = self._here
        self._trace.entered(here.flow, here.node, here.language, here.stack, self._public())
        self._count()
        node = self._node()
        name = await node.run(here)
        here.talked = False
        if here.pressed or name == "answered":
            self._alone = 0
        if here.heard or here.pressed:
            self._silent = 0
        here.pressed = here.heard = False
        if isinstance(node, SubFlow) and name == CALL:
            self._trace.left(CALL)
            self._call_flow(node)
        elif isinstance(node, Return) and name == RETURN:
            self._trace.left(RETURN)
            self._return(node)
        elif name == "error":
            self._trace.left("error")
            await self._go_on_after(None)
        else:
            self._trace.left(name)
            self._go(node.way(name))

    def _count(self) -> None:
        self._alone += 1
        self._silent += 1
        if self._alone > MOST_ALONE:
            raise EndlessLoop(self._here.flow, f"{MOST_ALONE} nodes without its caller")
        if self._silent > MOST_SILENT:
            raise EndlessLoop(self._here.flow, f"{MOST_SILENT} nodes in which its caller heard nothing")

    def _go(self, target: str | None) -> None:
        if target is None:
            self._over = True
        else:
            self._here.node = str(target)

    def _public(self) -> Mapping[str, Any]:
        secrets = self._live.secrets.get(self._here.flow, frozenset())
        variables = self._here.variables
        return {name: variables[name] for name in variables if name not in secrets} if variables else {}

    def _call_flow(self, node: SubFlow) -> None:
        here = self._here
        if len(here.stack) >= DEEPEST:
            raise TooDeep(str(node.flow))
        place = json.dumps([here.flow, here.node, self._public()], ensure_ascii=False)
        self._kept_back[len(here.stack)] = here.variables
        here.stack = (*here.stack, place)
        here.variables = here.passed
        here.flow = str(node.flow)
        here.node = str(self._live.flows[here.flow].start)

    def _return(self, node: Return) -> None:
        here = self._here
        if not here.stack:
            self._over = True
            return
        self._leave_flow()
        caller = self._node()
        if isinstance(caller, SubFlow):
            if caller.into is not None:
                here.variables[str(caller.into)] = here.passed
            self._go(caller.way(str(node.return_ or "next")))

    def _leave_flow(self) -> None:
        here = self._here
        *outer, place = here.stack
        here.stack = tuple(outer)
        here.flow, here.node, public = json.loads(place)
        here.variables = self._kept_back.pop(len(outer), public)

    async def _go_on_after(self, error: Exception | None) -> None:
        """Take the nearest way for errors: the node's, the flow's, or one of a flow that called it."""
        here = self._here
        here.talked = False
        # A node's own way may be taken again and again, a flow's once in a call: it must not go round.
        runaway = isinstance(error, EndlessLoop | TooDeep)
        while True:
            own = self._node().error
            if own is not None and own != here.node and not runaway:
                here.node = str(own)
                return
            way = self._live.flows[here.flow].error
            if way is not None and not self._failed:
                here.node = str(way)
                self._alone = self._silent = 0
                self._failed = True
                return
            if not here.stack:
                break
            self._leave_flow()
        self._failed = self._over = True
        await self._apologise()

    async def _apologise(self) -> None:
        try:
            await self._here.say(("apology",))
        except CallLost:
            raise
        except Exception:
            log.exception("the apology failed too", call=self._call.id, flow=self._here.flow)
