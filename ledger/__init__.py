"""What happened, kept: journal, schema, writer, reader."""
