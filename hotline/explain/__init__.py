"""Why a call waited, why a seat was idle: decisions of the past, made again out of the ledger."""
