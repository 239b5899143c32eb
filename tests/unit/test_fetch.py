"""Bringing Asterisk, on a machine whose apt-get, dpkg-deb and ldconfig are small scripts."""

from __future__ import annotations

import fcntl
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hotline.asterisk import errors
from hotline.asterisk.fetch import fetch
from hotline.asterisk.prefix import Machine, Toolbox
from hotline.asterisk.progress import Progress

LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = f"{LIBRARIES}/ld-linux-x86-64.so.2"

# It knows its work folder from -c, serves the packages it is asked for from a pool, and notes each call. Like the
# real one it leaves out of a plan what lies in its folder of archives.
APT_GET = """#!/bin/sh
archives=${2%/apt.conf}/archives
case "$*" in
*--print-uris*) say=plan ;;
*--download-only*) say=download ;;
*) say=update ;;
esac
echo "$say" >> CALLS
if [ -e FOLDER/hold-$say ]; then echo held > FOLDER/held; read go < FOLDER/hold-$say; fi
if [ -e FOLDER/fail-$say ]; then cat FOLDER/fail-$say >&2; exit $(cat FOLDER/status); fi
if [ $say = update ]; then
    echo "dlstatus:1:50.0:half" >&2
    if [ -e FOLDER/stuck ]; then read go < FOLDER/stuck; fi
    exit
fi
for option in "$@"; do
    case "$option" in Dir::Cache::archives=*) archives=${option#*=} ;; esac
done
for path in FOLDER/pool/*; do
    file=${path##*/}
    case " libc6 $* " in *" ${file%%_*} "*) ;; *) continue ;; esac
    [ -e "$archives/$file" ] && continue
    if [ $say = plan ]; then
        echo "'http://mirror/$file' $file 1000 SHA256:00"
    else
        cp "$path" "$archives" && echo "brought $file" >> CALLS
    fi
done
"""
DPKG_DEB = """#!/bin/sh
echo "unpack ${2##*/}" >> CALLS
if [ -e FOLDER/fail-unpack ]; then cat FOLDER/fail-unpack >&2; exit 2; fi
exec cat "$2"
"""
LDCONFIG = '#!/bin/sh\necho "ldconfig $2" >> CALLS\n'
LOADER_SCRIPT = '#!/bin/sh\necho "libc.so.6 => ${3%%:*}/libc.so.6 (0x0)"\n'


@dataclass
class Told(Progress):
    """Progress that remembers."""

    steps: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    figures: list[float] = field(default_factory=list)
    on_say: Callable[[], None] = lambda: None
    on_reached: Callable[[], None] = lambda: None

    def begin(self, step: str, total: float) -> None:
        self.steps.append(step)

    def reached(self, done: float) -> None:
        self.figures.append(done)
        self.on_reached()

    def say(self, line: str) -> None:
        self.lines.append(line)
        self.on_say()


@dataclass
class Debian:
    """A pretended machine, its mirror, and a cache folder."""

    folder: Path

    @property
    def machine(self) -> Machine:
        return Machine(path=str(self.folder / "bin"), system=self.folder / "system")

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def prefix(self) -> Path:
        return self.cache / "prefix-22-x86_64"

    @property
    def calls(self) -> list[str]:
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def brought(self) -> list[str]:
        return [call for call in self.calls if call.startswith("brought")]

    def program(self, name: str, text: str) -> None:
        file = self.folder / "bin" / name
        file.write_text(text.replace("CALLS", f"{self.folder}/calls").replace("FOLDER", str(self.folder)))
        file.chmod(0o755)

    def fails(self, step: str, words: str, status: int = 100) -> None:
        (self.folder / f"fail-{step}").write_text(words + "\n")
        (self.folder / "status").write_text(str(status))

    def mends(self, step: str) -> None:
        (self.folder / f"fail-{step}").unlink()

    def package(self, name: str, files: dict[str, str], mode: int = 0o755) -> None:
        with tarfile.open(self.folder / "pool" / name, "w") as tar:
            for folder in sorted({str(parent) for path in files for parent in Path(path).parents} - {"."}):
                entry = tarfile.TarInfo(f"./{folder}")
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
            for path, text in files.items():
                entry = tarfile.TarInfo(f"./{path}")
                entry.size, entry.mode = len(text.encode()), mode
                tar.addfile(entry, io.BytesIO(text.encode()))

    def fetch(self, *, with_tests: bool = False, progress: Progress | None = None) -> Toolbox:
        told = progress or Told()
        return fetch(cache=self.cache, machine=self.machine, progress=told, with_tests=with_tests)


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Debian:
    machine = Debian(tmp_path)
    for folder in ("bin", "pool", "system/usr/share/keyrings"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "system/usr/share/keyrings/debian-archive-keyring.gpg").touch()
    for tool in ("cat", "cp", "tar"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    machine.program("apt-get", APT_GET)
    machine.program("dpkg-deb", DPKG_DEB)
    machine.program("ldconfig", LDCONFIG)
    machine.package("libc6_2.43-7_amd64.deb", {LOADER: LOADER_SCRIPT})
    sounds = "usr/share/asterisk/sounds/en_US_f_Allison"
    machine.package(
        "asterisk_1%3a22.10.1+dfsg-1_amd64.deb", {"usr/sbin/asterisk": "elf", f"{sounds}/beep.wav": ""}
    )
    machine.package("mosquitto_2.1.2-3_amd64.deb", {"usr/sbin/mosquitto": "elf"})
    machine.package("espeak-ng_1.52.0-5_amd64.deb", {"usr/bin/espeak-ng": "elf"})
    machine.package("sox_14.7.1-1_amd64.deb", {"usr/bin/sox": "elf"})
    pcap = "usr/share/sip-tester/dtmf_2833_1.pcap"
    machine.package("sip-tester_1%3a3.8.0-1_amd64.deb", {"usr/bin/sipp": "elf", pcap: ""})
    servers = {f"usr/lib/postgresql/18/bin/{name}": "elf" for name in ("postgres", "initdb")}
    machine.package("postgresql-18_18.6-3_amd64.deb", servers)
    monkeypatch.setenv("PATH", machine.machine.path)
    monkeypatch.delenv("HOTLINE_ASTERISK", raising=False)
    monkeypatch.delenv("HOTLINE_DEBIAN_MIRROR", raising=False)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    return machine


def test_brings_every_program_and_starts_it_through_its_own_loader(debian: Debian) -> None:
    toolbox = debian.fetch()
    root = debian.prefix / "root"
    libraries = root / LIBRARIES
    path = f"{libraries}:{libraries}/pulseaudio"
    expected = [str(root / LOADER), "--library-path", path, str(root / "usr/sbin/asterisk"), "-V"]
    assert toolbox.command("asterisk", "-V") == expected
    assert toolbox.command("sox")[-1] == str(root / "usr/bin/sox")
    assert toolbox.environment("espeak-ng") == {"ESPEAK_DATA_PATH": str(libraries)}


def test_asterisk_s_folders_and_version_are_those_brought(debian: Debian) -> None:
    home = debian.fetch().asterisk
    assert (home.version, home.origin) == ((22, 10, 1), "brought")
    assert home.modules == debian.prefix / "root" / LIBRARIES / "asterisk/modules"
    assert (home.sounds / "en/beep.wav").exists()


def test_what_was_brought_is_written_down_and_the_rest_is_cleared_away(debian: Debian) -> None:
    debian.fetch()
    assert "asterisk=1:22.10.1+dfsg-1" in (debian.prefix / "root/BROUGHT.txt").read_text().splitlines()
    assert sorted(entry.name for entry in debian.prefix.iterdir()) == ["lock", "root"]


def test_the_second_time_starts_no_program(debian: Debian) -> None:
    debian.fetch()
    before = debian.calls
    shutil.rmtree(debian.folder / "bin")
    told = Told()
    assert debian.fetch(progress=told).asterisk.origin == "brought"
    assert debian.calls == before
    assert not told.steps


def test_what_the_tests_need_is_added_without_touching_the_rest(debian: Debian) -> None:
    with pytest.raises(errors.MissingProgram, match="sipp"):
        debian.fetch().command("sipp")
    before = (debian.prefix / "root").stat()
    toolbox = debian.fetch(with_tests=True)
    assert toolbox.command("sipp")[-1] == str(debian.prefix / "tests/usr/bin/sipp")
    assert list(toolbox.sipp_pcaps.iterdir())
    assert (debian.prefix / "root").stat() == before


def test_a_program_that_is_installed_is_not_brought(debian: Debian) -> None:
    debian.program("sox", "#!/bin/sh\n")
    told = Told()
    toolbox = debian.fetch(progress=told)
    assert toolbox.command("sox") == [str(debian.folder / "bin/sox")]
    assert any(step.startswith("Downloading asterisk, mosquitto, espeak-ng:") for step in told.steps)


def test_a_root_that_lacks_a_program_is_replaced_by_one_with_all(debian: Debian) -> None:
    debian.program("sox", "#!/bin/sh\n")
    debian.fetch()
    (debian.folder / "bin/sox").unlink()
    toolbox = debian.fetch()
    assert toolbox.missing() == ()
    assert toolbox.tools["sox"].origin == "brought"


def test_packages_are_asked_for_under_debian_s_own_keys_only(debian: Debian) -> None:
    debian.fails("update", "E: stop here")
    with pytest.raises(errors.ToolFailed):
        debian.fetch()
    source = (debian.prefix / "work/sources.list").read_text()
    keyring = debian.folder / "system/usr/share/keyrings/debian-archive-keyring.gpg"
    assert f"signed-by={keyring}" in source
    assert "http://deb.debian.org/debian forky main" in source
    configuration = (debian.prefix / "work/apt.conf").read_text()
    assert 'APT::Get::AllowUnauthenticated "false";' in configuration
    assert 'Acquire::AllowInsecureRepositories "false";' in configuration


def test_another_mirror_can_be_named(debian: Debian, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DEBIAN_MIRROR", "https://mirror.example/debian")
    debian.fails("update", "E: Failed to fetch x  Could not resolve 'mirror.example'")
    with pytest.raises(errors.NoNetwork, match=r"https://mirror\.example/debian"):
        debian.fetch()


APT_S_WORDS = [
    ("update", "E: Failed to fetch http://m/InRelease  Could not resolve 'm'", errors.NoNetwork),
    ("update", "E: Failed to fetch http://m/InRelease  Temporary failure resolving 'm'", errors.NoNetwork),
    ("download", "E: Failed to fetch http://m/a.deb  Connection timed out", errors.NoNetwork),
    ("update", "W: GPG error: http://m forky InRelease: BADSIG 6ED0E7B82643E131", errors.BadSignature),
    ("update", "E: Failed to fetch http://m/InRelease  Clearsigned file isn't valid", errors.BadSignature),
    ("update", "W: GPG error: NO_PUBKEY 6ED0E7B82643E131\nE: It is not signed.", errors.OldKeyring),
    ("update", "E: Release file for http://m is not valid yet (for another 3h)", errors.WrongClock),
    ("download", "E: Failed to fetch http://m/a.deb  404  Not Found", errors.IncompleteMirror),
    ("download", "E: Failed to fetch http://m/Packages.xz  Hash Sum mismatch", errors.IncompleteMirror),
    ("download", "E: Write error - write (28: No space left on device)", errors.NoSpace),
    ("plan", "E: Unmet dependencies.", errors.ToolFailed),
    ("update", "Killed", errors.ToolFailed),
]


@pytest.mark.parametrize(("step", "words", "situation"), APT_S_WORDS)
def test_each_failure_of_apt_is_told_as_what_it_is(
    debian: Debian, step: str, words: str, situation: type[errors.AsteriskError]
) -> None:
    debian.fails(step, words)
    with pytest.raises(situation) as raised:
        debian.fetch()
    assert type(raised.value) is situation
    assert raised.value.remedy
    assert not (debian.prefix / "root").exists()


def test_an_update_that_fails_with_status_0_is_a_failure(debian: Debian) -> None:
    debian.fails("update", "W: Failed to fetch http://m/InRelease  Could not resolve 'm'", status=0)
    with pytest.raises(errors.NoNetwork):
        debian.fetch()


def test_apt_s_percentage_is_passed_on(debian: Debian) -> None:
    told = Told()
    debian.fetch(progress=told)
    assert told.figures[0] == 50.0


def test_without_a_keyring_nothing_is_started(debian: Debian) -> None:
    (debian.folder / "system/usr/share/keyrings/debian-archive-keyring.gpg").unlink()
    with pytest.raises(errors.NoKeyring) as raised:
        debian.fetch()
    assert "debian-archive-keyring" in raised.value.remedy
    assert not debian.calls


def test_on_a_system_without_apt_the_missing_tools_are_named(debian: Debian) -> None:
    (debian.folder / "bin/apt-get").unlink()
    (debian.folder / "bin/dpkg-deb").unlink()
    with pytest.raises(errors.NoAptTools, match=r"apt-get \(package apt\), dpkg-deb \(package dpkg\)"):
        debian.fetch()


def test_another_processor_is_named(debian: Debian, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(errors.UnsupportedProcessor, match="riscv64"):
        debian.fetch()


def test_an_arm_machine_gets_its_own_packages_and_loader(
    debian: Debian, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    loader = "usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1"
    debian.package("libc6_2.43-7_amd64.deb", {loader: LOADER_SCRIPT})
    toolbox = debian.fetch()
    assert toolbox.command("sox")[0] == str(debian.cache / "prefix-22-aarch64/root" / loader)


def test_too_little_room_is_told_in_figures_before_anything_is_started(
    debian: Debian, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=50 << 20)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(errors.NoSpace, match="50 MB free, 600 MB needed"):
        debian.fetch()
    assert not debian.calls


def test_a_disk_that_fills_while_unpacking_is_told_and_the_downloads_stay(debian: Debian) -> None:
    debian.fails("unpack", "tar: usr/lib/x: Cannot write: No space left on device")
    with pytest.raises(errors.NoSpace):
        debian.fetch()
    assert not (debian.prefix / "root").exists()
    assert len(list((debian.prefix / "work/archives").glob("*.deb"))) == 5


def test_a_cache_folder_that_cannot_be_made_is_named(debian: Debian) -> None:
    debian.cache.touch()
    with pytest.raises(errors.UnusableFolder, match="Not a directory"):
        debian.fetch()


@pytest.mark.parametrize("name", ["a:b", "a;b", 'a"b', "a\nb"])
def test_a_cache_folder_whose_name_would_break_a_configuration_is_refused(debian: Debian, name: str) -> None:
    with pytest.raises(errors.UnusableFolder, match="its name holds"):
        fetch(cache=debian.folder / name, machine=debian.machine, progress=Told())


def test_another_asterisk_than_the_one_tested_is_refused_before_the_download(debian: Debian) -> None:
    pool = debian.folder / "pool"
    (pool / "asterisk_1%3a22.10.1+dfsg-1_amd64.deb").rename(pool / "asterisk_1%3a23.1.0-1_amd64.deb")
    with pytest.raises(errors.WrongVersion, match=r"now carries Asterisk 1:23\.1\.0-1"):
        debian.fetch()
    assert "download" not in debian.calls


def test_a_program_without_its_libraries_is_not_kept(debian: Debian) -> None:
    debian.package("libc6_2.43-7_amd64.deb", {LOADER: "#!/bin/sh\necho 'libjansson.so.4 => not found'\n"})
    with pytest.raises(errors.Incomplete, match=r"asterisk without its libraries: libjansson\.so\.4"):
        debian.fetch()
    assert not (debian.prefix / "root").exists()


def test_a_library_of_this_system_counts_as_lacking(debian: Debian) -> None:
    debian.package(
        "libc6_2.43-7_amd64.deb", {LOADER: "#!/bin/sh\necho 'libc.so.6 => /lib/libc.so.6 (0x0)'\n"}
    )
    with pytest.raises(errors.Incomplete, match=r"/lib/libc\.so\.6"):
        debian.fetch()


def test_interrupted_while_unpacking_it_resumes_with_the_same_downloads(debian: Debian) -> None:
    debian.fails("unpack", "dpkg-deb: interrupted")
    with pytest.raises(errors.ToolFailed):
        debian.fetch()
    debian.mends("unpack")
    before = debian.brought
    debian.fetch()
    assert debian.brought == before


def test_interrupted_by_ctrl_c_it_ends_apt_and_the_next_run_goes_on(debian: Debian) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    os.mkfifo(debian.folder / "stuck")
    with pytest.raises(KeyboardInterrupt):
        debian.fetch(progress=Told(on_reached=interrupt))
    (debian.folder / "stuck").unlink()
    assert debian.fetch().missing() == ()


def test_what_a_killed_run_left_half_unpacked_is_removed(debian: Debian) -> None:
    junk = debian.prefix / "root.partial/usr/bin/junk"
    junk.parent.mkdir(parents=True)
    junk.touch()
    debian.fetch()
    assert not (debian.prefix / "root/usr/bin/junk").exists()


def test_killed_between_the_two_renames_the_old_root_is_put_back(debian: Debian) -> None:
    debian.fetch()
    before = debian.calls
    (debian.prefix / "root").rename(debian.prefix / "root.old")
    assert debian.fetch().missing() == ()
    assert debian.calls == before


def test_of_two_at_once_the_second_waits_says_so_and_brings_nothing_again(debian: Debian) -> None:
    os.mkfifo(debian.folder / "hold-update")
    os.mkfifo(debian.folder / "held")
    first = threading.Thread(target=debian.fetch)
    first.start()
    (debian.folder / "held").read_text()
    waiting = threading.Event()
    told = Told(on_say=waiting.set)
    second = threading.Thread(target=debian.fetch, kwargs={"progress": told})
    second.start()
    assert waiting.wait(20)
    (debian.folder / "hold-update").write_text("go\n")
    first.join()
    second.join()
    assert "Another fetch is at work" in told.lines[0]
    assert debian.calls.count("update") == 1
    assert debian.fetch().missing() == ()


def test_killed_outright_the_lock_lasts_until_its_apt_has_ended(debian: Debian) -> None:
    os.mkfifo(debian.folder / "hold-update")
    os.mkfifo(debian.folder / "held")
    code = (
        "import pathlib, sys; from hotline.asterisk.fetch import fetch; from hotline.asterisk.prefix import *;"
        "fetch(cache=pathlib.Path(sys.argv[1]), machine=Machine(sys.argv[2], pathlib.Path(sys.argv[3])))"
    )
    here = Path(__file__).parents[2]
    where = [str(debian.cache), debian.machine.path, str(debian.machine.system)]
    with subprocess.Popen([sys.executable, "-c", code, *where], cwd=here, stderr=subprocess.DEVNULL) as run:
        (debian.folder / "held").read_text()
        run.send_signal(signal.SIGKILL)
    with (debian.prefix / "lock").open("ab") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (debian.folder / "hold-update").write_text("go\n")
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_set_uid_bits_and_manuals_are_left_out_and_licences_kept(debian: Debian) -> None:
    files = {
        "usr/bin/sox": "elf",
        "usr/share/man/man1/sox.1": "",
        "usr/share/doc/sox/copyright": "",
        "usr/share/doc/sox/changelog.gz": "",
    }
    debian.package("sox_14.7.1-1_amd64.deb", files, mode=0o4755)
    debian.fetch()
    root = debian.prefix / "root"
    assert (root / "usr/bin/sox").stat().st_mode & 0o7777 == 0o755
    assert (root / "usr/share/doc/sox/copyright").exists()
    assert not (root / "usr/share/doc/sox/changelog.gz").exists()
    assert not (root / "usr/share/man").exists()


def test_a_package_that_still_has_its_own_lib_folder_lands_in_usr(debian: Debian) -> None:
    debian.package("sox_14.7.1-1_amd64.deb", {"usr/bin/sox": "elf", "lib/old.so": ""})
    debian.fetch()
    assert (debian.prefix / "root/usr/lib/old.so").exists()


def test_away_from_a_terminal_progress_is_plain_lines(
    debian: Debian, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    fetch(cache=debian.cache, machine=debian.machine)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Reading the package index of Debian forky"
    assert "  100 %" in lines
    assert "\x1b" not in "".join(lines)


def test_on_a_terminal_each_step_has_a_bar_that_fills(
    debian: Debian, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    fetch(cache=debian.cache, machine=debian.machine)
    shown = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", capsys.readouterr().err).splitlines()
    assert [line.split()[0] for line in shown[-3:]] == ["Reading", "Downloading", "Unpacking"]
    assert all("100%" in line for line in shown[-3:])
