"""`hotline watch`: what is made of messages, what is shown, and what a mistake is answered with."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from hotline.commands.frame import frame, plain, warnings
from hotline.commands.watch import watch_app
from hotline.live.listener import BrokerAddress, BrokerAddressUnclear
from hotline.live.wallboard import SILENT_MS, Link, Wallboard
from tests.unit.house_of_cards import site

NOON = 1_800_000_000_000
UP = Link(connected=True)
COUNTED = {
    "since": NOON - 1, "offered": 10, "answered": 7, "abandoned": 2, "short_abandoned": 1, "overflowed": 0,
    "called_back": 0, "other": 0, "waiting": 1, "answer_rate": 0.7778, "service_level": 0.625, "asa_s": 8.25,
    "max_wait_s": 75.0,
}  # fmt: skip
TODAY = COUNTED | {"at": NOON, "hour": COUNTED | {"offered": 3, "answer_rate": None}}
SITE = {
    "at": NOON, "timezone": "Asia/Shanghai", "queues": ["sales", "faults"], "seats": ["ann", "bob"],
    "formula": "offered", "threshold_s": 15, "short_abandon_s": 5,
}  # fmt: skip
HEALTH = {
    "at": NOON, "started": NOON, "version": "1", "calls": 4, "loop_lag_ms": 1.0, "ami_lag_ms": 2,
    "ledger_behind": 0, "journal_waiting": 0, "troubles": [],
}  # fmt: skip
STATES: dict[str, dict[str, Any]] = {
    "engine": {"state": "online"},
    "site": SITE,
    "health": HEALTH,
    "queue/sales": {"waiting": 2, "longest_wait_since": NOON - 65_000, "longest_wait_ms": 65_000, "at": NOON},
    "queue/faults": {"waiting": 0, "longest_wait_since": None, "longest_wait_ms": 0, "at": NOON},
    "seat/ann": {"state": "talking", "since": NOON - 30_000, "reason": None, "at": NOON},
    "seat/bob": {"state": "not-ready", "since": NOON - 60_000, "reason": "lunch", "at": NOON},
    "today": TODAY,
    "today/sales": TODAY,
    "today/faults": TODAY,
    "notices": {"at": NOON, "notices": []},
}


def told(
    board: Wallboard, name: str, message: dict[str, Any], at: int = NOON, *, retained: bool = False
) -> None:
    board.heard(name, json.dumps({"v": 1} | message).encode(), at, retained=retained)


def wall(retained: bool = True, **changes: dict[str, Any]) -> Wallboard:
    """A wallboard that has heard everything, with some of it changed."""
    board = Wallboard("demo")
    for name, message in (STATES | changes).items():
        told(board, name, message, retained=retained)
    return board


def shown(board: Wallboard, link: Link = UP, now: int = NOON) -> str:
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system="truecolor")
    console.print(frame(board, link, now))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def lines(board: Wallboard, link: Link = UP, now: int = NOON, width: int = 120) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(frame(board, link, now))
    assert isinstance(console.file, io.StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_queues_seats_and_figures_are_shown() -> None:
    head, _, _, sales, faults, whole, seats = lines(wall())
    assert head == "demo 2027-01-15 16:00:00 calls live: 4"
    assert sales == "sales 2 1:05 10 7 2 77.8 62.5 8.2 1:15 3 –"
    assert faults == "faults – – 10 7 2 77.8 62.5 8.2 1:15 3 –"
    assert whole.startswith("all 2 1:05 10 7 2")
    assert seats == "ann talking 0:30 bob not-ready (lunch) 1:00"


def test_every_figure_fits_into_80_columns() -> None:
    busy = TODAY | {
        "offered": 12_345,
        "answered": 11_111,
        "max_wait_s": 3_723.0,
        "answer_rate": 1.0,
        "asa_s": 123.4,
    }
    row = lines(wall(**{"today/sales": busy}), width=80)[3]
    assert row == "sales 2 1:05 12345 11111 2 100.0 62.5 123.4 1:02:03 3 –"


def test_waits_and_states_go_on_between_messages() -> None:
    *_, sales, _, _, seats = lines(wall(), now=NOON + 5_000)
    assert sales.startswith("sales 2 1:10 ")
    assert seats.startswith("ann talking 0:35")


def test_an_engine_s_clock_that_is_wrong_moves_no_wait() -> None:
    board = wall()
    told(board, "health", HEALTH, at=NOON + 3_600_000)
    assert lines(board, now=NOON + 3_600_000)[3].startswith("sales 2 1:05 ")


def test_what_is_in_order_needs_no_warning() -> None:
    assert list(warnings(wall(retained=False), UP, NOON + SILENT_MS - 1)) == []


def test_an_engine_that_died_while_we_listened_is_offline_since_then() -> None:
    board = wall()
    told(board, "engine", {"state": "offline"}, at=NOON + 60_000)
    (warning,) = warnings(board, UP, NOON + 90_000)
    assert warning.startswith("engine offline since 2027-01-15 16:01:00")
    told(board, "engine", {"state": "online"}, at=NOON + 95_000)
    assert list(warnings(board, UP, NOON + 96_000)) == []


def test_an_engine_that_died_before_is_offline_since_its_last_sign_of_life() -> None:
    (warning,) = warnings(wall(engine={"state": "offline"}), UP, NOON + 500_000)
    assert warning.startswith("engine offline since 2027-01-15 16:00:00")


def test_an_engine_that_says_nothing_any_more_is_silent() -> None:
    (warning,) = warnings(wall(), UP, NOON + 14_000)
    assert warning.startswith("engine silent for 0:14")


def test_a_broker_that_is_away_and_the_age_of_the_news_are_told() -> None:
    (warning,) = warnings(wall(retained=False), Link(connected=False, trouble="refused"), NOON + 12_000)
    assert warning == "broker away (refused); last news 0:12 ago; trying again"


def test_what_does_not_work_is_told() -> None:
    (warning,) = warnings(wall(health=HEALTH | {"troubles": ["ledger"]}), UP, NOON)
    assert warning.startswith("does not work: ledger")


def test_a_message_of_another_version_or_no_message_is_told_and_the_last_known_kept() -> None:
    board = wall()
    board.heard("queue/sales", b'{"v": 2, "waiting": 9}', NOON, retained=False)
    board.heard("seat/ann", b"\xff", NOON, retained=False)
    (warning,) = warnings(board, UP, NOON)
    assert warning.startswith("not understood: queue/sales, seat/ann")
    assert board.queues["sales"].waiting == 2
    told(board, "queue/sales", STATES["queue/sales"])
    assert board.not_understood == {"seat/ann"}


def test_fields_of_later_programs_are_let_pass() -> None:
    assert wall(today=TODAY | {"new": 1}).not_understood == set()


def test_what_the_site_no_longer_has_is_not_shown() -> None:
    board = wall(site=SITE | {"queues": ["faults"], "seats": ["bob"]})
    assert list(board.queues) == ["faults"]
    assert list(board.seats) == ["bob"]


def test_a_site_is_heard_completely_when_each_of_its_topics_is() -> None:
    board = Wallboard("demo")
    assert not board.complete
    for name, message in STATES.items():
        assert not board.complete
        told(board, name, message)
    assert board.complete


def test_before_anything_is_heard_that_is_what_is_shown() -> None:
    head, warning = lines(Wallboard("demo"))
    assert head.startswith("demo ")
    assert warning == "no engine of this site has told anything yet"


HOSTILE = "[bold red]x[/] \x1b[2J\x9b31m\u202e\n"


def test_neither_markup_nor_terminal_codes_come_through() -> None:
    """Whoever may write to the broker could else repaint the terminals of those who look."""
    notice = {
        "notice": HOSTILE, "since": 1, "until": None, "texts": {"en": HOSTILE}, "areas": [], "services": [],
        "heard": True,
    }  # fmt: skip
    board = Wallboard(HOSTILE)
    changed: dict[str, dict[str, Any]] = STATES | {
        "site": SITE | {"queues": [HOSTILE], "seats": [HOSTILE], "timezone": "../x\0"},
        f"queue/{HOSTILE}": STATES["queue/sales"],
        f"seat/{HOSTILE}": STATES["seat/bob"] | {"reason": HOSTILE},
        "notices": {"at": 1, "notices": [notice]},
    }
    for name, message in changed.items():
        told(board, name, message)
    board.heard(f"seat/{HOSTILE}2", b"?", NOON, retained=False)
    painted = shown(board, Link(connected=False, trouble=HOSTILE))
    assert painted.count("[bold red]x[/]") == 8
    assert not [bad for bad in ("\x1b[2J", "\x9b", "\u202e") if bad in painted]


def test_chinese_is_shown_as_it_is() -> None:
    assert plain("停机公告：东区") == "停机公告：东区"


@pytest.mark.parametrize("figure", ["1e308", "NaN", "-Infinity"])
def test_figures_and_moments_beyond_reason_break_nothing(figure: str) -> None:
    notice = {
        "notice": "n", "since": 1, "until": 10**30, "texts": {}, "areas": [], "services": [], "heard": False
    }  # fmt: skip
    board = wall(notices={"at": 1, "notices": [notice]}, health=HEALTH | {"at": -(10**30)})
    board.heard("today", json.dumps({"v": 1} | TODAY).replace("75.0", figure).encode(), NOON, retained=False)
    assert lines(board)[-1].startswith("notice n, until –")


def test_as_data_a_program_gets_the_same() -> None:
    data = json.loads(json.dumps(wall().as_data(NOON + 3_000, UP)))
    assert data["engine"] == {"state": "online", "offline_since": None, "last_news_ms": 3_000}
    assert data["queues"]["sales"]["waiting"] == 2
    assert data["queues"]["sales"]["today"]["hour"]["offered"] == 3
    assert data["seats"]["bob"]["reason"] == "lunch"
    assert data["broker"] == {"connected": True, "trouble": None}


# --- the command


@pytest.mark.parametrize(
    "url",
    [
        "http://x",
        "mqtt://",
        "mqtt://u:p@host",
        "mqtt://host:99999",
        "mqtt://host:0",
        "host",
        "mqtt://a b",
        "mqtt://a..b",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BrokerAddressUnclear, match="is no MQTT address; write mqtt://HOST:PORT"):
        BrokerAddress(url)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [("mqtt://a", "a", 1883), ("mqtts://a", "a", 8883), ("mqtts://a:1", "a", 1)],
)
def test_an_address_has_a_port_by_its_protocol(url: str, host: str, port: int) -> None:
    address = BrokerAddress(url)
    assert (address.host, address.port) == (host, port)


def test_a_broker_that_is_not_there_is_told() -> None:
    said = CliRunner().invoke(watch_app, ["mqtt://127.0.0.1:1", "--once"])
    assert said.exit_code == 1
    assert "mqtt://127.0.0.1:1" in said.stderr
    assert "refused" in said.stderr


def test_a_site_that_never_ran_is_told(tmp_path: Path) -> None:
    site(tmp_path)
    said = CliRunner().invoke(watch_app, ["--once", "--config", str(tmp_path / "config.yaml")])
    assert said.exit_code == 1
    assert "has never run here" in said.stderr
    assert not (tmp_path / "var").exists()
