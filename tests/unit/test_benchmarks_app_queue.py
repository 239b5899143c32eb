"""How the windows of the comparison with app_queue are put together."""

from __future__ import annotations

import pytest

from benchmarks.app_queue import Cell
from benchmarks.meter import Usage
from benchmarks.rivals.queue import TEMPLATES
from benchmarks.rush import Window


def window(free: list[float], *, busy: float = 50, system: float = 1, still_free: float = 0) -> Window:
    return Window(10, free, [still_free], Usage(0.75 * system, 0.25 * system, 0.5, busy / 5, 20))


def test_a_window_on_a_saturated_machine_counts_only_where_there_is_no_other() -> None:
    good, bad = window([1.0] * 10), window([500.0] * 10, busy=97)
    mixed, lost = Cell("x", 20, [bad, good]), Cell("x", 20, [bad])
    assert (mixed.saturated, set(mixed.free), mixed.seconds) == (False, {1.0}, 10)
    assert (lost.saturated, set(lost.free)) == (True, {500.0})


def test_cpu_of_a_call_is_that_of_all_windows_without_the_load() -> None:
    cell = Cell("x", 20, [window([1.0] * 10, system=1), window([1.0] * 30, system=2)])
    assert cell.cpu_ms == pytest.approx(1000 * 3 / 40)
    assert cell.usage.busy == pytest.approx(50)


@pytest.mark.parametrize(("still_free", "unsteady"), [(3, False), (99, True)])
def test_a_percentile_is_a_bound_where_a_seat_was_left_free_for_longer(
    still_free: float, unsteady: bool
) -> None:
    assert Cell("x", 20, [window([1.0, 2.0, 4.0], still_free=still_free)]).unsteady is unsteady


def test_the_queue_is_asked_for_what_is_tuned_and_for_no_more() -> None:
    written = TEMPLATES.get_template("queues.conf.j2").render(
        music="music", tuning={"retry": 1}, endpoints=["phone-a", "phone-b"]
    )
    settings = [line for line in written.splitlines() if line and not line.startswith(";")]
    assert settings == [
        "[general]",
        "persistentmembers = no",
        "[service]",
        "strategy = leastrecent",
        "musicclass = hotline-music",
        "ringinuse = no",
        "retry = 1",
        "member => PJSIP/phone-a",
        "member => PJSIP/phone-b",
    ]
