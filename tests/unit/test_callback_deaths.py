"""Call-backs whose engine is killed, at any line of its journal and with anything under way."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from acd.messages import NotReady, Ready, Reconfigure, Refused, SignIn, SignOut
from acd.plan import Plan
from hotline.memory import Memory, call_of_callback
from ivr.call import Ring
from ivr.door import CallbackWish
from ledger.events import CallbackAsked, VisitEnded
from tests.unit.callback_stories import (
    SEATS,
    again,
    closed,
    ended,
    house,
    insist,
    of,
    open_calls,
    run_out,
    state,
    talking,
    tried,
)
from tests.unit.callback_world import MINUTE, Engine, Killed


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """A house where Ann sits, and nobody waits."""
    made = await house(tmp_path)
    yield made
    made.callbacks.close()
    made.board.close()


async def test_a_caller_whose_engine_was_killed_while_he_asked_has_asked_once(engine: Engine) -> None:
    """The request was written down, and not yet that he left the queue for it."""
    engine.board.ask(NotReady("ann", "lunch"))
    engine.cards.enter("c")
    engine.line.channels["c"] = "up"
    engine.journal.lines_left = 1
    with pytest.raises(Killed):
        engine.ask()
    second = await again(engine)
    second.cards.enter("c")
    second.ask()
    (visit,) = [one for one in of(second, VisitEnded) if one.call == "c"]
    assert (visit.outcome, len(of(second, CallbackAsked))) == ("called-back", 1)


async def test_a_call_that_asks_again_after_a_restart_makes_another_request(engine: Engine) -> None:
    engine.cards.call("c")
    engine.board.callback_asked = lambda _callback: None
    engine.board.call_back(CallbackWish("c", "billing", "13900000001", {}, 0, "en"))
    recalled = Memory.recalled(engine.memory.snapshot())
    assert recalled.calls["c"].callbacks == 1


# --- killed at any line


async def asked(engine: Engine) -> None:
    engine.ask()
    await engine.settle()


async def not_answered(engine: Engine) -> None:
    await asked(engine)
    await engine.hangs_up("c-cb1", "17", "486")


async def given_up(engine: Engine) -> None:
    await asked(engine)
    for _ in range(3):
        await engine.hangs_up("c-cb1", "17", "486")
        await engine.pass_time(10 * MINUTE + 1)


async def answered(engine: Engine) -> None:
    await talking(engine)


async def talked(engine: Engine) -> None:
    _, stay, ring = await talking(engine)
    await engine.seat_ends(stay, ring)


async def withdrawn(engine: Engine) -> None:
    await asked(engine)
    closed(engine, "c-cb1")


async def queue_gone(engine: Engine) -> None:
    engine.board.ask(NotReady("ann", "lunch"))
    await asked(engine)
    engine.board.tell(Reconfigure(Plan({}, engine.cards.distributor.plan.seats)))


@pytest.mark.parametrize(
    "story",
    [asked, not_answered, given_up, answered, talked, withdrawn, queue_gone],
    ids=lambda one: one.__name__,
)
@pytest.mark.parametrize("stays", [True, False], ids=["he-is-there", "he-has-gone"])
async def test_an_engine_that_is_killed_at_any_line_of_its_journal_closes_each_request_once(
    tmp_path: Path, story: Callable[[Engine], Any], stays: bool
) -> None:
    for line in range(1, 40):
        folder = tmp_path / str(line)
        folder.mkdir()
        first = await house(folder)
        first.journal.lines_left = line
        try:
            await story(first)
        except Killed:
            pass
        else:
            break
        if not of(first, CallbackAsked):
            continue
        if not stays:
            first.line.channels.clear()
            first.world.talks.clear()
        second = await again(first)
        if not stays:
            assert all(request in second.memory.callbacks for request in open_calls(second)), "an orphan"
        await run_out(second)
        insist(second)
    else:
        raise AssertionError("the story is longer than that")


async def test_a_customer_who_was_being_rung_when_the_engine_was_killed_has_been_tried(
    engine: Engine,
) -> None:
    await asked(engine)
    engine.line.channels.clear()
    second = await again(engine)
    assert tried(second) == [(1, "no-answer")]
    assert state(second) == "ready"
    await second.pass_time(9 * MINUTE)
    assert len(second.line.rung) == 1


@pytest.mark.parametrize("there", [True, False], ids=["he-is-there", "he-has-gone"])
async def test_the_last_attempt_is_the_last_though_the_engine_was_killed_right_after_it(
    tmp_path: Path, there: bool
) -> None:
    engine = await house(tmp_path, attempts=1)
    await asked(engine)
    engine.journal.lines_left = 1
    with pytest.raises(Killed):
        await engine.hangs_up("c-cb1", "17", "486")
    if there:
        engine.line.channels["c-cb1"] = "ringing"
    second = await again(engine, attempts=1)
    if there:
        await second.hangs_up("c-cb1", "17", "486")
    assert (tried(second), ended(second), second.line.rung) == ([(1, "busy")], ["failed"], ["c-cb1"])


# --- whatever happens, in whatever order


class Street:
    """Customers, Ann and Bob, and a hostile fate. News may be lost, and the engine be killed at any line."""

    def __init__(self, engine: Engine, dice: random.Random) -> None:
        self.engine = engine
        self.dice = dice
        self.stays: dict[str, Any] = {}  # by call: the session of a customer who is on the line
        self.rings: dict[str, Ring] = {}  # by call: the seat's phone that rings for him
        self.asked = self.kills = 0

    async def live(self, steps: int, *, mortal: bool) -> None:
        for _ in range(steps):
            if mortal and self.dice.random() < 0.03:
                self.engine.journal.lines_left = self.dice.randrange(1, 12)
            try:
                await self.step()
            except Killed:
                self.kills += 1
                self.stays.clear()
                self.rings.clear()
                self.engine = await again(self.engine)

    async def step(self) -> None:
        engine, dice = self.engine, self.dice
        line = engine.line.channels
        ringing = [call for call, state in line.items() if state == "ringing"]
        match dice.randrange(14):
            case 0 | 1 if len(engine.memory.callbacks) < 3:
                self.asked += 1
                engine.ask(f"c{self.asked}", dice.choice(["billing", "vip"]), number=f"139{self.asked:08}")
            case 2 | 3 | 4 if ringing:
                await self.answer(dice.choice(ringing))
            case 5 if line:
                await self.hang_up(dice.choice(list(line)))
            case 6 | 7 | 8 if self.stays:
                await self.go_on(dice.choice(list(self.stays)))
            case 9:
                with suppress(Refused):
                    engine.board.ask(self.wish())
            case 10 if engine.memory.callbacks and dice.random() < 0.3:
                closed(engine, call_of_callback(dice.choice(list(engine.memory.callbacks))))
                self.let_go()
            case 11:
                await engine.reconnect()
            case 12:
                await engine.watch()
            case _:
                await engine.pass_time(dice.choice([10, 1_000, 45_000, 11 * MINUTE]))
        await engine.settle()

    def wish(self) -> Any:
        seat, phone = self.dice.choice(list(SEATS.items()))
        return self.dice.choice(
            [SignIn(seat, phone), SignOut(seat), Ready(seat), Ready(seat), NotReady(seat, "lunch")]
        )

    async def answer(self, call: str) -> None:
        stay = await self.engine.answers(call)
        if stay is None:
            self.engine.callbacks.talked(call)
            await self.engine.hangs_up(call)
        else:
            self.stays[call] = stay

    async def hang_up(self, call: str) -> None:
        """Of what is told of it, something may be lost, and its order is by chance."""
        stay, _ = self.stays.pop(call, None), self.rings.pop(call, None)
        if self.dice.random() < 0.2:  # AMI is away
            self.engine.line.channels.pop(call)
            self.engine.world.talks.pop(call, None)
            self.engine.calls._sessions.discard(call)
        elif self.dice.random() < 0.5:
            await self.engine.not_originated(call)
            await self.engine.hangs_up(call, "17", "486")
        else:
            await self.engine.hangs_up(call)
        if stay is not None:
            stay.left()

    async def go_on(self, call: str) -> None:
        """A session does the next thing."""
        engine, stay, ring = self.engine, self.stays[call], self.rings.get(call)
        if call in engine.world.talks and ring is not None:
            del self.stays[call], self.rings[call]
            await engine.seat_ends(stay, ring)
        elif ring is not None and self.dice.random() < 0.6 and not self.silenced(ring):
            await engine.seat_answers(ring)
        elif ring is not None:
            del self.rings[call]
            outcome = self.dice.choice(["no-answer", "refused", "busy"])
            await engine.seat_misses(stay, ring, outcome)
        elif not stay.orders.empty():
            order = await engine.take(stay)
            if order is None:
                del self.stays[call]
            else:
                self.rings[call] = order

    def silenced(self, ring: Ring) -> bool:
        return ring.offer in self.engine.silenced

    def let_go(self) -> None:
        for call in self.engine.line.let_go:
            if self.engine.line.channels.get(call) == "ringing":
                del self.engine.line.channels[call]


@pytest.mark.parametrize("seed", range(30))
async def test_whatever_happens_each_request_ends_once_and_no_seat_is_stuck(
    tmp_path: Path, seed: int
) -> None:
    street = Street(await house(tmp_path), random.Random(seed))
    await street.live(250, mortal=seed % 2 == 0)
    street.engine.journal.lines_left = None
    for call in list(street.stays):
        await street.hang_up(call)
    engine = await again(street.engine) if street.kills else street.engine
    await run_out(engine)
    insist(engine, street.kills)
