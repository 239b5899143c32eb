"""What a report looks like in each format."""

from __future__ import annotations

import csv as reading_csv
import io
import json as reading_json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet
from rich.cells import cell_len
from rich.console import Console

from reports.cell import column_shown, duration, plain, shown
from reports.document import Cell, Column, Kind, Report, Table, Words
from reports.formats import csv, html, json, pdf, table, xlsx
from reports.formats.errors import NoFont, TooManyRows
from tests.unit.small_report import DAY, START, WICKED, empty_report, latin_report, small_report

BERLIN = ZoneInfo("Europe/Berlin")
ESCAPE = "\x1b[2J\x07"  # clears the screen and rings the bell


def named(name: str) -> Report:
    """Return a report on a queue of that name."""
    return small_report(name)


def printed(report: Report, language: str = "en", width: int = 80, **more: object) -> str:
    console = Console(file=io.StringIO(), width=width, **more)  # type: ignore[arg-type]
    table.render(report, language, console)  # type: ignore[arg-type]
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


# --- cells ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "kind", "english", "chinese"),
    [
        (None, "rate", "–", "–"),
        (0.95123, "rate", "95.1 %", "95.1%"),
        (1234567, "count", "1,234,567", "1,234,567"),
        (7.84, "seconds", "7.8 s", "7.8 秒"),
        (12.345, "number", "12.35", "12.35"),
        (True, "flag", "yes", "是"),
        (False, "flag", "no", "否"),
        ("故障", "text", "故障", "故障"),
        (DAY, "moment", "2026-11-20 00:00", "2026-11-20 00:00"),
    ],
)
def test_a_cell_is_shown_as_people_of_that_language_read_it(
    cell: Cell, kind: Kind, english: str, chinese: str
) -> None:
    assert shown(cell, kind, "en") == english
    assert shown(cell, kind, "zh") == chinese


def test_a_cell_of_both_languages_is_shown_in_the_reader_s_and_written_in_english_for_programs() -> None:
    monday = Words("Monday", "星期一")
    report = replace(
        small_report(), tables=[Table("t", monday, (Column("day", monday, "text"),), [(monday,)])]
    )
    assert (shown(monday, "text", "en"), shown(monday, "text", "zh")) == ("Monday", "星期一")
    assert reading_json.loads(json.render(report))["rows"] == [{"day": "Monday"}]
    assert csv.render(report) == "day\nMonday\n"
    assert sheets(report, "zh")["星期一"].cell(2, 1).value == "星期一"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1:00"),
        (90.5, "1:30"),
        (3_599.9, "1:00:00"),
        (360_000, "100:00:00"),
    ],
)
def test_a_duration_is_never_sixty_seconds_nor_sixty_minutes(seconds: float, text: str) -> None:
    assert duration(seconds, "en") == text


def test_moments_of_a_column_show_no_more_than_tells_them_apart() -> None:
    days = [DAY, DAY + timedelta(days=1)]
    assert column_shown(START, days, "en") == ["2026-11-20", "2026-11-21"]
    assert column_shown(START, [DAY], "en") == ["2026-11-20 00:00"]
    assert column_shown(START, [*days, DAY + timedelta(hours=1)], "en")[0] == "2026-11-20 00:00"
    assert column_shown(START, [*days, DAY + timedelta(seconds=1)], "en")[2] == "2026-11-20 00:00:01"


def test_an_hour_that_clocks_show_twice_has_its_offset() -> None:
    first = datetime(2026, 10, 25, 0, tzinfo=UTC)
    hours = [(first + timedelta(hours=hour)).astimezone(BERLIN) for hour in range(3)]
    assert column_shown(START, hours, "en") == [
        "2026-10-25 02:00+02:00",
        "2026-10-25 02:00+01:00",
        "2026-10-25 03:00",
    ]


# --- JSON ----------------------------------------------------------------------------------------------------------


def test_json_has_definition_rows_and_total_by_stable_names_and_the_reports_own_data() -> None:
    whole = reading_json.loads(json.render(small_report()))
    assert set(whole) == {"report", "definition", "rows", "total", "tables", "busy_hour"}
    assert whole["definition"]["formula"] == "offered"
    assert whole["rows"][1] == {
        "queue": WICKED,
        "offered": 100,
        "answered": 90,
        "answer_rate": 0.9,
        "asa_s": 7.84,
        "erlangs": 12.5,
        "met": True,
    }
    assert whole["total"]["offered"] == 150


def test_json_writes_moments_with_their_offset_and_nothing_as_null() -> None:
    whole = reading_json.loads(json.render(small_report()))
    first = whole["tables"]["intervals"]["rows"][0]
    assert first["start"] == "2026-11-20T00:00:00+08:00"
    assert first["answer_rate"] is None
    assert whole["busy_hour"]["start"] == "2026-11-20T00:00:00+08:00"


def test_json_tells_both_of_the_repeated_hours_apart() -> None:
    first = datetime(2026, 10, 25, 0, tzinfo=UTC)
    hours = [(first + timedelta(hours=hour)).astimezone(BERLIN) for hour in range(2)]
    report = replace(
        small_report(), tables=[Table("t", Words("t", "t"), (START,), [(hour,) for hour in hours])]
    )
    rows = reading_json.loads(json.render(report))["rows"]
    assert [row["start"] for row in rows] == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]


def test_data_that_would_hide_the_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="rows"):
        json.render(replace(small_report(), data={"rows": []}))


# --- CSV -----------------------------------------------------------------------------------------------------------


def test_csv_has_the_stable_names_and_the_rows_without_total() -> None:
    lines = list(reading_csv.reader(io.StringIO(csv.render(latin_report()))))
    assert lines[0] == ["queue", "offered", "answered", "answer_rate", "asa_s", "erlangs", "met"]
    assert [line[0] for line in lines[1:]] == ["faults", "été “sales” – 1"]
    assert lines[1][1:] == ["100", "90", "0.9", "7.84", "12.5", "true"]


def test_csv_writes_moments_with_their_offset_and_nothing_as_nothing() -> None:
    report = small_report()
    lines = csv.render(replace(report, tables=report.tables[1:])).splitlines()
    assert lines[1] == "2026-11-20T00:00:00+08:00,0,0,,,0.0,"


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "＝1", "+cmd|' /C calc'!A0"])
def test_csv_keeps_a_spreadsheet_from_running_text(text: str) -> None:
    rows = list(reading_csv.reader(io.StringIO(csv.render(named(text)))))
    assert rows[1][0] == f"'{text}"


@pytest.mark.parametrize("text", ["+8613812345678", "-5", "138", "sales", "a=b", "故障"])
def test_csv_leaves_numbers_and_names_as_they_are(text: str) -> None:
    assert csv.render(named(text)).splitlines()[1].startswith(f"{text},")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_csv_keeps_its_columns_whatever_a_name_holds(name: str) -> None:
    lines = list(reading_csv.reader(io.StringIO(csv.render(named(name)), newline="")))
    assert [len(line) for line in lines] == [7, 7]
    assert lines[1][0].removeprefix("'") == plain(name).removeprefix("'")


# --- the terminal --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_table_fits_into_the_terminal_with_every_figure_whole(width: int, language: str) -> None:
    text = printed(small_report(steps=20), language, width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert text.count("2026-11-20 04:45") >= 1
    assert "1,710" in text  # the total of the second table, which is too wide for 40 columns as a whole
    assert "…" not in text


def test_a_wide_table_of_few_rows_lies_with_its_rows_side_by_side() -> None:
    text = printed(small_report("faults", "sales"), width=46)
    heads = next(line for line in text.splitlines() if "faults" in line)
    assert "sales" in heads
    assert "all" in heads


def test_a_wide_table_of_many_rows_comes_in_parts_that_each_begin_with_what_the_rows_are_about() -> None:
    assert printed(small_report(steps=20), width=40).count("2026-11-20 04:45") > 1


def test_no_colours_are_written_where_there_is_no_terminal() -> None:
    assert "\x1b" not in printed(small_report())
    assert "\x1b[1m" in printed(small_report(), force_terminal=True, color_system="standard")


def test_a_name_cannot_command_the_terminal() -> None:
    text = printed(named(f"sales{ESCAPE}"))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "sales\N{REPLACEMENT CHARACTER}[2J" in text


def test_names_with_square_brackets_are_no_markup() -> None:
    assert "[red]sales[/red]" in printed(named("[red]sales[/red]"))


def test_a_period_without_calls_says_so() -> None:
    assert "Nothing is on record for this period." in printed(empty_report())


# --- HTML ----------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_a_page_needs_nothing_but_itself_and_runs_nothing() -> None:
    page = Page(html.render(small_report(), "en"))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
        "a",
        "image",
        "use",
    }
    assert not any(
        name in {"src", "href", "style"} or name.startswith("on")
        for _, given in page.elements
        for name in given
    )
    assert "url(" not in html.render(small_report(), "en")


def test_a_page_escapes_every_name() -> None:
    page = Page(html.render(replace(named(WICKED), title=Words(WICKED, WICKED)), "en"))
    assert page.text.count(WICKED) >= 3  # its title, its heading, its row


def test_a_page_names_its_language() -> None:
    assert Page(html.render(small_report(), "zh")).all("html") == [{"lang": "zh-Hans"}]
    assert Page(html.render(small_report(), "en")).all("html") == [{"lang": "en"}]
    assert "小报告" in html.render(small_report(), "zh")


def test_a_page_can_be_heard() -> None:
    page = Page(html.render(small_report(), "en"))
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.all("svg"))
    assert all(head.get("scope") in {"col", "row"} for head in page.all("th"))
    assert len(page.all("caption")) == 2
    regions = [part for part in page.all("div") if part.get("class") == "scroll"]
    assert all(
        part["role"] == "region" and part["aria-label"] and part["tabindex"] == "0" for part in regions
    )


def test_a_page_says_what_its_figures_follow() -> None:
    text = html.render(small_report(), "en")
    assert "How it is counted" in text
    assert "15 s" in text
    assert "Each call is counted once." in text


def test_a_page_of_nothing_says_so() -> None:
    assert "Nothing is on record for this period." in html.render(empty_report(), "en")


# --- Excel ---------------------------------------------------------------------------------------------------------


def sheets(report: Report, language: str = "en") -> dict[str, Worksheet]:
    book = openpyxl.load_workbook(io.BytesIO(xlsx.render(report, language)))  # type: ignore[arg-type]
    return {sheet.title: sheet for sheet in book.worksheets}


def test_excel_gets_numbers_as_numbers_and_rates_in_percent() -> None:
    sheet = sheets(small_report())["Queues"]
    row = [sheet.cell(2, column) for column in range(1, 8)]
    assert [cell.value for cell in row] == ["faults 故障", 100, 90, 0.9, 7.84, 12.5, "yes"]
    assert row[3].number_format == "0.0%"
    assert [sheet.cell(1, column).value for column in (2, 5)] == ["offered", "average speed of answer (s)"]


def test_excel_gets_moments_as_local_dates() -> None:
    sheet = sheets(small_report())["By quarter-hour  15 60"]
    assert [str(sheet.cell(row, 1).value) for row in (2, 3)] == ["2026-11-20 00:00:00", "2026-11-20 00:15:00"]
    assert sheet.cell(2, 1).number_format == "yyyy-mm-dd hh:mm"
    assert sheet.cell(5, 1).value == "total"


def test_excel_shows_which_of_the_repeated_hours_is_which() -> None:
    first = datetime(2026, 10, 25, 0, tzinfo=UTC)
    hours = [((first + timedelta(hours=hour)).astimezone(BERLIN),) for hour in range(2)]
    report = replace(small_report(), tables=[Table("t", Words("Hours", "时"), (START,), hours)])
    cells = [sheets(report)["Hours"].cell(row, 1) for row in (2, 3)]
    assert [str(cell.value) for cell in cells] == ["2026-10-25 02:00:00"] * 2
    assert [cell.number_format for cell in cells] == ['yyyy-mm-dd hh:mm"+02:00"', 'yyyy-mm-dd hh:mm"+01:00"']


def test_excel_never_runs_text() -> None:
    for name in ("=1+1", "+1", "-1", "@SUM(A1)", "https://example.org", "{=1}"):
        cell = sheets(named(name))["Queues"].cell(2, 1)
        assert (cell.value, cell.data_type, cell.hyperlink) == (name, "s", None)


def test_excel_keeps_heads_and_names_in_sight() -> None:
    assert sheets(small_report())["Queues"].freeze_panes == "B2"


def test_excel_gets_its_own_charts_beside_their_figures() -> None:
    sheet = sheets(small_report())["Calls offered"]
    assert len(sheet._charts) == 1  # type: ignore[attr-defined]
    assert [sheet.cell(row, 2).value for row in (2, 3, 4)] == [0, 10, 20]


def test_excel_says_how_it_was_counted_and_in_which_time_zone() -> None:
    sheet = sheets(small_report(), "zh")["统计口径"]
    lines = {str(name.value): str(value.value) for name, value in sheet.iter_rows(max_col=2)}
    assert lines["时区"] == "Asia/Shanghai"
    assert lines["服务水平公式"] == "offered"


def test_excel_sheets_have_names_that_it_allows_and_that_differ() -> None:
    title = Words("a/b:c?*[x]\\ and much more than thirty-one", "-")
    tables = [replace(small_report().tables[0], title=title)] * 3
    names = [
        name for name in sheets(replace(small_report(), tables=tables, charts=())) if name.startswith("a b")
    ]
    assert len({name.casefold() for name in names}) == 3
    assert all(len(name) <= 31 for name in names)


def test_more_rows_than_a_sheet_holds_are_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "ROWS", 2)
    with pytest.raises(TooManyRows, match="shorter period"):
        xlsx.render(small_report(steps=3), "en")


def test_excel_takes_a_report_of_nothing() -> None:
    assert sheets(empty_report())["Queues"].max_row == 1


# --- PDF -----------------------------------------------------------------------------------------------------------


def test_a_pdf_in_latin_letters_needs_no_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_FONT", "nowhere.ttf")
    written = pdf.render(latin_report(), "en")
    assert written.startswith(b"%PDF-")
    assert b"/FontFile" not in written


@pytest.mark.parametrize(("report", "language"), [(small_report(), "en"), (latin_report(), "zh")])
def test_a_pdf_with_chinese_carries_the_few_characters_that_it_uses(report: Report, language: str) -> None:
    written = pdf.render(report, language)  # type: ignore[arg-type]
    assert b"/FontFile" in written
    assert len(written) < 300_000


def test_without_a_font_a_chinese_pdf_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_FONT", "nowhere.ttf")
    with pytest.raises(NoFont, match=r"HOTLINE_FONT names nowhere\.ttf.*install one.*--format html"):
        pdf.render(latin_report(), "zh")


def test_a_file_that_is_no_font_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_FONT", __file__)
    with pytest.raises(NoFont, match="test_report_formats"):
        pdf.render(latin_report(), "zh")


def test_a_character_that_no_font_has_does_not_reach_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    pdf.render(named("sales \U0001f9d9 故障"), "zh")
    assert capfd.readouterr() == ("", "")


def test_a_long_table_goes_on_over_pages() -> None:
    assert (
        pdf.render(replace(latin_report(), tables=small_report("a", steps=96).tables, charts=()), "en").count(
            b"/Type /Page\n"
        )
        > 2
    )


def test_a_pdf_of_nothing_says_so() -> None:
    assert pdf.render(empty_report(), "en").startswith(b"%PDF-")
