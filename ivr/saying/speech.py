"""One value of a kind, in a language, as a row of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from types import MappingProxyType
from typing import Protocol

from ivr.saying import chinese, english, values
from ivr.saying.values import WANTED, Number, Unspeakable

KINDS = tuple(WANTED)


class Tongue(Protocol):
    """How a language says each kind of value, once it is read.

    ``DIGITS`` has the word of each key of a telephone, and of +. A word ends in ``COMMA`` before a pause.
    """

    DIGITS: Mapping[str, str]
    COMMA: str

    def number(self, number: Number) -> list[str]:
        """Say a number."""

    def money(self, amount: Number, currency: str) -> list[str]:
        """Say an amount; its decimals are the currency's smaller unit."""

    def date(self, day: date) -> list[str]:
        """Say a day with its year."""

    def time(self, clock: time) -> list[str]:
        """Say a time of day to the minute."""

    def duration(self, seconds: int) -> list[str]:
        """Say a duration in days, hours, minutes and seconds."""


TONGUES: Mapping[str, Tongue] = MappingProxyType({"zh": chinese, "en": english})
LANGUAGES = tuple(TONGUES)


def words(kind: str, value: object, language: str, *, currency: str = "CNY") -> tuple[str, ...]:
    """Return the words that say a value, each to be heard as one sound.

    After a word that ends in a comma a speaker pauses. A language with a region is spoken as its first part.
    Raises `Unspeakable`, which never tells the value.
    """
    tongue = _tongue(language)
    match kind:
        case "digits":
            said = _digits(values.digits(value), tongue)
        case "number":
            said = tongue.number(values.number(value))
        case "money":
            said = tongue.money(values.money(value, currency), currency)
        case "date":
            said = tongue.date(values.day(value))
        case "time":
            said = tongue.time(values.clock(value))
        case "duration":
            said = tongue.duration(values.duration(value))
        case _:
            raise Unspeakable("kind of value", f"one of {', '.join(KINDS)}")
    return tuple(said)


def _digits(groups: Sequence[str], tongue: Tongue) -> list[str]:
    said = [[tongue.DIGITS[digit] for digit in group] for group in groups]
    for group in said[:-1]:
        group[-1] += tongue.COMMA
    return [word for group in said for word in group]


def _tongue(language: str) -> Tongue:
    tongue = TONGUES.get(language.replace("_", "-").partition("-")[0].lower())
    if tongue is None:
        raise Unspeakable("language", f"one of {', '.join(LANGUAGES)}")
    return tongue
