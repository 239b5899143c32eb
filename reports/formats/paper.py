"""Sheets of paper on which a PDF is written: text in a font that has its characters, and how wide it is."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from fontTools.ttLib import TTLibError  # type: ignore[import-untyped]  # it ships no types
from fpdf import FPDF
from fpdf.errors import FPDFException

from reports.cell import plain
from reports.formats.errors import NoFont
from reports.formats.font import FontFile, chinese_font
from reports.plot import Anchor

Colour: TypeAlias = str
INK, QUIET, RULE = "#1c2430", "#5a6472", "#cdd3db"
MARGIN, FOOT = 12.0, 17.0  # mm
POINT = 25.4 / 72
SMALL = 7.5  # points

_OWN = "own"
_LATIN = "Helvetica"  # which every reader of PDF has, and therefore no file must carry
_ENCODING = "cp1252"
_LIKE = str.maketrans({"≤": "<=", "≥": ">=", "\N{REPLACEMENT CHARACTER}": "?"})  # for what it lacks


class Paper(FPDF):
    """A PDF on A4 lying, with a title at the foot of each page. Lengths are in mm, sizes of letters in points.

    ``texts`` are all that will be written: Latin letters need no font; for others raises `NoFont` where there is none.
    """

    def __init__(self, title: str, language: str, texts: Iterable[str]) -> None:
        super().__init__(orientation="landscape", format="A4")
        self.set_margin(MARGIN)
        self.c_margin = 0.0
        self.set_auto_page_break(True, FOOT)
        self.set_title(title)
        self.set_lang(language)
        self._glyphs: Container[int] | None = None
        self._measured: dict[tuple[str, float, str], float] = {}
        if all(map(_is_latin, texts)):
            self.core_fonts_encoding = _ENCODING
            self._letters = _LATIN
        else:
            self._glyphs = _carry(self, chinese_font())
            self._letters = _OWN
        self._foot = self.fit(title)
        self.ink(SMALL, INK)

    def footer(self) -> None:
        """Write the title and the page at the foot of each page."""
        self.set_y(-MARGIN)
        self.ink(SMALL, QUIET)
        self.cell(self.epw / 2, 4, self._foot)
        self.cell(self.epw / 2, 4, f"{self.page_no()} / {{nb}}", align="R")

    def ink(self, size: float, colour: Colour, *, bold: bool = False) -> None:
        """Choose size and colour of what is written next. A font that is carried has one weight."""
        self.set_font(self._letters, "B" if bold and self._letters == _LATIN else "", size)
        self.set_text_color(colour)

    def line_of(self, text: str, size: float, colour: Colour = INK, *, bold: bool = False) -> None:
        """Write a text from margin to margin, over as many lines as it takes, and go below it."""
        self.ink(size, colour, bold=bold)
        self.multi_cell(0, 1.5 * size * POINT, self.fit(text), new_x="LMARGIN", new_y="NEXT", align="L")

    def at(self, x: float, y: float, text: str, anchor: Anchor = "start") -> None:
        """Write a text beginning, centred or ending at a point of its base line."""
        text = self.fit(text)
        self.text(x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * self.measure(text), y, text)

    def fit(self, text: str) -> str:
        """Return a text in characters that the font has."""
        text = plain(text)
        if self._glyphs is None:
            return text.translate(_LIKE)
        return "".join(character if ord(character) in self._glyphs else "?" for character in text)

    def cut(self, text: str, width: float) -> str:
        """Return a text as far as it fits into a width."""
        text = self.fit(text)
        if self.measure(text) <= width:
            return text
        while text and self.measure(f"{text}...") > width:
            text = text[:-1]
        return f"{text}..."

    def measure(self, text: str) -> float:
        """Return how wide a text is in the present letters; most cells of a report look like many others."""
        key = (self.font_style, self.font_size_pt, text)
        if key not in self._measured:
            self._measured[key] = self.get_string_width(text)
        return self._measured[key]

    def room(self, height: float) -> None:
        """Begin a new page where so much does not fit on this one."""
        if self.will_page_break(height):
            self.add_page()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries from telling on the terminal which tables of a font they leave out."""
    loggers = [logging.getLogger(name) for name in ("fpdf", "fontTools")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _is_latin(text: str) -> bool:
    try:
        plain(text).translate(_LIKE).encode(_ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def _carry(pdf: FPDF, font: FontFile) -> Container[int]:
    """Give a PDF a font, of which it will carry the characters that are used; return those that there are."""
    try:
        pdf.add_font(_OWN, "", font.path, collection_font_number=font.face)
    except (FPDFException, TTLibError, OSError, ValueError) as error:
        raise NoFont(f"{font.path} is none that can be read") from error
    return pdf.fonts[_OWN].cmap  # type: ignore[union-attr]
