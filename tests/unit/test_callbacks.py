"""Call-backs at the switchboard: whatever happens in whatever order, each ends once, and no seat is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from acd.ami import ActionTimedOut, NotConnected
from acd.messages import NotReady, Ready, Reconfigure, SignOut
from acd.plan import Plan
from hotline.callbacks import NEWS_MS, PATIENCE_MS
from hotline.settings import Outbound
from ivr.call import CallLost, Ring, Sound
from ledger.events import CallEnded, ConversationEnded, Healed, Intervened
from tests.unit.callback_stories import closed, ended, house, of, on_the_line, state, talking, tried
from tests.unit.callback_world import MINUTE, RING_MS, Engine


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """A house where Ann sits, and nobody waits."""
    made = await house(tmp_path)
    yield made
    assert made.line.disturbed == []
    made.callbacks.close()
    made.board.close()


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
    _, stay = await on_the_line(engine)
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


# --- his session


class Customer:
    """A customer's session, as far as he is on the line: it plays, and is lost in the greeting if ``lost``."""

    def __init__(self, call: str, *, lost: bool = False) -> None:
        self.id = call
        self.heard: list[str] = []
        self.let_go = False
        self._lost = lost

    async def play(self, sounds: Sequence[Sound], keys: str = "") -> None:
        """Play."""
        self.heard += [sound.text for sound in sounds]
        if self._lost:
            raise CallLost

    async def music(self, on: bool, *, listen: bool = True) -> None:
        """Play music."""
        self.heard.append("music" if on else "silence")

    async def gone(self) -> None:
        """Stay."""
        await asyncio.Event().wait()

    async def hang_up(self) -> None:
        """Note it."""
        self.let_go = True


async def serve(engine: Engine, customer: Customer, *, greet: bool) -> None:
    """Serve a customer's session until his request is closed."""
    engine.calls._shelf = SimpleNamespace(prompts=None)  # type: ignore[assignment]
    engine.callbacks.greeting = lambda language: [Sound(Path("none.wav"), f"hello in {language}", 1.0)]
    known = engine.memory.calls[customer.id]
    serving = asyncio.ensure_future(engine.calls._call_back(customer, known, greet=greet))  # type: ignore[arg-type]
    await engine.settle()
    closed(engine, customer.id)
    await serving


@pytest.mark.parametrize(
    ("greet", "heard"), [(True, ["hello in en", "music", "silence"]), (False, ["music", "silence"])]
)
async def test_one_who_comes_back_to_us_is_not_greeted_again(
    engine: Engine, greet: bool, heard: list[str]
) -> None:
    customer = Customer(engine.ask())
    await engine.settle()
    engine.board.ask(NotReady("ann", "lunch"))
    await serve(engine, customer, greet=greet)
    assert (customer.heard, customer.let_go) == (heard, True)


async def test_a_session_that_is_lost_in_the_greeting_holds_no_seat(engine: Engine) -> None:
    customer = Customer(engine.ask(), lost=True)
    await engine.settle()
    engine.calls._shelf = SimpleNamespace(prompts=None)  # type: ignore[assignment]
    await engine.calls._call_back(customer, engine.memory.calls[customer.id], greet=True)  # type: ignore[arg-type]
    assert state(engine) == "ready"
    assert customer.id in engine.memory.calls, "whether he is gone his channel will tell"
