"""What becomes of a caller on the street, without a telephone network."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace

import pytest

from acd.ami import Event, Headers, NotConnected
from hotline.street.agents import Agents
from hotline.street.callers import Callers, StreetStatistics
from hotline.street.model import CallPlan, Press, TrafficModel
from ivr.agi.errors import SessionEnded

PLAN = CallPlan(
    offset=0, ani="13900000001", dnis="10000", language="zh", presses=(Press(0, "2"), Press(0, "1")),
    leaves=None, patience=0, talk=0, caller_ends=True,
)  # fmt: skip
FOR_EVER = 3600.0


class FakeSession:
    """A channel that does what it is told and writes it down."""

    def __init__(self, *rest: str, caller_id: str | None = None) -> None:
        self.rest = rest
        self.caller_id = caller_id
        self.ended = asyncio.Event()
        self.done: list[str] = []
        self._reached: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def reached(self, what: str) -> None:
        """Wait until that was done."""
        await self._reached[what].wait()

    def _do(self, what: str) -> None:
        if self.ended.is_set():
            raise SessionEnded("over")
        self.done.append(what)
        self._reached[what].set()

    async def set_music(self, on: bool, music_class: str) -> None:
        self._do(f"music {on}")

    async def exec(self, application: str, *options: str, timeout: float | None = None) -> int:
        self._do(" ".join((application, *options)))
        return 0

    async def answer(self) -> None:
        self._do("answer")

    async def stream_file(self, name: str) -> None:
        self._do(name)

    async def hangup(self) -> None:
        self._do("hangup")
        self.ended.set()


class Line:
    """A telephone network in which every call is answered at once, unless something else is said."""

    def __init__(self) -> None:
        self.callers: Callers
        self.session = FakeSession(PLAN.ani)
        self.trouble: Exception | None = None
        self.cause: str | None = None
        self.serving: asyncio.Task[None] | None = None

    async def dial(self, plan: CallPlan) -> None:
        if self.trouble:
            raise self.trouble
        if self.cause is not None:
            headers = {
                "Event": "OriginateResponse",
                "Exten": plan.ani,
                "Response": "Failure",
                "Reason": self.cause,
            }
            self.callers.originated(Event("OriginateResponse", Headers(headers.items())))
        else:
            self.serving = asyncio.create_task(self.callers.serve(self.session))  # type: ignore[arg-type]


@pytest.fixture
def line() -> Line:
    line = Line()
    line.callers = Callers(line, most_live=1)
    return line


def counted(line: Line) -> dict[str, int]:
    statistics = line.callers.statistics()
    return {name: n for name in StreetStatistics.__slots__ if (n := getattr(statistics, name))}


async def test_a_caller_whose_patience_ends_has_pressed_his_keys_hung_up_and_abandoned(line: Line) -> None:
    await line.callers.call(PLAN)
    assert line.session.done == ["music True", "SendDTMF 2", "SendDTMF 1", "hangup"]
    assert counted(line) == {"placed": 1, "abandoned": 1}


async def test_one_who_leaves_in_the_menu_has_not_abandoned_a_queue(line: Line) -> None:
    await line.callers.call(replace(PLAN, presses=PLAN.presses[:1], leaves=0))
    assert line.session.done == ["music True", "SendDTMF 2", "hangup"]
    assert counted(line) == {"placed": 1, "hung_up_in_menu": 1}


async def test_an_agent_s_word_ends_the_wait_and_counts_as_answered(line: Line) -> None:
    call = asyncio.create_task(line.callers.call(replace(PLAN, patience=FOR_EVER)))
    await line.session.reached("SendDTMF 1")
    assert line.callers.joined(PLAN.ani) is not None
    await call
    assert line.session.done[-1] == "hangup"
    assert counted(line) == {"placed": 1, "answered": 1}


async def test_a_caller_waits_for_the_agent_to_end_where_the_plan_says_so(line: Line) -> None:
    call = asyncio.create_task(line.callers.call(replace(PLAN, patience=FOR_EVER, caller_ends=False)))
    await line.session.reached("SendDTMF 1")
    line.callers.joined(PLAN.ani)
    line.session.ended.set()
    await call
    assert "hangup" not in line.session.done
    assert counted(line) == {"placed": 1, "answered": 1}


async def test_a_caller_whom_the_hotline_hangs_up_on_was_turned_away(line: Line) -> None:
    line.session.ended.set()
    await line.callers.call(replace(PLAN, patience=FOR_EVER))
    assert counted(line) == {"placed": 1, "turned_away": 1}


async def test_a_caller_turned_away_while_he_waits_has_not_abandoned(line: Line) -> None:
    call = asyncio.create_task(line.callers.call(replace(PLAN, patience=FOR_EVER)))
    await line.session.reached("SendDTMF 1")
    line.session.ended.set()
    await call
    assert counted(line) == {"placed": 1, "turned_away": 1}


async def test_a_call_that_the_hotline_does_not_take_failed(line: Line) -> None:
    line.cause = "5"
    await line.callers.call(PLAN)
    assert counted(line) == {"placed": 1, "failed": 1}


async def test_a_call_that_cannot_be_placed_failed(line: Line) -> None:
    line.trouble = NotConnected("Originate")
    await line.callers.call(PLAN)
    assert counted(line) == {"placed": 1, "failed": 1}


async def test_no_more_calls_are_placed_than_may_be_live(line: Line) -> None:
    call = asyncio.create_task(line.callers.call(replace(PLAN, patience=FOR_EVER)))
    await asyncio.sleep(0)
    await line.callers.call(replace(PLAN, ani="13900000002"))
    assert counted(line) == {"placed": 1, "live": 1, "blocked": 1}
    call.cancel()
    await asyncio.wait([call])


async def test_a_cancelled_call_lets_go_of_its_session(line: Line) -> None:
    call = asyncio.create_task(line.callers.call(replace(PLAN, patience=FOR_EVER)))
    await line.session.reached("SendDTMF 1")
    call.cancel()
    await asyncio.wait([call])
    assert line.serving is not None
    await line.serving
    assert counted(line) == {"placed": 1}


async def test_an_agent_answers_with_a_tone_a_caller_of_whom_the_street_knows_nothing(line: Line) -> None:
    agents = Agents(TrafficModel(answer_delay=(0, 0), unanswered=0, talk_mean=FOR_EVER), line.callers)
    session = FakeSession("6001", caller_id="075512345678")
    talk = asyncio.create_task(agents.serve(session))  # type: ignore[arg-type]
    await session.reached("music True")
    session.ended.set()
    await asyncio.wait([talk])
    assert isinstance(talk.exception(), SessionEnded)
    assert session.done == ["Ringing", "answer", "beep", "music True"]


async def test_an_agent_talks_with_a_caller_as_his_plan_says_and_hangs_up(line: Line) -> None:
    agents = Agents(TrafficModel(answer_delay=(0, 0), unanswered=0), line.callers)
    session = FakeSession("6001", caller_id=PLAN.ani)
    call = asyncio.create_task(line.callers.call(replace(PLAN, patience=FOR_EVER, caller_ends=False)))
    await line.session.reached("SendDTMF 1")
    await agents.serve(session)  # type: ignore[arg-type]
    assert session.done == ["Ringing", "answer", "music True", "hangup"]
    line.session.ended.set()
    await call
    assert counted(line) == {"placed": 1, "answered": 1}


async def test_an_agent_who_misses_a_ring_never_answers_it(line: Line) -> None:
    agents = Agents(TrafficModel(unanswered=1), line.callers)
    session = FakeSession("6001", caller_id=PLAN.ani)
    ring = asyncio.create_task(agents.serve(session))  # type: ignore[arg-type]
    await session.reached("Ringing")
    session.ended.set()
    await ring
    assert session.done == ["Ringing"]


async def test_an_agent_whose_caller_leaves_while_it_rings_answers_nobody(line: Line) -> None:
    agents = Agents(TrafficModel(answer_delay=(FOR_EVER, FOR_EVER), unanswered=0), line.callers)
    session = FakeSession("6001", caller_id=PLAN.ani)
    ring = asyncio.create_task(agents.serve(session))  # type: ignore[arg-type]
    await session.reached("Ringing")
    session.ended.set()
    with pytest.raises(SessionEnded):
        await ring
    assert counted(line) == {}
