"""The Asterisk that the hotline runs on: found or brought, configured, started."""
