"""The way from each released version of the schema to the present one."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, update

from ledger.rollup_schema import INDEXES, rollup_quarters, rollups, triggers
from ledger.schema import VERSION, ledger_version


def upgrade(connection: Connection, found: int) -> None:
    """Bring a ledger of version ``found`` to the present one, within the connection's transaction.

    Raises ``SQLAlchemyError``; then undo the transaction.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    # Programs of the first version added tables to it as they grew; its step makes those that are missing.
    command.stamp(config, _revision(found) if found > 1 else "base", purge=True)
    command.upgrade(config, _revision(VERSION))
    _make_roll_ups_anew(connection)
    connection.execute(update(ledger_version).values(version=VERSION))


def _revision(version: int) -> str:
    return f"{version:04}"


def _make_roll_ups_anew(connection: Connection) -> None:
    """Replace the roll-ups, which have no step of their own: they are made of the rows, whenever there is time."""
    for table in (rollups, rollup_quarters):
        table.drop(connection, checkfirst=True)
        table.create(connection)
    for index in INDEXES:
        index.create(connection, checkfirst=True)
    for statement in triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)
