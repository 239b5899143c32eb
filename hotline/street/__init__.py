"""The street: simulated callers and agents' phones on a second Asterisk, over real SIP, for `hotline run` and tests."""
