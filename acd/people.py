"""People at seats: they come, pause and go; their phones are lost and found."""

from __future__ import annotations

from acd.callers import Callers
from acd.floor import Floor, LiveOffer
from acd.matching import Matching
from acd.messages import (
    ExtendWrapUp,
    NotReady,
    PhoneBusy,
    PhoneSeen,
    Ready,
    Refused,
    RestoreSeat,
    SignIn,
    SignOut,
)
from acd.seating import SeatStatus
from acd.seats import TALKING, SeatEvent


class People:
    """What persons ask of their seats, and what becomes of the seats."""

    def __init__(self, floor: Floor, matching: Matching, callers: Callers) -> None:
        self._floor = floor
        self._matching = matching
        self._callers = callers

    def sign_in(self, event: SignIn) -> None:
        """Sit somebody down. Raises `Refused`."""
        seat = self._floor.seating.named(event.seat)
        self._floor.seating.sit_down(seat, event.phone, self._floor.now)
        self._matching.serve_seat(seat)

    def sign_out(self, event: SignOut) -> None:
        """Let somebody go, after the call that he is in. Raises `Refused`."""
        seat = self._floor.seating.named(event.seat)
        if seat.state == "signed-out":
            return
        if seat.offer is not None:
            self._ask_for_after(seat, event)
        else:
            self._gone_home(seat)

    def make_ready(self, event: Ready) -> None:
        """End a pause or wrap-up. Raises `Refused`."""
        seat = self._floor.seating.named(event.seat)
        seat.after = SignOut(seat.name) if seat.leaving else None
        if seat.state == "signed-out":
            raise Refused(f"{seat.name} is not signed in")
        if seat.state == "unreachable":
            raise Refused(f"phone {seat.phone} cannot be reached; is it switched on and registered?")
        if seat.state in ("wrap-up", "not-ready"):
            if self._floor.seating.in_use(seat) and seat.reason == "phone-busy":
                raise Refused(f"phone {seat.phone} is in use; hang up its call first")
            seat.misses = 0
            self._floor.seating.free(seat, "ready", self._floor.now)
            self._matching.serve_seat(seat)

    def make_not_ready(self, event: NotReady) -> None:
        """Let somebody pause, after the call that he is in. Raises `Refused`."""
        seat = self._floor.seating.named(event.seat)
        if seat.state == "signed-out":
            raise Refused(f"{seat.name} is not signed in")
        if seat.offer is not None:
            self._ask_for_after(seat, event)
        else:
            self._floor.seating.change(seat, "not-ready", self._floor.now, reason=event.reason)

    def extend_wrap_up(self, event: ExtendWrapUp) -> None:
        """Give somebody more time. Raises `Refused`."""
        seat = self._floor.seating.named(event.seat)
        if seat.state != "wrap-up":
            raise Refused(f"{seat.name} is not in wrap-up but {seat.state}; there is nothing to extend")
        self._floor.seating.change(seat, "extend", self._floor.now, until=max(event.until, self._floor.now))

    def phone_seen(self, event: PhoneSeen) -> None:
        """Take in that a phone can be reached, or no longer."""
        seat = self._floor.seating.phone_seen(event.phone, event.reachable, self._floor.now)
        if seat is not None:
            self._matching.serve_seat(seat)

    def phone_busy(self, event: PhoneBusy) -> None:
        """Take in that a phone is in use, or no longer."""
        seat = self._floor.seating.phone_used(event.phone, event.busy, self._floor.now)
        if seat is not None:
            self._matching.serve_seat(seat)

    def restore(self, event: RestoreSeat) -> None:
        """Put a seat back as it was before a restart. Raises `Refused`."""
        floor = self._floor
        seat = floor.seating.restore(event)
        if event.offer is None:
            return
        queue = floor.plan.queues.get(event.queue) if event.queue is not None else None
        talking = event.state in TALKING
        deadline = None
        if not talking:
            deadline = floor.now + (queue.ring_ms if queue is not None else 0) + floor.plan.grace_ms
            floor.alarm(deadline, "offer", event.offer)
        known = floor.offers.get(event.offer)
        if known is not None:  # another seat of the same ring group
            known.seats.append(seat.name)
            known.talking, known.seat = known.talking or talking, seat.name if talking else known.seat
            return
        visit = event.offer.rpartition("/")[0]
        floor.offers[event.offer] = LiveOffer(
            event.offer, visit, seat.name, [seat.name], queue, None, deadline, talking
        )
        floor.offer_of[visit] = event.offer

    def do_after(self, seat: SeatStatus) -> bool:
        """Do what somebody asked for after the call; return whether there was such a wish."""
        wish, seat.after = seat.after, None
        if isinstance(wish, NotReady):
            self._floor.seating.change(seat, "not-ready", self._floor.now, reason=wish.reason)
        elif wish is not None:
            self._gone_home(seat)
        return wish is not None

    def remove(self, seat: SeatStatus) -> None:
        """Take a seat out of service that the plan no longer has, after the call that it is in."""
        if seat.state == "signed-out":
            self._floor.seating.forget(seat)
        elif seat.offer is not None:
            self._ask_for_after(seat, SignOut(seat.name))
        else:
            self._gone_home(seat)

    # --- what is due

    def time_over(self, seat: SeatStatus) -> None:
        """End a wrap-up or a pause."""
        if seat.until is None or seat.until > self._floor.now:
            return
        over: SeatEvent = "wrap-up-over" if seat.state == "wrap-up" else "pause-over"
        self._floor.seating.free(seat, over, self._floor.now)
        self._matching.serve_seat(seat)

    def lost_for_long(self, seat: SeatStatus) -> None:
        """Count a seat whose phone has been lost for so long no longer as on duty."""
        floor = self._floor
        if seat.state == "unreachable" and seat.duty:
            if floor.now - seat.since < floor.plan.unreachable_off_ms:
                return
            floor.seating.set_duty(seat, on=False)
            self._off_duty(seat)

    # --- the parts

    def _ask_for_after(self, seat: SeatStatus, wish: SignOut | NotReady) -> None:
        if not seat.leaving or isinstance(wish, SignOut):
            seat.after = wish
        if seat.offer is not None:
            self._matching.cancel(self._floor.offers[seat.offer], seat.name)

    def _gone_home(self, seat: SeatStatus) -> None:
        self._floor.seating.leave(seat, self._floor.now)
        self._off_duty(seat)
        if seat.leaving:
            self._floor.seating.forget(seat)

    def _off_duty(self, seat: SeatStatus) -> None:
        self._callers.seat_off_duty(seat.name, list(self._floor.pools.at(seat)))
