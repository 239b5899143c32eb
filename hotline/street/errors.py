"""What keeps the street from being of use: one class per situation."""

from __future__ import annotations

from hotline.asterisk.config import Layout
from hotline.errors import HotlineError


class StreetPortInUse(HotlineError):
    """Another program listens where the sample's callers and phones should."""

    def __init__(self, port: int, kind: str) -> None:
        super().__init__(
            f"port {port}/{kind}, for the sample's callers and phones, is in use by another program; end that one, "
            "or use `hotline up`, which needs none of them"
        )


class StreetNotReady(HotlineError):
    """The street's Asterisk runs, but is of no use."""

    def __init__(self, problem: str, layout: Layout) -> None:
        super().__init__(
            f"the sample's callers and phones are not ready: {problem}; see {layout.folder / 'logs'}"
        )
