"""The figures of a queue as a report shows them: their names, and the cells of a row."""

from __future__ import annotations

from reports.document import Cell, Column, Words
from reports.measures import FORMULAS, Counts, Definition, Rate

START = Column("start", Words("start", "开始时间"), "moment")
QUEUE = Column("queue", Words("queue", "队列"), "text")

_FIGURES = (
    Column("offered", Words("offered", "呼入量"), "count"),
    Column("answered", Words("answered", "接通量"), "count"),
    Column("abandoned", Words("abandoned", "放弃量"), "count"),
    Column("short_abandoned", Words("short abandons", "短时放弃"), "count"),
    Column("overflowed", Words("overflowed", "溢出"), "count"),
    Column("called_back", Words("to be called back", "转回拨"), "count"),
    Column("other", Words("other", "其他"), "count"),
    Column("waiting", Words("waiting", "等待中"), "count"),
    Column("answer_rate", Words("answer rate", "接通率"), "rate"),
    Column("service_level", Words("service level", "服务水平"), "rate"),
    Column("asa_s", Words("ASA", "平均应答时长"), "seconds"),
    Column("max_wait_s", Words("longest wait", "最长等待"), "seconds"),
    Column("aht_s", Words("AHT", "平均处理时长"), "seconds"),
    Column("handled", Words("handled", "处理量"), "count"),
    Column("talk_s", Words("mean talk", "平均通话"), "seconds"),
    Column("hold_s", Words("of it hold", "其中保持"), "seconds"),
    Column("wrap_up_s", Words("mean wrap-up", "平均整理"), "seconds"),
    Column("callbacks", Words("call-backs", "回拨"), "count"),
)


def columns(all_formulas: bool = False) -> list[Column]:
    """Return the columns of figures; with all formulas, the service level by each of them too."""
    more = [
        Column(f"service_level_{name}", Words(f"SL {name}", f"服务水平 {name}"), "rate") for name in FORMULAS
    ]
    return [*_FIGURES, *(more if all_formulas else ())]


def cells(counts: Counts, definition: Definition, all_formulas: bool = False) -> list[Cell]:
    """Return what stands in these columns. Durations are in seconds."""
    return [
        counts.offered,
        counts.answered,
        counts.abandoned,
        counts.short_abandoned,
        counts.overflowed,
        counts.called_back,
        counts.other,
        counts.waiting,
        counts.answer_rate.value,
        definition.service_level(counts).value,
        seconds(counts.asa_ms),
        seconds(counts.longest_wait_ms if counts.offered else None),
        seconds(counts.aht_ms),
        counts.handled,
        *(_per_second(part, counts.handled) for part in (counts.talk_ms, counts.hold_ms, counts.wrap_up_ms)),
        counts.callbacks,
        *(formula.rate(counts).value for formula in (FORMULAS.values() if all_formulas else ())),
    ]


def named(counts: Counts, definition: Definition, all_formulas: bool = False) -> dict[str, Cell]:
    """Return the same by the columns' names."""
    names = (column.name for column in columns(all_formulas))
    return dict(zip(names, cells(counts, definition, all_formulas), strict=True))


def seconds(ms: int | None) -> float | None:
    """Return milliseconds as seconds."""
    return None if ms is None else ms / 1_000


def _per_second(total_ms: int, number: int) -> float | None:
    mean = Rate(total_ms, number).value
    return None if mean is None else round(mean) / 1_000
