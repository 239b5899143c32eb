"""The report of repeated calls: who had to call again, and how many were helped by one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from ledger.reader import LedgerReader
from ledger.returns import Contact, contacts
from ledger.snapshot import snapshot
from reports.about import about, times
from reports.document import Cell, Column, Report, Table, Words
from reports.figures import QUEUE
from reports.measures import Rate
from reports.number import names_a_caller, number_shown
from reports.query import Query, moment
from reports.queues import check_queue, which_of

TITLE = Words("Repeated calls", "重复来电报表")
TOP = 20
WINDOWS = {"24h": 86_400_000, "7d": 7 * 86_400_000}

_WINDOW = Column("window", Words("window", "时间窗"), "text")
_FCR = Column("first_contact_resolution", Words("first-contact resolution", "首次解决率"), "rate")
_FIGURES = (
    Column("calls", Words("calls", "来电"), "count"),
    Column("repeated", Words("called again", "再次来电"), "count"),
    Column("repeat_rate", Words("repeat rate", "重复来电率"), "rate"),
    Column("answered", Words("answered", "接通量"), "count"),
    Column("resolved", Words("resolved", "一次解决"), "count"),
    _FCR,
    Column("too_recent", Words("too recent", "未满时间窗"), "count"),
    Column("without_number", Words("without a number", "无主叫号码"), "count"),
)
_SEAT = Column("seat", Words("seat", "座席"), "text")
_CALLERS = (
    Column("number", Words("number", "主叫号码"), "text"),
    Column("calls", Words("calls", "来电"), "count"),
    Column("answered", Words("answered", "接通量"), "count"),
    Column("first", Words("first", "首次"), "moment"),
    Column("last", Words("last", "最近一次"), "moment"),
)
_NOTES = (
    Words(
        "Called again: the same number began another call within the window after this call's beginning. First-contact "
        "resolution = answered calls without such another call / answered calls.",
        "再次来电：同一号码在该来电开始后的时间窗内再次呼入。首次解决率 = 时间窗内未再来电的接通来电 / 接通来电。",
    ),
    Words(
        "A call whose window is not over yet is too recent to tell, and in no rate. Calls without a number are counted "
        "apart: whether they called again cannot be known. Queue and seat are those that answered last.",
        "时间窗未满的来电尚不能判断，不计入各比率。无主叫号码的来电单独计数，无法判断是否重复。队列与座席取最后接通者。",
    ),
)


@dataclass(slots=True)
class _Tally:
    calls: int = 0
    repeated: int = 0
    answered: int = 0
    resolved: int = 0
    too_recent: int = 0
    nameless: int = 0

    def take(self, contact: Contact, again: int | None, window: int, as_of: int) -> None:
        """Count a call; ``again`` is when its number called next."""
        if not names_a_caller(contact.ani):
            self.nameless += 1
            return
        if contact.began + window > as_of:
            self.too_recent += 1
            return
        repeated = again is not None and again - contact.began <= window
        self.calls += 1
        self.repeated += repeated
        if contact.queue is not None:
            self.answered += 1
            self.resolved += not repeated

    def cells(self) -> list[Cell]:
        repeat_rate, fcr = Rate(self.repeated, self.calls), Rate(self.resolved, self.answered)
        seen = (self.calls, self.repeated, repeat_rate.value, self.answered, self.resolved, fcr.value)
        return [*seen, self.too_recent, self.nameless]


@dataclass(slots=True)
class _Caller:
    ani: str
    calls: int
    answered: int
    first: int
    last: int


class _Figures:
    """Counts calls that come number by number."""

    def __init__(self) -> None:
        self.whole = {name: _Tally() for name in WINDOWS}
        self.queues: dict[tuple[str, str], _Tally] = {}
        self.seats: dict[tuple[str, str], _Tally] = {}
        self.any = False
        self._caller: _Caller | None = None
        self._most: list[_Caller] = []

    def take(self, contact: Contact, again: int | None, as_of: int) -> None:
        """Count a call; ``again`` is when its number called next."""
        self.any = True
        for name, window in WINDOWS.items():
            tallies = [self.whole[name]]
            if contact.queue is not None:
                tallies.append(self.queues.setdefault((contact.queue, name), _Tally()))
            if contact.seat is not None:
                tallies.append(self.seats.setdefault((contact.seat, name), _Tally()))
            for tally in tallies:
                tally.take(contact, again, window, as_of)
        if names_a_caller(contact.ani):
            self._count(contact)

    def most(self) -> list[_Caller]:
        """Return those who called most, and more than once."""
        callers = [*self._most, *([self._caller] if self._caller is not None else [])]
        often = [caller for caller in callers if caller.calls > 1]
        return sorted(often, key=lambda one: (-one.calls, one.ani))[:TOP]

    def _count(self, contact: Contact) -> None:
        if self._caller is None or self._caller.ani != contact.ani:
            self._most = self.most()
            self._caller = _Caller(contact.ani, 0, 0, contact.began, contact.began)
        self._caller.calls += 1
        self._caller.answered += contact.queue is not None
        self._caller.last = contact.began


def repeat_report(ledger: LedgerReader, query: Query) -> Report:
    """Return how many calls were followed by another of the same number, and how many one call was enough for.

    Reads one call at a time. Raises `UnknownQueue`.
    """
    figures = _Figures()
    with snapshot(ledger) as now:
        until = query.ended + max(WINDOWS.values()) + 1
        every = contacts(now, query.began, query.ended, until, which_of(now, query))
        for contact, following in pairwise(chain(every, [None])):
            if contact is None or not contact.chosen:
                continue
            again = following.began if following is not None and following.ani == contact.ani else None
            figures.take(contact, again, query.as_of)
        if not figures.any:
            check_queue(now, query)
    whole = figures.whole
    resolved = Rate(whole["24h"].resolved, whole["24h"].answered)
    return Report(
        name="repeat",
        title=TITLE,
        definition=about(query) | {"windows": list(WINDOWS)},
        tables=[
            Table("windows", TITLE, [_WINDOW, *_FIGURES], [[name, *whole[name].cells()] for name in WINDOWS]),
            _table("queues", Words("By queue", "各队列"), QUEUE, figures.queues),
            _table("seats", Words("By seat", "各座席"), _SEAT, figures.seats),
            Table(
                "callers", Words("Who called most", "来电最多的号码"), _CALLERS, _rows(query, figures.most())
            ),
        ],
        headline=[
            (Words("first-contact resolution, 24 h", "24 小时首次解决率"), resolved.value, "rate"),
            (Words("calls without a number", "无主叫号码来电"), whole["24h"].nameless, "count"),
        ],
        notes=[*_NOTES, times(query)],
    )


def _table(name: str, title: Words, column: Column, tallies: dict[tuple[str, str], _Tally]) -> Table:
    order = list(WINDOWS)
    keys = sorted(tallies, key=lambda key: (key[0], order.index(key[1])))
    return Table(name, title, [column, _WINDOW, *_FIGURES], [[*key, *tallies[key].cells()] for key in keys])


def _rows(query: Query, callers: Sequence[_Caller]) -> list[list[Cell]]:
    return [
        [
            number_shown(one.ani, query.numbers),
            one.calls,
            one.answered,
            moment(one.first, query.zone),
            moment(one.last, query.zone),
        ]
        for one in callers
    ]
