"""The version of each flow: a hash of all that a caller of it may meet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from ivr.language.hours import Schedule
from ivr.language.prompt import Spoken, SpokenValue
from ivr.reading.folder import FlowFile, Placed
from ivr.reading.wording import Wordings

LENGTH = 12
IGNORED = (
    "prompts",
    "hours",
    "canary",
)  # prompts and hours count as far as they are used, from wherever they come


def versions_of(
    files: Mapping[str, FlowFile], wordings: Wordings, schedules: Mapping[str, Mapping[str, Placed[Schedule]]]
) -> dict[str, str]:
    """Return a hash of each flow with the flows that it calls, and all that these say and when they are open."""
    said: dict[str, list[object]] = {name: [] for name in files}
    for (flow, *key), pieces in sorted(wordings.spoken.items()):
        if flow in said:
            said[flow].append([*key, [_identity(piece) for piece in pieces]])
    own: dict[str, bytes] = {}
    for name, file in files.items():
        hours = [[key, found.part.model_dump_json()] for key, found in sorted(schedules[name].items())]
        data = {key: part for key, part in file.source.data.items() if key not in IGNORED}
        own[name] = json.dumps([data, said[name], hours], sort_keys=True, default=str).encode()
    callees = {name: file.callees for name, file in files.items()}
    return {name: _digest(b"".join(own[part] for part in sorted(_below(name, callees)))) for name in files}


def version_of_all(versions: Mapping[str, str]) -> str:
    """Return the hash of a whole set of flows."""
    return _digest(json.dumps(sorted(versions.items())).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:LENGTH]


def _below(name: str, callees: Mapping[str, tuple[str, ...]]) -> set[str]:
    found, ahead = {name}, [name]
    while ahead:
        new = set(callees[ahead.pop()]) - found
        found |= new
        ahead.extend(new)
    return found


def _identity(piece: Spoken | SpokenValue) -> str:
    if isinstance(piece, SpokenValue):
        return piece.model_dump_json()
    return f"{piece.pace} {piece.digest or piece.text}"
