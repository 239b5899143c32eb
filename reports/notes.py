"""What a report's figures mean, in sentences that stand below them."""

from __future__ import annotations

from reports.about import times
from reports.document import Words
from reports.measures import FORMULAS
from reports.presets import preset
from reports.query import Query


def notes(query: Query) -> list[Words]:
    """Return the sentences that explain the figures which every report of queues has."""
    definition = query.definition
    formula = FORMULAS[definition.formula].text.replace("within T", f"within {definition.threshold} s")
    sentences = [
        Words(
            f"{definition}.",
            f"服务水平“{definition.formula}”= {formula}；短时放弃：{definition.short} 秒内。",
        ),
        Words(
            "Answer rate = answered / (offered - waiting). ASA is over the answered. AHT = talk with hold, and "
            "wrap-up, over the conversations that are over.",
            "接通率 = 接通量 /（呼入量 - 等待中）。平均应答时长按接通计。"
            "平均处理时长 = 通话（含保持）与整理时长，按已结束的通话计。",
        ),
        Words(
            "A visit belongs to the interval in which it arrived. Together, all queues count each call once, by its "
            "first arrival and final outcome. Call-backs are counted apart.",
            "每次排队计入其到达的时段。“全部队列”每个来电只计一次：按首次到达时间与最终结果。回拨单独统计。",
        ),
        times(query),
    ]
    if query.preset is not None:
        sentences.append(preset(query.preset).source)
    return sentences
