"""Where a report goes: to the terminal, down a pipe, or whole into a file; in the form that was asked for."""

from __future__ import annotations

import io
import sys
from enum import StrEnum
from pathlib import Path

import typer
from rich.console import Console

from hotline.commands.console import fail, out
from hotline.disk import write_whole
from reports.document import Language, Report
from reports.formats import table

_FILE_WIDTH = 120  # of a table that goes into a file


class Form(StrEnum):
    """The forms that a report can take."""

    table = "table"
    html = "html"
    xlsx = "xlsx"
    csv = "csv"
    json = "json"
    pdf = "pdf"


_BINARY = (Form.xlsx, Form.pdf)
_ENDINGS = {".htm": Form.html, ".txt": Form.table} | {f".{form}": form for form in Form}


def form_for(asked: Form | None, output: Path | None) -> Form:
    """Return the form that was asked for, else the one that the file's name ends with, else a table."""
    if asked is not None or output is None:
        return asked or Form.table
    ending = output.suffix.lower()
    if ending not in _ENDINGS:
        fail(f"--output {output}: its name does not tell which form to write; add --format {'|'.join(Form)}")
    return _ENDINGS[ending]


def check_way(form: Form, output: Path | None) -> None:
    """End with status 1 where a report of this form could not be written, before it is made."""
    if output is None:
        if form in _BINARY and sys.stdout.isatty():
            fail(f"{form} is nothing to read on a terminal; write it into a file: --output report.{form}")
    elif output.is_dir():
        fail(f"--output {output} is a folder; name a file in it: {output / f'report.{form}'}")
    elif not output.parent.is_dir():
        fail(f"--output {output}: there is no folder {output.parent}; make it first, or choose another")


def deliver(report: Report, form: Form, language: Language, output: Path | None) -> None:
    """Write a report to the standard output, or into a file, which is then replaced as a whole.

    Raises a `FormatError`.
    """
    if output is None:
        if form is Form.table:
            table.render(report, language, out)
        else:
            typer.echo(content(report, form, language), nl=False)
        return
    written = content(report, form, language)
    try:
        if output.exists() and not output.is_file():  # a device or a pipe, which no file may replace
            output.write_bytes(written)
        else:
            write_whole(output.resolve(), written)
    except OSError as error:
        fail(f"cannot write {output}: {(error.strerror or str(error)).lower()}; choose another with --output")
    out.print(f"{output}: {report.title.text(language)}", highlight=False, markup=False, soft_wrap=True)


def content(report: Report, form: Form, language: Language) -> bytes:
    """Return a report in one of its forms. Raises a `FormatError`."""
    # Each is imported when it is asked for: the libraries behind some take a while.
    if form is Form.xlsx:
        from reports.formats import xlsx

        return xlsx.render(report, language)
    if form is Form.pdf:
        from reports.formats import pdf

        return pdf.render(report, language)
    if form is Form.html:
        from reports.formats import html

        text = html.render(report, language)
    elif form is Form.csv:
        from reports.formats import csv

        text = csv.render(report)
    elif form is Form.json:
        from reports.formats import json

        text = json.render(report) + "\n"
    else:
        page = io.StringIO()
        table.render(report, language, Console(file=page, width=_FILE_WIDTH, force_terminal=False))
        text = page.getvalue()
    return text.encode()
