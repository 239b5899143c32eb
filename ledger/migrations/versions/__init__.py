"""One step for each version of the schema, from the one before it. A step that was released never changes."""
