"""What a person meets when something is wrong: one screen that says what and where, and nothing half-started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from hotline.site import Site
from ledger.database import open_for_writing
from tests.asterisk.conftest import write_site

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2  # linux/prctl.h, linux/capability.h


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    status: int
    text: str


def hotline(
    *arguments: str, env: Mapping[str, str] | None = None, before: Callable[[], None] | None = None
) -> Said:
    """Run the real command; insist on one screen of plain words."""
    done = subprocess.run(
        [sys.executable, "-m", "hotline", *arguments],
        capture_output=True, text=True, timeout=60, env=os.environ | (env or {}), preexec_fn=before,
    )  # fmt: skip
    text = done.stdout + done.stderr
    assert "Traceback" not in text, text
    assert len(text.splitlines()) <= 24, text
    return Said(done.returncode, text)


def fails(site: Site, *words: str, command: str = "up", **how: object) -> str:
    """Start the site; insist that it fails in these words, and that nothing of it is left."""
    said = hotline(command, "--config", str(site.file), **how)  # type: ignore[arg-type]
    assert said.status == 1, said
    for word in words:
        assert word in said.text, said.text
    assert processes_of(site) == []
    ports = site.settings.ports
    assert [port for port in (ports.sip, ports.agi, ports.ami, ports.mqtt) if listens(port)] == []
    return said.text


def processes_of(site: Site) -> list[str]:
    """The command lines of every process that names the site's folder."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = command.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(site.folder) in line and int(command.parent.name) != os.getpid():
                found.append(line)
    return found


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return write_site(tmp_path)


def change(site: Site, old: str, new: str) -> Site:
    """Replace a text in the site's file."""
    text = site.file.read_text()
    assert old in text
    site.file.write_text(text.replace(old, new))
    return site


def line_of(site: Site, text: str) -> int:
    return next(n for n, line in enumerate(site.file.read_text().splitlines(), 1) if text in line)


def test_broken_yaml_is_told_with_line_and_column(site: Site) -> None:
    change(site, "skills: [billing, faults, english]", "skills: [billing, faults, english")
    fails(site, f"{site.file}:{line_of(site, 'skills: [')}:9: from here on the brackets")


def test_an_unknown_key_is_told_with_the_right_one(site: Site) -> None:
    change(site, "timezone: UTC", "time_zone: UTC")
    fails(site, f"{site.file}:2:1: time_zone: unknown key 'time_zone'; did you mean 'timezone'?")


def test_an_unknown_skill_is_told_with_the_right_one(site: Site) -> None:
    change(site, "skills: {billing: 3}", "skills: {biling: 3}")
    fails(
        site,
        f"{site.file}:{line_of(site, 'biling')}:",
        "there is no skill named 'biling'; did you mean 'billing'?",
    )


def test_a_queue_that_no_agent_can_serve_is_told(site: Site) -> None:
    change(site, "skills: {faults: 1}", "skills: {faults: 1, english: 5}")
    fails(site, "queues.faults.skills: no agent can serve this queue: nobody has faults 1, english 5")


def test_every_mistake_is_told_at_once(site: Site) -> None:
    change(site, "timezone: UTC", "timezone: Asia/Shangai")
    change(site, "ring: 3s", "ring: 3")
    change(site, "flow: straight", "flow: straigt")
    text = fails(site, "did you mean 'Asia/Shanghai'?", "write a duration with its unit", "'straight'")
    assert len(text.splitlines()) == 4


def test_a_number_that_leads_to_no_flow_is_told(site: Site) -> None:
    change(site, "flow: straight", "flow: straigt")
    fails(site, f"{site.file}:5:", "there is no flow 'straigt'; did you mean 'straight'?")


def test_a_flow_that_leads_nowhere_is_told_in_its_own_file(site: Site) -> None:
    flow = site.flows / "test.yaml"
    flow.write_text(flow.read_text().replace("2: faults}", "2: nowhere}"))
    fails(site, f"{flow}:10:", "nowhere")


def test_a_site_that_is_not_there_is_told(tmp_path: Path) -> None:
    said = hotline("up", "--config", str(tmp_path / "nowhere.yaml"))
    assert (said.status, said.text.strip()) == (
        1,
        f"{tmp_path}/nowhere.yaml:1:1: cannot read this file: no such file or directory",
    )


@pytest.mark.parametrize("key", ["sip", "agi", "ami", "mqtt"])
def test_a_port_in_use_is_told_by_its_key(site: Site, key: str) -> None:
    port = getattr(site.settings.ports, key)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        said = hotline("up", "--config", str(site.file))
    assert said.status == 1
    assert f"port {port}/tcp (ports.{key}) is in use by another program" in said.text
    assert processes_of(site) == []


@pytest.mark.parametrize("command", ["up", "run"])
def test_a_full_disk_is_told(site: Site, command: str) -> None:
    with small_disk(site.data, 8):
        fails(site, f"MB are free in {site.data}", "Make room", command=command)


def test_a_disk_that_lets_nothing_be_written_is_told(site: Site) -> None:
    site.data.mkdir()

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    fails(site, str(site.data), before=no_room)


def little_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))


def test_a_disk_that_fills_up_while_files_are_written_is_told(site: Site) -> None:
    site.data.mkdir()
    open_for_writing(site.database).dispose()
    fails(site, "no room to write into the data folder: file too large; make room", before=little_room)


def test_a_disk_without_room_for_the_ledger_is_told(site: Site) -> None:
    fails(
        site,
        "does not open: disk I/O error. See that its folder exists, is writable and has room",
        before=little_room,
    )


def test_a_folder_that_may_not_be_written_is_told(site: Site) -> None:
    site.folder.chmod(0o555)
    try:
        fails(site, f"the data folder {site.data} cannot be used: permission denied", before=obey_permissions)
    finally:
        site.folder.chmod(0o755)


def test_a_folder_with_a_name_that_asterisk_cannot_read_is_told(tmp_path: Path) -> None:
    fails(write_site(tmp_path / "a;b"), "cannot work in a folder whose name holds ';'")


def test_a_database_of_a_newer_version_is_told(site: Site) -> None:
    site.data.mkdir()
    open_for_writing(site.database).dispose()
    with contextlib.closing(sqlite3.connect(site.data / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE ledger_version SET version = 99")
    fails(site, "has schema 99", "Run the newer program that made it")


def test_a_database_that_is_none_is_told(site: Site) -> None:
    site.data.mkdir()
    (site.data / "ledger.sqlite").write_text("This is not a database, but a letter.\n" * 200)
    fails(site, "ledger.sqlite does not open: file is not a database")


def test_secrets_that_are_none_are_told(site: Site) -> None:
    site.data.mkdir()
    (site.data / "secrets.json").write_text("{")
    fails(site, f"{site.data / 'secrets.json'}")


def test_asterisk_that_is_nowhere_and_cannot_be_brought_is_told(site: Site, tmp_path: Path) -> None:
    away = {
        "HOTLINE_CACHE": str(tmp_path / "cache"),
        "HOTLINE_ASTERISK": "brought",
        "HOTLINE_DEBIAN_MIRROR": "http://127.0.0.1:9/debian",
    }
    text = fails(site, "HOTLINE_DEBIAN_MIRROR", env=away)
    assert "127.0.0.1:9" in text or "lacks" in text


def test_a_certificate_that_is_not_there_is_told(site: Site) -> None:
    change(site, "site: test", "site: test\ntls: {certificate: a.pem, key: a.key}")
    change(site, "ports: {", "ports: {sip_tls: 5999, ")
    text = fails(site, f"{site.file}:2:20: tls.certificate: {site.folder}/a.pem is not there", "tls.key")
    assert len(text.splitlines()) == 2


def test_a_trunk_without_its_password_is_told(site: Site) -> None:
    change(
        site,
        "trunks:\n",
        "trunks:\n  far: {register: {server: a.example, username: a, password_env: FAR_SECRET}}\n",
    )
    fails(site, "the trunk 'far' wants its password in the environment variable FAR_SECRET")
    fails(site, "holds a line break", env={"FAR_SECRET": "a\nb"})


@pytest.mark.parametrize("command", [["seats"], ["health"], ["seat", "ann", "ready"]])
def test_an_engine_that_does_not_run_is_told(site: Site, command: list[str]) -> None:
    said = hotline(*command, "--config", str(site.file))
    assert said.status == 1
    assert "no engine of the site 'test' is running here" in said.text
    assert "hotline up" in said.text


def test_a_console_of_an_asterisk_that_does_not_run_is_told(site: Site) -> None:
    said = hotline("asterisk", "console", "core show uptime", "--config", str(site.file))
    assert said.status == 1
    assert "no Asterisk of the site 'test' is running here" in said.text


def test_a_wish_that_no_seat_knows_is_told(site: Site) -> None:
    said = hotline("seat", "ann", "dance", "--config", str(site.file))
    assert said.status == 1
    assert (
        "'dance' is nothing that a seat can do; write one of: sign-in, sign-out, ready, not-ready"
        in said.text
    )


def test_nothing_that_runs_here_is_a_thing_to_take_down(site: Site) -> None:
    said = hotline("down", "--config", str(site.file))
    assert (said.status, said.text.strip()) == (0, "nothing of this site was running")


def test_a_second_one_on_the_same_folder_is_told_and_harms_the_first_in_nothing(site: Site) -> None:
    line = [sys.executable, "-m", "hotline", "up", "--config", str(site.file)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as first:
        assert first.stdout is not None
        try:
            assert next((text for text in first.stdout if text.startswith("Dial ")), None)
            for command in ("up", "down"):
                said = hotline(command, "--config", str(site.file))
                assert said.status == 1
                assert f"a hotline is running with the data folder {site.data} already" in said.text
            assert hotline("seats", "--config", str(site.file)).status == 0
        finally:
            first.send_signal(signal.SIGINT)
            first.communicate(timeout=30)
    assert first.returncode == 0
    assert processes_of(site) == []


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Put a small disk in a folder's place."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def obey_permissions() -> None:
    """Take from a child of root the right to write where permissions forbid it."""
    if os.getuid() == 0:
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
