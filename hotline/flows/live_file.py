"""The file that says which version of each flow is live, so that a restart changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from hotline.disk import write_whole
from hotline.errors import HotlineError
from hotline.flows.standing import Standing

FOLDER = "flows"  # in the data folder
FILE = "live.json"
STANDINGS = TypeAdapter(dict[str, Standing])


class LiveSpoilt(HotlineError):
    """The file is not as this program writes it."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file} does not say which flows are live as this program writes it. Bring it back from a copy, or "
            "remove it: then the flows go live as they are in their folder."
        )


class LiveFile:
    """Reads and writes the standing of each flow. Both block."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Standing]:
        """Return the standings by flow; none where there is no file. Raises `LiveSpoilt` or `OSError`."""
        try:
            return STANDINGS.validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            raise LiveSpoilt(self.path) from None

    def write(self, standings: Mapping[str, Standing]) -> None:
        """Put them on the disk, whole or not at all. Raises `OSError`."""
        write_whole(self.path, STANDINGS.dump_json(dict(standings), indent=1))

    def set_aside(self) -> None:
        """Give a file that is not understood another name. Raises `OSError`."""
        self.path.replace(self.path.with_suffix(".bad"))
