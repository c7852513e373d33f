"""Logging to standard error: JSON, a record a line, or readable text on a terminal.

Logs must hold no customer ids and no secrets.
"""

import logging
import sys
import traceback
from typing import Any, Final

import orjson

from streams.errors import is_quotable, named

# aiokafka logs errors that it then retries by itself. What it gives up on, it raises, and tierflow logs that.
_LEVELS = {
    "aiokafka": logging.CRITICAL,
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "opentelemetry": logging.CRITICAL,  # tracing/export.py says it once that a collector is away
    "streams": logging.INFO,
}
SELDOM_S: Final = 60.0
FAUST: Final = logging.getLogger("faust.tierflow")
"""The logger of our subclasses of Faust's services, under Faust's level: their starts and stops are not logged."""


def is_worth_logging(record: logging.LogRecord) -> bool:
    """Says whether a record of asyncio's logger tells anything new.

    After a failed transaction aiokafka 0.14.0 leaves futures of its own that hold the error, which it has also raised
    to tierflow. When such a future is collected, asyncio logs that its error was never retrieved, with a traceback.
    """
    error = record.exc_info[1] if record.exc_info else None
    is_aiokafka_s = type(error).__module__ == "aiokafka.errors"  # not imported: `tierflow --help` need not wait
    return not (is_aiokafka_s and "never retrieved" in record.getMessage())


class Seldom:
    """A filter of asyncio's logger: that no file is free for a connection is said once a minute.

    asyncio of Python 3.11 says it 128 times a second, each time with a traceback.
    """

    def __init__(self) -> None:
        self._said_at_s = -SELDOM_S

    def __call__(self, record: logging.LogRecord) -> bool:
        """Says whether a record is worth a line."""
        if not record.getMessage().startswith("socket.accept() out of system resource"):
            return True
        if record.created - self._said_at_s < SELDOM_S:
            return False
        self._said_at_s = record.created
        record.msg = "no file is free for another HTTP connection; raise the limit of open files (ulimit -n)"
        record.args, record.exc_info = None, None
        return True


def without_values(record: logging.LogRecord) -> bool:
    """Takes what a library may quote of customers out of a record: texts of errors, arguments of callbacks."""
    if isinstance(record.args, tuple):
        record.args = tuple(map(_told, record.args))
    if record.name == "asyncio" and record.exc_info:  # behind the first line, and a callback's name, come reprs
        first = record.getMessage().partition("\n")[0]
        record.msg, record.args = first.partition("callback ")[0] if "callback " in first else first, None
    return True


def _told(arg: object) -> object:
    return named(arg) if isinstance(arg, BaseException) and not is_quotable(arg) else arg


class TextFormatter(logging.Formatter):
    """A formatter of readable lines. Of an exception it writes frames and names, and no text that may hold values."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name that logging has
        """Writes an exception, and what it came of, oldest first."""
        parts, error = list[str](), ei[1]
        while error is not None:
            parts.append(f"{''.join(traceback.format_tb(error.__traceback__))}{named(error)}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n\n".join(reversed(parts))


class JsonFormatter(TextFormatter):
    """A formatter that writes one JSON object a line: at, level, logger, message, and an exception's traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Makes the line of a record."""
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def set_up_logging() -> None:
    """Sends the logs of this process to standard error. Called once, by each command that logs."""
    handler = logging.StreamHandler(sys.stderr)
    text = TextFormatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")
    handler.setFormatter(text if sys.stderr.isatty() else JsonFormatter())
    handler.addFilter(without_values)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for worth in (is_worth_logging, Seldom()):
        logging.getLogger("asyncio").addFilter(worth)
    set_levels()


def set_levels() -> None:
    """Says what is worth a line, for a command that does not log, too: Python would print a library's errors."""
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
