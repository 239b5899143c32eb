"""The report of the menus: where callers leave, how many help themselves, and which ways they take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ledger.reader import LedgerReader
from ledger.snapshot import snapshot
from ledger.ways import Stop, Way, ways
from reports.about import about, times
from reports.document import Cell, Column, Report, Table, Words
from reports.measures import Rate
from reports.query import Query
from reports.queues import check_queue, which_of

TITLE = Words("Menus", "自助语音报表")
TOP = 20
LONGEST = 30  # nodes of a way that are told apart
HUNG_UP = "hung-up"
_STEP_MS = 100  # what percentiles are told to
_FAILED = ("error", "failure")
_ARROW = " › "

_FLOW = Column("flow", Words("flow", "流程"), "text")
_VERSION = Column("flow_version", Words("version", "流程版本"), "text")
_NODE = Column("node", Words("node", "节点"), "text")
_CALLS = Column("calls", Words("calls", "来电"), "count")
_SHARE = Column("share", Words("share", "占比"), "rate")
_SELF_SERVICE = Column("self_service_rate", Words("self-service", "自助率"), "rate")
_NODES = (
    _FLOW,
    _NODE,
    Column("entered", Words("entered", "进入"), "count"),
    Column("went_on", Words("went on", "继续"), "count"),
    Column("hung_up", Words("hung up there", "在此挂机"), "count"),
    Column("ended", Words("ended there", "在此结束"), "count"),
    Column("there", Words("still there", "仍在此处"), "count"),
    Column("hung_up_rate", Words("hang-up rate", "挂机率"), "rate"),
    Column("mean_s", Words("mean time", "平均停留"), "seconds"),
    Column("p50_s", Words("median time", "停留中位数"), "seconds"),
    Column("p90_s", Words("90 % within", "九成以内"), "seconds"),
)
_EXITS = (_FLOW, _NODE, Column("exit", Words("exit", "出口"), "text"), _CALLS, _SHARE)
_FLOWS = (
    _FLOW,
    _VERSION,
    _CALLS,
    Column("self_served", Words("self-served", "自助完成"), "count"),
    Column("asked", Words("wanted a person", "请求人工"), "count"),
    Column("hung_up", Words("hung up in the menus", "菜单中挂机"), "count"),
    Column("other", Words("other", "其他"), "count"),
    Column("live", Words("live", "进行中"), "count"),
    _SELF_SERVICE,
)
_PATHS = (
    Column("path", Words("way", "路径"), "text"),
    _CALLS,
    _SHARE,
    Column("ended", Words("came to the end", "走完流程"), "count"),
    Column("hung_up", Words("hung up", "用户挂机"), "count"),
    Column("other", Words("other", "其他"), "count"),
)
_NOTES = (
    Words(
        "A call belongs to the moment at which it began, and to the flow that its number led to. Counted are callers' "
        "calls that came to a node.",
        "来电按开始时间、按所拨号码对应的流程统计；只计进入过节点的来电。",
    ),
    Words(
        "Self-service = calls whose flow came to its end without a node that failed, and that wanted no person: no "
        "queue, no call-back, no message, no number outside; of the calls that are over.",
        "自助率 = 流程正常走完、无节点失败且未请求人工（未排队、未约回拨、未留言、未转外线）的来电 / 已结束的来电。",
    ),
    Words(
        "Hung up there: the caller was gone before an exit was taken, and had spoken with nobody there. Ended there: "
        "the flow was over, the conversation, or the line. Times are of stays that are over, percentiles to 0.1 s.",
        "在此挂机：用户未离开该节点、也未在此与人工通话即挂机。在此结束：流程、通话或线路在该节点终止。"
        "停留时长按已离开的计，分位数精确到 0.1 秒。",
    ),
)


def ivr_report(ledger: LedgerReader, query: Query) -> Report:
    """Return how callers fared in the menus: nodes, exits, flows and the commonest ways.

    Reads one call at a time, so that memory holds counts alone. Raises `UnknownQueue`.
    """
    counted = _Counted()
    with snapshot(ledger) as now:
        which = which_of(now, query)
        for way in ways(now, query.began, query.ended, which):
            counted.take(way)
        if not counted.flows:
            check_queue(now, query)
    whole = _Flow()
    for flow in counted.flows.values():
        whole.add(flow)
    nodes = sorted(counted.nodes.items(), key=lambda item: (item[0][0], -item[1].entered, item[0][1]))
    return Report(
        name="ivr",
        title=TITLE,
        definition=about(query),
        tables=[
            Table("nodes", Words("Nodes", "各节点"), _NODES, [[*key, *node.cells()] for key, node in nodes]),
            Table("exits", Words("How nodes were left", "离开方式"), _EXITS, _exits(nodes)),
            Table(
                "flows",
                Words("Flows", "各流程"),
                _FLOWS,
                [[*key, *flow.cells()] for key, flow in sorted(counted.flows.items())],
                [None, None, *whole.cells()],
            ),
            Table("paths", Words("Commonest ways", "主要路径"), _PATHS, counted.commonest(whole.calls)),
        ],
        headline=[
            (_CALLS.title, whole.calls, "count"),
            (_SELF_SERVICE.title, whole.self_service.value, "rate"),
            (Words("hung up in the menus", "菜单中挂机"), whole.hung_up, "count"),
        ],
        notes=[*_NOTES, times(query)],
    )


@dataclass(slots=True)
class _Node:
    entered: int = 0
    hung_up: int = 0
    ended: int = 0
    there: int = 0
    exits: Counter[str] = field(default_factory=Counter)
    lasted_ms: int = 0
    steps: Counter[int] = field(default_factory=Counter)  # stays by length

    def cells(self) -> list[Cell]:
        over = self.steps.total()
        mean = Rate(self.lasted_ms, over).value
        return [
            self.entered,
            self.entered - self.hung_up - self.ended - self.there,
            self.hung_up,
            self.ended,
            self.there,
            Rate(self.hung_up, self.entered).value,
            None if mean is None else round(mean) / 1_000,
            self._within(50),
            self._within(90),
        ]

    def _within(self, percent: int) -> float | None:
        """Return how long the shortest so many percent of stays took at most, in seconds."""
        wanted = self.steps.total() * percent
        passed = 0
        for step in sorted(self.steps):
            passed += 100 * self.steps[step]
            if passed >= wanted:
                return step * _STEP_MS / 1_000
        return None


@dataclass(slots=True)
class _Flow:
    calls: int = 0
    self_served: int = 0
    asked: int = 0
    hung_up: int = 0
    live: int = 0

    @property
    def self_service(self) -> Rate:
        return Rate(self.self_served, self.calls - self.live)

    def take(self, way: Way) -> None:
        self.calls += 1
        if way.outcome is None:
            self.live += 1
        elif way.asked:
            self.asked += 1
        elif way.outcome == "caller-hung-up":
            self.hung_up += 1
        elif way.outcome == "flow-ended" and not any(stop.exit in _FAILED for stop in way.stops):
            self.self_served += 1

    def add(self, more: _Flow) -> None:
        self.calls += more.calls
        self.self_served += more.self_served
        self.asked += more.asked
        self.hung_up += more.hung_up
        self.live += more.live

    def cells(self) -> list[Cell]:
        other = self.calls - self.self_served - self.asked - self.hung_up - self.live
        parts = (self.self_served, self.asked, self.hung_up, other, self.live)
        return [self.calls, *parts, self.self_service.value]


@dataclass(slots=True)
class _Counted:
    nodes: dict[tuple[str, str], _Node] = field(default_factory=dict)
    flows: dict[tuple[str, str], _Flow] = field(default_factory=dict)
    paths: Counter[tuple[str, ...]] = field(default_factory=Counter)
    outcomes: Counter[tuple[tuple[str, ...], str]] = field(default_factory=Counter)

    def take(self, way: Way) -> None:
        self.flows.setdefault((way.flow, way.flow_version), _Flow()).take(way)
        for number, stop in enumerate(way.stops, 1):
            node = self.nodes.setdefault((stop.flow, stop.node), _Node())
            node.entered += 1
            if stop.left is not None:
                lasted = max(0, stop.left - stop.entered)
                node.lasted_ms += lasted
                node.steps[(lasted + _STEP_MS // 2) // _STEP_MS] += 1
            if stop.exit is not None:
                node.exits[stop.exit] += 1
            if number == len(way.stops):
                if way.outcome is None:
                    node.there += 1
                elif _hung_up(way, stop):
                    node.hung_up += 1
                else:
                    node.ended += 1
        path = tuple(stop.node for stop in way.stops[:LONGEST])
        if len(way.stops) > LONGEST:
            path = (*path, "…")
        self.paths[path] += 1
        self.outcomes[path, way.outcome or "live"] += 1

    def commonest(self, calls: int) -> list[list[Cell]]:
        rows: list[list[Cell]] = []
        for path, count in sorted(self.paths.items(), key=lambda item: (-item[1], item[0]))[:TOP]:
            ended, hung_up = (self.outcomes[path, how] for how in ("flow-ended", "caller-hung-up"))
            rest = count - ended - hung_up
            rows.append([_ARROW.join(path), count, Rate(count, calls).value, ended, hung_up, rest])
        return rows


def _hung_up(way: Way, last: Stop) -> bool:
    """Tell whether a caller hung up at the last node of his way, rather than at the end of a conversation there."""
    talked = way.talked is not None and way.talked >= last.entered
    return way.outcome == "caller-hung-up" and last.exit is None and not talked


def _exits(nodes: Iterable[tuple[tuple[str, str], _Node]]) -> Sequence[Sequence[Cell]]:
    rows: list[list[Cell]] = []
    for key, node in nodes:
        ways_out = {**node.exits, **({HUNG_UP: node.hung_up} if node.hung_up else {})}
        for name, count in sorted(ways_out.items(), key=lambda item: (-item[1], item[0])):
            rows.append([*key, name, count, Rate(count, node.entered).value])
    return rows
