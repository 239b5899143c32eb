"""Who sits where, and in which state: every seat, every phone, and the one place where a state changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from acd.messages import NotReady, Refused, RestoreSeat, SeatChange, SignOut
from acd.policy import Needs, can_serve
from acd.seats import ON_DUTY, SeatEvent, SeatState, transition


@dataclass(slots=True, eq=False)
class SeatStatus:
    """A seat as it stands. ``until``: when its state ends by itself; ``after``: its wish for later."""

    name: str
    skills: Mapping[str, int]
    state: SeatState = "signed-out"
    phone: str | None = None
    since: int = 0
    idle_since: int = 0
    reason: str | None = None
    offer: str | None = None
    until: int | None = None
    misses: int = 0
    after: SignOut | NotReady | None = None


class Seating:
    """All seats. ``changed`` hears of every change of state; ``alarm`` of every time at which one ends by itself."""

    def __init__(
        self,
        seats: Mapping[str, Mapping[str, int]],
        changed: Callable[[SeatChange], None],
        alarm: Callable[[int, str], None],
    ) -> None:
        self.all = {name: SeatStatus(name, skills) for name, skills in seats.items()}
        self.ready: dict[str, SeatStatus] = {}
        self._changed = changed
        self._alarm = alarm
        self._at_phone: dict[str, SeatStatus] = {}
        self._reachable: dict[str, bool] = {}

    def named(self, name: str) -> SeatStatus:
        """Return a seat. Raises `Refused` where there is none of that name."""
        try:
            return self.all[name]
        except KeyError:
            raise Refused(f"there is no agent named {name}") from None

    def at(self, phone: str) -> SeatStatus | None:
        """Return the seat at a phone."""
        return self._at_phone.get(phone)

    def somebody_on_duty(self, required: Needs) -> bool:
        """Tell whether anybody who is signed in could serve these needs, now or later."""
        return any(seat.state in ON_DUTY and can_serve(seat.skills, required) for seat in self.all.values())

    def sit_down(self, seat: SeatStatus, phone: str, now: int) -> None:
        """Sign a person in at a phone. Raises `Refused` where one of the two is taken."""
        other = self._at_phone.get(phone)
        if seat.state != "signed-out":
            if seat.phone == phone:
                return
            raise Refused(f"{seat.name} is signed in at phone {seat.phone}; sign out there first")
        if other is not None:
            raise Refused(f"{other.name} is signed in at phone {phone}; sign out there first")
        seat.phone = phone
        seat.misses = 0
        self._at_phone[phone] = seat
        self.free(seat, "sign-in", now)

    def leave(self, seat: SeatStatus, now: int) -> None:
        """Sign a person out."""
        self.change(seat, "sign-out", now)
        if seat.phone is not None:
            del self._at_phone[seat.phone]
        seat.phone = None

    def phone_seen(self, phone: str, reachable: bool, now: int) -> SeatStatus | None:
        """Take in whether a phone can be reached; return the seat there."""
        self._reachable[phone] = reachable
        seat = self._at_phone.get(phone)
        if seat is not None and reachable and seat.state == "unreachable":
            self.free(seat, "ready", now)
        elif seat is not None and not reachable and seat.state == "ready":
            self.change(seat, "phone-lost", now)
        return seat

    def free(self, seat: SeatStatus, event: SeatEvent, now: int) -> None:
        """Make a seat ready, or unreachable where its phone is."""
        if seat.phone is None or not self._reachable.get(seat.phone, False):
            if seat.state != "unreachable":
                self.change(seat, "phone-lost", now)
            else:
                seat.until = None
            return
        if event != "spare":
            seat.idle_since = now
        self.change(seat, event, now)

    def change(
        self,
        seat: SeatStatus,
        event: SeatEvent,
        now: int,
        *,
        reason: str | None = None,
        offer: str | None = None,
        until: int | None = None,
    ) -> None:
        """Change a seat's state. Raises `IllegalTransition`."""
        was = seat.state
        seat.state = transition(was, event)
        seat.since = now
        seat.reason, seat.offer, seat.until = reason, offer, until
        if until is not None:
            self._alarm(until, seat.name)
        if seat.state == "ready":
            self.ready[seat.name] = seat
        else:
            self.ready.pop(seat.name, None)
        self._changed(SeatChange(seat.name, seat.phone, was, event, seat.state, reason, offer, until))

    def restore(self, event: RestoreSeat) -> SeatStatus:
        """Put a seat back as it was; no change is told."""
        seat = self.named(event.seat)
        seat.state, seat.phone, seat.since, seat.reason = event.state, event.phone, event.since, event.reason
        seat.idle_since = event.since
        seat.offer, seat.until = event.offer, event.until
        if event.phone is not None:
            self._at_phone[event.phone] = seat
        if event.state == "ready":
            self.ready[seat.name] = seat
        if event.until is not None:
            self._alarm(event.until, seat.name)
        return seat
