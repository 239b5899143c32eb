"""What a supervisor does to what is live, by the command line, beside an engine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from hotline.desk import Desk
from hotline.memory import Memory
from hotline.settings import Settings
from ivr.call import Ring
from ivr.door import Leave
from ledger.events import Intervened, PlanAdopted, VisitBegan, VisitEnded, from_data, to_data
from tests.unit.engine_of_cards import engine, say
from tests.unit.house_of_cards import CONFIG, Cards


@pytest.fixture
async def cards(tmp_path: Path) -> AsyncIterator[Cards]:
    made = Cards(tmp_path)
    yield made
    made.board.close()


def kept(cards: Cards) -> list[tuple[str, str]]:
    return [(e.action, e.subject) for e in cards.journal.events if isinstance(e, Intervened)]


async def test_a_queue_that_is_closed_sends_newcomers_on_and_serves_those_who_wait(
    cards: Cards, tmp_path: Path
) -> None:
    cards.sign_in("ann")
    await_there = cards.enter("a")
    assert isinstance(await_there.orders.get_nowait(), Ring)
    waiting = cards.enter("b")
    async with engine(cards):
        result = await say(tmp_path, "queue", "billing", "close")
        assert result.output == "billing: closed\n"
        newcomer = cards.enter("c")
        assert newcomer.orders.get_nowait() == Leave("closed")
        assert waiting.orders.empty(), "who waits keeps his place"
        assert (await say(tmp_path, "queue", "billing", "open")).output == "billing: open\n"
        assert cards.enter("d").orders.empty()
    (ended,) = [e for e in cards.journal.events if isinstance(e, VisitEnded)]
    assert (ended.outcome, ended.reason) == ("overflowed", "closed")
    assert kept(cards) == [("close-queue", "billing"), ("open-queue", "billing")]


async def test_skills_that_are_changed_for_today_count_at_once_and_their_end_is_midnight(
    cards: Cards, tmp_path: Path
) -> None:
    cards.sign_in("ann")
    async with engine(cards):
        result = await say(tmp_path, "seat", "ann", "skills", "english=2")
        assert result.output == "ann: english 2 (until the day ends)\n"
        assert "billing" not in cards.distributor.seats["ann"].skills
        result = await say(tmp_path, "seat", "ann", "own-skills")
        assert result.output.endswith("(as in config.yaml)\n")
        assert "billing" in cards.distributor.seats["ann"].skills
    (given, _) = [e for e in cards.journal.events if isinstance(e, Intervened)]
    zone = cards.site.zone
    now = datetime.fromtimestamp(cards.clock.now() / 1000, UTC).astimezone(zone)
    assert given.until == round(
        datetime.combine(now.date() + timedelta(days=1), time(), zone).timestamp() * 1000
    )


async def test_what_was_changed_for_now_lives_through_a_restart(cards: Cards, tmp_path: Path) -> None:
    async with engine(cards):
        await say(tmp_path, "queue", "billing", "close")
        await say(tmp_path, "seat", "ann", "skills", "english=2")
    recalled = Memory.recalled(cards.memory.snapshot())
    replayed = Memory()
    for event in cards.journal.events:
        replayed.apply(from_data(to_data(event)))
    for memory in (recalled, replayed):
        assert set(memory.interventions) == {("close-queue", "billing"), ("skills", "ann")}


async def test_a_call_that_is_moved_takes_its_waiting_time_along(cards: Cards, tmp_path: Path) -> None:
    cards.sign_in("ann", "bob")
    for seat in ("ann", "bob"):
        async with engine(cards):
            await say(tmp_path, "seat", seat, "not-ready", "lunch")
    stay = cards.enter("a")
    cards.clock.time += 7_000
    async with engine(cards):
        result = await say(tmp_path, "move", "a", "vip")
        assert result.output == "a: waits in vip now\n"
        again = await say(tmp_path, "move", "a", "vip")
        assert (again.exit_code, again.output) == (1, "a waits in vip already\n")
        nobody = await say(tmp_path, "move", "nobody", "vip")
        assert "no call 'nobody' waits" in nobody.output
    began = [e for e in cards.journal.events if isinstance(e, VisitBegan)]
    assert [(e.queue, e.credit_ms) for e in began] == [("billing", 0), ("vip", 7_000)]
    assert stay.visit == "a/2", "the session that waits goes along"
    assert cards.enter("a") is not stay
    assert cards.kinds().count("VisitBegan") == 2, "after a restart its flow asks for the first queue again"


async def test_nobody_is_moved_into_a_queue_that_would_send_him_away(cards: Cards, tmp_path: Path) -> None:
    cards.sign_in("ann")
    stays = [cards.enter("a"), cards.enter("b")]
    async with engine(cards):
        await say(tmp_path, "queue", "vip", "close")
        told = await say(tmp_path, "move", "b", "vip")
    assert told.exit_code == 1
    assert "vip is closed" in told.output
    assert stays[1].visit == "b/1"


async def test_what_the_site_says_is_made_ready_before_a_changed_config_holds(cards: Cards) -> None:
    (cards.site.folder / "flows").mkdir()
    (cards.site.folder / "flows" / "main.yaml").write_text(
        "flow: main\nlanguages: [en]\nstart: end\nprompts: {bye: {en: Bye.}}\nnodes: {end: {hangup: bye}}\n"
    )
    cards.site.file.write_text(CONFIG.replace("capacity: 4", 'capacity: 4, whisper: {en: "Billing."}'))
    desk = Desk(cards.site, cards.board, cards.chronicle, cards.clock)
    seen = []

    async def prepare(settings: Settings) -> None:
        seen.append((settings.queues["billing"].whisper, cards.site.settings.queues["billing"].whisper))

    desk.prepare = prepare
    await desk.reload("li")
    desk.close_down()
    assert seen == [({"en": "Billing."}, {})]
    assert cards.site.settings.queues["billing"].whisper == {"en": "Billing."}


async def test_a_changed_config_is_taken_over_and_a_wrong_one_changes_nothing(
    cards: Cards, tmp_path: Path
) -> None:
    (tmp_path / "flows").mkdir(exist_ok=True)
    (tmp_path / "flows" / "main.yaml").write_text(
        "flow: main\nlanguages: [en]\nstart: end\nprompts: {bye: {en: Bye.}}\nnodes: {end: {hangup: bye}}\n"
    )
    file = tmp_path / "config.yaml"
    async with engine(cards):
        assert (await say(tmp_path, "reload")).output == "nothing has changed\n"
        file.write_text(CONFIG.replace("{skills: {billing: 2}", "{skills: {billling: 2}"))
        wrong = await say(tmp_path, "reload")
        assert wrong.exit_code == 1
        assert "did you mean" in wrong.output
        file.write_text(CONFIG.replace("capacity: 4", "capacity: 1") + "timezone: Asia/Shanghai\n")
        result = await say(tmp_path, "reload")
    assert cards.distributor.plan.queues["billing"].capacity == 1
    assert result.output == "taken over: queues\nat the next start of the hotline: timezone\n"
    adopted = [e for e in cards.journal.events if isinstance(e, PlanAdopted)]
    assert adopted[-1].plan["queues"]["billing"]["capacity"] == 1


async def test_queues_show_who_is_closed_and_how_long_one_who_came_now_would_wait(
    cards: Cards, tmp_path: Path
) -> None:
    cards.sign_in("ann")
    cards.enter("a")
    cards.enter("b")
    cards.clock.time += 90_000
    async with engine(cards):
        await say(tmp_path, "queue", "vip", "close")
        shown = (await say(tmp_path, "queues")).output.splitlines()
        told = json.loads((await say(tmp_path, "queues", "--json")).output)
    assert [line.split() for line in shown[1:]] == [["billing", "2", "1:30", "1:30"], ["vip", "0", "closed"]]
    assert told["billing"]["estimate"]["expected_ms"] == 90_000
    assert (told["billing"]["estimate"]["judged"], told["billing"]["estimate"]["told"]) == (0, False)
