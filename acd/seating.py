"""Who sits where, and in which state: every seat, every phone, and the one place where a state changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from acd.messages import NotReady, Refused, RestoreSeat, SeatChange, SignOut
from acd.plan import Plan, group_skill, own_skill
from acd.pools import Pools, Profile
from acd.seats import AWAY, BUSY, ON_DUTY, WORKING, SeatEvent, SeatState, transition


@dataclass(slots=True, eq=False)
class SeatStatus:
    """A seat as it stands. ``until``: when its state ends by itself; ``after``: its wish for later.

    ``duty`` tells whether callers may hope for it; ``busy_ms`` and ``away_ms`` are counted since it signed in;
    ``turns`` holds the number of its last offer for each queue; ``leaving`` that the plan no longer has it.
    """

    name: str
    skills: Mapping[str, int]
    profile: Profile
    state: SeatState = "signed-out"
    phone: str | None = None
    since: int = 0
    idle_since: int = 0
    reason: str | None = None
    offer: str | None = None
    until: int | None = None
    misses: int = 0
    after: SignOut | NotReady | None = None
    duty: bool = False
    leaving: bool = False
    signed_in: int = 0
    busy_ms: int = 0
    away_ms: int = 0
    taken_at: int = 0
    turns: dict[str, int] = field(default_factory=dict)

    def occupancy(self, now: int) -> float:
        """Return the share of its time in which it was busy with calls: time signed in, less time away."""
        present = now - self.signed_in - self.away_ms
        return self.busy_ms / present if present > 0 else 0.0


class Seating:
    """All seats. Every change of state goes to ``changed``, with the time that the last state took, ms.

    ``alarm`` hears of every time at which a state ends by itself, ``off_alarm`` of when a lost seat is off duty.
    """

    def __init__(
        self,
        plan: Plan,
        pools: Pools,
        changed: Callable[[SeatStatus, SeatChange, int], None],
        alarm: Callable[[int, str], None],
        off_alarm: Callable[[int, str], None],
    ) -> None:
        self.all: dict[str, SeatStatus] = {}
        self.ready: dict[str, SeatStatus] = {}
        self._changed = changed
        self._alarm = alarm
        self._off_alarm = off_alarm
        self._at_phone: dict[str, SeatStatus] = {}
        self._reachable: dict[str, bool] = {}
        self._in_use: set[str] = set()
        self.arrange(plan, pools)

    def arrange(self, plan: Plan, pools: Pools) -> None:
        """Take in a plan: its seats, their skills and groups. Seats that it no longer has stay as they are."""
        self._plan = plan
        self._pools = pools
        groups: dict[str, dict[str, int]] = {name: {} for name in plan.seats}
        for group, members in plan.groups.items():
            for name in members:
                if name in groups:
                    groups[name][group_skill(group)] = 1
        for name, skills in plan.seats.items():
            seat = self.all.get(name)
            shared = {skill: level for skill, level in skills.items() if skill != own_skill(name)}
            profile = Profile({}, {}, ())
            if seat is None:
                seat = self.all[name] = SeatStatus(name, skills, profile)
            seat.skills = skills
            if seat.leaving:
                seat.leaving, seat.duty, seat.after = False, seat.state in ON_DUTY, None
            seat.profile = pools.join(seat, {**shared, **groups[name]}, plan.ranks.get(name, {}))
        for name, seat in self.all.items():
            if name not in plan.seats:
                seat.leaving, seat.duty = True, False
                seat.profile = pools.join(seat, seat.profile.skills, {})
            seat.profile.on_duty += seat.duty
            seat.profile.working += seat.state in WORKING
            if seat.state == "ready":
                self._onto_bench(seat)

    def forget(self, seat: SeatStatus) -> None:
        """Take away a seat that is signed out and no longer in the plan."""
        del self.all[seat.name]

    def named(self, name: str) -> SeatStatus:
        """Return a seat. Raises `Refused` where there is none of that name."""
        try:
            return self.all[name]
        except KeyError:
            raise Refused(f"there is no agent named {name}") from None

    def at(self, phone: str) -> SeatStatus | None:
        """Return the seat at a phone."""
        return self._at_phone.get(phone)

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
        seat.misses = seat.busy_ms = seat.away_ms = 0
        seat.signed_in = now
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

    def phone_used(self, phone: str, busy: bool, now: int) -> SeatStatus | None:
        """Take in whether a phone is in use by a private call; return the seat there."""
        (self._in_use.add if busy else self._in_use.discard)(phone)
        seat = self._at_phone.get(phone)
        if seat is not None and busy and seat.state == "ready":
            self.change(seat, "phone-busy", now, reason="phone-busy")
        elif seat is not None and not busy and (seat.state, seat.reason) == ("not-ready", "phone-busy"):
            self.free(seat, "phone-free", now)
        return seat

    def in_use(self, seat: SeatStatus) -> bool:
        """Tell whether a seat's phone is in use by a private call."""
        return seat.phone in self._in_use

    def free(self, seat: SeatStatus, event: SeatEvent, now: int) -> None:
        """Make a seat ready; or unreachable where its phone is; or not ready while its phone is in use."""
        if seat.phone is None or not self._reachable.get(seat.phone, False):
            if seat.state != "unreachable":
                self.change(seat, "phone-lost", now)
            else:
                seat.until = None
            return
        if event not in ("spare", "phone-free"):
            seat.idle_since = now
        if seat.phone in self._in_use:
            self.change(seat, "phone-busy", now, reason="phone-busy")
        else:
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
        was, took = seat.state, now - seat.since
        seat.state = state = transition(was, event)
        if was == "ready":
            self._off_bench(seat)
        elif was in BUSY:
            seat.busy_ms += took
        elif was in AWAY:
            seat.away_ms += took
        seat.profile.working += (state in WORKING) - (was in WORKING)
        seat.since = now
        seat.reason, seat.offer, seat.until = reason, offer, until
        if until is not None:
            self._alarm(until, seat.name)
        if state == "ready":
            self._onto_bench(seat)
        elif state == "unreachable":
            self._off_alarm(now + self._plan.unreachable_off_ms, seat.name)
        on_duty = state in ON_DUTY and not seat.leaving
        if seat.duty is not on_duty:
            self.set_duty(seat, on=on_duty)
        self._changed(seat, SeatChange(seat.name, seat.phone, was, event, state, reason, offer, until), took)

    def set_duty(self, seat: SeatStatus, *, on: bool) -> None:
        """Note whether callers may hope for a seat."""
        seat.profile.on_duty += on - seat.duty
        seat.duty = on

    def restore(self, event: RestoreSeat) -> SeatStatus:
        """Put a seat back as it was; no change is told."""
        seat = self.named(event.seat)
        if seat.state == "ready":
            self._off_bench(seat)
        seat.profile.working += (event.state in WORKING) - (seat.state in WORKING)
        seat.state, seat.phone, seat.since, seat.reason = event.state, event.phone, event.since, event.reason
        seat.taken_at = event.since
        seat.idle_since = event.since if event.idle_since is None else event.idle_since
        seat.signed_in = event.since if event.signed_in is None else event.signed_in
        seat.busy_ms, seat.away_ms, seat.turns = event.busy_ms, event.away_ms, dict(event.turns)
        seat.offer, seat.until = event.offer, event.until
        self.set_duty(seat, on=event.state in ON_DUTY)
        if event.phone is not None:
            self._at_phone[event.phone] = seat
        if event.state == "ready":
            self._onto_bench(seat)
        elif event.state == "unreachable":
            self._off_alarm(event.since + self._plan.unreachable_off_ms, seat.name)
        if event.until is not None:
            self._alarm(event.until, seat.name)
        return seat

    def _onto_bench(self, seat: SeatStatus) -> None:
        self.ready[seat.name] = seat
        seat.profile.bench.add((seat.idle_since, seat.name), seat)
        for reserve in seat.profile.reserves:
            self._pools.reserve_ready[reserve] += 1

    def _off_bench(self, seat: SeatStatus) -> None:
        del self.ready[seat.name]
        seat.profile.bench.remove((seat.idle_since, seat.name))
        for reserve in seat.profile.reserves:
            self._pools.reserve_ready[reserve] -= 1
