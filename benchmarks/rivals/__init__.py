"""What the engine is measured against: the same call, made in other ways."""
