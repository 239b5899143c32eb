"""Passwords and user names that nobody chose: made at first run, kept for this user alone."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

FIT = re.compile(r"[!-:<-~]{1,80}")  # what shows, without blanks, and without the ; of Asterisk's comments


class SecretsSpoilt(Exception):
    """The file with the secrets is not as this program writes it."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file} does not hold secrets as this program writes them. Bring it back from a copy; or remove it: "
            "new ones are made then, and every phone must be given its new password (`hotline phones`)."
        )


@dataclass(frozen=True, slots=True)
class PhoneSecret:
    """What a phone registers with. The user name is random too, so that nobody guesses it from the number."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """All of a site's secrets; ``phones`` by number."""

    ami_user: str
    ami_password: str
    phones: Mapping[str, PhoneSecret]
    mqtt_user: str
    mqtt_password: str


def load_secrets(file: Path, phones: Iterable[str]) -> Secrets:
    """Read the secrets, making those that are lacking. The file's mode is 0600.

    Raises `OSError` where the file cannot be read or written, and `SecretsSpoilt` where it is not ours.
    """
    kept = _kept(file) if file.exists() else {}
    known = {n: PhoneSecret(**secret) for n, secret in kept.get("phones", {}).items()}
    made = Secrets(
        ami_user=kept.get("ami_user") or "hotline",
        ami_password=kept.get("ami_password") or secrets.token_urlsafe(24),
        phones=known | {n: _new_phone() for n in phones if n not in known},
        mqtt_user=kept.get("mqtt_user") or "hotline",
        mqtt_password=kept.get("mqtt_password") or secrets.token_urlsafe(24),
    )
    if asdict(made) != kept:
        _write_private(file, json.dumps(asdict(made), indent=1))
    return made


def _kept(file: Path) -> dict[str, Any]:
    """Return what the file holds, all of it fit to stand in Asterisk's files; it may be of an older version."""
    try:
        kept = json.loads(file.read_text())
        phones = kept.get("phones", {}).values()
        whole = all(set(secret) == {"username", "password"} for secret in phones)
        texts = [text for name, text in kept.items() if name != "phones"]
        texts += [text for secret in phones for text in secret.values()]
        fit = all(FIT.fullmatch(text) for text in texts)
    except (ValueError, AttributeError, TypeError):
        raise SecretsSpoilt(file) from None
    if not (whole and fit):
        raise SecretsSpoilt(file)
    if file.stat().st_mode & 0o077:
        file.chmod(0o600)
    return cast("dict[str, Any]", kept)


def _new_phone() -> PhoneSecret:
    return PhoneSecret(f"phone-{secrets.token_hex(5)}", secrets.token_urlsafe(18))


def _write_private(file: Path, text: str) -> None:
    partial = file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
    partial.replace(file)
