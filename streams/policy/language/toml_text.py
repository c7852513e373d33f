"""The text of a TOML file to its document, numbers exact; or the problem that keeps it from being read."""

import re
import tomllib
from decimal import Decimal
from typing import Any

from streams.languages.said import say
from streams.policy.language.problem import NOT_TOML, Problem


def read_toml(text: str) -> dict[str, Any] | Problem:
    """Reads a text as TOML; gives the document, or what is wrong with its syntax."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        return _problem(text, str(error))
    except (RecursionError, ArithmeticError, ValueError):  # lists nested without end; numbers and dates out of range
        said = say("this is not valid TOML: a number or a date in it is out of range, or it is nested too deeply")
        return Problem((), "", said, is_syntax=True)


def _problem(text: str, said: str) -> Problem:
    message, _, place = said.partition(" (at ")
    line = re.match(r"line ([0-9]+)", place)
    last = text.rstrip().count("\n") + 1
    number = int(line[1]) if line else last
    return Problem((), "", f"{NOT_TOML}{message}", number, is_syntax=True)
