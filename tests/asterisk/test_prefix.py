"""The real programs, as `hotline asterisk fetch --with-tests` leaves them."""

from __future__ import annotations

import array
import os
import re
import subprocess
import wave
from pathlib import Path

import pytest

from hotline.asterisk.home import version_in
from hotline.asterisk.prefix import Program, Toolbox, find
from hotline.asterisk.root import MAJOR


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    return find(with_tests=True)


def said(toolbox: Toolbox, program: Program, *arguments: str) -> str:
    done = subprocess.run(
        toolbox.command(program, *arguments),
        env=os.environ | toolbox.environment(program),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_asterisk_runs_and_is_the_version_that_the_toolbox_tells(toolbox: Toolbox) -> None:
    assert version_in(said(toolbox, "asterisk", "-V")) == toolbox.asterisk.version


def test_a_brought_asterisk_is_the_pinned_major_version(toolbox: Toolbox) -> None:
    home = toolbox.asterisk
    assert home.version[0] == MAJOR or home.origin == "installed"


def test_the_console_tells_that_no_asterisk_runs_at_that_socket(toolbox: Toolbox, tmp_path: Path) -> None:
    configuration = tmp_path / "asterisk.conf"
    configuration.write_text(f"[directories]\nastrundir => {tmp_path}\n")
    answer = said(toolbox, "rasterisk", "-C", str(configuration), "-x", "core show uptime")
    assert "Unable to connect to remote asterisk" in answer


def test_asterisk_s_folders_hold_what_it_loads_plays_and_documents(toolbox: Toolbox) -> None:
    home = toolbox.asterisk
    modules = ("res_pjsip", "chan_pjsip", "res_agi", "res_rtp_asterisk", "app_dial", "codec_alaw")
    assert [name for name in modules if not (home.modules / f"{name}.so").exists()] == []
    assert list((home.sounds / "en").glob("beep.*"))
    assert list((home.data / "documentation").glob("core-*.xml"))


@pytest.mark.parametrize(
    ("program", "option", "words"),
    [
        ("sipp", "-v", "PCAP"),
        ("mosquitto", "-h", "mosquitto version"),
        ("sox", "--version", "SoX"),
        ("espeak-ng", "--version", "eSpeak NG"),
    ],
)
def test_each_program_starts(toolbox: Toolbox, program: Program, option: str, words: str) -> None:
    assert words in said(toolbox, program, option)


def test_sipp_has_a_recording_of_every_key(toolbox: Toolbox) -> None:
    keys = [*"0123456789", "star", "pound"]
    assert [key for key in keys if not (toolbox.sipp_pcaps / f"dtmf_2833_{key}.pcap").exists()] == []


@pytest.mark.parametrize(
    ("voice", "text"),
    [("cmn", "欢迎致电客户服务热线"), ("en", "Welcome to the customer service hotline")],
)
def test_a_prompt_is_rendered_audibly_for_the_telephone(
    toolbox: Toolbox, tmp_path: Path, voice: str, text: str
) -> None:
    spoken, telephone = tmp_path / "spoken.wav", tmp_path / "telephone.wav"
    assert said(toolbox, "espeak-ng", "-v", voice, "-w", str(spoken), text) == ""
    said(toolbox, "sox", str(spoken), "-r", "8000", "-c", "1", "-b", "16", str(telephone))
    with wave.open(str(telephone)) as sound:
        form = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth())
        samples = array.array("h", sound.readframes(sound.getnframes()))
    loud = sum(abs(sample) > 1000 for sample in samples)
    assert form == (8000, 1, 2)
    assert 1.5 < len(samples) / 8000 < 5
    assert loud > len(samples) / 10


def test_mandarin_is_read_as_mandarin(toolbox: Toolbox) -> None:
    """Without its dictionary espeak-ng would name the characters in English."""
    text = "欢迎致电客户服务热线"
    phonemes = said(toolbox, "espeak-ng", "-v", "cmn", "-q", "-x", text)
    tones = re.findall(r"[1-5]{2}", phonemes)
    assert len(tones) == len(text)
    assert "(en)" not in phonemes
