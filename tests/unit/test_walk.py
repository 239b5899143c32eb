"""流程穿越: every way through a flow, how long it takes, and where it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.language.prompt import Spoken
from ivr.reading.loader import load_flows
from ivr.reading.names import SiteNames
from ivr.rehearsal.call import UnspokenPrompts
from ivr.walk.kept_prompts import KeptPrompts
from ivr.walk.moves import Lengths
from ivr.walk.walk import walk
from ivr.walk.way import Walk, Way
from tests.unit.small_flows import flow, live_of

SAMPLE = Path(__file__).parents[2] / "flows"
END = "bye: {hangup: bye}\n"
EACH_S = 0.065  # a character of English, by estimate
HELLO_S, CHOOSE_S, BYE_S = (len(text) * EACH_S for text in ("Hello.", "Press 1 or 2.", "Bye."))


def walked(folder: Path, nodes: str, *others: str, **options: int) -> Walk:
    live = live_of(folder, flow(nodes), *others)
    return walk(live, "demo", Lengths(live, UnspokenPrompts()), **options)


def ways(folder: Path, nodes: str, *others: str, **options: int) -> dict[str, Way]:
    """Return the ways by what they say of themselves, each with its beginning."""
    found = walked(folder, nodes, *others, **options)
    assert found.complete
    return {str(way) if way.begins == "start" else f"{way.begins}: {way}": way for way in found.ways}


def test_a_menu_goes_each_key_and_the_ways_of_silence_and_of_wrong_keys(tmp_path: Path) -> None:
    menu = "main: {menu: choose, keys: {1: sales, 2: bye}, tries: 2, wait: 5s, failure: bye}\n"
    found = ways(tmp_path, menu + "sales: {queue: sales, otherwise: bye}\n" + END)
    assert list(found)[:4] == [
        "main 1 → sales",
        "main 2 → bye",
        "main failure (silence) → bye",
        "main failure (wrong keys) → bye",
    ]
    assert (found["main 1 → sales"].presses, found["main 1 → sales"].person) == (1, "queue sales")
    silence, wrong = found["main failure (silence) → bye"], found["main failure (wrong keys) → bye"]
    assert (silence.presses, wrong.presses) == (0, 2)
    assert silence.seconds == pytest.approx(2 * CHOOSE_S + 2 * 5 + BYE_S)
    assert wrong.seconds == pytest.approx(2 * CHOOSE_S + BYE_S)


def test_a_caller_who_presses_at_once_hears_nothing_that_a_key_may_cut_off(tmp_path: Path) -> None:
    nodes = """
        begin: {play: hello, next: news}
        news: {play: hello, barge_in: true, next: count}
        count: {set: {calls: 1}, next: main}
        main: {menu: choose, keys: {1: owed}, failure: bye}
        owed: {play: hello, barge_in: true, next: bye}
    """
    way = ways(tmp_path, nodes + END)["begin → news → count → main 1 → owed → bye"]
    assert way.seconds == pytest.approx(3 * HELLO_S + CHOOSE_S + BYE_S)
    assert way.at_best == pytest.approx(2 * HELLO_S + BYE_S)


def test_without_barge_in_the_menu_is_heard_by_everybody(tmp_path: Path) -> None:
    menu = "main: {menu: choose, barge_in: false, keys: {1: bye}, failure: bye}\n"
    way = ways(tmp_path, menu + END)["main 1 → bye"]
    assert way.at_best == way.seconds == pytest.approx(CHOOSE_S + BYE_S)


def test_a_key_that_may_be_the_first_of_two_makes_the_caller_wait(tmp_path: Path) -> None:
    menu = "main: {menu: choose, keys: {1: bye, 12: bye, 3XX: bye}, between: 2s, failure: bye}\n"
    found = ways(tmp_path, menu + END)
    assert found["main 1 → bye"].at_best == pytest.approx(2 + BYE_S)
    assert found["main 12 → bye"].at_best == pytest.approx(BYE_S)
    assert found["main 3XX → bye"].presses == 3


def test_digits_are_counted_with_the_key_that_ends_them(tmp_path: Path) -> None:
    nodes = "main: {collect: card, into: card, length: 16-19, next: bye, failure: bye}\n"
    assert ways(tmp_path, nodes + END)["main → bye"].presses == 17


def test_what_follows_a_person_is_walked_once_from_there(tmp_path: Path) -> None:
    nodes = """
        main: {menu: choose, keys: {1: faults, 2: hello}, failure: bye}
        hello: {play: hello, next: faults}
        faults: {queue: faults, answered: rate, full: bye, otherwise: speak, keys: {7: back}}
        rate: {survey: rate, next: bye}
        speak: {voicemail: speak, next: bye}
        back: {callback: sales, number: =caller.number, next: bye, not_allowed: bye}
    """
    found = ways(tmp_path, nodes + END)
    behind = {name: way.ends for name, way in found.items() if way.begins == "faults"}
    assert behind == {
        "faults: faults answered → rate → bye": "end",
        "faults: faults 7 → back": "person",
        "faults: faults full → bye": "dead end",
        "faults: faults no_agents → speak → bye": "end",
        "faults: faults timeout → speak → bye": "end",
    }
    assert found["back: back → bye"].ends == "end"
    assert found["back: back not_allowed → bye"].ends == "dead end"


def test_an_end_that_the_caller_chose_is_no_dead_end(tmp_path: Path) -> None:
    nodes = """
        ask: {lookup: customer, with: {number: =caller.number}, into: found, next: main, nothing: bye, error: main}
        main: {menu: choose, keys: {1: owed}, failure: bye}
        owed: {play: owed, next: bye}
    """
    found = {name: way.ends for name, way in ways(tmp_path, nodes + END).items()}
    assert found["ask error → main 1 → owed → bye"] == "end"
    assert found["ask nothing → bye"] == "dead end"
    assert found["ask → main failure (silence) → bye"] == "dead end"


def test_a_way_is_not_followed_back_to_where_it_has_been_except_in_another_language(tmp_path: Path) -> None:
    nodes = """
        main: {menu: choose, keys: {1: chinese, "*": main, 2: bye}, failure: bye}
        chinese: {language: zh, next: main}
    """
    found = walked(tmp_path, nodes + END)
    assert [str(way) for way in found.ways if way.language == "zh"] == [
        "main 1 → chinese → main 2 → bye",
        "main 1 → chinese → main failure (silence) → bye",
        "main 1 → chinese → main failure (wrong keys) → bye",
    ]
    assert found.circles == 3  # star twice, and Chinese a second time


def test_more_rounds_follow_a_way_back_as_often_as_asked(tmp_path: Path) -> None:
    nodes = 'main: {menu: choose, keys: {"*": main, 2: bye}, failure: bye}\n'
    found = ways(tmp_path, nodes + END, rounds=2)
    assert "main * → main 2 → bye" in found
    assert "main * → main * → main 2 → bye" not in found


def test_a_flow_within_a_flow_is_walked_through(tmp_path: Path) -> None:
    nodes = """
        main: {flow: identify, exits: {known: owed}, next: bye}
        owed: {play: owed, next: bye}
    """
    inner = """
        what: {switch: [{if: caller.number == "1", then: known}], otherwise: unknown}
        known: {return: known}
        unknown: {return: null}
    """
    found = ways(tmp_path, nodes + END, flow(inner, "identify"))
    assert set(found) == {"main → what 1 → known → owed → bye", "main → what otherwise → unknown → bye"}


def test_an_error_goes_the_flows_way_and_without_one_to_the_apology(tmp_path: Path) -> None:
    ask = "ask: {lookup: customer, with: {number: =caller.number}, into: found, next: bye, timeout: bye}\n"
    assert ways(tmp_path, ask + END)["ask error"].ends == "dead end"
    live = live_of(tmp_path, flow(ask + "sorry: {queue: faults, otherwise: bye}\n" + END, error="sorry"))
    found = walk(live, "demo", Lengths(live, UnspokenPrompts()))
    assert [(way.begins, str(way)) for way in found.ways if way.ends == "person"] == [
        ("error", "sorry"),
        ("start", "ask error → sorry"),
    ]


def test_a_flow_that_begins_with_a_person_has_that_way_too(tmp_path: Path) -> None:
    found = ways(tmp_path, "faults: {queue: faults, otherwise: bye}\n" + END)
    assert found["faults"].person == "queue faults"
    assert found["faults: faults full → bye"].ends == "dead end"


def lattice(wide: int, deep: int) -> str:
    """Return a flow of menus, each with a way to every menu of the next row: ``wide ** deep`` ways and more."""
    others = ", ".join(f"{{if: now.hour == {column}, then: n0x{column}}}" for column in range(1, wide))
    rows = [f"begin: {{switch: [{others}], otherwise: n0x0}}"]
    for row in range(deep):
        below = [f"n{row + 1}x{column}" if row + 1 < deep else "person" for column in range(wide)]
        keys = ", ".join(f"{key}: {name}" for key, name in enumerate(below))
        rows += [
            f"n{row}x{column}: {{menu: choose, keys: {{{keys}}}, failure: bye}}" for column in range(wide)
        ]
    return "\n".join(rows) + "\nperson: {queue: faults, otherwise: bye}\n" + END


def test_with_too_many_ways_each_exit_is_walked_once_by_the_quickest_way(tmp_path: Path) -> None:
    found = walked(tmp_path, lattice(4, 12), most=1000)
    assert (found.complete, found.cut) == (False, False)
    taken = {(step.node, step.exit) for way in found.ways for step in way.steps if step.exit}
    exits = {(f"n{row}x{column}", exit_) for row in range(12) for column in range(4) for exit_ in "0123"}
    assert exits <= taken
    assert len(found.ways) < 300
    assert {way.ends for way in found.ways} == {"person", "end", "dead end"}


def test_what_is_left_out_even_so_is_told(tmp_path: Path) -> None:
    found = walked(tmp_path, lattice(2, 3), most=2)
    assert (found.complete, found.cut, len(found.ways)) == (False, True, 2)


def test_the_sample_hotline_leads_to_a_person_from_everywhere() -> None:
    queues = ("billing", "faults", "sales", "complaints", "operator")
    live = load_flows(SAMPLE, SiteNames(queues=queues))
    found = walk(live, "customer-hotline", Lengths(live, UnspokenPrompts()))
    assert found.complete
    assert set(found.quickest()) == {f"queue {queue}" for queue in queues}
    assert all(way.ends == "person" for way in found.ways if way.begins in ("start", "error"))
    longest = found.longest()
    assert longest is not None
    assert longest.seconds == max(way.seconds for way in found.ways)


def test_a_prompt_that_was_never_rendered_has_an_estimated_length_and_is_counted(tmp_path: Path) -> None:
    prompts = KeptPrompts(tmp_path)
    assert prompts.sound(Spoken("hello", "en", "Hello.")).seconds == pytest.approx(HELLO_S)
    assert len(prompts.estimated) == 1
