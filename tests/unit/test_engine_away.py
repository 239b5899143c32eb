"""The apology as a subprocess, with a fake Asterisk at its pipes and a caller who presses what the test says."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import agi_scripts
from agi_scripts.engine_away import SAID
from hotline.clock import SystemClock
from hotline.memory import Memory
from hotline.spool import Spool
from ledger.events import CallbackNoted, CallBegan, Event

SCRIPT = Path(agi_scripts.__file__).with_name("engine_away.py")
OWN = "13800138000"
CALL = "demo-1700000000.7"
HANG_UP = "hang up"
DEAD = "dead channel"
NOISE = "noise"


@dataclass(frozen=True)
class Talk:
    """What the caller heard, in order, and what is left of the call."""

    heard: list[str]
    spool: Path
    status: int
    complaint: str

    @property
    def note(self) -> dict[str, object]:
        (file,) = self.spool.iterdir()
        assert file.name == f"away-{CALL}.json"
        return dict(json.loads(file.read_text()))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a blank in its name, and both languages rendered."""
    folder = tmp_path / 'the "data" folder'
    for language in ("zh", "en"):
        (folder / "apology" / language).mkdir(parents=True)
        for name in (*SAID, *(f"digit-{digit}" for digit in range(10))):
            (folder / "apology" / language / f"{name}.wav").touch()
    (folder / "apology" / "languages").write_text("zh en\n")
    return folder


def talk(
    data: Path, presses: Mapping[str, str | Iterable[str]] | None = None, *, ani: str | bytes = OWN
) -> Talk:
    """Run the script; ``presses`` tells the keys, or the hang-up, that meet a prompt each time it is said."""
    script = subprocess.Popen(
        [sys.executable, SCRIPT, data, CALL, "1700000000123", "10000", "carrier"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    heard: list[str] = []
    answers = {
        name: iter([keys] if isinstance(keys, str) else keys) for name, keys in (presses or {}).items()
    }
    number = ani if isinstance(ani, bytes) else ani.encode()
    try:
        assert script.stdin is not None
        script.stdin.write(b"agi_request: engine_away\nagi_callerid: " + number + b"\n\n")
        script.stdin.flush()
        _converse(script, heard, answers)
        _, complaint = script.communicate(timeout=20)
    finally:
        script.kill()
        script.wait()
    return Talk(heard, data / "spool", script.returncode, complaint.decode())


def _converse(
    script: subprocess.Popen[bytes], heard: list[str], answers: Mapping[str, Iterator[str]]
) -> None:
    assert script.stdin is not None
    assert script.stdout is not None
    for line in script.stdout:
        command = line.decode().strip()
        played = re.fullmatch(r'(STREAM FILE|GET DATA) (?:"((?:[^"\\]|\\.)*)"|(\S+)) (.*)', command)
        if played is None:
            assert command == "ANSWER"
            reply = "200 result=0"
        else:
            name = "/".join(Path(played[2] or played[3]).parts[-2:])
            heard.append(name)
            key = next(answers.get(name.rpartition("/")[2], iter(())), "")
            if key == HANG_UP:
                script.send_signal(signal.SIGHUP)  # in Asterisk's own order
                script.stdin.close()
                script.stdout.close()
                script.stdin = script.stdout = None  # so that the rest of its life is not looked for there
                return
            if key == NOISE:
                reply = ""
            elif key == DEAD:
                reply = "200 result=-1 endpos=0"
            elif played[1] == "GET DATA":
                reply = f"200 result={key}" if key else "200 result= (timeout)"
            else:
                reply = f"200 result={ord(key) if key else 0} endpos=160"
        script.stdin.write(f"{reply}\n".encode())
        script.stdin.flush()


def digits(number: str, language: str = "zh") -> list[str]:
    return [f"{language}/digit-{digit}" for digit in number]


def test_a_caller_is_called_back_at_his_own_number_after_it_was_read_to_him(data: Path) -> None:
    done = talk(data, {"offer": "1", "confirm": "1"})
    assert done.heard == [
        *("zh/apology", "en/other-language", "zh/offer", "zh/read-back"),
        *digits(OWN),
        *("zh/confirm", "zh/noted"),
    ]
    assert done.note["number"] == OWN
    assert done.status == 0


def test_the_note_says_all_that_the_engine_takes_in(data: Path) -> None:
    note = talk(data, {"offer": "1"}).note
    assert isinstance(note.pop("at"), int)
    assert note == {
        "call": CALL,
        "arrived": 1700000000123,
        "dnis": "10000",
        "trunk": "carrier",
        "ani": OWN,
        "number": OWN,
        "language": "zh",
    }


def test_the_engine_takes_the_note_in(data: Path) -> None:
    """The call begins in the ledger when it reached the dialplan, and the number is noted with it."""
    told: list[Event] = []
    chronicle = SimpleNamespace(memory=Memory(), record=told.append)
    site = SimpleNamespace(settings=SimpleNamespace(numbers={}))
    spooled = talk(data, {"offer": "1"}).spool
    calls = SimpleNamespace(is_known=lambda _call: False, left_number=lambda _call, _at: None)
    spool = Spool(spooled, cast("Any", site), cast("Any", calls), cast("Any", chronicle), SystemClock())
    assert spool.take_in() == 1
    began, noted = told
    assert isinstance(began, CallBegan)
    assert isinstance(noted, CallbackNoted)
    assert (began.call, began.at, began.ani, began.dnis) == (CALL, 1700000000123, OWN, "10000")
    assert (noted.call, noted.number) == (CALL, OWN)


def test_another_number_is_taken_and_read_back(data: Path) -> None:
    done = talk(data, {"offer": "2", "enter-number": "075588886666", "confirm": "1"})
    assert done.note["number"] == "075588886666"
    assert done.heard[-14:-2] == digits("075588886666")


def test_the_star_key_begins_the_number_anew(data: Path) -> None:
    assert talk(data, {"offer": "2", "enter-number": "0755*13912345678"}).note["number"] == "13912345678"


def test_a_key_pressed_during_the_apology_is_heard(data: Path) -> None:
    done = talk(data, {"apology": "1", "read-back": "1"})
    assert done.heard == ["zh/apology", "zh/read-back", "zh/noted"]


def test_nine_goes_on_in_the_other_language_and_apologises_in_it(data: Path) -> None:
    done = talk(data, {"other-language": "9", "offer": "1"})
    assert done.heard[:6] == [
        *("zh/apology", "en/other-language", "en/apology", "zh/other-language", "en/offer", "en/read-back"),
    ]
    assert done.note["language"] == "en"


def test_a_wrong_key_is_told_and_the_choices_are_offered_again(data: Path) -> None:
    done = talk(data, {"offer": ["5", "1"]})
    assert done.heard[3:6] == ["zh/invalid-key", "en/other-language", "zh/offer"]
    assert done.note["number"] == OWN


def test_a_caller_who_presses_nothing_is_let_go_after_some_rounds(data: Path) -> None:
    done = talk(data)
    assert done.heard.count("zh/no-key") == 5
    assert done.heard[-1] == "zh/goodbye"
    assert done.note["number"] == ""


def test_a_number_that_is_too_short_is_asked_for_again(data: Path) -> None:
    done = talk(data, {"offer": "2", "enter-number": ["12", "", "13912345678"]})
    assert done.heard.count("zh/invalid-number") == 2
    assert done.note["number"] == "13912345678"


def test_a_number_that_was_read_back_wrong_is_entered_anew(data: Path) -> None:
    done = talk(data, {"offer": "1", "confirm": ["2", "1"], "enter-number": "13912345678"})
    assert done.note["number"] == "13912345678"


def test_silence_after_the_reading_keeps_the_number(data: Path) -> None:
    assert talk(data, {"offer": "1"}).note["number"] == OWN


@pytest.mark.parametrize("ani", ["", "unknown", "42"])
def test_a_caller_without_a_number_is_asked_for_one(data: Path, ani: str) -> None:
    done = talk(data, {"offer-withheld": ["1", "2"], "enter-number": "13912345678"}, ani=ani)
    assert done.heard[2:4] == ["zh/offer-withheld", "zh/invalid-key"]
    assert done.note["number"] == "13912345678"


@pytest.mark.parametrize("end", [HANG_UP, DEAD, NOISE])
@pytest.mark.parametrize(
    ("presses", "number"),
    [
        ({"apology": ""}, ""),
        ({"enter-number": ""}, ""),
        ({"confirm": ""}, OWN),
        ({"noted": ""}, OWN),
    ],
)
def test_a_hang_up_at_any_moment_keeps_what_was_given_by_then(
    data: Path, presses: dict[str, str], number: str, end: str
) -> None:
    way = {"offer": "2" if "enter-number" in presses else "1"}
    done = talk(data, way | dict.fromkeys(presses, end))
    assert done.note["number"] == number
    assert (done.status, done.complaint) == (0, "")


def test_a_number_that_the_caller_took_back_is_not_kept_when_he_hangs_up(data: Path) -> None:
    done = talk(data, {"offer": "1", "confirm": "2", "enter-number": HANG_UP})
    assert done.note["number"] == ""


def test_an_end_before_the_first_word_is_spooled(data: Path) -> None:
    script = subprocess.run(
        [sys.executable, SCRIPT, data, CALL, "1700000000123", "10000"],
        input=b"agi_request: x\n",
        capture_output=True,
        check=True,
    )
    assert Talk([], data / "spool", 0, "").note["trunk"] == ""
    assert script.stderr == b""


def test_the_note_is_for_this_user_alone(data: Path) -> None:
    (file,) = talk(data).spool.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_nothing_that_the_caller_is_or_pressed_reaches_asterisk_s_log(data: Path) -> None:
    done = talk(data, {"offer": "2", "enter-number": "13912345678"})
    assert done.complaint == ""


def test_a_spool_that_cannot_be_written_is_told_and_the_caller_is_asked_nothing(data: Path) -> None:
    (data / "spool").write_text("in the way")
    done = talk(data, {"offer": "1"})
    assert done.heard == ["zh/apology", "zh/goodbye", "en/apology", "en/goodbye"]
    assert done.status == 0
    assert re.search(
        r"engine_away: calls cannot be noted in .*/spool: File exists; make room", done.complaint
    )
    assert OWN not in done.complaint


def test_a_disk_that_fills_up_meanwhile_is_admitted(data: Path) -> None:
    """The name for the note in the making is taken by a folder once the number is to be written."""

    def fill() -> Iterator[str]:
        (data / "spool" / f"away-{CALL}.partial").mkdir()
        yield "1"

    done = talk(data, {"offer": "1", "confirm": fill()})
    (data / "spool" / f"away-{CALL}.partial").rmdir()
    assert done.heard[-1] == "zh/not-noted"
    assert done.note["number"] == ""


def test_without_rendered_prompts_asterisk_s_own_words_apologise_and_the_call_is_spooled(data: Path) -> None:
    (data / "apology" / "languages").unlink()
    done = talk(data)
    assert done.heard == ["im-sorry", "please-try-call-later", "goodbye"]
    assert done.note["number"] == ""


def test_a_language_that_lacks_a_prompt_is_not_spoken(data: Path) -> None:
    (data / "apology" / "zh" / "confirm.wav").unlink()
    done = talk(data, {"offer": "1"})
    assert done.heard[:2] == ["en/apology", "en/offer"]


def test_a_digit_that_was_not_rendered_is_asterisk_s_own(data: Path) -> None:
    (data / "apology" / "zh" / "digit-8.wav").unlink()
    assert "digits/8" in talk(data, {"offer": "1"}).heard


def test_a_caller_s_name_in_another_encoding_disturbs_nothing(data: Path) -> None:
    name = "\nagi_calleridname: 王".encode("gbk")
    assert talk(data, {"offer": "1"}, ani=OWN.encode() + name).note["number"] == OWN


def test_wrong_arguments_are_told() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "only"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "engine_away: wanted: DATA_FOLDER CALL ARRIVED_MS DNIS TRUNK, as extensions.conf gives them\n"
    )
