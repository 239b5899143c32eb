"""The log file: whole lines, and rolled over by its size."""

from __future__ import annotations

import logging
from pathlib import Path

from hotline.logs import RollingFile


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("test", logging.INFO, __file__, 1, text, None, None)


def test_a_file_is_rolled_over_before_a_line_that_it_has_no_room_for(tmp_path: Path) -> None:
    file = tmp_path / "engine.log"
    file.write_text("an earlier life\n")
    handler = RollingFile(file, maxBytes=60, backupCount=2, encoding="utf-8")
    for number in range(9):
        handler.emit(record(f"第{number}行 of the log"))
    handler.close()
    kept = [path.read_text() for path in (tmp_path / "engine.log.2", tmp_path / "engine.log.1", file)]
    assert all(len(text.encode()) <= 60 for text in kept)
    lines = "".join(kept).splitlines()
    assert lines == [f"第{number}行 of the log" for number in range(9)][-len(lines) :]
    assert len(lines) >= 5


def test_a_record_longer_than_the_file_may_be_is_written_all_the_same(tmp_path: Path) -> None:
    handler = RollingFile(tmp_path / "engine.log", maxBytes=10, backupCount=1, encoding="utf-8")
    handler.emit(record("x" * 50))
    handler.close()
    assert (tmp_path / "engine.log").read_text() == "x" * 50 + "\n"
