"""The engine's control socket: one line of JSON asks, one line answers. For this machine's user alone."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from inspect import isawaitable
from typing import Any, TypeVar

import structlog
from pydantic import TypeAdapter

from acd.ami import AmiClient
from acd.messages import ExtendWrapUp, NotReady, Ready, Refused, SignIn, SignOut
from hotline.chronicle import Chronicle
from hotline.clock import Clock
from hotline.desk import Desk
from hotline.flows.shelf import Shelf
from hotline.memory import OpenCall
from hotline.notices import NoticeBoard
from hotline.site import Site
from hotline.sockets import make_private
from hotline.switchboard import Switchboard
from hotline.upkeep.forgetting import forget_live
from ledger.events import CallbackEnded, NoticeChanged, RecordingMarked
from ledger.writer import LedgerWriter

log = structlog.get_logger(__name__)

E = TypeVar("E")
LONGEST_LINE = 65_536
NOTICE, MARK, CLOSED = TypeAdapter(NoticeChanged), TypeAdapter(RecordingMarked), TypeAdapter(CallbackEnded)


class EngineAway(Exception):
    """No engine answers on the control socket."""

    def __init__(self, site: Site, why: str = "") -> None:
        super().__init__(
            why
            or f"no engine of the site {site.name!r} is running here ({site.socket}); start it: hotline up"
        )


class EngineSilent(EngineAway):
    """An engine is there, but does not answer in time: what was asked of it may yet be done."""

    def __init__(self, site: Site, seconds: float) -> None:
        super().__init__(
            site,
            f"the engine of the site {site.name!r} has not answered for {seconds:g} s ({site.socket}); what was asked "
            f"may yet be done. See {site.data / 'logs' / 'engine.log'}",
        )


class Control:
    """Answers questions about what is live, and carries out what people ask of their seats."""

    def __init__(
        self,
        site: Site,
        switchboard: Switchboard,
        chronicle: Chronicle,
        writer: LedgerWriter,
        ami: AmiClient,
        clock: Clock,
        notices: NoticeBoard,
        flows: Shelf,
        desk: Desk,
    ) -> None:
        self.ready = False  # set once calls are taken
        self._site = site
        self._switchboard = switchboard
        self._chronicle = chronicle
        self._writer = writer
        self._ami = ami
        self._clock = clock
        self._notices = notices
        self._flows = flows
        self._desk = desk
        self._server: asyncio.Server | None = None
        self._peers: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}
        self._requests: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
            "ping": lambda _: "pong",
            "ready?": lambda _: self.ready,
            "floor": lambda _: self.floor(),
            "health": lambda _: self.health(),
            "estimates": lambda _: self.estimates(),
            "sign-in": lambda r: desk.seat(SignIn(r["seat"], self._phone(r["phone"])), _by(r)),
            "sign-out": lambda r: desk.seat(SignOut(r["seat"]), _by(r)),
            "ready": lambda r: desk.seat(Ready(r["seat"]), _by(r)),
            "not-ready": lambda r: desk.seat(NotReady(r["seat"], r["reason"]), _by(r)),
            "more-time": lambda r: desk.seat(ExtendWrapUp(r["seat"], clock.now() + int(r["ms"])), _by(r)),
            "skills": lambda r: desk.skills(r["seat"], r["skills"], _by(r)),
            "close-queue": lambda r: desk.close(r["queue"], _by(r)),
            "open-queue": lambda r: desk.open(r["queue"], _by(r)),
            "move-call": lambda r: desk.move(r["call"], r["queue"], _by(r)),
            "reload": lambda r: desk.reload(_by(r)),
            "forget": lambda r: forget_live(chronicle.memory, chronicle, clock, r["number"], r["by"]),
            "interventions": lambda _: desk.interventions(),
            "notices": lambda _: self._notices.listed(),
            "notice-on": lambda r: self._notices.switch_on(self._read(NOTICE, r, on=True)),
            "notice-off": lambda r: self._notices.switch_off(self._read(NOTICE, r, on=False)),
            "flows": lambda _: self._flows.listed(),
            "flow-roll-back": lambda r: self._flows.roll_back(r["flow"], r["by"], r["version"]),
            "flow-promote": lambda r: self._flows.promote(r["flow"], r["by"]),
            "flow-withdraw": lambda r: self._flows.withdraw(r["flow"], r["by"]),
            "recording-mark": lambda r: self._chronicle.record(self._read(MARK, r)),
            "callback-close": self._close_callback,
        }

    async def start(self) -> None:
        """Listen; the socket of an engine that died is taken over."""
        make_private(self._site.socket.parent)
        self._site.socket.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._serve, path=str(self._site.socket), limit=LONGEST_LINE
            )
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._site.socket.unlink(missing_ok=True)
        for peer in self._peers:
            peer.cancel()  # it may be rendering a notice
        await asyncio.gather(*self._peers)

    def floor(self) -> dict[str, Any]:
        """Return every queue with its callers, every seat with its state, every live call. Times are UTC ms."""
        distributor = self._switchboard.distributor
        queues: dict[str, dict[str, Any]] = {
            name: {"waiting": 0, "callbacks": 0, "longest_wait_ms": 0, "closed": plan.closed}
            for name, plan in distributor.plan.queues.items()
        }
        now = self._clock.now()
        for visit in distributor.visits.values():
            queue = queues.get(visit.queue.name)
            if queue is None:  # gone from the site; he is being rung yet
                continue
            if visit.kind == "callback":
                queue["callbacks"] += 1
                continue
            queue["waiting"] += 1
            queue["longest_wait_ms"] = max(queue["longest_wait_ms"], now - visit.arrived)
        agents = self._site.settings.agents
        seats = {
            name: {
                "name": agents[name].name if name in agents else name,
                "state": seat.state,
                "since": seat.since,
                "reason": seat.reason,
                "phone": seat.phone,
                "until": seat.until,
            }
            for name, seat in distributor.seats.items()
        }
        calls = {
            call: {
                "began": known.began.at,
                "node": known.node.node if known.node is not None else None,
                "queue": known.visit.queue if known.visit is not None else None,
                "seat": _seat_of(known),
                "kind": known.began.call_kind,
                "talking": known.answered is not None,
            }
            for call, known in self._chronicle.memory.calls.items()
        }
        return {"now": now, "queues": queues, "seats": seats, "calls": calls}

    def estimates(self) -> dict[str, dict[str, Any]]:
        """Return each queue's estimate for one who would come now, and how good the last ones were. Lengths in ms.

        ``mean_error_ms`` is the mean absolute error, ``coverage`` the share that fell into the range told (0.6 is aimed
        at), of ``judged`` callers who were answered; ``told``: they are good enough to be told to callers.
        """
        distributor = self._switchboard.distributor
        found = {}
        for name in distributor.plan.queues:
            forecast, accuracy = distributor.forecast(name), distributor.accuracy.get(name)
            found[name] = {
                "expected_ms": round(forecast.expected) if forecast is not None else None,
                "low_ms": round(forecast.low) if forecast is not None else None,
                "high_ms": round(forecast.high) if forecast is not None else None,
                "judged": accuracy.error.count if accuracy is not None else 0,
                "mean_error_ms": round(accuracy.error.value) if accuracy is not None else None,
                "coverage": round(accuracy.coverage.value, 3) if accuracy is not None else None,
                "told": accuracy.announceable if accuracy is not None else False,
            }
        return found

    def health(self) -> dict[str, Any]:
        """Return how the engine's parts fare."""
        return {
            "ledger": asdict(self._writer.statistics()),
            "ami": asdict(self._ami.statistics()),
            "journal": {"waiting": self._chronicle.backlog, "trouble": self._chronicle.trouble},
        }

    def _read(self, kind: TypeAdapter[E], request: Mapping[str, Any], **more: Any) -> E:
        """Return what a person did, now. Raises `ValueError` where it is not said in full."""
        return kind.validate_python({**request, **more, "at": self._clock.now()})

    def _close_callback(self, request: Mapping[str, Any]) -> None:
        closed = self._read(CLOSED, request)
        if closed.callback not in self._chronicle.memory.callbacks:
            raise Refused(f"{closed.callback} is not open any more; see: hotline callbacks")
        self._chronicle.record(closed)

    def _phone(self, phone: str) -> str:
        if phone not in self._site.settings.phones:
            known = ", ".join(self._site.settings.phones)
            raise Refused(
                f"there is no phone {phone!r}; known here: {known}" if phone else f"at which phone? {known}"
            )
        return phone

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served in a task")
        self._peers[task] = writer
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line), ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass  # gone, or a line too long; or we stop listening, which asyncio's streams take for an error
        finally:
            del self._peers[task]
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            answer = self._requests[request["do"]](request)
            if isawaitable(answer):
                answer = await answer
        except Refused as refused:
            return {"refused": str(refused)}
        except (ValueError, KeyError, TypeError):
            return {"refused": f"not understood; known requests: {', '.join(self._requests)}"}
        return {"ok": answer}


def _by(request: Mapping[str, Any]) -> str:
    """Return who asks."""
    return str(request.get("by") or "unknown")


def _seat_of(call: OpenCall) -> str | None:
    """Return the seat that rings or talks with a call; of a ring group that rings the first."""
    if call.answered is not None:
        return call.answered.seat
    return call.offer.seat if call.offer is not None else None


class ControlClient:
    """Asks a running engine. One connection, one question at a time."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, do: str, timeout: float = 5.0, **more: Any) -> Any:
        """Return the engine's answer. Raises `EngineAway`, or `Refused` with the engine's reason."""
        try:
            async with asyncio.timeout(timeout):
                if self._streams is None:
                    self._streams = await asyncio.open_unix_connection(str(self._site.socket), limit=2**24)
                reader, writer = self._streams
                writer.write(json.dumps({"do": do} | more).encode() + b"\n")
                await writer.drain()
                line = await reader.readline()
        except TimeoutError as error:
            self.close()
            raise EngineSilent(self._site, timeout) from error
        except OSError as error:
            self.close()
            raise EngineAway(self._site) from error
        if not line:
            self.close()
            raise EngineAway(self._site)
        answer = json.loads(line)
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["ok"]

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
