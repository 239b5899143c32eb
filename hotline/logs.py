"""Logs: one JSON object a line, in the data folder, rolled over by size. No digits, numbers or names in them."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog

ROLL_BYTES = 10 * 1024 * 1024
ROLLS = 5


class RollingFile(RotatingFileHandler):
    """A file that is rolled over by its size, which is counted: to ask the system before each line is dear."""

    _size: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, formatted once, to a file that has room for it."""
        try:
            line = self.format(record) + self.terminator
            length = len(line.encode())
            stream = self.stream or self._open()
            if self._size is None:
                self._size = stream.seek(0, 2)
            if self._size and self._size + length > self.maxBytes:
                self.doRollover()
                stream = self.stream or self._open()
                self._size = 0
            self.stream = stream
            stream.write(line)
            self.flush()
            self._size += length
        except Exception:  # as every handler does: what cannot be logged must not stop what was to be logged
            self.handleError(record)


def log_to(file: Path | None) -> None:
    """Send what is logged to a file, or, readable, to standard error for None."""
    handler: logging.Handler
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = RollingFile(file, maxBytes=ROLL_BYTES, backupCount=ROLLS, encoding="utf-8")
        renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        handler = logging.StreamHandler(sys.stderr)
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
