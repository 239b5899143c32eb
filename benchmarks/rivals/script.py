"""The menu call as a program that Asterisk starts for each call, in the words of pyst2's users."""

from __future__ import annotations

import sys

from asterisk.agi import AGI, AGIException

WAIT_MS = 2_000


def serve(menu: str, bye: str) -> None:
    """Serve one call over standard input and output."""
    agi = AGI()
    try:
        agi.answer()
        key = agi.stream_file(menu, "1") or agi.wait_for_digit(WAIT_MS)
        if key == "1":
            agi.stream_file(bye)
        agi.hangup()
    except AGIException:
        return  # the caller has gone


if __name__ == "__main__":
    serve(*sys.argv[1:])
