"""`hotline staff`: the seats for given figures, and for days on record; and what it says to mistakes."""

import json
from contextlib import closing
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from hotline.commands.staff import staff_app
from ledger.events import (
    ConversationEnded,
    OfferEnded,
    OfferMade,
    SeatChanged,
    VisitBegan,
    VisitEnded,
)
from ledger.journal import Journal
from ledger.writer import LedgerWriter
from tests.unit.test_site import site_with

NINE = round(datetime(2026, 11, 22, 1, tzinfo=UTC).timestamp() * 1_000)  # in Shanghai
MINUTE = 60_000
FIGURES = ("--calls", "100", "--per", "30m", "--aht", "180s")


def say(*words):
    environment = {"HOTLINE_DATABASE": "", "HOTLINE_CONFIG": ""}
    return CliRunner().invoke(staff_app, words, env=environment)


def told(*words):
    said = say(*words, "--format", "json")
    assert said.exit_code == 0, said.stderr
    return json.loads(said.stdout)


def answered(call, at, wait, talk, wrap_up, queue="bills"):
    """A caller who waits, talks to li, and gives li a wrap-up; all in minutes."""
    offer = {"call": call, "visit": f"{call}/1", "offer": f"{call}/1/1", "seat": "li"}
    seat = {"seat": "li", "phone": "p"}
    start, over = at + round(wait * MINUTE), at + round((wait + talk) * MINUTE)
    return [
        VisitBegan(at=at, call=call, visit=f"{call}/1", queue=queue, skills={}, priority=0),
        OfferMade(at=start, phone="p", why={}, **offer),
        SeatChanged(at=start, was="ready", event="reserve", now="reserved", offer=offer["offer"], **seat),
        OfferEnded(at=start, outcome="answered", **offer),
        SeatChanged(at=start, was="reserved", event="answer", now="talking", offer=offer["offer"], **seat),
        VisitEnded(at=start, call=call, visit=f"{call}/1", outcome="answered", wait_ms=start - at, seat="li"),
        ConversationEnded(at=over, talk_ms=over - start, ended_by="caller", **offer),
        SeatChanged(at=over, was="talking", event="end", now="wrap-up", **seat),
        SeatChanged(
            at=over + round(wrap_up * MINUTE), was="wrap-up", event="wrap-up-over", now="ready", **seat
        ),
    ]


def abandoned(call, at, wait, queue="bills"):
    return [
        VisitBegan(at=at, call=call, visit=f"{call}/1", queue=queue, skills={}, priority=0),
        VisitEnded(
            at=at + round(wait * MINUTE), call=call, visit=f"{call}/1", outcome="abandoned",
            wait_ms=round(wait * MINUTE),
        ),
    ]  # fmt: skip


def store(folder, events):
    url = f"sqlite:///{folder}/ledger.sqlite"
    with closing(Journal(folder / "journal")) as journal:
        writer = LedgerWriter(url, journal, site="site", node="node")
        writer.start()
        for event in sorted(events, key=lambda event: event.at):
            writer.write(journal.append(event), event)
        assert writer.close()
    return url


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A Sunday of three calls from nine o'clock on, with one agent, in two queues."""
    events = [
        SeatChanged(at=NINE, seat="li", phone="p", was="signed-out", event="sign-in", now="ready"),
        *answered("a", NINE, wait=0, talk=4, wrap_up=1),
        *abandoned("b", NINE + MINUTE, wait=2),
        *answered("c", NINE + 10 * MINUTE, wait=1, talk=2, wrap_up=0.5, queue="faults"),
        SeatChanged(at=NINE + 15 * MINUTE, seat="li", phone="p", was="ready", event="sign-out", now="signed-out"),
    ]  # fmt: skip
    return store(tmp_path_factory.mktemp("ledger"), events)


def of_day(url, *more):
    return told("--day", "2026-11-22", "--database", url, "--timezone", "Asia/Shanghai", *more)


def test_erlang_c_of_given_figures():
    answer = told("--model", "c", *FIGURES, "--seats", "14")
    assert (answer["seats"], answer["scheduled"], answer["p_abandon"]) == (14, 14, 0)
    assert answer["offered_erlangs"] == pytest.approx(10)
    assert round(answer["p_wait"], 6) == 0.174132
    assert round(answer["asa_s"], 3) == round(answer["mean_wait_s"], 3) == 7.836
    assert round(answer["service_level"]["offered"], 6) == 0.888350
    assert answer["occupancy"] == pytest.approx(10 / 14)


def test_erlang_a_of_given_figures():
    answer = told("--model", "a", *FIGURES, "--patience", "300s", "--seats", "14")
    assert round(answer["p_abandon"], 6) == 0.013984
    other = ("--calls", "3.5", "--per", "1m", "--aht", "3m", "--patience", "5m", "--seats", "13")
    assert round(told("--model", "a", *other)["mean_wait_s"], 3) == 9.913


def test_erlang_b_says_how_many_are_blocked():
    answer = told("--model", "b", *FIGURES, "--seats", "15")
    assert answer["p_blocked"] == answer["p_abandon"] == answer["p_wait"] == pytest.approx(0.0365, abs=5e-5)


def test_a_target_takes_its_seats_and_shrinkage_more_people():
    answer = told("--model", "c", *FIGURES, "--target", "80%/20s", "--shrinkage", "30%")
    assert (answer["seats"], answer["scheduled"]) == (14, 20)


def test_a_share_may_be_written_as_a_fraction():
    words = ("--model", "c", *FIGURES, "--target")
    assert told(*words, "0.8/20s", "--shrinkage", "0.3") == told(*words, "80%/20s", "--shrinkage", "30%")


def test_an_answer_rate_is_a_target_too():
    answer = told("--model", "a", *FIGURES, "--patience", "3m", "--answer-rate", "95%")
    assert answer["answer_rate"] >= 0.95
    less = told("--model", "a", *FIGURES, "--patience", "3m", "--seats", str(answer["seats"] - 1))
    assert less["answer_rate"] < 0.95


def test_the_chosen_formula_decides():
    words = (*FIGURES, "--patience", "30s", "--target", "90%/10s")
    easy, hard = (told(*words, "--formula", name) for name in ("less-early-abandons", "offered"))
    assert easy["seats"] < hard["seats"]
    assert easy["definition"]["formula"] == "less-early-abandons"


def test_threshold_and_short_abandons_are_as_given():
    words = (*FIGURES, "--patience", "30s", "--seats", "10")
    wide = told(*words, "--threshold", "60s", "--short", "60s")
    assert wide["service_level"]["less-short-abandons"] == wide["service_level"]["less-early-abandons"]
    assert wide["service_level"]["offered"] > told(*words)["service_level"]["offered"]


def test_people_get_a_table_with_its_definitions():
    said = say("--model", "a", *FIGURES, "--patience", "300s", "--target", "80%/20s").stdout
    assert "seats" in said
    assert "Erlang A: callers give up after their patience, 300.0 s on average." in said
    assert "Wanted: a service level “offered” of 80 % within 20 s." in said


def test_a_day_on_record_is_half_hour_by_half_hour(url):
    day = of_day(url)
    rows = {row["start"]: row for row in day["rows"]}
    assert len(rows) == 48
    nine, ten = rows["2026-11-22T09:00:00+08:00"], rows["2026-11-22T10:00:00+08:00"]
    assert (nine["calls"], ten["calls"]) == (3, 0)
    assert (ten["seats"], ten["service_level"]) == (0, None)
    assert nine["offered_erlangs"] == pytest.approx(3 * 225 / 1_800)
    assert nine["service_level"]["offered"] >= 0.8
    assert nine["seats"] == day["total"]["seats"]


def test_handling_time_is_talk_and_wrap_up(url):
    assert of_day(url)["total"]["aht_s"] == (300 + 150) / 2
    assert of_day(url, "--queue", "faults")["total"]["aht_s"] == 150


def test_patience_is_estimated_from_all_who_waited(url):
    day = of_day(url)
    assert day["patience"]["exponential"]["mean_s"] == 120 + 60
    assert day["patience"]["kaplan_meier"]["median_s"] == 120
    assert day["definition"]["patience_s"] == 180


def test_what_was_there_stands_beside_it(url):
    (nine,) = (row for row in of_day(url)["rows"] if row["calls"])
    assert nine["achieved"]["present"] == 0.5
    assert (nine["achieved"]["answered"], nine["achieved"]["abandoned"]) == (2, 1)
    assert nine["achieved"]["service_level"]["offered"] == pytest.approx(1 / 3)


def test_of_one_queue_only_its_callers_count_and_no_seats_are_claimed(url):
    (nine,) = (row for row in of_day(url, "--queue", "faults")["rows"] if row["calls"])
    assert (nine["calls"], nine["achieved"]["present"]) == (1, None)


def test_where_nobody_gave_up_erlang_a_is_erlang_c(url):
    assert of_day(url, "--queue", "faults")["definition"]["model"] == "c"


def test_given_figures_go_before_recorded_ones(url):
    day = of_day(url, "--aht", "30m", "--patience", "1m", "--shrinkage", "50%")
    (nine,) = (row for row in day["rows"] if row["calls"])
    assert (nine["aht_s"], day["definition"]["patience_s"]) == (1_800, 60)
    assert nine["scheduled"] == 2 * nine["seats"]


def test_a_period_is_its_days(url):
    days = ("--from", "2026-11-21", "--to", "2026-11-22")
    found = told(*days, "--database", url, "--timezone", "Asia/Shanghai")
    assert (len(found["rows"]), found["total"]["calls"]) == (96, 3)


@pytest.mark.parametrize(("day", "halves"), [("2026-03-29", 46), ("2026-10-25", 50)])
def test_a_day_on_which_the_clocks_change_has_its_own_length(url, day, halves):
    found = told("--day", day, "--database", url, "--timezone", "Europe/Berlin")
    assert len({row["start"] for row in found["rows"]}) == halves


def test_a_day_without_calls_is_said_and_no_error(url):
    said = say("--day", "2026-11-20", "--database", url)
    assert (said.exit_code, said.stdout) == (0, "no calls are on record in this time\n")


def test_a_day_is_a_table_for_people_with_patience_below(url):
    said = say("--day", "2026-11-22", "--database", url, "--timezone", "Asia/Shanghai").stdout
    assert "11-22 09:00" in said
    assert "180 s on average if exponential" in said
    assert max(map(len, said.splitlines()[:50])) <= 80


def test_a_handling_time_must_be_on_record_or_given(tmp_path):
    url = store(tmp_path, abandoned("a", NINE, wait=1))
    said = say("--day", "2026-11-22", "--database", url)
    assert (said.exit_code, "give one: --aht 180s" in said.stderr) == (1, True)
    assert told("--day", "2026-11-22", "--database", url, "--aht", "180s")["total"]["calls"] == 1


def test_who_all_give_up_at_once_tell_nothing_of_patience(tmp_path):
    url = store(tmp_path, abandoned("a", NINE, wait=0))
    said = say("--day", "2026-11-22", "--database", url, "--aht", "3m")
    assert (said.exit_code, "give one: --patience 5m" in said.stderr) == (1, True)


def test_the_site_says_where_the_ledger_is_and_what_time_it_is(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    site_with(tmp_path, {"site": "site", "timezone": "Asia/Tokyo", "database": url})
    day = told("--day", "2026-11-22")
    assert (day["definition"]["timezone"], day["total"]["calls"]) == ("Asia/Tokyo", 3)


def test_in_the_sites_own_ledger_only_the_sites_calls_count(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    site_with(tmp_path, {"site": "other", "database": url})
    assert told("--day", "2026-11-22")["total"]["calls"] == 0
    assert told("--day", "2026-11-22", "--database", url)["total"]["calls"] == 3


def test_the_environment_may_name_the_ledger(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--day", "2026-11-22", "--format", "json"]
    said = CliRunner().invoke(staff_app, words, env={"HOTLINE_DATABASE": url, "HOTLINE_CONFIG": ""})
    assert json.loads(said.stdout)["definition"]["timezone"] == "UTC"


C = ("--model", "c", *FIGURES)
MISTAKES = [
    ((*C, "--seats", "10"), "Erlang C has no answer: 10 Erlangs are offered to 10 seats"),
    ((*C,), "Write one of --seats 14, --target 80%/20s, --answer-rate 95%"),
    ((*C, "--seats", "0"), "--seats: '0' is no whole number from 1 to 100,000"),
    ((*C, "--seats", "1.5"), "--seats: '1.5' is no whole number"),
    ((*C, "--seats", "14", "--target", "80%/20s"), "write only one of --seats, --target and --answer-rate"),
    ((*C, "--target", "80%"), "--target: '80%' is no service level"),
    ((*C, "--target", "80/20s"), "--target: '80' is no share between 0 % and 100 %"),
    ((*C, "--target", "100%/20s"), "--target: '100%' is no share between 0 % and 100 %"),
    ((*C, "--target", "80%/20m1"), "--target: '20m1' is no length of time"),
    ((*C, "--target", "80%/500ms"), "--target: '500ms' is no whole number of seconds"),
    ((*C, "--target", "80%/20s", "--threshold", "20s"), "--target says the threshold already"),
    ((*C, "--answer-rate", "0%"), "--answer-rate: '0%' is no share"),
    ((*C, "--seats", "14", "--shrinkage", "100%"), "--shrinkage: '100%' is no share from 0 % to below 100 %"),
    ((*C, "--seats", "14", "--formula", "offred"), "did you mean 'offered'?"),
    (("--model", "d"), "--model: 'd' is none of: b, c, a"),
    (("--model", "c", "--calls", "-3", "--aht", "3m"), "--calls: '-3' is no number above 0"),
    (("--model", "c", "--calls", "many", "--aht", "3m"), "--calls: 'many' is no number above 0"),
    (("--model", "c", "--calls", "3"), "--calls wants --aht"),
    (("--model", "c", "--calls", "3", "--aht", "180"), "--aht: '180' is no length of time"),
    (("--model", "c", "--calls", "3", "--aht", "100ms"), "--aht: '100ms' is not from 1 s to 86,400 s"),
    (("--model", "c", "--calls", "999999999", "--aht", "1h"), "up to 100,000 can be reckoned with"),
    ((*FIGURES, "--seats", "14"), "model a wants --patience"),
    ((*FIGURES, "--seats", "14", "--patience", "1d"), "--patience: '1d' is not from 0.001 s to 14,400 s"),
    ((*C, "--day", "2026-11-22"), "--day asks the ledger for what --calls says already"),
    ((), "Write --calls and --aht, or a day on record"),
    (("--day", "2026-02-30"), "--day: '2026-02-30' is no day of the calendar"),
    (("--from", "2026-11-22"), "--from wants --to"),
    (("--from", "2026-11-22", "--to", "2026-11-21"), "--to 2026-11-21 is before --from 2026-11-22"),
    (("--day", "2026-11-22", "--to", "2026-11-23"), "write --day, or --from and --to"),
    (("--day", "2026-11-22", "--seats", "3"), "--seats wants --calls"),
    (("--day", "2026-11-22", "--timezone", "Asia/Shanghia"), "did you mean 'Asia/Shanghai'?"),
    (("--day", "2026-11-22"), "there is no config.yaml that says where the ledger is"),
    (("--day", "2026-11-22", "--config", "no.yaml"), "no.yaml"),
    (("--day", "2026-11-22", "--database", "ledger"), "is no URL of a database; write sqlite:///"),
    (("--day", "2026-11-22", "--database", "mysql://u:secret@h/d"), "is no URL of a database"),
    (("--day", "2026-11-22", "--database", "sqlite:///none.sqlite"), "There is no ledger at"),
]


@pytest.mark.parametrize(("words", "remedy"), MISTAKES, ids=[remedy for _, remedy in MISTAKES])
def test_mistakes_are_told_in_a_line(words, remedy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = say(*words)
    assert said.exit_code == 1
    assert remedy in said.stderr
    assert "secret" not in said.stderr


def test_an_unknown_queue_is_told_with_those_that_there_are(url):
    said = say("--day", "2026-11-22", "--database", url, "--queue", "bill")
    assert said.exit_code == 1
    assert "No call ever waited in a queue 'bill'. On record: bills, faults." in said.stderr
