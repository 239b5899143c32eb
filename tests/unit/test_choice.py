"""Which of the ready seats gets a call."""

from __future__ import annotations

import pytest

from acd.messages import Enter, NotReady, Ready
from acd.plan import Plan, QueuePlan, SeatOrder
from tests.unit.small_floor import SmallFloor, offers

SEATS = {
    "ann": {"billing": 2, "english": 1, "sales": 4},
    "bob": {"billing": 5},
    "cai": {"billing": 3, "english": 5},
    "dou": {"billing": 1},
}


def plan(order: SeatOrder = "longest-idle", prefer: tuple[str, ...] = ()) -> Plan:
    queue = QueuePlan("q", {"billing": 1}, seat_order=order, prefer=prefer, wrap_up_ms=0)
    return Plan({"q": queue, "other": QueuePlan("other", {"billing": 1}, wrap_up_ms=0)}, SEATS)


def rung(floor: SmallFloor, calls: int, queue: str = "q") -> list[str]:
    seats = []
    for n in range(calls):
        ((_, seat),) = offers(floor.handle(1_000 + n, Enter(f"{n}/{queue}", queue, 1_000 + n)))
        seats.append(seat)
    return seats


@pytest.mark.parametrize(
    ("order", "prefer", "first_to_last"),
    [
        ("longest-idle", (), ["dou", "cai", "bob", "ann"]),
        ("best-skilled", (), ["bob", "cai", "ann", "dou"]),
        ("least-skilled", (), ["dou", "bob", "ann", "cai"]),
        ("longest-idle", ("english",), ["cai", "ann", "dou", "bob"]),
        ("longest-idle", ("english", "sales"), ["ann", "cai", "dou", "bob"]),
        ("best-skilled", ("english",), ["cai", "ann", "bob", "dou"]),
    ],
)
def test_skills_order_the_seats(order: SeatOrder, prefer: tuple[str, ...], first_to_last: list[str]) -> None:
    assert rung(SmallFloor(plan(order, prefer), "dou", "cai", "bob", "ann"), 4) == first_to_last


def test_what_is_preferred_is_not_needed() -> None:
    assert rung(SmallFloor(plan(prefer=("english",)), "bob"), 1) == ["bob"]


def test_the_least_busy_is_the_one_with_the_lowest_share_of_its_time_in_calls() -> None:
    floor = SmallFloor(plan("least-busy"), "dou")
    floor.handle(0, Enter("c/1", "q", 0))
    floor.talk(0, "c/1/1", 4_000)  # 4 s of 10
    floor.sign_in(8_000, "bob")  # and he is busy for 1 s of 2
    floor.handle(8_000, NotReady("dou", "x"))
    floor.handle(8_000, Enter("d/1", "q", 8_000))
    floor.talk(8_000, "d/1/1", 1_000)
    floor.handle(8_000, Ready("dou"))
    assert offers(floor.handle(10_000, Enter("e/1", "q", 10_000))) == [("e/1", "dou")]


def test_in_turn_each_seat_has_one_call_of_the_queue_whatever_the_other_queue_gave_it() -> None:
    floor = SmallFloor(plan("round-robin"), "dou", "cai", "bob")
    order = []
    for n in range(6):
        ((_, seat),) = offers(floor.handle(100 * n + 10, Enter(f"{n}/1", "q", 0)))
        order.append(seat)
        floor.talk(100 * n + 20, f"{n}/1/1", 10 if seat != "cai" else 1)
        ((_, _),) = offers(floor.handle(100 * n + 50, Enter(f"{n}/o", "other", 0)))
        floor.talk(100 * n + 60, f"{n}/o/1", 1)
    assert order[:3] == order[3:]
    assert len(set(order)) == 3


def test_equally_good_seats_go_by_the_longest_idle_then_by_name() -> None:
    twins = Plan({"q": QueuePlan("q", {}, seat_order="best-skilled")}, {"b": {}, "a": {}, "c": {}})
    floor = SmallFloor(twins, "c")
    floor.sign_in(5, "b")
    floor.sign_in(5, "a")
    assert rung(floor, 3) == ["c", "a", "b"]
