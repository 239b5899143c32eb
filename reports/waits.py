"""How long callers waited: the distribution behind an average."""

from __future__ import annotations

from itertools import accumulate, pairwise

from ledger.tally import Tally
from reports.document import Chart, Column, Series, Table, Words
from reports.measures import Rate
from reports.query import Query

BANDS_S = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
_TITLE = Words("How long they waited", "等待时长分布")


def waits_table(query: Query, calls: Tally) -> Table:
    """Return how many waited how long, by what became of them."""
    answered, abandoned = _waited(query, calls, "answered"), _waited(query, calls, "abandoned")
    others = _waited(query, calls, "overflowed", "called-back", "other")
    shares = (Rate(part, sum(answered)).value for part in accumulate(answered))
    rows = list(zip(_band_names(query), answered, abandoned, others, shares, strict=True))
    heads = (
        Column("waited", Words("waited", "等待时长"), "text"),
        Column("answered", Words("answered", "接通量"), "count"),
        Column("abandoned", Words("abandoned", "放弃量"), "count"),
        Column("otherwise", Words("left otherwise", "其他离开"), "count"),
        Column("answered_by_then", Words("of the answered, by then", "累计接通占比"), "rate"),
    )
    return Table("waits", _TITLE, heads, rows)


def waits_chart(query: Query, calls: Tally) -> Chart:
    """Return the same as bars, of the answered and the abandoned."""
    return Chart(
        "waits",
        _TITLE,
        "stacked",
        _band_names(query),
        [
            Series(Words("answered", "接通"), _waited(query, calls, "answered")),
            Series(Words("abandoned", "放弃"), _waited(query, calls, "abandoned")),
        ],
    )


def _bands(query: Query) -> list[int]:
    return sorted({*BANDS_S, query.definition.threshold})


def _waited(query: Query, calls: Tally, *outcomes: str) -> list[int]:
    """Return how many left so, by how long they had waited: in each band, and longer than all."""
    waits = [calls.of(outcome) for outcome in outcomes]
    running = [sum(part.within(limit) for part in waits) for limit in _bands(query)]
    running.append(sum(part.count for part in waits))
    return [after - before for before, after in pairwise([0, *running])]


def _band_names(query: Query) -> list[str]:
    limits = _bands(query)
    return [*(f"≤ {limit} s" for limit in limits), f"> {limits[-1]} s"]
