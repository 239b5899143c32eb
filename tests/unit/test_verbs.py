"""Every verb, rehearsed: its exits, what it says, what it keeps."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from ivr.call import Sound
from ivr.facts import NoticeHeard, Rated, Recorded, Tagged, Transferred
from ivr.house import Notice
from ivr.language.flow import Flow
from ivr.language.hours import Schedule
from ivr.language.words import words_in
from ivr.rehearsal.call import Press, Silence
from ivr.rehearsal.house import Stubs
from ivr.verbs import VERBS
from ivr.verbs.announce import concerning
from ivr.verbs.split import share_of
from tests.unit.rehearsing import END, flow_of, rehearse, set_of

AFTER = {"play": "after", "next": "end"}


@pytest.mark.parametrize("verb", VERBS)
def test_the_example_of_each_verb_is_right(verb: str) -> None:
    node = yaml.load(VERBS[verb].example, yaml.BaseLoader)
    made = VERBS[verb].model_validate(_typed(node))
    assert made.verb == verb
    assert verb in node


def _typed(node: Any) -> Any:
    """Give YAML's texts the types that our own reader gives them."""
    if isinstance(node, dict):
        return {key: _typed(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_typed(value) for value in node]
    return {"true": True, "false": False}.get(
        node, int(node) if node.isdecimal() and node[0] != "0" else node
    )


# --- menu


async def test_a_choice_of_several_keys_is_taken_at_once_when_no_more_can_follow() -> None:
    menu = {"menu": "ask", "keys": {"1": "end", "12": "right"}, "failure": "wrong", "into": "keys"}
    done = await rehearse({"main": menu, "right": AFTER, "wrong": END, "end": END}, ["1", "2"])
    assert done.way.taken[0] == "main>12"
    assert done.way.positions[1].variables == {"keys": "12"}


async def test_a_key_that_could_be_the_first_of_two_waits_for_the_second_and_is_taken_alone() -> None:
    menu = {"menu": "ask", "keys": {"1": "right", "12": "end"}, "failure": "wrong", "between": "3s"}
    done = await rehearse({"main": menu, "right": AFTER, "wrong": END, "end": END}, ["1", Silence()])
    assert done.way.taken[0] == "main>1"
    heard = next(moment.at for moment in done.call.moments if moment.what == "after.en")
    assert heard == pytest.approx(3.0)


async def test_a_menu_is_offered_shorter_the_second_time() -> None:
    menu = {"menu": "ask", "again": "ask-again", "keys": {"1": "end"}, "failure": "end", "tries": 3}
    done = await rehearse({"main": menu, "end": END})
    assert done.heard == ["ask.en", "ask-again.en", "ask-again.en", "bye.en"]


async def test_a_key_into_the_words_of_the_mistake_is_the_next_try() -> None:
    menu = {"menu": "ask", "keys": {"1": "right"}, "failure": "end", "invalid_prompt": "wrong"}
    done = await rehearse({"main": menu, "right": AFTER, "end": END}, ["9", "1"])
    assert done.heard == ["ask.en", "wrong.en", "after.en", "bye.en"]


@pytest.mark.parametrize("key", [" 9 ", "9 ", "A", "", "1" * 21])
def test_a_key_that_nobody_can_press_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        flow_of({"main": {"menu": "ask", "keys": {key: "end"}, "failure": "end"}, "end": END})


# --- collect

COLLECT = {"collect": "ask", "into": "digits", "next": "right", "failure": "wrong"}


@pytest.mark.parametrize(
    ("options", "keys", "exit_"),
    [
        ({"length": 4}, "1234", "next"),
        ({"length": "2-4"}, "123#", "next"),
        ({"length": "2-4", "tries": 1}, "1#", "failure"),
        ({"length": 4, "pattern": "1[3-9]XX"}, "1399", "next"),
        ({"length": 4, "pattern": "1[3-9]XX", "tries": 1}, "1299", "failure"),
        ({"length": 4, "pattern": "2X{3}|1X{3}"}, "1299", "next"),
        ({"length": "1-4", "finish": "*"}, "12*", "next"),
        ({"length": 3, "keys": {"*": "wrong"}}, "*", "*"),
        ({"length": 3, "tries": 2}, "1#123", "next"),
        ({"length": 3, "tries": 1, "invalid": "wrong"}, "1#", "invalid"),
        ({"length": 3, "tries": 1, "timeout": "wrong"}, "", "timeout"),
        ({"length": 3, "tries": 1}, "1*3", "failure"),
    ],
)
async def test_digits_are_collected(options: dict[str, Any], keys: str, exit_: str) -> None:
    nodes = {"main": {**COLLECT, **options}, "right": AFTER, "wrong": END, "end": END}
    done = await rehearse(nodes, list(keys))
    assert done.way.taken[0] == f"main>{exit_}"


async def test_digits_are_read_back_and_entered_again_until_they_are_right() -> None:
    nodes = {
        "main": {**COLLECT, "length": 2, "confirm": "is-it-right"},
        "right": AFTER,
        "wrong": END,
        "end": END,
    }
    done = await rehearse(
        nodes, ["1", "2", Press("2", after_prompt=True), "3", "4", Press("1", after_prompt=True)]
    )
    assert done.way.positions[1].variables == {"digits": "34"}
    assert done.heard.count("is-it-right.en") == 2


async def test_secret_digits_reach_no_record() -> None:
    nodes = {
        "main": {**COLLECT, "length": 4, "secret": True},
        "right": {"set": {"copy": "=vars.digits + 'x'", "free": 1}, "next": "end"},
        "wrong": END,
        "end": END,
    }
    done = await rehearse(nodes, list("1234"))
    assert [position.variables for position in done.way.positions] == [{}, {}, {"free": 1}]


@pytest.mark.parametrize("pattern", ["(", "[", "a+", "1{1,", "(1|2)*", "X+"])
def test_a_pattern_is_made_of_digits_alone(pattern: str) -> None:
    with pytest.raises(ValidationError):
        flow_of({"main": {**COLLECT, "pattern": pattern}, "right": AFTER, "wrong": END, "end": END})


# --- set, switch, split, tag, language


async def test_variables_are_counted_and_looked_at() -> None:
    nodes = {
        "main": {"set": {"n": 0}, "next": "more"},
        "more": {"set": {"n": "=vars.n + 1"}, "next": "enough"},
        "enough": {"switch": [{"if": "vars.n >= 3", "then": "end"}], "otherwise": "more"},
        "end": END,
    }
    done = await rehearse(nodes)
    assert done.way.taken == ["main>next"] + ["more>next", "enough>otherwise"] * 2 + [
        "more>next",
        "enough>1",
        "end>end",
    ]


async def test_a_condition_that_is_no_truth_takes_the_error_exit() -> None:
    nodes = {
        "main": {"switch": [{"if": "now.hour", "then": "end"}], "otherwise": "end", "error": "oops"},
        "oops": AFTER,
        "end": END,
    }
    done = await rehearse(nodes)
    assert done.way.taken[:2] == ["main>error", "oops>next"]
    assert done.ended == "flow-ended"


async def test_a_variable_cannot_grow_without_bound() -> None:
    nodes = {
        "main": {"set": {"t": "=" + '"' + "x" * 400 + '"'}, "next": "double"},
        "double": {"set": {"t": "=vars.t + vars.t"}, "next": "double", "error": "end"},
        "end": END,
    }
    done = await rehearse(nodes)
    assert done.way.taken[-2:] == ["double>error", "end>end"]


def test_shares_are_sticky_and_as_large_as_they_say() -> None:
    shares = [share_of(str(number), "flow", "node") for number in range(10_000)]
    assert shares == [share_of(str(number), "flow", "node") for number in range(10_000)]
    assert sum(share < 10 for share in shares) == pytest.approx(1000, abs=120)


async def test_a_split_sends_the_same_caller_the_same_way() -> None:
    nodes = {"main": {"split": {"right": 50, "end": 50}}, "right": AFTER, "end": END}
    ways = {number: (await rehearse(nodes, number=number)).way.taken[0] for number in map(str, range(40))}
    again = {number: (await rehearse(nodes, number=number)).way.taken[0] for number in map(str, range(40))}
    assert ways == again
    assert set(ways.values()) == {"main>right", "main>end"}


def test_the_shares_of_a_split_are_a_hundred() -> None:
    with pytest.raises(ValidationError, match="sum up to 90"):
        flow_of({"main": {"split": {"a": 50, "b": 40}}, "a": END, "b": END})


async def test_tags_are_kept_with_the_call() -> None:
    nodes = {"main": {"tag": {"business": "billing", "from": "=caller.number"}, "next": "end"}, "end": END}
    done = await rehearse(nodes, number="10086")
    assert done.way.facts == [Tagged("business", "billing"), Tagged("from", "10086")]


# --- play


async def test_values_are_spoken_in_the_caller_s_language() -> None:
    nodes = {
        "main": {"play": ["amount", {"money": "105.5"}], "next": "zh"},
        "zh": {"language": "zh", "next": "again"},
        "again": {"play": [{"time": "14:30"}, {"duration": "=90"}], "next": "end"},
        "end": END,
    }
    done = await rehearse(nodes)
    assert done.heard[:2] == ["amount.en", "one hundred and five yuan and fifty fen"]
    assert done.heard[2].startswith("下午两点半")


async def test_a_value_that_cannot_be_spoken_takes_the_error_exit() -> None:
    nodes = {
        "main": {"play": {"number": "=caller.number + 'x'"}, "next": "end", "error": "oops"},
        "oops": AFTER,
        "end": END,
    }
    done = await rehearse(nodes)
    assert done.way.taken[0] == "main>error"
    assert done.heard == ["after.en", "bye.en"]


# --- hours, notices


@pytest.mark.parametrize(
    ("at", "exit_"),
    [
        (datetime(2026, 1, 5, 10, tzinfo=UTC), "open"),
        (datetime(2026, 1, 5, 20, tzinfo=UTC), "closed"),
        (datetime(2026, 12, 25, 10, tzinfo=UTC), "holiday"),
    ],
)
async def test_a_call_goes_by_the_opening_hours(at: datetime, exit_: str) -> None:
    office = Schedule.model_validate({"week": {"mon-fri": "09:00-17:00"}, "holidays": "DE"})
    nodes = {
        "main": {"hours": "office", "open": "end", "closed": "right", "holiday": "right"},
        "right": AFTER,
        "end": END,
    }
    done = await rehearse(set_of(flow_of(nodes), hours={"office": office}), stubs=Stubs(at=at))
    assert done.way.taken[0] == f"main>{exit_}"


def notice(name: str, areas: set[str] | None = None, services: set[str] | None = None) -> Notice:
    sound = Sound(Path(), name, 1.0)
    return Notice(name, frozenset(areas or ()), frozenset(services or ()), {"en": sound})


@pytest.mark.parametrize(
    ("area", "service", "heard"),
    [
        (None, None, ["all"]),
        ("0755", None, ["all", "south"]),
        ("010", "broadband", ["all", "net"]),
        ("0755", "broadband", ["all", "south", "net", "both"]),
    ],
)
def test_notices_are_for_those_whom_they_concern(
    area: str | None, service: str | None, heard: list[str]
) -> None:
    active = [
        notice("all"),
        notice("south", {"0755", "020"}),
        notice("net", services={"broadband"}),
        notice("both", {"0755"}, {"broadband"}),
    ]
    assert [found.name for found in concerning(active, area, service)] == heard


async def test_a_notice_is_heard_and_kept() -> None:
    nodes = {
        "main": {"announce": {"service": "tv"}, "next": "end", "heard": "right"},
        "right": AFTER,
        "end": END,
    }
    done = await rehearse(
        nodes, stubs=Stubs(notices=[notice("outage", services={"tv"}), notice("other", {"1"})])
    )
    assert done.heard == ["outage", "after.en", "bye.en"]
    assert done.way.facts == [NoticeHeard("outage")]
    quiet = await rehearse(nodes)
    assert quiet.way.taken[0] == "main>next"


# --- lookup

LOOKUP = {"lookup": "crm", "with": {"number": "=caller.number"}, "into": "who", "wait": "2s", "next": "right"}


@pytest.mark.parametrize(
    ("answer", "more", "exit_"),
    [
        ({"name": "Ann"}, {}, "next"),
        (None, {"nothing": "end"}, "nothing"),
        (None, {}, "error"),
        ("timeout", {"timeout": "end"}, "timeout"),
        ("timeout", {}, "error"),
        ("error", {"timeout": "end"}, "error"),
    ],
)
async def test_a_lookup_takes_the_exit_of_its_answer(answer: Any, more: dict[str, Any], exit_: str) -> None:
    nodes = {"main": {**LOOKUP, "error": "end", **more}, "right": AFTER, "end": END}
    done = await rehearse(nodes, stubs=Stubs(lookups={"crm": answer}))
    assert done.way.taken[0] == f"main>{exit_}"
    assert done.house.asked == [("crm", {"number": "13800138000"})]
    if exit_ == "next":
        assert done.way.positions[1].variables == {"who": {"name": "Ann"}}


async def test_an_answer_that_is_too_large_to_be_kept_is_an_error() -> None:
    nodes = {"main": {**LOOKUP, "error": "end"}, "right": AFTER, "end": END}
    done = await rehearse(nodes, stubs=Stubs(lookups={"crm": {"all": "x" * 20_000}}))
    assert done.way.taken[0] == "main>error"
    assert done.way.positions[1].variables == {}


async def test_a_secret_answer_reaches_no_record() -> None:
    nodes = {"main": {**LOOKUP, "error": "end", "secret": True}, "right": AFTER, "end": END}
    done = await rehearse(nodes, stubs=Stubs(lookups={"crm": {"balance": 5}}))
    assert all("who" not in position.variables for position in done.way.positions)


# --- queue, transfer, callback


async def test_a_key_leads_out_of_the_queue_and_back_to_the_same_place() -> None:
    nodes = {
        "main": {"queue": "q", "keys": {"1": "menu"}, "otherwise": "end", "attributes": {"tier": "gold"}},
        "menu": {"menu": "ask", "keys": {"1": "main", "2": "end"}, "failure": "end"},
        "end": END,
    }
    done = await rehearse(nodes, ["1", "1", "1", "2"], Stubs(queues={"q": ("busy",)}))
    assert done.way.taken == ["main>1", "menu>1", "main>1", "menu>2", "end>end"]
    assert [wish.attributes for wish in done.house.wishes] == [{"tier": "gold"}] * 2


@pytest.mark.parametrize("number", ["075586001234", "=caller.number"])
async def test_a_number_that_is_not_allowed_is_not_called(number: str) -> None:
    nodes = {
        "main": {"transfer": {"number": number}, "not_allowed": "right", "failure": "end"},
        "right": AFTER,
        "end": END,
    }
    done = await rehearse(nodes, stubs=Stubs(allows=lambda _number: False))
    assert done.way.taken[0] == "main>not_allowed"
    assert not any(moment.kind == "line" for moment in done.call.moments)


@pytest.mark.parametrize(
    ("outcome", "exit_"),
    [("answered", "answered"), ("busy", "busy"), ("no-answer", "no_answer"), ("unreachable", "failure")],
)
async def test_a_transfer_takes_the_exit_of_its_outcome(outcome: Any, exit_: str) -> None:
    nodes = {
        "main": {"transfer": {"number": "0755"}, "answered": "right", "busy": "right", "failure": "end"},
        "right": AFTER,
        "end": END,
    }
    done = await rehearse(nodes, rings=[outcome])
    assert done.way.taken[0] == f"main>{exit_}"
    assert done.way.facts == [Transferred("0755", outcome, 0)]


async def test_a_transfer_to_an_agent_waits_for_that_one_alone_and_no_longer_than_it_says() -> None:
    nodes = {
        "main": {
            "transfer": {"seat": "ann", "queue": "q"},
            "wait": "20s",
            "no_answer": "right",
            "failure": "end",
        },
        "right": AFTER,
        "end": END,
    }
    done = await rehearse(nodes, stubs=Stubs(queues={"q": ("busy",)}))
    assert (done.way.taken[0], done.house.wishes[0].seat) == ("main>no_answer", "ann")
    assert done.call.seconds > 20


@pytest.mark.parametrize(
    "target", [{}, {"number": "1", "seat": "a", "queue": "q"}, {"seat": "ann"}, {"number": "1", "queue": "q"}]
)
def test_a_transfer_goes_to_a_number_or_to_an_agent(target: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"write \{number"):
        flow_of({"main": {"transfer": target, "failure": "end"}, "end": END})


CALLBACK = {"callback": "q", "number": "=caller.number", "next": "right", "not_allowed": "end"}


@pytest.mark.parametrize(
    ("more", "stubs", "exit_"),
    [
        ({}, Stubs(), "next"),
        ({}, Stubs(callbacks="open-already"), "open_already"),
        ({}, Stubs(callbacks="limit"), "not_allowed"),
        ({}, Stubs(allows=lambda number: number != "13800138000"), "not_allowed"),
        ({"at": "2026-01-05 14:30"}, Stubs(), "next"),
        ({"at": "2026-01-05 09:30"}, Stubs(), "not_allowed"),
        ({"at": "tomorrow"}, Stubs(), "not_allowed"),
    ],
)
async def test_a_callback_is_noted_or_refused(more: dict[str, str], stubs: Stubs, exit_: str) -> None:
    nodes = {"main": {**CALLBACK, **more}, "right": AFTER, "end": END}
    done = await rehearse(nodes, stubs=stubs)
    assert done.way.taken[0] == f"main>{exit_}"
    if exit_ == "next":
        due = 1767623400000 if "at" in more else None
        assert [(wish.number, wish.due) for wish in done.house.callbacks] == [("13800138000", due)]


# --- voicemail, record, survey

VOICEMAIL = {"voicemail": "speak", "box": "faults", "longest": "30s", "next": "right", "nothing": "end"}


async def test_a_message_is_kept_with_its_length() -> None:
    done = await rehearse({"main": VOICEMAIL, "right": AFTER, "end": END}, [Press("#", after_prompt=True)])
    assert done.way.taken[0] == "main>next"
    (kept,) = done.way.facts
    assert isinstance(kept, Recorded)
    assert (kept.kind, kept.box, kept.seconds) == ("voicemail", "faults", 5.0)


async def test_a_message_of_nothing_is_not_kept() -> None:
    done = await rehearse({"main": {**VOICEMAIL, "longest": "1s"}, "right": AFTER, "end": END})
    assert (done.way.taken[0], done.way.facts) == ("main>nothing", [])


async def test_a_record_is_known_by_its_id() -> None:
    nodes = {"main": {"record": "speak", "into": "address", "next": "right"}, "right": AFTER, "end": END}
    done = await rehearse(nodes)
    assert done.way.positions[1].variables == {"address": "rehearsal/main"}


async def test_a_survey_keeps_each_answer_and_ends_at_the_first_silence() -> None:
    nodes = {
        "main": {"survey": ["friendly", "solved", "again"], "invalid_prompt": "wrong", "next": "end"},
        "end": END,
    }
    done = await rehearse(nodes, ["5", Press("9", after_prompt=True), "1"])
    assert done.way.facts == [Rated("main", "friendly", 5), Rated("main", "solved", 1)]
    assert done.way.taken[0] == "main>unanswered"
    assert done.heard == [
        "friendly.en",
        "solved.en",
        "wrong.en",
        "solved.en",
        "again.en",
        "again.en",
        "bye.en",
    ]


# --- flows within flows


def nested(ending: dict[str, Any], **calling: Any) -> tuple[Flow, Flow]:
    outer = {
        "main": {"flow": "inner", "with": {"n": "=1 + 1"}, "into": "got", "next": "right", **calling},
        "right": AFTER,
        "other": END,
        "end": END,
    }
    inner = {"start": {"set": {"n": "=vars.n * 10"}, "next": "back"}, "back": ending}
    return flow_of(outer, error="other"), flow_of(inner, "inner", arguments=["n"])


async def test_a_flow_gives_and_takes_values_and_keeps_its_own() -> None:
    done = await rehearse(set_of(*nested({"return": None, "with": {"n": "=vars.n"}})))
    assert done.way.taken == ["main>call", "start>next", "back>return", "right>next", "end>end"]
    assert [position.variables for position in done.way.positions] == [
        {},
        {"n": 2},
        {"n": 20},
        {"got": {"n": 20}},
        {"got": {"n": 20}},
    ]


async def test_a_flow_returns_by_a_named_exit() -> None:
    done = await rehearse(set_of(*nested({"return": "failed"}, exits={"failed": "other"})))
    assert done.way.taken[-1] == "other>end"


async def test_an_error_within_a_flow_goes_the_nearest_way_out() -> None:
    broken = {"switch": [{"if": "now.hour", "then": "back"}], "otherwise": "back"}
    done = await rehearse(set_of(*nested(broken)))
    assert (done.way.taken[-2:], done.ended) == (["back>error", "other>end"], "error")
    own = await rehearse(set_of(*nested(broken, error="right")))
    assert own.way.taken[-2:] == ["right>next", "end>end"]


async def test_a_call_goes_on_within_a_flow_and_returns_to_where_it_was_called() -> None:
    flows = set_of(*nested({"return": None, "with": {"n": "=vars.n"}}))
    first = await rehearse(flows)
    inside = first.way.positions[2]
    again = await rehearse(flows, at=inside)
    assert again.way.taken == ["back>return", "right>next", "end>end"]
    assert again.way.positions[1].variables == {"got": {"n": 20}}


def test_every_word_of_a_node_is_found_with_its_place() -> None:
    node = flow_of({"main": {**LOOKUP, "error": "end"}, "right": AFTER, "end": END}).nodes
    found = {
        (word.word.kind, ".".join(map(str, word.path))) for word in words_in(node) if word.path[0] == "main"
    }
    assert found == {
        ("node", "main"),
        ("node", "main.error"),
        ("lookup", "main.lookup"),
        ("expression", "main.with.number"),
        ("variable", "main.into"),
        ("node", "main.next"),
    }
