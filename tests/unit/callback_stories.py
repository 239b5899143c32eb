"""What happens to call-backs in tests, again and again, and what must hold when all is over."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from acd.messages import Ready, Refused, SignIn
from hotline.memory import callback_of_call
from ivr.call import Ring
from ledger.events import (
    CallbackAsked,
    CallbackEnded,
    CallbackTried,
    CallBegan,
    CallEnded,
    ConversationEnded,
)
from tests.unit.callback_world import MINUTE, Engine, World
from tests.unit.test_switchboard import check_history

SEATS = {"ann": "61", "bob": "62"}


async def house(folder: Path, world: World | None = None, **settings: Any) -> Engine:
    """Begin an engine, in a new world where none is given."""
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
    """Return what was written down, of one kind."""
    return [fact for fact in engine.world.facts if isinstance(fact, kind)]


def tried(engine: Engine) -> list[tuple[int, str]]:
    """Return the attempts that came to nothing."""
    return [(one.attempt, one.outcome) for one in of(engine, CallbackTried)]


def ended(engine: Engine) -> list[str]:
    """Return how requests ended."""
    return [one.outcome for one in of(engine, CallbackEnded)]


def state(engine: Engine, seat: str = "ann") -> str:
    """Return the state of a seat."""
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


def closed(engine: Engine, call: str, outcome: Any = "withdrawn") -> None:
    """Let a person close a request."""
    engine.cards.chronicle.record(
        CallbackEnded(
            at=engine.cards.clock.now(), callback=call.replace("-cb", "/cb"), outcome=outcome, by="li"
        )
    )


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
        for seat, phone in SEATS.items():
            with suppress(Refused):
                engine.board.ask(SignIn(seat, phone) if state(engine, seat) == "signed-out" else Ready(seat))
        await engine.pass_time(7 * MINUTE)
        await engine.watch()
        if not any(call.began.call_kind == "callback" for call in engine.memory.calls.values()):
            break


def open_calls(engine: Engine) -> list[str]:
    """Return the requests for which a call is live."""
    return [
        callback_of_call(name)
        for name, call in engine.memory.calls.items()
        if call.began.call_kind == "callback"
    ]


def insist(engine: Engine, kills: int = 1) -> None:
    """Insist on what must always hold, once all is over. What a killed engine did not write down it may do again."""
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
    assert all(times <= 3 + kills for times in rung.values()), rung
    assert engine.line.disturbed == []
    spoke = {one.call for one in of(engine, ConversationEnded)}
    for one in of(engine, CallbackEnded):
        if one.outcome == "answered":
            assert one.callback.replace("/cb", "-cb") in spoke
    assert not {state(engine, seat) for seat in SEATS} & {"reserved", "ringing", "talking", "hold"}
    assert not engine.memory.callbacks
