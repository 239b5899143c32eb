"""`hotline call`: one call's whole story, in order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hotline.commands.call import call_app
from ledger.events import (
    CallbackAsked,
    CallbackEnded,
    CallbackTried,
    Healed,
    Intervened,
    NoticeHeard,
    Rated,
    RecordingKept,
    RecordingMarked,
    SeatChanged,
    Tagged,
    TransferEnded,
    WaitTold,
)
from tests.unit.told_ledger import HOUR, MIN, Called, S, T, ledger, states

NUMBER, OTHER = "13812345678", "13900005678"
ID = "pbx1-1790000000.7"


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = Called(ID, T, NUMBER).node(0, "welcome", "next", 3 * S).node(3 * S, "menu", "1", 8 * S)
    made.node(8 * S, "queue", "answered", 95 * S).wait(8 * S, priority=3)
    made.rung(10 * S, 25 * S, "bob", "no-answer").talked(30 * S, 90 * S, "ann", number=2).node(
        95 * S, "survey"
    )
    about = {"callback": f"{ID}/cb1", "offer": "later/1/1"}
    events = [
        *made.over(2 * MIN),
        *states("ann", (T - HOUR, "ready"), (T + 28 * S, "ringing", f"{ID}/1/2"), (T + 30 * S, "talking", f"{ID}/1/2")),
        *(
            SeatChanged(at=at, seat="ann", phone="61", was=was, event="e", now=now, offer=f"{ID}/1/2")
            for at, was, now in (
                (T + 50 * S, "talking", "hold"),
                (T + 60 * S, "hold", "talking"),
                (T + 90 * S, "talking", "wrap-up"),
                (T + 100 * S, "wrap-up", "ready"),
            )
        ),
        NoticeHeard(at=T + 2 * S, call=ID, notice="outage"),
        WaitTold(at=T + 9 * S, call=ID, visit=f"{ID}/1", position=1, low_ms=30 * S, high_ms=90 * S),
        Tagged(at=T + 91 * S, call=ID, name="topic", value="[red]refund\x1b[2J"),
        Rated(at=T + 96 * S, call=ID, survey="survey", question="service", answer=5),
        TransferEnded(at=T + 97 * S, call=ID, number=OTHER, outcome="busy", talked_ms=0),
        RecordingKept(
            at=T + 98 * S, call=ID, recording=f"{ID}/r1", recording_kind="voicemail", box="bills", file="f",
            seconds=4.5,
        ),
        RecordingMarked(at=T + HOUR, recording=f"{ID}/r1", mark="heard", by="li"),
        CallbackAsked(
            at=T + 99 * S, call=ID, callback=f"{ID}/cb1", queue="bills", number=OTHER, language="zh", skills={},
            priority=0,
        ),
        CallbackTried(at=T + 2 * HOUR, attempt=1, outcome="answered", **about),
        CallbackEnded(at=T + 2 * HOUR + MIN, callback=f"{ID}/cb1", outcome="answered", by=""),
        Intervened(at=T + 20 * S, by="wang", action="move-call", subject=ID, detail={"queue": "bills"}),
        Healed(at=T + 21 * S, what="offer-past-deadline", subject=f"{ID}/1/1", cause="nothing was heard of it"),
        *Called("pbx1-1790000000.71", T + MIN, OTHER).node(0, "welcome").over(S),
        *Called("pbx2-1", T + MIN, OTHER).over(S),
    ]  # fmt: skip
    return ledger(tmp_path, *events)


def say(url: str, *words: str) -> Result:
    options = ["--database", url, "--timezone", "Asia/Shanghai"]
    return CliRunner().invoke(call_app, [*words, *options], env={"COLUMNS": "160"})


def story(url: str, *words: str) -> list[dict]:
    return json.loads(say(url, *words, "--json").stdout)["story"]


def test_everything_that_happened_is_told_in_order(url):
    told = story(url, ID)
    assert [one["what"] for one in told] == [
        "began", "node", "notice", "node", "node", "waits", "told", "offered", "intervened", "healed", "rang",
        "offered", "rang", "left-queue", "hold", "talked", "wrap-up", "tagged", "node", "rated", "transferred",
        "recorded", "callback-asked", "ended", "recording-marked", "callback-tried", "callback-ended",
    ]  # fmt: skip
    assert [one["at"] for one in told] == sorted(one["at"] for one in told)


def test_plain_data_has_moments_with_their_offset_and_durations_in_seconds(url):
    told = {one["what"]: one for one in story(url, ID)}
    assert told["began"]["at"] == "2026-09-21T22:13:20.000+08:00"
    assert told["hold"] == {"at": told["hold"]["at"], "what": "hold", "seat": "ann", "lasted_s": 10.0}
    assert (told["talked"]["talk_s"], told["left-queue"]["wait_s"], told["ended"]["lasted_s"]) == (
        60.0,
        22.0,
        120.0,
    )
    assert (told["rang"]["cause"], told["rang"]["tech_cause"]) == (16, "SIP 200 OK")


def test_people_read_a_line_for_each(url):
    lines = [" ".join(line.split()) for line in say(url, ID).stdout.splitlines()]
    assert lines[0].startswith(f"{ID} ")
    assert lines[0].endswith("Asia/Shanghai")
    for said in (
        "0.0 s call began from 138****5678, to 10000, over line, flow main, version v1, in zh",
        "3.0 s node main › menu, for 5.0 s, left by 1",
        "9.0 s was told position 1, 30.0 s to 1:30 to wait",
        "25.0 s rang bob for 15.0 s, no-answer, cause 16, SIP 200 OK",
        "30.0 s left queue bills after 22.0 s, answered, by ann",
        "50.0 s on hold by ann, for 10.0 s",
        "1:36 survey survey › service: 5, of ann, in bills",
        "20.0 s a person acted move-call by wang, queue=bills",
        "2:00 call ended caller-hung-up, after 2:00",
    ):
        assert any(line.endswith(said) for line in lines), said


def test_chinese_is_spoken_too(url):
    said = say(url, ID, "--language", "zh").stdout
    assert "来电开始" in said
    assert "队列 bills" in said


def test_numbers_are_masked_in_every_form_unless_asked_for(url):
    for form in ([], ["--json"]):
        masked, whole = say(url, ID, *form).stdout, say(url, ID, *form, "--numbers").stdout
        assert NUMBER not in masked
        assert OTHER not in masked
        assert NUMBER in whole
        assert OTHER in whole


def test_what_a_call_left_is_text_and_no_command_to_the_terminal(url):
    said = say(url, ID).stdout
    assert "[red]refund\N{REPLACEMENT CHARACTER}[2J" in said
    assert "\x1b[2J" not in said


@pytest.mark.parametrize("written", ["pbx2", f"{ID}/1/2", ID])
def test_a_beginning_that_no_other_call_has_is_enough(url, written):
    assert say(url, written).exit_code == 0


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("pbx1", f"several calls begin with 'pbx1': {ID}, {ID}1"),
        ("nowhere", "no call on record has an id that begins with 'nowhere'"),
        ("p%", "no call on record"),
    ],
)
def test_what_names_no_call_or_several_is_told(url, written, told):
    said = say(url, written)
    assert said.exit_code == 1
    assert told in said.stderr


def test_a_call_that_still_lasts_is_told_so_far(tmp_path):
    events = Called("live", T, NUMBER).node(0, "menu").wait(S).events
    assert [one["what"] for one in story(ledger(tmp_path, *events), "live")] == ["began", "node", "waits"]


def test_a_call_back_tells_of_the_tries_that_it_is(tmp_path):
    made = (
        Called("back", T, NUMBER, kind="callback")
        .wait(0, visit_kind="callback")
        .rung(S, 5 * S, "ann", "answered")
    )
    tried = CallbackTried(at=T + 4 * S, callback="x/cb1", attempt=1, offer="back/1/1", outcome="answered")
    told = story(ledger(tmp_path, *made.over(MIN), tried), "back")
    assert [one["callback"] for one in told if one["what"] == "callback-tried"] == ["x/cb1"]
