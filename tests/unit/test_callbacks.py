"""Call-backs at the switchboard: whatever happens in whatever order, each ends once, and no seat is left behind."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from acd.ami import ActionTimedOut, NotConnected
from acd.messages import NotReady, Ready, Reconfigure, Refused, SignIn, SignOut
from acd.plan import Plan
from hotline.callbacks import NEWS_MS, PATIENCE_MS
from hotline.memory import Memory, call_of_callback
from hotline.settings import Outbound
from ivr.call import Ring
from ivr.door import CallbackWish
from ledger.events import (
    CallbackAsked,
    CallbackEnded,
    CallbackTried,
    CallBegan,
    CallEnded,
    ConversationEnded,
    Healed,
    Intervened,
    VisitEnded,
)
from tests.unit.callback_world import MINUTE, Engine, Killed, World
from tests.unit.test_switchboard import check_history

RING_MS = 30_000


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """A house where Ann sits, and nobody waits."""
    made = await house(tmp_path)
    yield made
    assert made.line.disturbed == []
    made.callbacks.close()
    made.board.close()


async def house(folder: Path, world: World | None = None, **settings: Any) -> Engine:
    made = Engine(world or World(folder), **settings)
    await made.begin()
    return made


async def again(engine: Engine, **settings: Any) -> Engine:
    """Kill the engine, and begin the next."""
    engine.callbacks.close()
    engine.board.close()
    engine.calls._sessions.clear()
    return await house(engine.world.folder, engine.world, **settings)


def of(engine: Engine, kind: type) -> list[Any]:
    return [fact for fact in engine.world.facts if isinstance(fact, kind)]


def tried(engine: Engine) -> list[tuple[int, str]]:
    return [(one.attempt, one.outcome) for one in of(engine, CallbackTried)]


def ended(engine: Engine) -> list[str]:
    return [one.outcome for one in of(engine, CallbackEnded)]


def state(engine: Engine, seat: str = "ann") -> str:
    return engine.cards.distributor.seats[seat].state


async def on_the_line(engine: Engine) -> tuple[str, Any]:
    """Let a customer ask, be rung, and answer; return his call and his session's stay."""
    call = engine.ask()
    await engine.settle()
    stay = await engine.answers(call)
    assert stay is not None
    return call, stay


async def talking(engine: Engine) -> tuple[str, Any, Ring]:
    """Let a customer and Ann talk."""
    call, stay = await on_the_line(engine)
    ring = await engine.take(stay)
    assert ring is not None
    await engine.seat_answers(ring)
    return call, stay, ring


async def test_the_seat_is_reserved_the_customer_rung_and_the_two_talk(engine: Engine) -> None:
    call, stay, ring = await talking(engine)
    assert state(engine) == "talking"
    await engine.pass_time(5_000)
    await engine.seat_ends(stay, ring)
    (talk,) = of(engine, ConversationEnded)
    assert (ended(engine), tried(engine), talk.talk_ms) == (["answered"], [], 5_000)
    assert call not in engine.memory.calls
    assert state(engine) == "wrap-up"


@pytest.mark.parametrize(
    ("cause", "tech", "outcome"), [("17", "486", "busy"), ("21", "603", "refused"), ("0", "", "no-answer")]
)
@pytest.mark.parametrize("first", ["its end", "the answer to our wish"])
async def test_an_attempt_is_known_by_how_the_channel_ended_whichever_news_is_first(
    engine: Engine, first: str, cause: str, tech: str, outcome: str
) -> None:
    """Asterisk most often says first that it failed, and a moment later why."""
    call = engine.ask()
    await engine.settle()
    if first == "its end":
        await engine.hangs_up(call, cause, tech)
        await engine.not_originated(call)
    else:
        await engine.not_originated(call)
        await engine.hangs_up(call, cause, tech)
    assert tried(engine) == [(1, outcome)]
    assert state(engine) == "ready"


async def test_a_call_out_that_never_had_a_channel_has_reached_nobody(engine: Engine) -> None:
    call = engine.ask()
    await engine.settle()
    engine.line.channels.clear()
    await engine.not_originated(call)
    await engine.pass_time(NEWS_MS + 1)
    assert tried(engine) == [(1, "unreachable")]
    assert state(engine) == "ready"


async def test_a_customer_who_picks_up_and_hangs_up_at_once_frees_the_seat_at_once(engine: Engine) -> None:
    call = engine.ask()
    await engine.settle()
    engine.callbacks.originated(call, True)
    await engine.hangs_up(call)
    assert state(engine) == "ready"
    assert tried(engine) == [(1, "no-answer")]


async def test_an_attempt_of_which_nothing_is_heard_comes_to_nothing_in_time(engine: Engine) -> None:
    engine.ask()
    await engine.settle()
    engine.line.channels.clear()
    await engine.pass_time(RING_MS + PATIENCE_MS + 1)
    assert tried(engine) == [(1, "no-answer")]
    assert state(engine) == "ready"


async def test_a_customer_is_tried_so_often_and_then_given_up(engine: Engine) -> None:
    call = engine.ask()
    for _ in range(5):
        await engine.settle()
        await engine.hangs_up(call, "17", "486")
        await engine.pass_time(10 * MINUTE + 1)
    assert tried(engine) == [(1, "busy"), (2, "busy"), (3, "busy")]
    assert (len(engine.line.rung), ended(engine), state(engine)) == (3, ["failed"], "ready")
    assert engine.memory.calls == {}


@pytest.mark.parametrize("wish", [SignOut("ann"), NotReady("ann", "lunch")])
async def test_a_seat_that_goes_while_the_customer_rings_is_free_at_once_and_he_is_rung_but_once(
    engine: Engine, wish: SignOut | NotReady
) -> None:
    call = engine.ask(queue="vip")
    await engine.settle()
    engine.board.ask(wish)
    assert state(engine) in ("signed-out", "not-ready")
    assert state(engine, "bob") == "reserved", "another seat is found for him"
    await engine.settle()
    assert engine.line.rung == [call]
    stay = await engine.answers(call)
    assert stay is not None
    ring = await engine.take(stay)
    assert ring is not None
    assert (ring.seat, of(engine, Healed)) == ("bob", [])


async def test_without_another_seat_a_customer_who_answers_waits_in_his_place(engine: Engine) -> None:
    call = engine.ask()
    await engine.settle()
    engine.board.ask(NotReady("ann", "lunch"))
    stay = await engine.answers(call)
    assert stay is not None
    assert stay.place() is not None
    engine.board.ask(Ready("ann"))
    assert isinstance(await engine.take(stay), Ring)


async def test_a_customer_who_answers_after_he_was_given_up_is_in_his_place_at_once(engine: Engine) -> None:
    call, stay = engine.ask(), None
    await engine.settle()
    await engine.pass_time(RING_MS + PATIENCE_MS + 1)
    assert state(engine) == "ready"
    stay = await engine.answers(call)
    await engine.pass_time(1)
    assert stay is not None
    ring = await engine.take(stay)
    assert ring is not None
    await engine.seat_answers(ring)
    await engine.seat_ends(stay, ring)
    assert ended(engine) == ["answered"]


async def test_what_asterisk_did_not_confirm_may_ring_all_the_same(engine: Engine) -> None:
    engine.line.error = ActionTimedOut("Originate", 5.0)
    call, stay = await on_the_line(engine)
    assert (tried(engine), state(engine)) == ([], "reserved")
    assert isinstance(await engine.take(stay), Ring)


async def test_with_ami_away_nobody_is_rung_and_the_seat_is_free(engine: Engine) -> None:
    engine.line.error = NotConnected("Originate")
    engine.ask()
    await engine.settle()
    assert (tried(engine), state(engine)) == ([(1, "unreachable")], "ready")


async def test_ami_that_is_lost_and_found_while_a_customer_rings_disturbs_nothing(engine: Engine) -> None:
    engine.ask()
    await engine.settle()
    await engine.reconnect()
    await engine.watch()
    assert (state(engine), len(engine.line.rung), of(engine, Healed)) == ("reserved", 1, [])


@pytest.mark.parametrize("when", ["talking", "in line"])
async def test_a_customer_whose_channel_died_with_asterisk_leaves_no_seat_behind(
    engine: Engine, when: str
) -> None:
    if when == "talking":
        call, _, _ = await talking(engine)
    else:
        call, stay = await on_the_line(engine)
        stay.left()
    engine.calls._sessions.discard(call)
    engine.line.channels.clear()
    engine.world.talks.clear()
    await engine.watch()
    assert state(engine) in ("wrap-up", "ready")
    assert (ended(engine), tried(engine)) == (
        (["answered"], []) if when == "talking" else ([], [(1, "cancelled")])
    )


async def test_one_who_hangs_up_in_the_greeting_frees_the_seat_and_is_tried_again(engine: Engine) -> None:
    call, _ = await on_the_line(engine)
    await engine.hangs_up(call)
    assert (state(engine), tried(engine)) == ("ready", [(1, "cancelled")])
    await engine.pass_time(10 * MINUTE + 1)
    assert len(engine.line.rung) == 2


def closed(engine: Engine, call: str, outcome: Any = "withdrawn") -> None:
    engine.cards.chronicle.record(
        CallbackEnded(
            at=engine.cards.clock.now(), callback=call.replace("-cb", "/cb"), outcome=outcome, by="li"
        )
    )


async def test_a_request_that_a_person_closes_while_it_rings_lets_go_of_customer_and_seat(
    engine: Engine,
) -> None:
    call = engine.ask()
    await engine.settle()
    closed(engine, call)
    assert (engine.line.let_go, state(engine), engine.memory.calls) == ([call], "ready", {})
    await engine.hangs_up(call)
    (over,) = [one for one in of(engine, CallEnded) if one.call == call]
    assert (over.outcome, over.detail, ended(engine)) == ("not-reached", "withdrawn", ["withdrawn"])


async def test_one_that_is_closed_while_the_customer_waits_on_the_line_lets_him_go(engine: Engine) -> None:
    call, stay = await on_the_line(engine)
    closed(engine, call)
    assert await engine.take(stay) is None, "his session is told to end"
    assert (state(engine), ended(engine)) == ("ready", ["withdrawn"])


async def test_one_that_is_closed_while_they_talk_does_not_cut_them_off(engine: Engine) -> None:
    call, stay, ring = await talking(engine)
    closed(engine, call, "called")
    assert state(engine) == "talking"
    await engine.pass_time(2_000)
    await engine.seat_ends(stay, ring)
    (talk,) = of(engine, ConversationEnded)
    assert (talk.talk_ms, ended(engine), engine.memory.calls) == (2_000, ["called"], {})


async def test_a_queue_that_is_removed_while_the_customer_rings_ends_it_with_the_attempt(
    engine: Engine,
) -> None:
    call = engine.ask()
    await engine.settle()
    engine.board.tell(Reconfigure(Plan({}, engine.cards.distributor.plan.seats)))
    await engine.hangs_up(call, "17", "486")
    assert (ended(engine), state(engine)) == (["failed"], "ready")
    assert engine.memory.calls == {}


async def test_an_appointment_is_kept_at_its_time_and_not_before(engine: Engine) -> None:
    engine.ask(due=engine.cards.clock.now() + 60 * MINUTE)
    await engine.pass_time(59 * MINUTE)
    assert engine.line.rung == []
    await engine.pass_time(MINUTE + 1)
    assert len(engine.line.rung) == 1


async def test_who_was_rung_too_often_today_waits_for_tomorrow_and_loses_no_attempt(tmp_path: Path) -> None:
    allowed = Outbound(trunk="line", allow=("139XXXXXXXX",), per_number_daily=1)
    engine = await house(tmp_path, outbound=allowed, longest="48h")
    call = engine.ask()
    await engine.settle()
    await engine.hangs_up(call, "17", "486")
    await engine.pass_time(11 * MINUTE)
    assert (len(engine.line.rung), tried(engine), state(engine)) == (1, [(1, "busy")], "ready")
    await engine.pass_time(24 * 60 * MINUTE)
    assert len(engine.line.rung) == 2


async def test_a_number_that_may_not_be_called_any_more_is_given_up_unrung(tmp_path: Path) -> None:
    engine = await house(tmp_path, outbound=Outbound(trunk="line", allow=("138XXXXXXXX",)))
    engine.ask()
    await engine.settle()
    assert (ended(engine), tried(engine), engine.line.rung, state(engine)) == (["failed"], [], [], "ready")


async def test_a_house_that_is_told_to_call_nobody_keeps_requests_until_it_may(engine: Engine) -> None:
    settings = engine.cards.site.settings
    engine.board.ask(NotReady("ann", "lunch"))
    engine.ask()
    off = settings.callbacks.model_copy(update={"automatic": False})
    engine.cards.site.settings = settings.model_copy(update={"callbacks": off})
    engine.ask("d", "vip")
    engine.board.ask(Ready("ann"))
    await engine.settle()
    assert (engine.line.rung, state(engine)) == ([], "ready")
    engine.cards.site.settings = settings
    engine.cards.chronicle.record(
        Intervened(at=engine.cards.clock.now(), by="li", action="reload", subject="config.yaml")
    )
    await engine.settle()
    assert engine.line.rung == ["d-cb1"]


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
        await run_out(second)
        insist(second)
    else:
        raise AssertionError("the story is longer than that")


async def run_out(engine: Engine) -> None:
    """Let everything come to its end: customers answer and talk with Ann."""
    talks: dict[str, tuple[Any, Ring]] = {}
    for _ in range(60):
        for call in list(engine.line.channels):
            if call in engine.world.talks and call not in talks:  # with the last engine
                await engine.back_after_talk(call)
            elif call not in engine.memory.calls:
                await engine.hangs_up(call)
            elif call in talks:
                await engine.seat_ends(*talks.pop(call))
            else:
                stay = await engine.answers(call)
                if stay is None:
                    engine.callbacks.talked(call)
                    await engine.hangs_up(call)
                elif not stay.orders.empty() and (ring := await engine.take(stay)) is not None:
                    await engine.seat_answers(ring)
                    talks[call] = stay, ring
        for seat in ("ann", "bob"):
            if state(engine, seat) == "not-ready":
                engine.board.ask(Ready(seat))
        await engine.pass_time(7 * MINUTE)
        await engine.watch()
        if not any(call.began.call_kind == "callback" for call in engine.memory.calls.values()):
            break


def insist(engine: Engine) -> None:
    """Insist on what must always hold, once all is over."""
    check_history(engine.world.facts)
    requests = {one.callback for one in of(engine, CallbackAsked)}
    over = Counter(one.callback for one in of(engine, CallbackEnded))
    assert over == dict.fromkeys(requests, 1)
    calls = {one.call for one in of(engine, CallBegan) if one.call_kind == "callback"}
    begun = Counter(one.call for one in of(engine, CallBegan) if one.call_kind == "callback")
    done = Counter(one.call for one in of(engine, CallEnded) if one.call in calls)
    assert begun == done == dict.fromkeys(calls, 1)
    for request in requests:
        attempts = [one.attempt for one in of(engine, CallbackTried) if one.callback == request]
        assert attempts == list(range(1, len(attempts) + 1))
        assert len(attempts) <= 3
    rung = Counter(engine.line.rung)
    assert all(times <= 3 for times in rung.values()), rung
    assert engine.line.disturbed == []
    spoke = {one.call for one in of(engine, ConversationEnded)}
    for one in of(engine, CallbackEnded):
        if one.outcome == "answered":
            assert one.callback.replace("/cb", "-cb") in spoke
    assert not {state(engine, seat) for seat in ("ann", "bob")} & {"reserved", "ringing", "talking", "hold"}
    assert not engine.memory.callbacks


# --- whatever happens, in whatever order


class Street:
    """Customers, Ann and Bob, and a hostile fate. News may be lost, and the engine be killed at any line."""

    def __init__(self, engine: Engine, dice: random.Random) -> None:
        self.engine = engine
        self.dice = dice
        self.stays: dict[str, Any] = {}  # by call: the session of a customer who is on the line
        self.rings: dict[str, Ring] = {}  # by call: the seat's phone that rings for him
        self.asked = 0

    async def live(self, steps: int) -> None:
        for _ in range(steps):
            if self.dice.random() < 0.03:
                self.engine.journal.lines_left = self.dice.randrange(1, 12)
            try:
                await self.step()
            except Killed:
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
                engine.ask(f"c{self.asked}", f"{dice.choice(['billing', 'vip'])}")
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
                self.rung_out()
        await engine.settle()

    def wish(self) -> Any:
        seat = self.dice.choice(["ann", "bob"])
        phone = {"ann": "61", "bob": "62"}[seat]
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

    def rung_out(self) -> None:
        """A phone does not ring for ever."""
        for call, state in list(self.engine.line.channels.items()):
            if state == "ringing" and self.dice.random() < 0.7:
                del self.engine.line.channels[call]

    def let_go(self) -> None:
        for call in self.engine.line.let_go:
            if self.engine.line.channels.get(call) == "ringing":
                del self.engine.line.channels[call]


@pytest.mark.parametrize("seed", range(40))
async def test_whatever_happens_each_request_ends_once_and_no_seat_is_stuck(
    tmp_path: Path, seed: int
) -> None:
    street = Street(await house(tmp_path), random.Random(seed))
    await street.live(250)
    engine = await again(street.engine)
    await run_out(engine)
    insist(engine)
