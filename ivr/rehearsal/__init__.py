"""Calls without a telephone: scripted callers, a house that does as it is told, rehearsals in files."""
