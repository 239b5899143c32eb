"""Measures the hotline: ``make bench``. What and how is in docs/benchmarks.md."""
