"""Why nobody answered: DIALSTATUS cannot tell, the leg's own end can."""

from __future__ import annotations

import pytest

from ivr.agi_call import LegEnd, _only_of, classify


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
        ("NOANSWER", LegEnd(18, "408"), "unreachable"),
        ("NOANSWER", None, "no-answer"),
        ("BUSY", None, "busy"),
        ("CANCEL", None, "cancelled"),
        ("CHANUNAVAIL", LegEnd(16, ""), "cancelled"),
        ("CHANUNAVAIL", None, "unreachable"),
        ("CONGESTION", LegEnd(38, "503"), "unreachable"),
    ],
)
def test_each_end_of_a_leg_has_its_own_meaning(dial_status: str, leg: LegEnd | None, outcome: str) -> None:
    assert classify(dial_status, leg) == outcome


@pytest.mark.parametrize(
    ("contacts", "right"),
    [
        ("PJSIP/phone-1/sip:a@192.0.2.1:5060", True),
        ("PJSIP/phone-1/sip:a@192.0.2.1&PJSIP/phone-1/sip:b@192.0.2.2", True),
        ("PJSIP/phone-1/sip:x,30,S(1)@192.0.2.1", False),
        ("PJSIP/phone-1/sip:a@192.0.2.1&PJSIP/0900123456@trunk-line", False),
    ],
)
def test_a_device_cannot_write_more_into_a_dial_than_its_own_address(contacts: str, right: bool) -> None:
    assert _only_of("phone-1", contacts) is right
