"""The stars of a seat, one to five: a rule that everybody who is marked by it can work out. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from reports.document import Words

FEWEST = 10  # calls that must have been offered, or the mark would be chance
_ANSWERED = (0.98, 0.95, 0.90, 0.80)  # from so many of the offers on five, four, three, two stars
_BUSY = ((0.70, 0.85), (0.60, 0.90), (0.50, 0.95), (0.40, 1.00))  # within such a band of occupancy the same

_EN_ANSWERED = ", ".join(f"{least:.0%}" for least in _ANSWERED)
_ZH_ANSWERED = "、".join(f"{least:.0%}" for least in _ANSWERED)
_EN_BUSY = ", ".join(f"{low:.0%} to {high:.0%}" for low, high in _BUSY)
_ZH_BUSY = "、".join(f"{low:.0%}–{high:.0%}" for low, high in _BUSY)
RULE = Words(
    "Stars: the mean, rounded, of three marks from 1 to 5, where they are known: the survey score; the answer rate "
    f"({_EN_ANSWERED} or more for 5, 4, 3, 2); the occupancy ({_EN_BUSY} for 5, 4, 3, 2). "
    f"None with fewer than {FEWEST} calls offered.",
    f"星级：下列三项（有数据者）各 1–5 分，取平均值四舍五入：满意度；接通率（{_ZH_ANSWERED}以上为 5、4、3、2 分）；"
    f"占用率（{_ZH_BUSY}为 5、4、3、2 分）。振铃不足 {FEWEST} 次不评星。",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a seat is marked by; None where nothing is known. Rates from 0 to 1."""

    offered: int
    score: float | None
    answer_rate: float | None
    occupancy: float | None


def stars(seat: Standing) -> int | None:
    """Return the stars of a seat, 1 to 5, by `RULE`; None where too little is known."""
    if seat.offered < FEWEST:
        return None
    marks = [] if seat.score is None else [seat.score]
    if seat.answer_rate is not None:
        missed = sum(seat.answer_rate < least for least in _ANSWERED)
        marks.append(5 - missed)
    if seat.occupancy is not None:
        outside = sum(not low <= seat.occupancy <= high for low, high in _BUSY)
        marks.append(5 - outside)
    return int(sum(marks) / len(marks) + 0.5) if marks else None
