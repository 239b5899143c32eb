"""Finding the programs that are installed, and saying why one will not do."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from hotline.asterisk.errors import BadSetting, MissingProgram
from hotline.asterisk.prefix import Machine, chosen, find
from hotline.asterisk.root import prefix_folder


@dataclass
class System:
    """A pretended system with programs and folders installed."""

    folder: Path

    @property
    def machine(self) -> Machine:
        return Machine(path=str(self.folder / "usr/bin"), system=self.folder)

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def file(self, path: str, text: str = "") -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def program(self, name: str, says: str = "") -> None:
        self.file(f"usr/bin/{name}", f"#!/bin/sh\necho '{says}'\n").chmod(0o755)

    def asterisk(self, says: str = "Asterisk 20.7.0~dfsg-1") -> None:
        self.program("asterisk", says)
        self.file("usr/lib/x86_64-linux-gnu/asterisk/modules/res_pjsip.so")
        self.file("usr/share/asterisk/sounds/en/beep.gsm")


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    monkeypatch.delenv("HOTLINE_ASTERISK", raising=False)
    system = System(tmp_path)
    for program in ("mosquitto", "espeak-ng", "sox"):
        system.program(program)
    return system


def test_an_installed_asterisk_is_used_as_it_is(system: System) -> None:
    system.asterisk()
    toolbox = find(cache=system.cache, machine=system.machine)
    home = toolbox.asterisk
    assert toolbox.command("asterisk", "-V") == [str(system.folder / "usr/bin/asterisk"), "-V"]
    assert toolbox.command("rasterisk", "-x", "core stop now")[1:] == ["-r", "-x", "core stop now"]
    assert toolbox.environment("espeak-ng") == {}
    assert (home.version, home.origin) == ((20, 7, 0), "installed")
    assert home.modules == system.folder / "usr/lib/x86_64-linux-gnu/asterisk/modules"
    assert home.agi_bin == system.folder / "usr/share/asterisk/agi-bin"


def test_the_folders_that_asterisk_conf_names_come_first(system: System) -> None:
    system.asterisk()
    system.file("opt/modules/res_pjsip.so")
    system.file("opt/data/sounds/beep.wav")
    system.file(
        "etc/asterisk/asterisk.conf",
        "[directories](!)\nastmoddir => /opt/modules ; ours\nastdatadir = /opt/data\nastagidir => /opt/agi\n",
    )
    home = find(cache=system.cache, machine=system.machine).asterisk
    opt = system.folder / "opt"
    assert (home.modules, home.data, home.agi_bin) == (opt / "modules", opt / "data", opt / "agi")
    assert (home.sounds, home.moh) == (opt / "data/sounds", opt / "data/moh")


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("Asterisk 16.28.0~dfsg-0", "is Asterisk 16; the hotline needs 18 or newer"),
        ("Segmentation fault", "does not tell its version"),
    ],
)
def test_an_asterisk_too_old_or_broken_is_passed_over_with_the_reason(
    system: System, says: str, reason: str
) -> None:
    system.asterisk(says)
    with pytest.raises(MissingProgram, match=reason) as raised:
        find(cache=system.cache, machine=system.machine)
    assert raised.value.programs == ("asterisk",)
    assert "hotline asterisk fetch" in raised.value.remedy


@pytest.mark.parametrize(
    "says", ["Asterisk certified/18.9-cert15", "Asterisk 18.0.0", "Asterisk 22.10.1+dfsg"]
)
def test_every_asterisk_from_18_on_will_do(system: System, says: str) -> None:
    system.asterisk(says)
    assert find(cache=system.cache, machine=system.machine).asterisk.version[0] >= 18


@pytest.mark.parametrize(
    ("lacks", "reason"),
    [
        ("usr/lib/x86_64-linux-gnu/asterisk/modules/res_pjsip.so", "has no res_pjsip.so"),
        ("usr/share/asterisk/sounds/en/beep.gsm", "has no English core sounds"),
    ],
)
def test_an_asterisk_without_what_the_hotline_needs_is_passed_over(
    system: System, lacks: str, reason: str
) -> None:
    system.asterisk()
    (system.folder / lacks).unlink()
    with pytest.raises(MissingProgram, match=reason):
        find(cache=system.cache, machine=system.machine)


def test_brought_uses_nothing_of_the_system(system: System) -> None:
    system.asterisk()
    with pytest.raises(MissingProgram) as raised:
        find(cache=system.cache, machine=system.machine, choice="brought")
    assert raised.value.programs == ("asterisk", "mosquitto", "espeak-ng", "sox")


def test_installed_never_falls_back_on_a_brought_asterisk(system: System) -> None:
    root = prefix_folder(system.cache) / "root"
    system.file(str((root / "BROUGHT.txt").relative_to(system.folder)), "asterisk=1:22.10.1-1\n")
    assert find(cache=system.cache, machine=system.machine).asterisk.origin == "brought"
    with pytest.raises(MissingProgram) as raised:
        find(cache=system.cache, machine=system.machine, choice="installed")
    assert "HOTLINE_ASTERISK=installed" in raised.value.remedy


def test_a_sipp_without_recordings_of_digits_will_not_do_for_the_tests(system: System) -> None:
    system.asterisk()
    for program in ("sipp", "postgres", "initdb"):
        system.program(program)
    with pytest.raises(MissingProgram, match="has no recordings of DTMF") as raised:
        find(cache=system.cache, machine=system.machine, with_tests=True)
    assert "--with-tests" in raised.value.remedy
    system.file("usr/share/sip-tester/dtmf_2833_1.pcap")
    toolbox = find(cache=system.cache, machine=system.machine, with_tests=True)
    assert toolbox.sipp_pcaps == system.folder / "usr/share/sip-tester"


def test_a_postgresql_without_its_initdb_will_not_do_for_the_tests(system: System) -> None:
    system.asterisk()
    system.program("postgres")
    with pytest.raises(MissingProgram) as raised:
        find(cache=system.cache, machine=system.machine, with_tests=True)
    assert {"postgres", "initdb"} <= set(raised.value.programs)


def test_a_choice_that_means_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_ASTERISK", "borrowed")
    with pytest.raises(BadSetting, match="'borrowed'"):
        chosen()


def test_the_daemons_folders_are_searched_even_when_not_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    assert "/usr/sbin" in Machine.own().path.split(os.pathsep)


def test_the_cache_folder_follows_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOTLINE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/x")
    assert prefix_folder().parent == Path("/home/x/.cache/hotline")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert prefix_folder().parent == Path("/xdg/hotline")
    monkeypatch.setenv("HOTLINE_CACHE", "/own")
    assert prefix_folder().parent == Path("/own")
