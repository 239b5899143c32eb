"""A long computation in a thread, beside an event loop that must not notice."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

TURN_S = 0.0005
PYTHONS_TURN_S = sys.getswitchinterval()  # 5 ms, which would be added to every turn of the event loop

P = ParamSpec("P")
T = TypeVar("T")


async def aside(compute: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Return what a computation comes to. Cancelled, it goes on unheard.

    Whoever computes gives way every half millisecond, and the garbage collector, which stops everybody for as long
    as it takes to look at all that was made, does not run meanwhile; what was made is exempt from it from then on.
    """
    return await asyncio.to_thread(_gently, lambda: compute(*given, **named))


def _gently(compute: Callable[[], T]) -> T:
    sys.setswitchinterval(TURN_S)
    gc.disable()
    try:
        made = compute()
        gc.freeze()
        return made
    finally:
        gc.enable()
        sys.setswitchinterval(PYTHONS_TURN_S)
