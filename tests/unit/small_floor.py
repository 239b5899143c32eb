"""A distributor with people at their phones, for single rules by example."""

from __future__ import annotations

from acd.distributor import Distributor
from acd.messages import Answered, Close, Decision, Ended, Offer, PhoneSeen, Ready, SignIn
from acd.plan import Plan


class SmallFloor:
    """A distributor; ``seats`` sign in at 0, 1, 2 … ms, each at a phone of its own name."""

    def __init__(self, plan: Plan, *seats: str) -> None:
        self.distributor = Distributor(plan)
        self.handle = self.distributor.handle
        for at, seat in enumerate(seats):
            self.sign_in(at, seat)

    def sign_in(self, now: int, seat: str) -> list[Decision]:
        """Let somebody come."""
        seen = self.handle(now, PhoneSeen(f"p-{seat}", reachable=True))
        return seen + self.handle(now, SignIn(seat, f"p-{seat}"))

    def state(self, seat: str) -> tuple[str, str | None]:
        """A seat's state, and the reason for it."""
        status = self.distributor.seats[seat]
        return status.state, status.reason

    def serve(self, now: int, seat: str) -> list[str]:
        """Make a seat ready again and again; return the visits in the order in which it served them."""
        served = []
        decisions = self.handle(now, Ready(seat))
        while found := [one for one in decisions if isinstance(one, Offer)]:
            served.append(found[0].visit)
            self.handle(now, Answered(found[0].offer))
            decisions = self.handle(now, Ended(found[0].offer)) + self.handle(now, Ready(seat))
        return served

    def talk(self, now: int, offer: str, for_ms: int) -> None:
        """Let an offer be answered and talked through."""
        self.handle(now, Answered(offer))
        self.handle(now + for_ms, Ended(offer))


def offers(decisions: list[Decision]) -> list[tuple[str, str]]:
    """Who was offered to whom."""
    return [(one.visit, one.seat) for one in decisions if isinstance(one, Offer)]


def closed(decisions: list[Decision]) -> list[tuple[str, str]]:
    """Who was sent on, and why."""
    return [(one.visit, one.reason) for one in decisions if isinstance(one, Close)]
