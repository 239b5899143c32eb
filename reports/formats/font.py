"""A font with Chinese characters, for PDF, which carries its own: found on this machine, never fetched."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from reports.formats.errors import NoFont

SETTING = "HOTLINE_FONT"
_PACKAGE, _FILE = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"
# Where Debian and its kin put them, and the place of the simplified Chinese face in a collection.
_INSTALLED = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf", 0),
)


@dataclass(frozen=True, slots=True)
class FontFile:
    """A font's file; ``face`` is its place in a collection of several."""

    path: Path
    face: int = 0


def chinese_font() -> FontFile:
    """Return the font that ``HOTLINE_FONT`` names, else the one that came with the program, else an installed one.

    Raises `NoFont`.
    """
    if named := os.environ.get(SETTING):
        if not Path(named).is_file():
            raise NoFont(f"{SETTING} names {named}, which is no file")
        return FontFile(Path(named))
    package = find_spec(_PACKAGE)
    if package is not None and package.origin and (carried := Path(package.origin).parent / _FILE).is_file():
        return FontFile(carried)
    for path, face in _INSTALLED:
        if Path(path).is_file():
            return FontFile(Path(path), face)
    raise NoFont("none with Chinese characters was found")
