"""How many seats it takes: Erlang's models, the search for a target, demand and patience from the ledger."""
