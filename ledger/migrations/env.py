"""Where Alembic finds the ledger: it is handed a connection, whose transaction is not its own."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
