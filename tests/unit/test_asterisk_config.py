"""Asterisk's files: nobody's name, text or password changes what they say, and they are for this user alone."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from hotline.asterisk.config import Layout, Wiring, value, write_includes, write_whole
from hotline.asterisk.home import AsteriskHome
from hotline.limits import raise_open_files
from hotline.secrets import load_secrets
from hotline.site import Site, load_site
from ivr.reading.problem import SourceErrors

HOME = AsteriskHome((22, 10), Path("/modules"), Path("/data"), Path("/data/agi-bin"), "installed")
EVIL = "x\n[evil]\ntype=endpoint\ncontext=internal;${SHELL(id)}"
SITE = {
    "site": "s",
    "numbers": {"10000": {"flow": "f"}},
    "skills": ["general"],
    "queues": {"operator": {"skills": {"general": 1}}},
    "agents": {"ann": {"name": "Ann", "skills": {"general": 1}, "phone": "6001"}},
    "phones": {"6001": {}},
    "trunks": {"loopback": {"address": ["127.0.0.1"]}},
}


def site_of(folder: Path, **over: object) -> Site:
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump({**SITE, **over}, allow_unicode=True))
    return load_site(folder / "config.yaml")


def wiring_of(site: Site, **passwords: str) -> Wiring:
    site.data.mkdir(parents=True, exist_ok=True)
    return Wiring(
        home=HOME,
        secrets=load_secrets(site.data.parent / "secrets.json", site.settings.phones),
        spool=Path("/spool"),
        silence=Path("/silence"),
        trunk_passwords=passwords,
    )


def written(folder: Path, **over: object) -> dict[str, str]:
    """Every file that is made of a site, by name."""
    site = site_of(folder, **over)
    layout = Layout.below(site.data / "asterisk")
    write_whole(site, wiring_of(site), layout)
    return {file.name: file.read_text() for file in layout.etc.iterdir()}


def test_an_agents_name_is_in_no_file_of_asterisk(tmp_path: Path) -> None:
    plain = written(tmp_path)
    evil = written(tmp_path, agents={"ann": {**SITE["agents"]["ann"], "name": EVIL[:60]}})  # type: ignore[index]
    assert evil == plain


@pytest.mark.parametrize(
    "over",
    [
        {"numbers": {EVIL: {"flow": "f"}}},
        {"phones": {EVIL: {}}},
        {"site": EVIL},
        {"listen": "fe80::1%" + EVIL},
        {"public_address": "fe80::1%" + EVIL},
        {"music": EVIL},
        {"trunks": {EVIL: {"address": ["127.0.0.1"]}}},
        {"trunks": {"a": {"address": [EVIL]}}},
        {"trunks": {"a": {"address": ["127.0.0.1"], "host": EVIL}}},
        {"trunks": {"a": {"address": ["127.0.0.1"], "host": "host\n"}}},
        {"trunks": {"a": {"address": ["127.0.0.1"], "codecs": [EVIL]}}},
        {"trunks": {"a": {"address": ["127.0.0.1"], "dtmf": EVIL}}},
        {"trunks": {"a": {"register": {"server": EVIL, "username": "a", "password_env": "P"}}}},
        {"trunks": {"a": {"register": {"server": "a", "username": EVIL, "password_env": "P"}}}},
        {"trunks": {"a": {"register": {"server": "a", "username": "a\n", "password_env": "P"}}}},
        {"trunks": {"a": {"address": ["127.0.0.1"], "host": "b"}}, "outbound": {"trunk": "a", "allow": [EVIL]}},
    ],
)  # fmt: skip
def test_what_would_begin_a_line_of_its_own_is_refused_before_any_file_is_written(
    tmp_path: Path, over: dict[str, object]
) -> None:
    with pytest.raises(SourceErrors):
        site_of(tmp_path, **over)


def test_a_trunks_password_is_written_so_that_asterisk_reads_all_of_it(tmp_path: Path) -> None:
    register = {"server": "a.example", "username": "a", "password_env": "P"}
    site = site_of(tmp_path, trunks={"far": {"register": register}})
    layout = Layout.below(site.data / "asterisk")
    write_whole(site, wiring_of(site, far="pa;ss word"), layout)
    assert "password = pa\\;ss word\n" in (layout.etc / "pjsip.conf").read_text()


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", " a", "a ", "a\x1bb"])
def test_free_text_that_asterisks_files_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        value(text)


def test_the_name_of_the_sites_own_file_stays_in_its_comment(tmp_path: Path) -> None:
    named = load_site(site_of(tmp_path / "a\nevil").file, tmp_path / "var")
    layout = Layout.below(named.data / "asterisk")
    write_whole(named, wiring_of(named), layout)
    assert not any("\nevil" in file.read_text() for file in layout.etc.iterdir())


def test_every_file_is_for_this_user_alone(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    layout = Layout.below(site.data / "asterisk")
    write_whole(site, wiring_of(site), layout)
    assert {file.stat().st_mode & 0o777 for file in layout.etc.iterdir()} == {0o600}
    assert (layout.agi_bin / "engine_away").stat().st_mode & 0o777 == 0o700
    assert {folder.stat().st_mode & 0o777 for folder in (layout.folder, layout.run)} == {0o700}
    includes = write_includes(site, wiring_of(site), tmp_path / "into")
    assert {file.stat().st_mode & 0o777 for file in includes} == {0o600}


def test_what_another_asterisk_includes_sets_nothing_that_is_its_owners(tmp_path: Path) -> None:
    """No [global] of PJSIP, no port and no address of AMI, no dialplan outside our own contexts."""
    site = site_of(tmp_path)
    files = {file.name: file.read_text() for file in write_includes(site, wiring_of(site), tmp_path / "into")}
    sections = {name: set(re.findall(r"(?m)^\[([^]]+)\]", text)) for name, text in files.items()}
    assert "global" not in sections["hotline_pjsip.conf"]
    assert "[general](+)" in files["hotline_manager.conf"]
    assert not re.search(r"(?m)^(enabled|port|bindaddr) *=", files["hotline_manager.conf"])
    assert all(name.startswith("hotline-") for name in sections["hotline_extensions.conf"])
    assert all(name.startswith("hotline-") for name in sections["hotline_musiconhold.conf"])


def test_what_another_asterisk_includes_runs_our_program_from_where_it_lies(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    into = tmp_path / "into"
    write_includes(site, wiring_of(site), into)
    assert f"AGI({into}/engine_away," in (into / "hotline_extensions.conf").read_text()


def test_the_program_is_started_with_the_data_folder_whatever_its_name(tmp_path: Path) -> None:
    site = site_of(tmp_path / 'a "$(touch evil)" `touch evil` b')
    layout = Layout.below(site.data / "asterisk")
    write_whole(site, wiring_of(site), layout)
    script = (layout.agi_bin / "engine_away").read_text().replace("exec ", "printf '%s\\n' ", 1)
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert said.stdout.splitlines()[-2:] == [str(site.data), ""] or said.stdout.splitlines()[-1] == str(
        site.data
    )
    assert not (tmp_path / "evil").exists()


def test_an_ipv6_address_is_bound_in_brackets(tmp_path: Path) -> None:
    assert "bind = [::1]:5060\n" in written(tmp_path, listen="::1")["pjsip.conf"]


def test_a_call_out_carries_nothing_but_the_digits_dialled(tmp_path: Path) -> None:
    """A pattern that ends in a dot matches any sign, and an & would dial a second phone."""
    trunks = {"far": {"address": ["192.0.2.1"], "host": "192.0.2.1"}}
    dialplan = written(tmp_path, trunks=trunks, outbound={"trunk": "far", "allow": ["00X."]})[
        "extensions.conf"
    ]
    way = dialplan.partition("exten => _00X.,1,")[2].partition("exten =>")[0]
    assert "Dial(PJSIP/${FILTER(0-9+,${EXTEN})}@trunk-far,60)\n" in way
    assert way.count("Dial(") == 1


def test_certificates_are_named_from_the_sites_folder(tmp_path: Path) -> None:
    tls = {"certificate": "tls/a;b.pem", "key": "/elsewhere/a.key"}
    pjsip = written(tmp_path, tls=tls, ports={"sip_tls": 5061})["pjsip.conf"]
    assert f"cert_file = {tmp_path}/tls/a\\;b.pem\n" in pjsip
    assert "priv_key_file = /elsewhere/a.key\n" in pjsip


def test_an_older_asterisk_is_asked_for_events_in_its_own_words(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    old = replace(wiring_of(site), home=replace(HOME, version=(18, 10)))
    write_includes(site, old, tmp_path / "into")
    manager = (tmp_path / "into" / "hotline_manager.conf").read_text()
    assert "eventfilter = Event: Hangup\n" in manager
    assert "eventfilter = ![[:cntrl:]]{3}[^[:cntrl:]]\n" in manager
    assert "action(include)" not in manager


def test_the_control_socket_moves_where_its_path_would_be_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "r"))
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    layout = Layout.below(deep)
    assert layout.run.parent == tmp_path / "r"
    assert layout.run != Layout.below(deep.with_name("f" * 60)).run
    assert Layout.below(Path("/s")).run == Path("/s/run")


def test_a_process_asks_for_no_more_open_files_than_it_may_have() -> None:
    assert 0 < raise_open_files() <= 65_536
