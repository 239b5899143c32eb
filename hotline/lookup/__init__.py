"""The services that flows ask: customers' records over HTTP, rows of a database. Slow ones hold nobody else up."""
