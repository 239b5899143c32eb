"""The site: every mistake in ``config.yaml`` at its place, all at once, and what follows from a right one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from hotline.site import Site, load_site
from ivr.reading.problem import Problem, SourceErrors

ROOT = Path(__file__).parents[2]
SITE: dict[str, Any] = {
    "site": "s",
    "numbers": {"10000": {"flow": "f"}},
    "skills": ["general", "billing"],
    "queues": {"operator": {"skills": {"general": 2}}},
    "agents": {"ann": {"name": "Ann", "skills": {"general": 2}, "phone": "6001"}},
    "phones": {"6001": {}, "6002": {}},
    "trunks": {"loopback": {"address": ["127.0.0.1"]}},
}


def site_with(folder: Path, changes: Mapping[str, Any], data: Path | None = None) -> Site:
    """Load the small site with some keys, dotted, set to something else."""
    whole = copy.deepcopy(SITE)
    for path, new in changes.items():
        *parents, key = path.split(".")
        part = whole
        for parent in parents:
            part = part.setdefault(parent, {})
        part[key] = new
    (folder / "config.yaml").write_text(yaml.safe_dump(whole, sort_keys=False))
    return load_site(folder / "config.yaml", data)


def problems_with(folder: Path, changes: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return everything that is wrong with the changed site."""
    with pytest.raises(SourceErrors) as caught:
        site_with(folder, changes)
    return caught.value.problems


def test_the_sample_site_is_right() -> None:
    assert load_site(ROOT / "config.yaml").name == "sample"


def test_the_small_site_of_these_tests_is_right(tmp_path: Path) -> None:
    assert site_with(tmp_path, {}).settings.queues["operator"].ring == 15_000


def test_paths_follow_from_the_files_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    site = site_with(tmp_path, {"data": "kept", "flows": "/elsewhere"})
    assert (site.data, site.flows) == (tmp_path / "kept", Path("/elsewhere"))
    assert site.database == f"sqlite:///{tmp_path}/kept/ledger.sqlite"


def test_a_data_folder_that_is_given_takes_the_place_of_the_files_own(tmp_path: Path) -> None:
    site = site_with(tmp_path, {"data": "kept"}, tmp_path / "given")
    assert site.data == tmp_path / "given"


def test_a_database_that_is_named_is_used(tmp_path: Path) -> None:
    url = "postgresql+psycopg://u@h/hotline"
    assert site_with(tmp_path, {"database": url}).database == url


def test_durations_are_milliseconds(tmp_path: Path) -> None:
    site = site_with(tmp_path, {"queues.operator.ring": "1m30s", "short_abandon": "500ms"})
    assert (site.settings.queues["operator"].ring, site.settings.short_abandon) == (90_000, 500)


def test_nothing_can_be_changed_afterwards(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        site_with(tmp_path, {}).settings.site = "other"  # type: ignore[misc]


def test_every_mistake_is_told_at_once_in_the_files_order(tmp_path: Path) -> None:
    """A contradiction is found beside a wrong type, although the file as a whole cannot be read."""
    problems = problems_with(
        tmp_path,
        {
            "queues.operator.skills": {"generl": 1},
            "queues.operator.ring": 5,
            "agents.ann.phone": "6009",
            "timezone": "Asia/Shangai",
        },
    )
    assert [problem.path for problem in problems] == [
        "queues.operator.skills.generl",
        "queues.operator.ring",
        "agents.ann.phone",
        "timezone",
    ]
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"timezone": "Asia/Shangai"}, "timezone", "did you mean 'Asia/Shanghai'?"),
        ({"listen": "localhost"}, "listen", "is no IP address; write one as 127.0.0.1"),
        ({"listen": "fe80::1%eth0"}, "listen", "is no IP address"),
        ({"database": "mysql://u@h/d"}, "database", "write sqlite:///PATH or postgresql"),
        ({"mqtt": "http://broker"}, "mqtt", "write mqtt://HOST:PORT"),
        ({"music": "silent"}, "music", "write one of music, silence"),
        ({"asterisk": "mine"}, "asterisk", "write one of own, external"),
        ({"ports.sip": 70_000}, "ports.sip", "it must be at most 65535"),
        ({"ports.agi": 5038}, "ports", "two parts would listen on one port"),
        ({"ports.rtp_last": 10_003}, "ports", "rtp_last must be at least 9 above rtp_first"),
        ({"ports.sip_tls": 5061}, "ports", "needs both ports.sip_tls and tls"),
        ({"numbers": {}}, "numbers", "this must not be empty"),
        ({"numbers": {"abc": {"flow": "f"}}}, "numbers.abc", "it must have the form"),
        ({"numbers.10000.flows": "f"}, "numbers.10000.flows", "unknown key 'flows'; did you mean 'flow'?"),
        (
            {"queues.operator.skills": {"general": 6}},
            "queues.operator.skills.general",
            "it must be at most 5",
        ),
        (
            {"queues.operator.skills": {"generl": 1}},
            "queues.operator.skills.generl",
            "did you mean 'general'?",
        ),
        ({"queues.operator.skills": {"general": 3}}, "queues.operator.skills", "nobody has general 3"),
        ({"agents.ann.phone": "6003"}, "agents.ann.phone", "there is no phone named '6003'"),
        ({"groups.night": ["anne"]}, "groups.night.0", "no agent named 'anne'; did you mean 'ann'?"),
        ({"agents.ann.ranks": {"oprator": 1}}, "agents.ann.ranks.oprator", "did you mean 'operator'?"),
        ({"queues.operator.groups": ["night"]}, "queues.operator.groups.0", "no group named 'night'"),
        ({"queues.operator.prefer": ["billng"]}, "queues.operator.prefer.0", "did you mean 'billing'?"),
        (
            {"queues.operator.widen": [{"after": "5s", "skills": {"vip": 1}}]},
            "queues.operator.widen.0.skills.vip",
            "there is no skill named 'vip'",
        ),
        (
            {"queues.operator.widen": [{"after": "5s", "partner": "faults"}]},
            "queues.operator.widen.0.partner",
            "there is no queue named 'faults'",
        ),
        (
            {"queues.operator.widen": [{"after": "9s"}, {"after": "5s"}]},
            "queues.operator.widen.1.after",
            "this step comes earlier than the one before it",
        ),
        ({"customers": {"139": {"tier": "gold"}}}, "customers.139.tier", "no tier named 'gold'"),
        ({"customers": {"139": {"owner": "bob"}}}, "customers.139.owner", "no agent named 'bob'"),
        (
            {"reserves": [{"skill": "billing", "tier": "gold"}]},
            "reserves.0.tier",
            "there is no tier named 'gold'",
        ),
        (
            {"agents.bob": {"name": "Bob", "skills": {}, "phone": "6001"}},
            "agents.bob.phone",
            "ann is signed in at phone 6001 already",
        ),
        (
            {"languages": {"zh": {"mandarin": 3}}},
            "languages.zh.mandarin",
            "there is no skill named 'mandarin'",
        ),
        (
            {"skills": ["general", "english"], "languages": {"en": {"english": 2}}},
            "queues.operator.skills",
            "no agent can serve this queue for callers in 'en': nobody has general 2, english 2",
        ),
        (
            {"trunks.loopback.address": ["10.0.0.1/8"]},
            "trunks.loopback.address.0",
            "is no IP address or network",
        ),
        ({"trunks.loopback.address": []}, "trunks.loopback", "no call could come in"),
        ({"trunks.loopback.codecs": ["g729"]}, "trunks.loopback.codecs.0", "write one of alaw, ulaw, g722"),
        ({"trunks.loopback.tls": True}, "trunks.loopback.tls", "the site has no `tls`"),
        (
            {"trunks.loopback.rtp_timeout": "500ms"},
            "trunks.loopback.rtp_timeout",
            "in whole seconds; write 1s",
        ),
        ({"trunks.loopback.rtp_timeout": "1.5s"}, "trunks.loopback.rtp_timeout", "in whole seconds"),
        ({"outbound.trunk": "loopbak"}, "outbound.trunk", "did you mean 'loopback'?"),
        ({"outbound.trunk": "loopback"}, "outbound.trunk", "has no `host` to send calls to"),
        ({"outbound.allow": ["0755XXXXXXXX"]}, "outbound.allow", "say in `trunk` which trunk"),
        ({"outbound.allow": ["1[3-9"]}, "outbound.allow.0", "it must have the form"),
        ({"outbound.allow": ["1[9-3]X"]}, "outbound.allow.0", "runs backwards; write 3-9"),
        ({"outbound.allow": ["X."]}, "outbound.allow.0", "begin with the digits that are meant"),
        ({"outbound.allow": ["00X."]}, "outbound.allow.0", "write the countries that are meant"),
    ],
)
def test_a_mistake_is_told_at_its_place_with_the_way_out(
    tmp_path: Path, changes: dict[str, Any], path: str, words: str
) -> None:
    (problem, *_) = [found for found in problems_with(tmp_path, changes) if found.path == path]
    assert words in problem.message


@pytest.mark.parametrize("pattern", ["0755XXXXXXXX", "1[3-9]XXXXXXXXX", "00.", "+86NXX!", "[468]XXX", "110"])
def test_a_number_pattern_as_asterisk_has_them_is_right(tmp_path: Path, pattern: str) -> None:
    changes = {"trunks.loopback.host": "127.0.0.1", "outbound": {"trunk": "loopback", "allow": [pattern]}}
    assert site_with(tmp_path, changes).settings.outbound.allow == (pattern,)
