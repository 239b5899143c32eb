"""What managers read: measures and the busy hour."""
