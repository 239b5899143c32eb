"""A small report, of everything that a report may hold, for the tests of its formats."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from reports.document import Cell, Chart, Column, Report, Series, Table, Words

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 11, 20, tzinfo=SHANGHAI)
WICKED = (
    "=cmd|' /C calc'!A0<script>alert(1)</script>"  # a queue's name, which whoever writes config.yaml chooses
)

START = Column("start", Words("interval", "时段"), "moment")
QUEUE = Column("queue", Words("queue", "队列"), "text")
FIGURES = (
    Column("offered", Words("offered", "呼入"), "count"),
    Column("answered", Words("answered", "接通"), "count"),
    Column("answer_rate", Words("answer rate", "接通率"), "rate"),
    Column("asa_s", Words("average speed of answer", "平均应答时长"), "seconds"),
    Column("erlangs", Words("Erlangs carried", "话务量"), "number"),
    Column("met", Words("target met", "达标"), "flag"),
)


def figures(offered: int) -> tuple[Cell, ...]:
    """Return the figures of a row; nine of ten calls are answered."""
    if not offered:
        return 0, 0, None, None, 0.0, None
    answered = offered * 9 // 10
    return offered, answered, answered / offered, 7.84, 12.5, True


def small_report(*queues: str, steps: int = 3) -> Report:
    """Return a report with a row for each queue, and a row and a step of its chart for each quarter-hour."""
    queues = queues or ("faults 故障", WICKED)
    offered = [10 * index for index in range(steps)]
    moments = [DAY + timedelta(minutes=15 * index) for index in range(steps)]
    labels = [f"{moment:%H:%M}" for moment in moments]
    return Report(
        name="small",
        title=Words("Small report", "小报告"),
        definition={"formula": "offered", "threshold": 15, "timezone": "Asia/Shanghai"},
        tables=(
            Table(
                "queues",
                Words("Queues", "各队列"),
                (QUEUE, *FIGURES),
                [(queue, *figures(100)) for queue in queues],
                ("all", *figures(150)),
            ),
            Table(
                "intervals",
                Words("By quarter-hour: 15/60", "每15分钟"),
                (START, *FIGURES),
                [(moment, *figures(calls)) for moment, calls in zip(moments, offered, strict=True)],
                (None, *figures(sum(offered))),
            ),
        ),
        charts=(
            Chart(
                "curve",
                Words("Calls offered", "呼入量"),
                "stacked",
                labels,
                (Series(Words("offered", "呼入"), offered),),
                marked=(1,),
            ),
            Chart("rates", Words("Answer rate", "接通率"), "lines", labels, (), "rate"),
        ),
        headline=((Words("answer rate", "接通率"), 0.9, "rate"), (Words("ASA", "平均应答"), 7.84, "seconds")),
        notes=(Words("Each call is counted once.", "每通来电只计一次。"),),
        data={"busy_hour": {"start": DAY, "offered": 150}},
    )


def latin_report() -> Report:
    """Return a report that has Latin letters alone, in English."""
    return small_report("faults", "été “sales” – 1")


def empty_report() -> Report:
    """Return a report on a period in which nothing happened."""
    report = latin_report()
    tables = [replace(table, rows=(), total=None) for table in report.tables]
    charts = [replace(chart, labels=(), series=(), marked=()) for chart in report.charts]
    return replace(report, tables=tables, charts=charts, headline=())
