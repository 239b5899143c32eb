"""The seats after a restart: each as the journal knew it, and what became of the offer that it was in."""

from __future__ import annotations

import structlog

from acd.messages import Answered, Ended, Missed, NotReady, Refused, RestoreSeat, SignIn, SignOut
from hotline.memory import call_of
from hotline.settings import Settings
from hotline.switchboard import Switchboard

log = structlog.get_logger(__name__)


def restore_seats(settings: Settings, switchboard: Switchboard) -> None:
    """Put back every seat that was signed in; what persons asked of them for after their calls still holds."""
    memory = switchboard.memory
    seated = []
    for seat, last in list(memory.seats.items()):
        if last.now == "signed-out":
            continue
        if seat not in settings.agents or last.phone not in settings.phones:
            switchboard.vanished(last)
            continue
        offer = last.offer
        call = memory.calls.get(call_of(offer)) if offer is not None else None
        queue = call.queue if call is not None else None
        switchboard.tell(
            RestoreSeat(seat, last.phone, last.now, last.at, last.reason, offer, queue, last.until)
        )
        seated.append((seat, last.now, offer))
    for seat, state, offer in seated:  # now that all seats of a ring group are there
        if offer is not None:
            _restore_offer(switchboard, seat, state, offer)
            _wish_again(switchboard, seat)


def sign_in(settings: Settings, switchboard: Switchboard) -> None:
    """Sign in those whom the site seats at a phone, unless they have signed themselves in or out before."""
    for name, agent in settings.agents.items():
        if agent.phone is not None and switchboard.memory.is_new(name):
            try:
                switchboard.tell(SignIn(name, agent.phone))
            except Refused as refused:
                log.warning("agent not signed in", seat=name, reason=str(refused))


def _restore_offer(switchboard: Switchboard, seat: str, state: str, offer: str) -> None:
    call = switchboard.memory.calls.get(call_of(offer))
    if call is None or call.offer is None or call.offer.offer != offer:
        over = Ended(offer) if state in ("talking", "hold") else Missed(offer, "cancelled")
        switchboard.tell(over)
        return
    if call.answered is not None:
        switchboard.tell(Answered(offer, call.answered.seat))
    if seat in call.rings_over:
        switchboard.tell(Missed(offer, "cancelled", seat))


def _wish_again(switchboard: Switchboard, seat: str) -> None:
    wished = switchboard.memory.wishes.get(seat)
    if wished is not None and wished.wish == "sign-out":
        switchboard.tell(SignOut(seat))
    elif wished is not None and wished.wish == "not-ready":
        switchboard.tell(NotReady(seat, wished.reason or ""))
