"""Where a report goes, and what keeps it from going there."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
import typer

from hotline.commands.output import Form, check_way, deliver, form_for
from tests.unit.small_report import latin_report, small_report


@pytest.mark.parametrize(
    ("asked", "output", "form"),
    [
        (None, None, Form.table),
        (Form.json, None, Form.json),
        (None, "busy.XLSX", Form.xlsx),
        (None, "busy.htm", Form.html),
        (None, "busy.txt", Form.table),
        (Form.csv, "busy.html", Form.csv),
        (Form.json, "busy", Form.json),
    ],
)
def test_a_file_s_ending_tells_the_form_unless_one_is_asked_for(
    asked: Form | None, output: str | None, form: Form
) -> None:
    assert form_for(asked, Path(output) if output else None) is form


def refused(capsys: pytest.CaptureFixture[str], what: object, *given: object) -> str:
    with pytest.raises(typer.Exit) as caught:
        what(*given)  # type: ignore[operator]
    assert caught.value.exit_code == 1
    return " ".join(capsys.readouterr().err.split())


def test_an_ending_that_tells_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, form_for, None, Path("busy.doc"))
    assert (
        said
        == "--output busy.doc: its name does not tell which form to write; add --format table|html|xlsx|csv|json|pdf"
    )


def test_a_workbook_is_not_written_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    said = refused(capsys, check_way, Form.xlsx, None)
    assert said == "xlsx is nothing to read on a terminal; write it into a file: --output report.xlsx"


def test_a_folder_is_refused_as_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "is a folder; name a file in it" in refused(capsys, check_way, Form.pdf, tmp_path)


def test_a_folder_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = refused(capsys, check_way, Form.pdf, tmp_path / "none" / "report.pdf")
    assert f"there is no folder {tmp_path / 'none'}" in said


def test_a_folder_that_cannot_be_written_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(file: Path, content: bytes) -> None:
        raise PermissionError(13, "Permission denied", f"{file}.partial")

    monkeypatch.setattr("hotline.commands.output.write_whole", denied)
    file = tmp_path / "report.json"
    said = refused(capsys, deliver, small_report(), Form.json, "en", file)
    assert said == f"cannot write {file}: permission denied; choose another with --output"


@pytest.mark.parametrize("form", list(Form))
def test_every_form_is_written_whole_for_its_owner_alone(form: Form, tmp_path: Path) -> None:
    file = tmp_path / "report"
    file.write_text("before")
    deliver(latin_report(), form, "en", file)
    written = file.read_bytes()
    assert len(written) > 100
    assert b"\x1b" not in written or form in (Form.xlsx, Form.pdf)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    there, link = tmp_path / "there.csv", tmp_path / "link.csv"
    link.symlink_to(there)
    deliver(latin_report(), Form.csv, "en", link)
    assert link.is_symlink()
    assert there.read_text().startswith("queue,")


def test_a_device_is_written_to_and_not_replaced() -> None:
    deliver(latin_report(), Form.csv, "en", Path(os.devnull))
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_form_for_programs_is_all_that_stands_on_the_standard_output(
    capfd: pytest.CaptureFixture[str],
) -> None:
    deliver(small_report(), Form.csv, "zh", None)
    out, err = capfd.readouterr()
    assert out.splitlines()[0] == "queue,offered,answered,answer_rate,asa_s,erlangs,met"
    assert err == ""
