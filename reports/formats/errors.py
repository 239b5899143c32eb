"""What keeps a report from being written in a format."""

from __future__ import annotations


class FormatError(Exception):
    """A report cannot be written so; the text says why, and what to do."""


class NoFont(FormatError):
    """There is no font for the characters of a PDF."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(
            f"a PDF with these characters carries its own font, and {why}; install one (pip install "
            "pylopdf-fonts-zh-cn, or apt install fonts-noto-cjk), let HOTLINE_FONT name a .ttf, .otf or .ttc file, "
            "or write --format html, which a browser prints to PDF"
        )


class TooManyRows(FormatError):
    """A table is longer than a sheet of a workbook may be."""

    def __init__(self, table: str, rows: int, most: int) -> None:
        self.table, self.rows, self.most = table, rows, most
        super().__init__(
            f"the table {table!r} has {rows:,} rows, and a sheet holds {most:,}; "
            "ask for a shorter period, or write it with --format csv"
        )
