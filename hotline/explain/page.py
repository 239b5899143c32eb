"""The page that tells why: one line of time for each fact of a call, or of a seat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from acd.explain import Waits
from acd.plan import QueuePlan
from hotline.explain import words
from hotline.explain.facts import (
    Announced,
    BackInLine,
    CallStory,
    EngineStarted,
    Entered,
    Fact,
    Intervened,
    Left,
    Offered,
    OwnerOver,
    PlanChanged,
    RingOver,
    StillWaits,
    Tried,
    VisitStory,
    Widened,
)
from hotline.explain.idle import SeatStory
from hotline.explain.words import Words
from hotline.lasting import clock
from ledger.records import Visit

_AHEAD = 5  # callers due before one that are named; the rest are counted
_ENDS = {
    "full": "so many waited already, and the queue takes no more",
    "timeout": "he had waited as long as the queue lets him",
    "no_agents": "nobody on duty could ever have served him",
    "closed": "the queue was closed",
    "long_wait": "his wait was estimated to be longer than the queue lets him",
    "queue-removed": "the queue was gone from the site",
    "moved": "a person moved him to another queue",
    "another-queue": "he went on to another queue",
    "asked": "he asked to be called",
    "engine-away": "he left his number while the engine was away",
}


def show_call(story: CallStory, words_: Words, number: str, console: Console) -> None:
    """Print the story of a call, as far as it has come."""
    call = story.call
    ended = f", until {words_.time(call.ended)}: {call.outcome}" if call.ended is not None else ", still live"
    _line(console, f"{call.call}", style="bold")
    _line(
        console,
        f"{words_.day(call.began)} from {number or 'nobody known'} to {call.dnis}, {call.language}{ended}",
    )
    if not story.visits:
        _line(console, "It never waited for a person.")
    for one in story.visits:
        console.print()
        _line(console, _heading(one), style="bold")
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        for at, text in _rows(one, words_):
            table.add_row(at, escape(text))
        console.print(table)
        if one.queue is None:
            _line(
                console,
                "The ledger has no plan of the distributor from then, so it tells only what was recorded.",
            )


def show_seat(story: SeatStory, words_: Words, console: Console) -> None:
    """Print why a seat was idle, or what it did."""
    state = story.interval
    _line(console, f"{story.seat} at {words_.day(story.at)}", style="bold")
    if not story.engine:
        _line(console, "No engine ran then, so nobody was offered anything.", style="yellow")
    if state is None:
        since = f" since {words_.day(story.gone)}" if story.gone is not None else ""
        _line(console, f"signed out{since}")
    else:
        reason = f": {state.reason}" if state.reason is not None else ""
        after = f"; it lasted until {words_.time(state.ended)}" if state.ended is not None else ""
        why = words.EVENTS.get(state.event, state.event)
        _line(
            console,
            f"{state.state}{reason}, for {clock(story.at - state.began)} at phone {state.phone}, since "
            f"{words_.day(state.began)}, when {why}{after}",
        )
    if story.asked is not None:
        _line(
            console,
            f"{story.asked.intervened_by} had asked: {story.asked.action} {words_.time(story.asked.intervened)}",
        )
    if story.idle is None:
        _line(
            console,
            "The ledger has no plan from then, or one without this seat: what kept callers away is not known.",
        )
        return
    _line(console, f"{story.idle.waiting} callers wait" if story.idle.waiting else "nobody waits")
    visits = {visit.visit: visit for visit in story.visits}
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for name, bar in story.idle.callers.items():
        visit = visits[name]
        has = ", ".join(words.needs(((skill, level),)) for skill, level in bar.has.items()) if bar else ""
        why = words_.bar(bar) + (f" (has {has})" if has else "")
        table.add_row(name, escape(visit.queue), clock(story.at - visit.arrived), escape(why))
    console.print(table)
    unnamed = story.idle.waiting - len(story.idle.callers)
    if unnamed > 0:
        _line(console, f"and {unnamed} more")
    if story.rung:
        _line(console, f"being rung elsewhere: {', '.join(story.rung[:8])}")


def _line(console: Console, text: str, style: str | None = None) -> None:
    console.print(text, style=style, highlight=False, markup=False)


def _heading(story: VisitStory) -> str:
    visit = story.visit
    kind = "call-back" if visit.visit_kind == "callback" else "visit"
    wait = f", {clock(visit.wait_ms)}" if visit.wait_ms is not None else ""
    how = f": {visit.outcome}{wait}" if visit.outcome is not None else ": waits"
    return f"{kind} {visit.visit} in {visit.queue}{how}"


def _rows(story: VisitStory, words_: Words) -> Iterator[tuple[str, str]]:
    day = None
    for fact in story.facts:
        if day is not None and day != words_.day(fact.at)[:10]:
            yield "", words_.day(fact.at)[:10]
        day = words_.day(fact.at)[:10]
        at = words_.time(fact.at)
        for text in _told(fact, story, words_):
            yield at, text
            at = ""


def _told(fact: Fact, story: VisitStory, words_: Words) -> Iterator[str]:
    match fact:
        case Entered():
            own = words.needs(tuple(sorted(story.visit.skills.items())))
            yield f"entered; needs {words.ways(fact.needs)}" + (
                f" ({own} his own)" if story.visit.skills else ""
            )
            yield from _standing(story.visit)
            if story.queue is not None:
                yield from _limits(story.queue, fact.in_queue)
            yield from _why_not(fact.waits, words_)
        case Widened():
            brings = f"; this brings {', '.join(fact.brings)}" if fact.brings else "; this brings nobody"
            yield f"after {clock(fact.after_ms)} asks for {words.ways(fact.needs)}{brings}"
            yield from _why_not(fact.waits, words_)
        case PlanChanged():
            needs = words.ways(fact.needs) if fact.needs is not None else "nothing: the queue is gone"
            yield f"the rules changed; needs {needs}"
        case OwnerOver():
            yield f"{fact.owner} is waited for no longer; now the others"
        case Offered():
            yield from _offered(fact, words_)
        case RingOver():
            yield _ring_over(fact, words_)
        case BackInLine():
            yield "back in his old place"
            yield from _why_not(fact.waits, words_)
        case Announced():
            wait = (
                f" and {clock(fact.low_ms)} to {clock(fact.high_ms or 0)} yet"
                if fact.low_ms is not None
                else ""
            )
            yield f"was told: place {fact.position}{wait}"
        case Tried():
            again = f"; again {words_.day(fact.again)}" if fact.again is not None else "; not again"
            yield f"customer rung, attempt {fact.attempt}: he {words.ENDS.get(fact.outcome, fact.outcome)}{again}"
        case Intervened():
            yield f"{fact.by}: {words.act(fact.action, fact.subject, fact.detail)}"
        case EngineStarted():
            yield "a new engine; it waits until all callers are back, three seconds at most"
        case StillWaits():
            yield f"waits, {clock(fact.waits.waited_ms)} by now"
            yield from _why_not(fact.waits, words_)
        case Left():
            yield from _left(fact, story, words_)
        case _:
            assert_never(fact)


def _standing(visit: Visit) -> Iterator[str]:
    """What goes before arrival: priority, tier, credit, owner."""
    facts = [f"priority {visit.priority} of his own"] if visit.priority else []
    facts += [f"tier {visit.tier}"] if visit.tier else []
    facts += (
        [f"{clock(visit.credit_ms or 0)} counted as waited before"] if (visit.credit_ms or 0) >= 1_000 else []
    )
    facts += [f"{visit.owner} is his owner"] if visit.owner is not None else []
    if facts:
        yield "; ".join(facts)


def _limits(queue: QueuePlan, in_queue: int) -> Iterator[str]:
    limits = [f"{in_queue} of at most {queue.capacity} waited there"] if queue.capacity is not None else []
    limits += [f"may wait {clock(queue.longest_wait_ms)}"] if queue.longest_wait_ms is not None else []
    if queue.longest_estimate_ms is not None:
        limits.append(f"may be estimated to wait {clock(queue.longest_estimate_ms)}")
    if limits:
        yield "limits: " + "; ".join(limits)


def _why_not(waits: Waits | None, words_: Words) -> Iterator[str]:
    """Why nobody rang then: what ruled out each seat, and who was due before him."""
    if waits is None:
        return
    free = [seat for seat, bar in waits.seats.items() if bar is None]
    if free:
        yield f"by the ledger he might have had {', '.join(free)} at once; after an engine's start offers are held"
    yield from (
        f"no seat: {line}" if n == 0 else f"         {line}"
        for n, line in enumerate(words_.kinds(waits.seats))
    )
    if waits.ahead:
        yield f"{waits.ahead} due before him at seats that he may have:"
        yield from (f"  {words_.rival(one, ahead=True)}" for one in waits.first_ahead[:_AHEAD])


def _offered(fact: Offered, words_: Words) -> Iterator[str]:
    waited = f" after {clock(fact.why['waited_ms'])}" if "waited_ms" in fact.why else ""
    yield f"offered to {', '.join(fact.seats)}{waited}"
    made = fact.decision
    if made is None:
        return
    seat = fact.seats[0]
    if made.freed_by is not None:
        whose = "" if made.freed_by == seat else f", so that {seat} is in reserve no longer"
        yield f"{made.freed_by} fell free{whose}; of {made.due.after + 1} whom {seat} may have he was first"
        for one in made.due.first_after[:_AHEAD]:
            yield f"  before {words_.rival(one, ahead=False)}"
    if made.choice.possible[:1] and made.choice.possible[0].seat != seat and made.freed_by is not None:
        others = ", ".join(one.seat for one in made.choice.possible if one.seat != seat)
        yield f"free for him with it: {others}"
    elif len(made.choice.possible) > 1 or made.freed_by is None:
        yield f"free for him, {words.rule(made.choice)}: {words.seats_in_order(made.choice)}"
    yield from (f"not: {line}" for line in words_.kinds(made.ruled_out))
    if not made.agrees:
        yield "this cannot be made again out of the ledger: something of that moment is not in it"


def _ring_over(fact: RingOver, words_: Words) -> str:
    codes = [f"SIP {fact.tech_cause}"] if fact.tech_cause else []
    codes += [f"cause {fact.cause}"] if fact.cause else []
    told = f" ({', '.join(codes)})" if codes else ""
    after = (
        [f"{fact.seat} is {fact.state}" + (f": {fact.reason}" if fact.reason else "")] if fact.state else []
    )
    after += [f"spared him until {words_.time(fact.spared_until)}"] if fact.spared_until is not None else []
    follows = f"; {', '.join(after)}" if after else ""
    return (
        f"{fact.seat} {words.ENDS.get(fact.outcome, fact.outcome)} after {clock(fact.rang_ms)}{told}{follows}"
    )


def _left(fact: Left, story: VisitStory, words_: Words) -> Iterator[str]:
    wait = clock(story.visit.wait_ms or 0)
    if fact.outcome == "answered":
        yield f"answered by {fact.seat} after {wait}"
        return
    if fact.outcome == "abandoned":
        yield f"hung up after {wait}"
    else:
        why = _ENDS.get(fact.reason or "", fact.reason or fact.outcome)
        yield f"{fact.outcome} after {wait}: {why}"
    yield from _why_not(fact.waits, words_)
