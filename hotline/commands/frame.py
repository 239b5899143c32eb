"""One frame of the terminal wallboard. What is shown came from elsewhere, so it is text and never markup."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hotline.lasting import clock
from hotline.live.screen import STYLES
from hotline.live.topics import Counted, QueueState
from hotline.live.wallboard import Link, Wallboard

NOTHING = "–"


def frame(board: Wallboard, link: Link, now: int) -> RenderableType:
    """Return the wallboard of a site as of ``now``, UTC ms by this machine's clock."""
    parts: list[RenderableType] = [_head(board, now)]
    parts += [Text(warning, style="bold red") for warning in warnings(board, link, now)]
    if board.site is not None:
        parts += [_queues(board, now), _seats(board, now)]
    parts += list(_notices(board))
    return Group(*parts)


def warnings(board: Wallboard, link: Link, now: int) -> Iterator[str]:
    """Yield what the reader must know before he believes the figures."""
    last = board.last_news()
    ago = f"last news {clock(now - last)} ago" if last is not None else "nothing was ever heard"
    if not link.connected:
        yield plain(f"broker away ({link.trouble or 'not connected yet'}); {ago}; trying again")
    if board.engine is None:
        yield "no engine of this site has told anything yet"
    elif (since := board.offline_since()) is not None:
        yield f"engine offline since {_time(board, since)}; what is shown was the last known, callers wait with music"
    elif board.engine.state == "offline":
        yield "engine offline; callers wait with music"
    elif link.connected and (silent := board.silent_ms(now)) is not None:
        yield f"engine silent for {clock(silent)}, though it has not said that it ended"
    if board.health is not None and board.health.troubles:
        yield f"does not work: {', '.join(board.health.troubles)}; on its machine, hotline health tells why"
    if board.not_understood:
        yield plain(
            f"not understood: {', '.join(sorted(board.not_understood))}; "
            "the engine is of another version than this program"
        )


def plain(text: str) -> str:
    """Return a text without what would move a terminal's cursor or change its colours."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def _head(board: Wallboard, now: int) -> Text:
    health = board.health
    moment = datetime.fromtimestamp(now / 1000, UTC).astimezone(_zone(board))
    live = f"   calls live: {health.calls}" if health is not None else ""
    return Text.assemble((plain(board.name), "bold"), f"  {moment:%Y-%m-%d %H:%M:%S}{live}")


def _queues(board: Wallboard, now: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")  # fits into 80 columns
    seconds = board.site.threshold_s if board.site is not None else 0
    table.add_column("queue", overflow="fold", min_width=8)
    for column in (
        "wait-\ning",
        "long-\nest",
        "offer-\ned",
        "an-\nswered",
        "aban-\ndoned",
        "rate\n%",
        f"in\n{seconds} s %",
        "ASA\ns",
        "max.\nwait",
        "last\nhour",
        "rate\n%",
    ):
        table.add_column(column, justify="right", no_wrap=True)
    for name, queue in board.queues.items():
        figures = board.today(name)
        cells = _figures(figures, figures.hour if figures else None)
        table.add_row(Text(plain(name)), *_waiting(board, queue, now), *cells)
    figures = board.today()
    table.add_row(
        "all", *_all_waiting(board, now), *_figures(figures, figures.hour if figures else None), style="bold"
    )
    return table


def _waiting(board: Wallboard, queue: QueueState, now: int) -> tuple[str, str]:
    since = queue.longest_wait_since
    if not queue.waiting or since is None:
        return NOTHING, NOTHING
    return str(queue.waiting), clock(board.engine_now(now) - since)


def _all_waiting(board: Wallboard, now: int) -> tuple[str, str]:
    queues = board.queues.values()
    since = [queue.longest_wait_since for queue in queues if queue.longest_wait_since is not None]
    if not since:
        return NOTHING, NOTHING
    return str(sum(queue.waiting for queue in queues)), clock(board.engine_now(now) - min(since))


def _figures(day: Counted | None, hour: Counted | None) -> tuple[str, ...]:
    if day is None or hour is None:
        return (NOTHING,) * 9
    return (
        str(day.offered),
        str(day.answered),
        str(day.abandoned),
        _percent(day.answer_rate),
        _percent(day.service_level),
        NOTHING if day.asa_s is None else f"{day.asa_s:.1f}",
        clock(1000 * round(day.max_wait_s)),
        str(hour.offered),
        _percent(hour.answer_rate),
    )


def _seats(board: Wallboard, now: int) -> RenderableType:
    cells = []
    for name, seat in board.seats.items():
        doing = seat.state + (f" ({seat.reason})" if seat.reason else "")
        lasts = clock(board.engine_now(now) - seat.since) if seat.since else NOTHING
        style = STYLES.get(seat.state, "")
        cells.append(Text.assemble(f"{plain(name)}  ", (plain(doing), style), (f"  {lasts}", "dim")))
    return Columns(cells, equal=True, column_first=True, padding=(0, 3))


def _notices(board: Wallboard) -> Iterator[Text]:
    for notice in board.notices.notices if board.notices else ():
        until = f", until {_time(board, notice.until)}" if notice.until is not None else ""
        words = " / ".join(notice.texts.values())
        silent = "" if notice.heard else " (not heard: it could not be rendered)"
        yield Text(plain(f"notice {notice.notice}{until}{silent}: {words}"), style="yellow")


def _percent(rate: float | None) -> str:
    return NOTHING if rate is None else f"{100 * rate:.1f}"


def _time(board: Wallboard, ms: int) -> str:
    try:
        return f"{datetime.fromtimestamp(ms / 1000, UTC).astimezone(_zone(board)):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):  # no moment of any calendar
        return NOTHING


def _zone(board: Wallboard) -> tzinfo:
    try:
        return ZoneInfo(board.site.timezone) if board.site is not None else UTC
    except (ZoneInfoNotFoundError, ValueError):  # what the engine's machine knows, this one may not
        return UTC
