"""How good the distributor's decisions are: simulated, and held against exact answers."""
