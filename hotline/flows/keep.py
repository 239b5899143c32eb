"""Every version of a flow that was ever live, kept: its documents and recordings, each content once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from pydantic import TypeAdapter

from hotline.disk import write_whole
from hotline.errors import HotlineError
from hotline.flows.canary import within
from ivr.language.flow import FlowSet
from ivr.language.prompt import Spoken
from ivr.reading.folder import HOURS, PROMPTS
from ivr.reading.loader import load_flows
from ivr.reading.names import SiteNames
from ivr.reading.problem import SourceErrors

CONTENT = "content"
VERSIONS = "versions"


class Changed(HotlineError):
    """A file was written while it was read."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} was changed while it was read; save it again")


class NotWritten(HotlineError):
    """Versions cannot be kept, and what is not kept does not go live."""

    def __init__(self, folder: Path, error: OSError) -> None:
        reason = (error.strerror or "unknown reason").lower()
        super().__init__(
            f"{folder} cannot be written: {reason}; make room there, or set its rights, and save again"
        )


class NotKept(HotlineError):
    """A version of a flow is not there, or cannot be used any more."""

    def __init__(self, flow: str, version: str, why: str) -> None:
        super().__init__(f"the version {version} of the flow {flow!r} cannot be used: {why}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files of one version: where each stood in the flows' folder, and the hash of what is in it."""

    files: Mapping[str, str]


MANIFEST = TypeAdapter(Manifest)


class Keep:
    """The kept versions, in a folder of their own. All its methods block.

    A recording is played from here, so that its file in the flows' folder may be replaced at any time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(
        self,
        flow: str,
        live: FlowSet,
        folder: Path,
        documents: Mapping[str, bytes],
        files: Mapping[str, Path],
    ) -> None:
        """Keep a version of a flow, out of a folder with these documents by name; ``files`` are the flows' own.

        Raises `Changed` or `NotWritten`.
        """
        try:
            self._put(flow, live, folder, documents, files)
        except OSError as error:
            raise NotWritten(self._folder, error) from error

    def _put(
        self,
        flow: str,
        live: FlowSet,
        folder: Path,
        documents: Mapping[str, bytes],
        files: Mapping[str, Path],
    ) -> None:
        named = [files[name].name for name in within(flow, live)]
        contents = {
            name: self._stored(documents[name], name)
            for name in (*named, PROMPTS, HOURS)
            if name in documents
        }
        for sound in sounds_of(flow, live):
            contents[_place(sound, folder)] = self._recording(sound)
        file = self._manifest(flow, live.versions[flow])
        if not file.exists():
            write_whole(file, MANIFEST.dump_json(Manifest(contents), indent=1))

    def load(self, flow: str, version: str, names: SiteNames) -> FlowSet:
        """Return a kept version, with the flows that it calls and no others, as it once went live.

        Raises `NotKept`, also where the site has changed so much that it does not fit any more.
        """
        try:
            manifest = MANIFEST.validate_json(self._manifest(flow, version).read_bytes())
            with TemporaryDirectory(prefix="hotline-flow-") as opened:
                folder = Path(opened)
                for name, content in manifest.files.items():
                    self._lay_out(folder / name, content)
                live = load_flows(folder, names)
        except FileNotFoundError:
            raise NotKept(flow, version, "it is not, or not wholly, among the versions kept") from None
        except SourceErrors as errors:
            why = "it does not fit the site as it is now: " + "; ".join(p.message for p in errors.problems)
            raise NotKept(flow, version, why) from None
        except (OSError, ValueError) as error:
            raise NotKept(flow, version, f"{self._manifest(flow, version)}: {error}") from error
        return self.from_here(live)

    def from_here(self, live: FlowSet) -> FlowSet:
        """Return the flows with their recordings taken from here."""
        return replace(
            live,
            spoken={
                key: tuple(self._own(piece) if isinstance(piece, Spoken) else piece for piece in pieces)
                for key, pieces in live.spoken.items()
            },
        )

    def _own(self, piece: Spoken) -> Spoken:
        if piece.sound is None:
            return piece
        return replace(piece, sound=self._folder / CONTENT / f"{piece.digest}{piece.sound.suffix}")

    def _manifest(self, flow: str, version: str) -> Path:
        return self._folder / VERSIONS / flow / f"{version}.json"

    def _recording(self, sound: Spoken) -> str:
        if sound.sound is None:
            raise ValueError("only a recording has a file")
        stored = f"{sound.digest}{sound.sound.suffix}"
        if (self._folder / CONTENT / stored).exists():
            return stored
        content = sound.sound.read_bytes()
        if hashlib.sha256(content).hexdigest() != sound.digest:
            raise Changed(sound.sound)
        return self._stored(content, sound.sound.name)

    def _stored(self, content: bytes, name: str) -> str:
        stored = hashlib.sha256(content).hexdigest() + PurePosixPath(name).suffix
        file = self._folder / CONTENT / stored
        if not file.exists():
            write_whole(file, content)
        return stored

    def _lay_out(self, file: Path, stored: str) -> None:
        content = (self._folder / CONTENT / stored).read_bytes()
        if hashlib.sha256(content).hexdigest() != stored.partition(".")[0]:
            raise OSError(f"{self._folder / CONTENT / stored} is not as it was written")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def sounds_of(flow: str, live: FlowSet) -> set[Spoken]:
    """Return the recordings that a flow and those that it calls play."""
    flows = set(within(flow, live))
    return {
        piece
        for (name, _, _), pieces in live.spoken.items()
        if name in flows
        for piece in pieces
        if isinstance(piece, Spoken) and piece.sound is not None
    }


def _place(sound: Spoken, folder: Path) -> str:
    return str(Path(os.path.normpath(sound.sound or "")).relative_to(folder))  # the loader lets no other in
