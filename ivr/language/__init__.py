"""The flow language: its documents, words, expressions, prompts and opening hours."""
