"""From YAML files to flows that may go live, or to all that is wrong with them."""
