"""What a caller hears: the flow language and what runs it."""
