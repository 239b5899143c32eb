"""The site's secrets: made once, kept for this user alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hotline.secrets import SecretsSpoilt, load_secrets


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secrets.json"


def test_the_file_is_for_this_user_alone(file: Path) -> None:
    load_secrets(file, ["6001"])
    assert file.stat().st_mode & 0o777 == 0o600
    assert [left.name for left in file.parent.iterdir()] == ["secrets.json"]


def test_a_file_that_was_opened_to_others_is_closed_again(file: Path) -> None:
    load_secrets(file, ["6001"])
    file.chmod(0o644)
    load_secrets(file, ["6001"])
    assert file.stat().st_mode & 0o777 == 0o600


def test_secrets_stay_what_they_are(file: Path) -> None:
    assert load_secrets(file, ["6001", "6002"]) == load_secrets(file, ["6001", "6002"])


def test_a_new_phone_gets_secrets_and_the_others_keep_theirs(file: Path) -> None:
    before = load_secrets(file, ["6001"])
    after = load_secrets(file, ["6001", "6002"])
    assert after.phones["6001"] == before.phones["6001"]
    assert after.ami_password == before.ami_password
    assert after.phones["6002"] not in before.phones.values()


def test_a_phone_that_was_taken_out_has_its_secrets_when_it_comes_back(file: Path) -> None:
    before = load_secrets(file, ["6001", "6002"])
    load_secrets(file, ["6001"])
    assert load_secrets(file, ["6001", "6002"]) == before


def test_no_secret_tells_the_phones_number_or_another_secret(file: Path) -> None:
    made = load_secrets(file, [f"{n}" for n in range(6001, 6051)])
    texts = [text for phone in made.phones.values() for text in (phone.username, phone.password)]
    assert len(set(texts)) == len(texts)
    assert all(len(phone.password) >= 20 for phone in made.phones.values())
    assert not any(secret.username.endswith(number) for number, secret in made.phones.items())


def test_a_file_of_an_older_version_is_made_whole(file: Path) -> None:
    """Nothing that a phone or the AMI already uses is changed by an update."""
    before = load_secrets(file, ["6001"])
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({key: kept[key] for key in ("ami_user", "ami_password", "phones")}))
    after = load_secrets(file, ["6001"])
    assert (after.ami_password, after.phones) == (before.ami_password, before.phones)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '"text"',
        '{"phones": []}',
        '{"phones": {"6001": {"username": "a"}}}',
        '{"phones": {"6001": "a"}}',
        '{"ami_password": 5}',
        '{"ami_password": "a\\n[evil]"}',
        '{"phones": {"6001": {"username": "a", "password": "b;c"}}}',
    ],
)
def test_a_file_that_is_not_ours_is_refused_by_its_name_and_left_alone(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(SecretsSpoilt, match=r"secrets\.json does not hold secrets"):
        load_secrets(file, ["6001"])
    assert file.read_text() == text
