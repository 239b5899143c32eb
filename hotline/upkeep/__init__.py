"""What is done by itself, and at night: the audit, roll-ups, erasing what is old or whom we shall forget."""
