"""Values said to callers (digits, numbers, money, dates, times, durations), as words that are sounds already."""

from ivr.saying.samples import vocabulary
from ivr.saying.speech import KINDS, LANGUAGES, words
from ivr.saying.values import CURRENCIES, Unspeakable

__all__ = ["CURRENCIES", "KINDS", "LANGUAGES", "Unspeakable", "vocabulary", "words"]
