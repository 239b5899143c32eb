"""What a report's figures follow, under names that people read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reports.cell import duration, shown
from reports.document import Language, Words

HEADING = Words("How it is counted", "统计口径")

_NAMES: Mapping[str, Words] = {
    "from": Words("from", "起始"),
    "to": Words("to", "截止"),
    "as_of": Words("as of", "数据截至"),
    "timezone": Words("time zone", "时区"),
    "site": Words("site", "站点"),
    "queue": Words("queue", "队列"),
    "by": Words("by", "分组"),
    "formula": Words("service level", "服务水平公式"),
    "threshold": Words("threshold", "应答时限"),
    "short_abandon_s": Words("short abandon", "短时放弃"),
    "busy_hour": Words("busy hour", "忙时算法"),
    "preset": Words("preset", "预设标准"),
    "dnis": Words("dialled number", "被叫号码"),
    "seat": Words("seat", "座席"),
    "flow_version": Words("flow version", "流程版本"),
    "tags": Words("tags", "标签"),
    "windows": Words("windows", "时间窗"),
    "number": Words("number", "主叫号码"),
    "outcome": Words("outcome", "结果"),
    "longer_than_s": Words("waited longer than", "等待超过"),
}

_DURATIONS = frozenset({"threshold", "short_abandon_s", "longer_than_s"})


def defined(definition: Mapping[str, Any], language: Language) -> list[tuple[str, str]]:
    """Return names and values of a definition as text; what has no name for people keeps its own."""
    return [
        (_NAMES[name].text(language) if name in _NAMES else name, _value(name, value, language))
        for name, value in definition.items()
        if value is not None
    ]


def period(definition: Mapping[str, Any], language: Language) -> str:
    """Return of when a report is, and of which queue, as the line below its title."""
    parts = [_value(name, definition[name], language) for name in ("from", "to") if name in definition]
    zone, queue = (str(definition.get(name, "")) for name in ("timezone", "queue"))
    told = f"{_NAMES['queue'].text(language)}: {queue}" if queue else ""
    return ", ".join(filter(None, (" – ".join(parts), zone, told)))


def _value(name: str, value: Any, language: Language) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_value(key, part, language)}" for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_value(name, part, language) for part in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return duration(value, language).replace(".0 ", " ") if name in _DURATIONS else f"{value:,}"
    if isinstance(value, datetime):
        return shown(value.replace(microsecond=0), "moment", language)
    return shown(value, "text", language)
