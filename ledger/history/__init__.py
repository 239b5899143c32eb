"""What other programs wrote of calls, read and stored as records of the ledger."""
