"""The report of surveys: what callers answered, by question, seat and queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from ledger.opinions import Mark, Response, marks, responses
from ledger.reader import LedgerReader
from ledger.snapshot import snapshot
from reports.about import about, times
from reports.document import Cell, Chart, Column, Report, Series, Table, Words
from reports.figures import QUEUE
from reports.measures import Rate
from reports.query import Query
from reports.queues import check_queue, which_of

TITLE = Words("Surveys", "满意度报表")
ANSWERS = (1, 2, 3, 4, 5)

_SURVEY = Column("survey", Words("survey", "调查"), "text")
_QUESTION = Column("question", Words("question", "问题"), "text")
_SEAT = Column("seat", Words("seat", "座席"), "text")
_MEAN = Column("mean", Words("mean", "平均分"), "number")
_FIGURES = (
    Column("answers", Words("answers", "评价数"), "count"),
    _MEAN,
    *(Column(f"answer_{answer}", Words(str(answer), f"{answer} 分"), "count") for answer in ANSWERS),
    Column("satisfied", Words("4 or 5", "满意率"), "rate"),
)
_RATE = Column("response_rate", Words("response rate", "参评率"), "rate")
_RESPONSES = (
    _SURVEY,
    Column("asked", Words("asked", "邀评数"), "count"),
    Column("responded", Words("responded", "参评数"), "count"),
    _RATE,
)
_NOTES = (
    Words(
        "Answers go from 1, the worst, to 5, the best, and belong to the moment at which they were given; the last "
        "answer to a question counts. Seat and queue are those of the conversation that it is about.",
        "评价为 1（最差）至 5（最好）分，按作答时间统计，同一问题以最后一次作答为准；座席与队列取所评价的通话。",
    ),
    Words(
        "Response rate = calls that answered a question of a survey / calls that came to it, of all queues and seats.",
        "参评率 = 至少回答一题的来电 / 进入该调查的来电，不分队列与座席。",
    ),
)


def surveys_report(ledger: LedgerReader, query: Query) -> Report:
    """Return what callers answered to surveys: count, mean and distribution, and how many of them answered at all.

    Raises `UnknownQueue`.
    """
    with snapshot(ledger) as now:
        which = which_of(now, query)
        found = marks(now, query.began, query.ended, which)
        responded = responses(now, query.began, query.ended, which)
        if not found:
            check_queue(now, query)
    whole = _cells(found)
    return Report(
        name="surveys",
        title=TITLE,
        definition=about(query),
        tables=[
            Table(
                "questions",
                TITLE,
                [_SURVEY, _QUESTION, *_FIGURES],
                _rows(found, lambda mark: (mark.survey, mark.question)),
                [None, None, *whole],
            ),
            Table(
                "seats",
                Words("By seat", "各座席"),
                [_SEAT, _QUESTION, *_FIGURES],
                _rows(found, lambda mark: (mark.seat or "", mark.question)),
            ),
            Table(
                "queues",
                Words("By queue", "各队列"),
                [QUEUE, _QUESTION, *_FIGURES],
                _rows(found, lambda mark: (mark.queue or "", mark.question)),
            ),
            Table("responses", Words("Who answered", "参评情况"), _RESPONSES, _answered(responded)),
        ],
        charts=[_chart(found)],
        headline=[
            (Words("answers", "评价数"), whole[0], "count"),
            (_MEAN.title, whole[1], "number"),
            (Words("4 or 5", "满意率"), whole[-1], "rate"),
        ],
        notes=[*_NOTES, times(query)],
    )


def _rows(found: Iterable[Mark], key: Callable[[Mark], tuple[str, str]]) -> list[list[Cell]]:
    groups: dict[tuple[str, str], list[Mark]] = {}
    for mark in found:
        groups.setdefault(key(mark), []).append(mark)
    return [[*names, *_cells(groups[names])] for names in sorted(groups)]


def _cells(found: Iterable[Mark]) -> list[Cell]:
    counts = _counts(found)
    answers = counts.total()
    total = sum(answer * count for answer, count in counts.items())
    satisfied = Rate(counts[4] + counts[5], answers)
    return [answers, Rate(total, answers).value, *(counts[answer] for answer in ANSWERS), satisfied.value]


def _counts(found: Iterable[Mark]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for mark in found:
        counts[mark.answer] += mark.count
    return counts


def _answered(found: Sequence[Response]) -> list[list[Cell]]:
    return [[one.survey, one.asked, one.responded, Rate(one.responded, one.asked).value] for one in found]


def _chart(found: Sequence[Mark]) -> Chart:
    counts = _counts(found)
    series = Series(Words("answers", "评价数"), [counts[answer] for answer in ANSWERS])
    return Chart("answers", Words("Answers", "评价分布"), "bars", [str(a) for a in ANSWERS], [series])
