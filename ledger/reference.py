"""The page of the ledger's tables, made from the tables themselves: ``python -m ledger.reference > docs/ledger.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Column, Table

from ledger.rollup_schema import rollups
from ledger.schema import VERSION
from ledger.words import CHECKS, EVERYWHERE, TABLES

HEAD = """\
# The ledger · 账本

What happened, kept: every call, every stay in a queue, every ring, every state of a seat. SQLite (`ledger.sqlite` in
the data folder) or, with `database:` in `config.yaml`, PostgreSQL; the same tables and the same answers in both.
This page is made from the program's own tables, and a test keeps it up to date.
账本记录每通来电、每次排队、每次振铃和每个坐席状态；SQLite 与 PostgreSQL 结构相同。本页由程序生成。

- Moments are UTC in milliseconds since 1970, lengths of time in milliseconds. The site's time zone counts only when
  reports are read. 时间一律为 UTC 毫秒，时区只在出报表时起作用。
- A null is a fact that is not known, or not known yet: a null end means that it goes on.
- An id holds its whole descent: call `host-1780000001.0`, its visit `…/1`, that visit's offer `…/1/1`, its ring
  `…/1/1/1`.
- Every event is in the engine's journal first (`journal/` in the data folder), then here, exactly once: the position
  in the journal is stored with the rows, in one transaction.

## Versions · 版本

The schema has version {version}. An engine that starts brings an older ledger up to date, and so does `hotline
ledger upgrade`: in one transaction, all of it or nothing, with every row. A report of an older ledger says so and
stops; a ledger of a newer program is never touched.

## Does it agree? · 对账

`hotline audit` reconciles the ledger with itself and, call by call, with Asterisk's own records (`Master.csv`, in the
data folder below `asterisk/logs/cdr-csv`; another's with `--cdr FILE`). The engine does so two minutes after it starts
and each night at half past three, over the last two days; what does not agree is in its log. Status 1 tells that
something is wrong that nothing explains.

What is explained is listed, and is no fault: records that Asterisk took with it when it died; calls that ended while no
engine has run since, which the next one takes in from the spool; ends that an engine could not see because it was away,
killed, or put right. Records are compared from the end of the oldest one on. Imported history is compared with itself
only.
`hotline audit` 核对账本内部及与 Asterisk 话单是否一致；崩溃造成的差异会注明原因，不算错误；有无法解释的差异时返回 1。

| check | what must be true |
|---|---|
{checks}

## Kept, and made again · 备份与恢复

`hotline backup FILE` writes the ledger, as it is at that moment, to one compressed file, while calls are on.
`hotline restore FILE` makes a ledger of it, in SQLite or PostgreSQL whichever it came from: all of it or nothing,
into an empty ledger, or with `--replace` in place of another; the hotline must be stopped. The journal's position is
in the file, so an engine that starts then takes in what has happened since, once. Recordings, flows and
`config.yaml` are files: copy them as they are.

## Forgotten, and counted · 删除个人数据

`hotline forget NUMBER` erases one person's data from the ledger, the journal, the spool, the logs, Asterisk's
records and `queue_log`, removes the recordings of that person's calls, and withdraws open call-backs. Rows stay, so
all counts do; the number becomes empty, as one that was withheld. Backups made before still hold it: make new ones,
or forget it again after a restore.
`hotline forget 号码` 删除一个人的数据，统计数字不变；旧备份中的须另行处理。

## The tables · 表

"""

_OWNERS = {"callback": "callbacks", "offer": "offers", "visit": "visits", "call": "calls"}
_NEAREST = tuple(_OWNERS)
_TYPES = {"BIGINT": "integer", "VARCHAR": "text", "FLOAT": "number"}


def page() -> str:
    """Return the page, as Markdown. Raises ``KeyError`` for a table or column that nobody has described."""
    tables = {table.name: table for table in rollups.metadata.sorted_tables}
    checks = "\n".join(f"| `{name}` | {says} |" for name, says in CHECKS.items())
    parts = [HEAD.format(version=VERSION, checks=checks), "```mermaid\nerDiagram\n"]
    parts += [f"  {line}\n" for line in picture(tables[name] for name in TABLES)]
    parts.append("```\n")
    parts += [_table(tables.pop(name)) for name in TABLES]
    if tables:
        raise KeyError(f"say in ledger/words.py what these tables are: {', '.join(tables)}")
    return "".join(parts)


def picture(tables: Iterable[Table]) -> Iterator[str]:
    """Yield the lines of the entity picture: to which row another belongs, and each table's columns."""
    for table in tables:
        belongs = [column for column in table.c if _OWNERS.get(column.name, table.name) != table.name]
        if belongs:
            # What is part of its key says it best, and what is never null says it better than what may be.
            column = min(
                belongs, key=lambda one: (not one.primary_key, one.nullable, _NEAREST.index(one.name))
            )
            how = "o|" if column.primary_key and len(table.primary_key) == 1 else "o{"
            yield f"{_OWNERS[column.name]} ||--{how} {table.name} : {column.name}"
        yield f"{table.name} {{"
        for column in table.c:
            yield f"  {_type(column)} {column.name}{' PK' if column.primary_key else ''}"
        yield "}"


def _table(table: Table) -> str:
    words = TABLES[table.name]
    if unknown := set(words.columns) - set(table.c.keys()):
        raise KeyError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    lines = [f"\n### `{table.name}`\n\n{words.english}\n{words.chinese}\n\n| column | | |\n|---|---|---|\n"]
    for column in table.c:
        says = words.columns.get(column.name) or EVERYWHERE[column.name]
        lines.append(f"| `{column.name}` | {_kind(column)} | {says} |\n")
    indexes = sorted(index.name for index in table.indexes if index.name)
    if indexes:
        lines.append(f"\nIndexes: {', '.join(f'`{name}`' for name in indexes)}.\n")
    return "".join(lines)


def _type(column: Column[Any]) -> str:
    return _TYPES.get(str(column.type), str(column.type).lower())


def _kind(column: Column[Any]) -> str:
    kind = _type(column)
    if column.primary_key:
        return f"{kind}, key"
    return f"{kind} or null" if column.nullable else kind


if __name__ == "__main__":
    sys.stdout.write(page())
