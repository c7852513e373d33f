"""Logs: quiet, on standard error; a line of JSON each, or readable text on a terminal. No customer ids in them."""

import logging
import sys
from typing import Final

import orjson

# aiokafka logs as errors what it then retries by itself; what it gives up on, it raises.
_LEVELS = {"aiokafka": logging.CRITICAL, "faust": logging.WARNING, "mode": logging.WARNING, "streams": logging.INFO}
FAUST: Final = logging.getLogger("faust.tierflow")
"""The logger of our subclasses of Faust's services: their starts and stops are Faust's news, not ours."""


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, and the traceback of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Writes the record."""
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
    """Sends the logs of this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")
    handler.setFormatter(text if sys.stderr.isatty() else JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
