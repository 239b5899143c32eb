"""Why nobody answered: DIALSTATUS cannot tell, the leg's own end can."""

from __future__ import annotations

import pytest

from ivr.agi.legs import LegEnd, classify


@pytest.mark.parametrize(
    ("dial_status", "leg", "outcome"),
    [
        ("BUSY", LegEnd(17, "486"), "busy"),
        ("BUSY", LegEnd(17, "SIP 486 Busy Here"), "busy"),
        ("CHANUNAVAIL", LegEnd(21, "603"), "refused"),
        ("CHANUNAVAIL", LegEnd(1, "404"), "unreachable"),
        ("CHANUNAVAIL", LegEnd(58, "488"), "unreachable"),
        ("NOANSWER", LegEnd(19, "480"), "refused"),
        ("NOANSWER", LegEnd(0, ""), "no-answer"),
        ("NOANSWER", LegEnd(16, ""), "cancelled"),
        ("NOANSWER", LegEnd(18, "408"), "unreachable"),
        ("NOANSWER", None, "no-answer"),
        ("BUSY", None, "busy"),
        ("BUSY", LegEnd(23, "302"), "refused"),
        ("BUSY", LegEnd(0, ""), "refused"),
        ("CANCEL", None, "cancelled"),
        ("CHANUNAVAIL", LegEnd(16, ""), "cancelled"),
        ("CHANUNAVAIL", None, "unreachable"),
        ("CONGESTION", LegEnd(38, "503"), "unreachable"),
    ],
)
def test_each_end_of_a_leg_has_its_own_meaning(dial_status: str, leg: LegEnd | None, outcome: str) -> None:
    assert classify(dial_status, leg) == outcome
