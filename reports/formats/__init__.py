"""How a report is written: a module for each format."""
