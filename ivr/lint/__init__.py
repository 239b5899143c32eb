"""What must be right in a flow, and what its callers would complain about."""
