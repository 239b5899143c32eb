"""What agents ask of their seats from their phones, by the site's feature codes: `ivr.house.Seats`."""

from __future__ import annotations

import structlog

from acd.messages import ExtendWrapUp, NotReady, Ready, Refused, SignIn, SignOut
from hotline.clock import Clock
from hotline.desk import Desk, Wish
from hotline.pins import Pins
from hotline.site import Site
from hotline.switchboard import Switchboard
from ivr.house import SeatAnswer, SeatWish

log = structlog.get_logger(__name__)


class PhoneDesk:
    """Knows who sits at a phone, and lets an agent sign in there with his PIN."""

    def __init__(self, site: Site, switchboard: Switchboard, desk: Desk, pins: Pins, clock: Clock) -> None:
        self._site = site
        self._switchboard = switchboard
        self._desk = desk
        self._pins = pins
        self._clock = clock

    def do(self, wish: SeatWish) -> SeatAnswer:
        """Do it, or tell why not."""
        if wish.phone not in self._site.settings.phones:
            return "refused"
        if wish.asks == "sign-in":
            return self._sign_in(wish)
        seat = self._seat_at(wish.phone)
        if seat is None:
            return "signed_out"
        now = self._clock.now()
        match wish.asks:
            case "sign-out":
                return self._ask(SignOut(seat))
            case "ready" if self._switchboard.distributor.seats[seat].reason == "phone-busy":
                return "next"  # only this very call keeps him: he is ready when he hangs up
            case "ready":
                return self._ask(Ready(seat))
            case "not-ready":
                return self._ask(NotReady(seat, wish.reason or "unsaid"))
            case "more-time":
                return self._ask(ExtendWrapUp(seat, now + round(1000 * wish.seconds)))
            case _:
                return "next"

    def _sign_in(self, wish: SeatWish) -> SeatAnswer:
        agents = self._site.settings.agents
        by_number = {agent.number: name for name, agent in agents.items() if agent.number is not None}
        name = by_number.get(wish.agent, wish.agent)
        fits = self._pins.fits(name, wish.pin, wish.phone)
        if fits is None:
            log.warning("too many wrong PINs; the phone takes none for a while", phone=wish.phone)
            return "refused"
        return self._ask(SignIn(name, wish.phone)) if fits and name in agents else "wrong_pin"

    def _ask(self, wish: Wish) -> SeatAnswer:
        try:
            self._desk.seat(wish, by=f"phone of {wish.seat}")
        except Refused as refused:
            log.info("a seat's wish was refused", seat=wish.seat, reason=str(refused))
            return "refused"
        return "next"

    def _seat_at(self, phone: str) -> str | None:
        seats = self._switchboard.distributor.seats
        return next((name for name, seat in seats.items() if seat.phone == phone), None)
