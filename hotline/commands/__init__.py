"""The commands for people, a module each, and what they share."""
