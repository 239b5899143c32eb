"""What keeps the hotline from doing what a person wants: one base for all that is told in plain words."""

from __future__ import annotations


class HotlineError(Exception):
    """Something keeps the hotline from running; the text says what, where, and what to do."""
