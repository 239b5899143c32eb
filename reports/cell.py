"""Cells as people read them: percent, minutes and seconds, local moments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from reports.document import Cell, Column, Kind, Language, Words

NOTHING = "–"
TOTAL = Words("total", "合计")
EMPTY = Words("Nothing is on record for this period.", "此期间没有任何记录。")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_YES, _NO = Words("yes", "是"), Words("no", "否")

Precision: TypeAlias = Literal["day", "minute", "second"]
_FORMS: dict[Precision, str] = {"day": "%Y-%m-%d", "minute": "%Y-%m-%d %H:%M", "second": "%Y-%m-%d %H:%M:%S"}


def shown(cell: Cell, kind: Kind, language: Language, precision: Precision | None = None) -> str:
    """Return a cell as text; ``precision`` is how much of a moment is written, else as much as it has."""
    if cell is None:
        return NOTHING
    if isinstance(cell, datetime):
        return _moment(cell, precision or precision_of([cell]))
    if isinstance(cell, str | Words):
        return plain(cell if isinstance(cell, str) else cell.text(language))
    if kind == "flag" or isinstance(cell, bool):
        return (_YES if cell else _NO).text(language)
    if kind == "rate":
        return f"{cell:.1%}" if language == "zh" else f"{100 * cell:.1f} %"
    if kind == "seconds":
        return duration(cell, language)
    return f"{round(cell):,}" if kind == "count" else f"{cell:,.2f}"


def plain(text: str) -> str:
    """Return a text without control characters, with which a caller's name could command a terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def column_shown(column: Column, cells: Sequence[Cell], language: Language) -> list[str]:
    """Return a column's cells as text; its moments are written alike, with no more of them than is needed."""
    precision = precision_of(cells)
    return [shown(cell, column.kind, language, precision) for cell in cells]


def precision_of(cells: Iterable[Cell]) -> Precision:
    """Return how much of these moments must be written to tell them apart."""
    moments = [cell for cell in cells if isinstance(cell, datetime)]
    if any(moment.second or moment.microsecond for moment in moments):
        return "second"
    if len(moments) < 2 or any(moment.hour or moment.minute for moment in moments):
        return "minute"
    return "day"


def duration(seconds: float, language: Language) -> str:
    """Return a duration as people read it: 7.8 s, 12:30, 1:02:03."""
    if round(10 * seconds) < 600:
        return f"{seconds:.1f} {'秒' if language == 'zh' else 's'}"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def repeated(moment: datetime) -> bool:
    """Tell whether clocks show this moment twice, because they were then put back."""
    return moment.replace(fold=not moment.fold).utcoffset() != moment.utcoffset()


def offset(moment: datetime) -> str:
    """Return how far a moment's clock is from UTC, as +08:00."""
    minutes = (moment.utcoffset() or timedelta()) // timedelta(minutes=1)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _moment(moment: datetime, precision: Precision) -> str:
    text = moment.strftime(_FORMS[precision])
    return text + offset(moment) if precision != "day" and repeated(moment) else text
